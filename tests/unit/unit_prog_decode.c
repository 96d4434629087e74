/* unit_prog_decode.c - the decoding loop of `urn generate`: its sentences belong to the seed and their number alone.
 * Passes without doing anything where the language model is not installed. */
#include "host/prog_decode.h"
#include "host/prog_digest.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *unit_prog_decode_suite(void);

enum { TOKENS = 12 };

typedef struct bench {
    prog_lm *lm;
    prog_lm_info info;
    urn_step steps[URN_MAX_STEPS];
    prog_decode_params params;
} bench;

/* 0 where there is no model. */
static int set_up(bench *b, const char *steps) {
    prog_error error;
    memset(b, 0, sizeof *b);
    if (!URN_WITH_LM || access(PROG_LM_DEFAULT, R_OK) != 0) return 0;
    b->lm = prog_lm_open(PROG_LM_DEFAULT, &error);
    ck_assert_msg(b->lm != NULL, "%s", error.text);
    b->info = prog_lm_get_info(b->lm);
    ck_assert_int_eq((int)urn_steps_parse(steps, b->steps, &b->params.step_count), URN_OK);
    b->params.steps = b->steps;
    b->params.rows = 4;
    b->params.tokens = TOKENS;
    b->params.seed = 7;
    return 1;
}

static prog_decode_result decode(const bench *b, urn_backend_kind kind, int threads) {
    prog_device device;
    prog_decode_result result;
    prog_error error;
    ck_assert_msg(prog_device_open(&device, kind, 0, threads, &error) == 0, "%s", error.text);
    ck_assert_msg(prog_decode(&device, b->lm, &b->params, &result, &error) == 0, "%s", error.text);
    prog_device_close(&device);
    return result;
}

static void same_sentence(const prog_sentence *a, const prog_sentence *b, int number) {
    int t;
    ck_assert_msg(a->tokens == b->tokens && a->ended == b->ended, "sentence %d: %d tokens or %d", number, a->tokens,
                  b->tokens);
    for (t = 0; t < a->tokens; t++)
        ck_assert_msg(a->ids[t] == b->ids[t], "sentence %d, token %d: %d or %d", number, t, a->ids[t], b->ids[t]);
    ck_assert_msg(a->logprob == b->logprob && a->logprob_raw == b->logprob_raw && a->entropy == b->entropy &&
                      a->kept == b->kept,
                  "sentence %d: log-probability %a or %a", number, a->logprob, b->logprob);
}

START_TEST(a_sentence_does_not_depend_on_the_batch) {
    bench b;
    prog_decode_result four, nine;
    int r;
    if (!set_up(&b, "temperature=0.8,top_p=0.95,min_p=0.02")) return;
    four = decode(&b, URN_BACKEND_CPU, 1);
    b.params.rows = 9;
    nine = decode(&b, URN_BACKEND_CPU, 2);
    for (r = 0; r < 4; r++) same_sentence(&four.sentences[r], &nine.sentences[r], r);
    ck_assert(four.digest != nine.digest);
    prog_decode_free(&four, 4);
    prog_decode_free(&nine, 9);
    prog_lm_close(b.lm);
}
END_TEST

START_TEST(a_marker_only_ends_a_sentence) {
    bench b;
    prog_decode_result result;
    uint64_t digest = PROG_DIGEST_START;
    int r, t, ended = 0;
    if (!set_up(&b, "temperature=1.5")) return; /* hot, so that the tail is drawn from */
    b.params.rows = 40;
    result = decode(&b, URN_BACKEND_CPU, 2);
    for (r = 0; r < 40; r++) {
        const prog_sentence *s = &result.sentences[r];
        const int32_t separator = -1;
        ended += s->ended;
        for (t = 0; t < s->tokens; t++) {
            const int last = s->ended && t + 1 == s->tokens;
            ck_assert_int_eq(prog_lm_is_marker(b.lm, s->ids[t]), last);
            ck_assert_int_eq(s->ids[t] == b.info.end, last);
        }
        ck_assert(s->ended ? s->tokens <= TOKENS : s->tokens == TOKENS);
        digest = prog_digest_ids(prog_digest_ids(digest, s->ids, (size_t)s->tokens), &separator, 1);
    }
    ck_assert_int_gt(ended, 0);
    ck_assert_int_lt(ended, 40);
    ck_assert(digest == result.digest);
    prog_decode_free(&result, 40);
    prog_lm_close(b.lm);
}
END_TEST

