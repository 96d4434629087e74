/* kat_rows.c - golden rows: every output of urn_sample, on every backend, byte for byte. */
#include "tests/kat/kat_read.h"
#include "tests/urn_test.h"

#define MOST 4096 /* values of a key */

typedef struct {
    uint64_t values[MOST];
    uint32_t x[MOST];
    uint32_t mask[MOST / 32];
    urn_step steps[URN_MAX_STEPS];
} row_case;

/* The patterns of x, packed as elements of the dtype. */
static int read_logits(const kat_case *c, row_case *row) {
    int n = kat_list(c, "x", row->values, MOST), wide = kat_value(c, "dtype") == URN_F32;
    for (int i = 0; i < n && i < MOST; i++)
        if (wide)
            row->x[i] = (uint32_t)row->values[i];
        else
            ((uint16_t *)row->x)[i] = (uint16_t)row->values[i];
    return n;
}

static urn_param pattern(uint64_t bits) {
    urn_param param;
    uint32_t b = (uint32_t)bits;
    memset(&param, 0, sizeof param);
    memcpy(&param.f, &b, sizeof b);
    memcpy(&param.i, &b, sizeof b);
    return param;
}

static int read_steps(const kat_case *c, row_case *row) {
    uint64_t op[URN_MAX_STEPS], value[URN_MAX_STEPS];
    int count = kat_list(c, "op", op, URN_MAX_STEPS), words = kat_list(c, "mask", row->values, MOST);
    kat_list(c, "value", value, URN_MAX_STEPS);
    for (int w = 0; w < words; w++) row->mask[w] = (uint32_t)row->values[w];
    for (int s = 0; s < count; s++) {
        switch (op[s]) {
        case URN_OP_TEMPERATURE:
            row->steps[s] = urn_temperature(pattern(value[s]));
            break;
        case URN_OP_TOP_K:
            row->steps[s] = urn_top_k(pattern(value[s]));
            break;
        case URN_OP_TOP_P:
            row->steps[s] = urn_top_p(pattern(value[s]));
            break;
        case URN_OP_MIN_P:
            row->steps[s] = urn_min_p(pattern(value[s]));
            break;
        default:
            row->steps[s] = urn_mask(row->mask, 1, words, NULL);
        }
    }
    return count;
}

static void expect(const kat_case *c, const char *key, const void *found, int n) {
    uint64_t wanted[64];
    UT_ASSERT(kat_list(c, key, wanted, 64) == n && n <= 64, "rows.txt:%d: %s has not %d values", c->line, key, n);
    for (int j = 0; j < n; j++) {
        uint32_t bits;
        memcpy(&bits, (const char *)found + 4 * j, sizeof bits);
        UT_ASSERT(bits == (uint32_t)wanted[j], "rows.txt:%d (%s): %s[%d] is 0x%08x, not 0x%08x", c->line, c->path, key,
                  j, bits, (unsigned)wanted[j]);
    }
}

static void check_row(ut_bed *bed, const kat_case *c, row_case *row) {
    int n = read_logits(c, row), count = read_steps(c, row);
    uint64_t label = kat_value(c, "label");
    ut_job job;
    UT_ASSERT(n >= 1 && n <= MOST, "rows.txt:%d: %d logits", c->line, n);
    memset(&job, 0, sizeof job);
    job.logits = row->x;
    job.dtype = (urn_dtype)kat_value(c, "dtype");
    job.rows = 1;
    job.cols = n;
    job.label = &label;
    job.seed_value = kat_value(c, "seed");
    job.position_value = (uint32_t)kat_value(c, "position");
    job.draws = (int32_t)kat_value(c, "draws");
    ut_note("rows.txt:%d on %s", c->line, urn_backend_name(bed->kind));
    ut_draws *found = ut_sample_steps(bed, &job, row->steps, count);
    expect(c, "status", found->status, 1);
    expect(c, "ids", found->ids, job.draws);
    expect(c, "rank", found->rank, job.draws);
    expect(c, "logprob", found->logprob, job.draws);
    expect(c, "logprob_raw", found->logprob_raw, job.draws);
    expect(c, "lse", found->lse, 1);
    expect(c, "entropy", found->entropy, 1);
    expect(c, "kept_count", found->kept_count, 1);
    expect(c, "kept_logmass", found->kept_logmass, 1);
    ut_draws_free(found);
    ut_clear(bed);
}

START_TEST(golden_rows) {
    FOR_EACH_BACKEND(kind) {
        kat_file file;
        kat_case c;
        row_case *row = ut_malloc(sizeof *row);
        ut_bed *bed = ut_open(kind);
        int cases = 0, state;
        UT_ASSERT(kat_open(&file, "rows.txt"), "cannot read rows.txt");
        for (; (state = kat_next(&file, &c)) > 0; cases++) check_row(bed, &c, row);
        UT_ASSERT(state == 0 && cases >= 62, "rows.txt: %d cases, then line %d", cases, c.line);
        kat_close(&file);
        ut_close(bed);
        free(row);
    }
}
END_TEST

Suite *kat_rows_suite(void);
Suite *kat_rows_suite(void) {
    Suite *suite = suite_create("kat_rows");
    TCase *all = tcase_create("backends");
    tcase_set_tags(all, "cpu simt gpu kat");
    tcase_set_timeout(all, 600);
    tcase_add_test(all, golden_rows);
    suite_add_tcase(suite, all);
    return suite;
}
