/* unit_prog_serve.c - the serving simulation: it finds nothing, does all that it says, and would find a bit.
 *
 * The model is a bigram of 60 words that the test writes: rows are short, so that every backend is quick. Passes
 * without doing anything where the program was built without sphinxbase. */
#include "host/prog_serve.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *unit_prog_serve_suite(void);

enum { WORDS = 60, AFTER = 4 };

/* A normalised model in ARPA form. Word i is followed by AFTER words that share half of the mass. */
static void write_model(const char *path) {
    const double each = 1.0 / (WORDS + 1);
    FILE *file = fopen(path, "w");
    int i, j;
    ck_assert_ptr_nonnull(file);
    fprintf(file, "\\data\\\nngram 1=%d\nngram 2=%d\n\n\\1-grams:\n", WORDS + 2, (WORDS + 1) * AFTER);
    for (i = -2; i < WORDS; i++) {
        const double backoff = log10(0.5 / (1 - AFTER * each));
        if (i == -2)
            fprintf(file, "-99 <s> %.6f\n", backoff);
        else if (i == -1)
            fprintf(file, "%.6f </s>\n", log10(each));
        else
            fprintf(file, "%.6f w%02d %.6f\n", log10(each), i, backoff);
    }
    fprintf(file, "\n\\2-grams:\n");
    for (i = -1; i < WORDS; i++)
        for (j = 0; j < AFTER; j++) {
            static const double SHARE[AFTER] = {0.3, 0.1, 0.06, 0.04};
            const int next = (i * 7 + 11 + j * 13 + WORDS) % WORDS;
            char word[8];
            snprintf(word, sizeof word, i < 0 ? "<s>" : "w%02d", i);
            fprintf(file, "%.6f %s w%02d\n", log10(SHARE[j]), word, next);
        }
    fprintf(file, "\n\\end\\\n");
    fclose(file);
}