START_TEST(greedy_takes_the_likeliest_word_each_time) {
    bench b;
    prog_decode_result result;
    float row[80000];
    prog_history h = {-1, 0};
    int32_t w;
    int t;
    if (!set_up(&b, "temperature=0")) return;
    b.params.rows = 1;
    result = decode(&b, URN_BACKEND_CPU, 1);
    h.last = b.info.begin;
    for (t = 0; t < result.sentences[0].tokens; t++) {
        int32_t best = -1;
        prog_lm_row(b.lm, h, row);
        for (w = 0; w < b.info.words; w++)
            if ((w == b.info.end || !prog_lm_is_marker(b.lm, w)) && (best < 0 || row[w] > row[best])) best = w;
        ck_assert_msg(result.sentences[0].ids[t] == best, "token %d: %d, likeliest %d", t, result.sentences[0].ids[t],
                      best);
        h.before = h.last;
        h.last = best;
    }
    ck_assert(result.sentences[0].logprob == 0);
    prog_decode_free(&result, 1);
    prog_lm_close(b.lm);
}
END_TEST

START_TEST(every_backend_decodes_the_same) {
    static const urn_backend_kind OTHERS[] = {URN_BACKEND_SIMT, URN_BACKEND_CUDA};
    bench b;
    int i;
    if (!set_up(&b, "temperature=0.8,top_p=0.95,min_p=0.02")) return;
    b.params.rows = 2;
    b.params.tokens = 3;
    for (i = 0; i < 2; i++) {
        prog_decode_result a, c;
        int r;
        if (urn_backend_available(OTHERS[i]) != URN_OK) continue;
        a = decode(&b, URN_BACKEND_CPU, 1);
        c = decode(&b, OTHERS[i], 2);
        for (r = 0; r < 2; r++) same_sentence(&a.sentences[r], &c.sentences[r], r);
        ck_assert(a.digest == c.digest);
        prog_decode_free(&a, 2);
        prog_decode_free(&c, 2);
    }
    prog_lm_close(b.lm);
}
END_TEST

/* property  steps that read what was said see the prompt and the sentence: with no_repeat=1 no word comes twice, nor
 * one of the prompt; without, words do */
START_TEST(steps_see_the_prompt_and_the_sentence) {
    static const char *const STEPS[] = {"temperature=1", "no_repeat=1,temperature=1"};
    bench b;
    int32_t prompt[3], repeats[2] = {0, 0};
    int way, r, t, u;
    for (way = 0; way < 2; way++) {
        prog_decode_result result;
        if (!set_up(&b, STEPS[way])) return;
        prompt[0] = prog_lm_find(b.lm, "the");
        prompt[1] = prog_lm_find(b.lm, "end");
        prompt[2] = prog_lm_find(b.lm, "of");
        b.params.prompt = prompt;
        b.params.prompt_count = 3;
        b.params.rows = 20;
        result = decode(&b, URN_BACKEND_CPU, 2);
        for (r = 0; r < 20; r++)
            for (t = 0; t < result.sentences[r].tokens; t++) {
                const int32_t *ids = result.sentences[r].ids;
                for (u = 0; u < t; u++) repeats[way] += ids[u] == ids[t];
                for (u = 0; u < 3; u++) repeats[way] += prompt[u] == ids[t];
            }
        prog_decode_free(&result, 20);
        prog_lm_close(b.lm);
    }
    ck_assert_msg(repeats[0] > 5 && repeats[1] == 0, "%d repeats without the step, %d with it", repeats[0], repeats[1]);
}
END_TEST

/* property  Mirostat brings the mean surprise of a long text near to tau, whichever it is */
START_TEST(mirostat_aims_at_its_surprise) {
    static const float TAU[] = {1.5f, 5.0f};
    double surprise[2] = {0, 0};
    bench b;
    int way, r;
    for (way = 0; way < 2; way++) {
        prog_decode_result result;
        if (!set_up(&b, "temperature=1")) return;
        b.params.rows = 12;
        b.params.tokens = 40;
        b.params.mirostat = 1;
        b.params.tau = TAU[way];
        b.params.eta = 0.5f;
        result = decode(&b, URN_BACKEND_CPU, 2);
        for (r = 0; r < 12; r++) surprise[way] -= result.sentences[r].logprob / 0.6931471805599453;
        surprise[way] /= (double)result.tokens;
        prog_decode_free(&result, 12);
        prog_lm_close(b.lm);
    }
    ck_assert_msg(surprise[0] > 0.5 && surprise[0] < 2.5 && surprise[1] > 3.5 && surprise[1] < 6.5, "%g and %g bits",
                  surprise[0], surprise[1]);
}
END_TEST

START_TEST(dumped_rows_are_those_drawn_from) {
    char path[] = "/tmp/urn_dump_XXXXXX";
    bench b;
    prog_decode_result result;
    prog_npy a;
    prog_error error;
    float row[80000];
    int64_t at = 0;
    int32_t w, allowed = 0;
    int t, fd;
    if (!set_up(&b, "none")) return;
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    b.params.rows = 1;
    b.params.dump = path;
    b.params.dump_all = _i;
    result = decode(&b, URN_BACKEND_CPU, 1);
    ck_assert_msg(prog_npy_open(path, &a, &error) == 0, "%s", error.text);
    unlink(path);
    for (w = 0; w < b.info.words; w++) allowed += w == b.info.end || !prog_lm_is_marker(b.lm, w);
    ck_assert_int_lt(allowed, b.info.words);
    ck_assert(result.sentences[0].kept == allowed); /* without keep steps: what the mask leaves */
    ck_assert_int_eq(a.rows, _i ? result.sentences[0].tokens : 1);
    ck_assert_int_eq(a.cols, b.info.words);
    for (t = 0; t < result.sentences[0].tokens; t++) {
        const int32_t *ids = result.sentences[0].ids;
        prog_history h = {-1, b.info.begin};
        if (t > 0) h.before = t > 1 ? ids[t - 2] : b.info.begin, h.last = ids[t - 1];
        if (!_i && t + 1 < result.sentences[0].tokens) continue;
        prog_lm_row(b.lm, h, row);
        ck_assert_mem_eq((const float *)a.data + at * a.cols, row, (size_t)a.cols * 4);
        at++;
    }
    prog_npy_close(&a);
    prog_decode_free(&result, 1);
    prog_lm_close(b.lm);
}
END_TEST

Suite *unit_prog_decode_suite(void) {
    Suite *suite = suite_create("unit_prog_decode");
    TCase *c = tcase_create("decode");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, a_sentence_does_not_depend_on_the_batch);
    tcase_add_test(c, a_marker_only_ends_a_sentence);
    tcase_add_test(c, greedy_takes_the_likeliest_word_each_time);
    tcase_add_test(c, every_backend_decodes_the_same);
    tcase_add_test(c, steps_see_the_prompt_and_the_sentence);
    tcase_add_test(c, mirostat_aims_at_its_surprise);
    tcase_add_loop_test(c, dumped_rows_are_those_drawn_from, 0, 2);
    suite_add_tcase(suite, c);
    return suite;
}