static prog_lm *open_model(void) {
    char path[256];
    prog_error error;
    prog_lm *lm;
    int fd;
    if (!URN_WITH_LM) return NULL;
    snprintf(path, sizeof path, "%s/urn_serve_XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    write_model(path);
    lm = prog_lm_open(path, &error);
    unlink(path);
    ck_assert_msg(lm != NULL, "%s", error.text);
    ck_assert_int_eq(prog_lm_get_info(lm).words, WORDS + 2);
    return lm;
}

static uint64_t digest_of(const prog_request *requests, int32_t count) {
    uint64_t digest = 0;
    int32_t i, k;
    for (i = 0; i < count; i++)
        for (k = 0; k < requests[i].done * requests[i].draws; k++) {
            uint32_t lp;
            memcpy(&lp, &requests[i].logprob[k], sizeof lp);
            digest = prog_hash(digest, (uint64_t)requests[i].ids[k], lp);
        }
    return digest;
}

/* Both halves of a simulation; NULL device error ends the test. */
static prog_request *serve(prog_lm *lm, urn_backend_kind kind, int threads, const prog_serve_params *p,
                           prog_serve_result *result) {
    prog_device device;
    prog_error error;
    prog_request *requests = prog_requests_make(lm, p->requests, p->slots, p->tokens, p->seed, &error);
    memset(result, 0, sizeof *result);
    ck_assert_msg(prog_device_open(&device, kind, 0, threads, &error) == 0, "%s", error.text);
    ck_assert_msg(prog_serve_batch(&device, lm, p, requests, result, &error) == 0, "%s", error.text);
    ck_assert_msg(prog_serve_alone(&device, lm, p, requests, result, &error) == 0, "%s", error.text);
    prog_device_close(&device);
    return requests;
}

/* property  every request has the bits that it has alone, whatever happened around it; and enough did happen */
START_TEST(nobody_notices_the_crowd) {
    prog_serve_params p = {120, 9, 24, 11, URN_F32};
    prog_serve_result r;
    prog_request *requests;
    prog_lm *lm = open_model();
    int32_t i, lists = 0;
    if (lm == NULL) return;
    p.dtype = (urn_dtype)_i;
    requests = serve(lm, URN_BACKEND_CPU, 2, &p, &r);
    ck_assert_msg(r.mismatches == 0, "%s", r.first);
    ck_assert_int_eq(r.bad_padding, 0);
    ck_assert_int_eq(r.compared, 120);
    for (i = 0; i < 120; i++) {
        ck_assert_msg(requests[i].state == PROG_GONE && requests[i].done >= 1 && requests[i].slot == -1,
                      "request %d: state %d", i, requests[i].state);
        ck_assert(requests[i].done == requests[i].tokens ||
                  requests[i].ids[(requests[i].done - 1) * requests[i].draws] == prog_lm_get_info(lm).end);
        lists |= 1 << requests[i].list;
    }
    ck_assert_int_eq(lists, (1 << PROG_SERVE_LISTS) - 1);
    ck_assert_msg(r.preemptions > 20 && r.replayed > 50, "%d preemptions", (int)r.preemptions);
    ck_assert_msg(r.padding > 100 && r.done_rows == 120, "%d padding rows, %d done", (int)r.padding, (int)r.done_rows);
    ck_assert_msg(r.most_waiting > 2, "at most %d waited", (int)r.most_waiting);
    prog_requests_free(requests, 120);
    prog_lm_close(lm);
}
END_TEST

/* property  slots, threads and backends change when a request runs, and nothing of what it gets */
START_TEST(slots_threads_and_backends_change_no_bit) {
    static const struct {
        urn_backend_kind kind;
        int32_t slots, threads;
    } ways[] = {{URN_BACKEND_CPU, 4, 1}, {URN_BACKEND_CPU, 17, 2}, {URN_BACKEND_SIMT, 6, 2}};
    uint64_t first = 0;
    prog_lm *lm = open_model();
    size_t w;
    if (lm == NULL) return;
    for (w = 0; w < sizeof ways / sizeof *ways; w++) {
        prog_serve_params p = {40, ways[w].slots, 12, 5, URN_F32};
        prog_serve_result r;
        prog_request *requests;
        uint64_t digest;
        if (urn_backend_available(ways[w].kind) != URN_OK) continue;
        requests = serve(lm, ways[w].kind, ways[w].threads, &p, &r);
        ck_assert_msg(r.mismatches == 0 && r.bad_padding == 0, "way %zu: %s", w, r.first);
        digest = digest_of(requests, 40);
        if (w == 0) first = digest;
        ck_assert_msg(digest == first, "way %zu: other ids or log-probabilities", w);
        prog_requests_free(requests, 40);
    }
    prog_lm_close(lm);
}
END_TEST

/* property  one changed bit of an id, a log-probability or a raw one is one mismatch, and is described */
START_TEST(one_bit_would_be_found) {
    static const char *const WHAT[] = {"other ids", "other log-probabilities", "other raw log-probabilities"};
    prog_serve_params p = {12, 4, 10, 3, URN_F32};
    prog_serve_result r;
    prog_request *requests, *q;
    prog_device device;
    prog_error error;
    prog_lm *lm = open_model();
    int32_t last, what;
    if (lm == NULL) return;
    requests = serve(lm, URN_BACKEND_CPU, 1, &p, &r);
    ck_assert_int_eq(r.mismatches, 0);
    ck_assert_int_eq(prog_device_open(&device, URN_BACKEND_CPU, 0, 1, &error), 0);
    q = &requests[7];
    last = q->done * q->draws - 1; /* the last draw of the last token: nothing follows from it */
    for (what = 0; what < 3; what++) {
        int32_t *cells[] = {q->ids, (int32_t *)(void *)q->logprob, (int32_t *)(void *)q->logprob_raw};
        cells[what][last] ^= 1;
        memset(&r, 0, sizeof r);
        ck_assert_int_eq(prog_serve_alone(&device, lm, &p, requests, &r, &error), 0);
        ck_assert_int_eq(r.mismatches, 1);
        ck_assert_int_eq(r.compared, 12);
        ck_assert_msg(strstr(r.first, "request 7") && strstr(r.first, WHAT[what]), "%s", r.first);
        cells[what][last] ^= 1;
    }
    prog_device_close(&device);
    prog_requests_free(requests, 12);
    prog_lm_close(lm);
}
END_TEST

/* property  the crowd is a function of its seed, and its members differ */
START_TEST(requests_belong_to_the_seed) {
    prog_error error;
    prog_lm *lm = open_model();
    prog_request *a, *b, *c;
    int32_t i, same = 0, greedy = 0, masked = 0;
    if (lm == NULL) return;
    a = prog_requests_make(lm, 100, 8, 20, 1, &error);
    b = prog_requests_make(lm, 100, 8, 20, 1, &error);
    c = prog_requests_make(lm, 100, 8, 20, 2, &error);
    for (i = 0; i < 100; i++) {
        int32_t w;
        ck_assert(a[i].arrival == b[i].arrival && a[i].list == b[i].list && a[i].seed == b[i].seed &&
                  a[i].label == b[i].label && a[i].tokens == b[i].tokens && a[i].draws == b[i].draws &&
                  a[i].prompt_count == b[i].prompt_count && a[i].temperature == b[i].temperature);
        ck_assert(a[i].tokens >= 1 && a[i].tokens <= 20 && a[i].draws >= 1 && a[i].draws <= PROG_MAX_DRAWS);
        for (w = 0; w < a[i].prompt_count; w++) ck_assert_int_eq(prog_lm_is_marker(lm, a[i].prompt[w]), 0);
        same += a[i].list == c[i].list;
        greedy += a[i].temperature == 0;
        masked += a[i].grammar >= 0;
    }
    ck_assert_msg(same < 30 && greedy > 10 && greedy < 50 && masked > 30 && masked < 90, "%d, %d, %d", same, greedy,
                  masked);
    prog_requests_free(a, 100);
    prog_requests_free(b, 100);
    prog_requests_free(c, 100);
    prog_lm_close(lm);
}
END_TEST

Suite *unit_prog_serve_suite(void) {
    Suite *suite = suite_create("unit_prog_serve");
    TCase *c = tcase_create("serving");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, nobody_notices_the_crowd, 0, 3);
    tcase_add_test(c, slots_threads_and_backends_change_no_bit);
    tcase_add_test(c, one_bit_would_be_found);
    tcase_add_test(c, requests_belong_to_the_seed);
    suite_add_tcase(suite, c);
    return suite;
}
