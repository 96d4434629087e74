/* prop_tiny.c - urn_tiny: choices and soft laws agree, patterns are packed, rows may be cut into calls, bad rows say
 * so. */
#include <math.h>

#include "tests/urn_test.h"

enum { ROWS = 700, MOST = 32 };

typedef struct tiny_out {
    uint8_t choice[ROWS], status[ROWS];
    float soft[ROWS * MOST], blend[ROWS * 8];
    uint16_t narrow[ROWS * MOST];
    uint32_t mask[ROWS / 4 + 1];
} tiny_out;

/* One call over all rows, all outputs. 0 where the backend does not have it. */
static int run(ut_bed *bed, urn_tiny_params p, const void *logits, size_t bytes, const uint8_t *patterns,
               urn_dtype soft_dtype, tiny_out *out) {
    size_t n = (size_t)(p.rows * p.width), bits = (size_t)(p.pattern_bits ? p.pattern_bits : 4);
    memset(out, 0, sizeof *out);
    p.logits = ut_upload(bed, logits, bytes);
    p.patterns = patterns ? (const uint8_t *)ut_upload(bed, patterns, (size_t)p.width) : NULL;
    p.choice = (uint8_t *)ut_output(bed, (size_t)p.rows);
    p.status = (uint8_t *)ut_output(bed, (size_t)p.rows);
    p.soft_dtype = (int32_t)soft_dtype;
    p.soft = ut_output(bed, n * urn_dtype_size(soft_dtype));
    int patterned = patterns || p.width == 6;
    if (patterned) {
        p.blend = ut_output(bed, (size_t)p.rows * bits * urn_dtype_size(soft_dtype));
        p.mask = 32 % bits ? NULL : (uint32_t *)ut_output(bed, ((size_t)p.rows * bits + 31) / 32 * 4);
    }
    urn_status status = urn_tiny(bed->stream, &p);
    if (status == URN_E_BACKEND) return 0;
    UT_OK(status);
    ut_download(bed, p.choice, out->choice, (size_t)p.rows);
    ut_download(bed, p.status, out->status, (size_t)p.rows);
    if (soft_dtype == URN_F32) {
        ut_download(bed, p.soft, out->soft, n * 4);
        if (patterned) ut_download(bed, p.blend, out->blend, (size_t)p.rows * bits * 4);
    } else {
        ut_download(bed, p.soft, out->narrow, n * 2);
    }
    if (p.mask) ut_download(bed, p.mask, out->mask, ((size_t)p.rows * bits + 31) / 32 * 4);
    ut_clear(bed);
    return 1;
}

/* Outputs of another backend for the same call: bit for bit, NaNs and padding of the last word included. */
static void same_as(tiny_out *first, const tiny_out *out, int *seen) {
    if (!(*seen)++) memcpy(first, out, sizeof *first);
    UT_SAME_BITS(first->choice, out->choice, ROWS, "backends' choices");
    UT_SAME_BITS(first->status, out->status, ROWS, "backends' status");
    UT_SAME_BITS(first->soft, out->soft, ROWS * MOST, "backends' soft laws");
    UT_SAME_BITS(first->blend, out->blend, ROWS * 8, "backends' blends");
    UT_SAME_BITS(first->narrow, out->narrow, ROWS * MOST, "backends' narrow soft laws");
    UT_SAME_BITS(first->mask, out->mask, ROWS / 4 + 1, "backends' masks");
}

static urn_tiny_params params_of(int64_t rows, int32_t width) {
    urn_tiny_params p = URN_TINY_PARAMS_INIT;
    p.rows = rows, p.width = width, p.seed = 11, p.label = 5, p.position = 3, p.scale = 1.5f, p.tau = 0.7f;
    return p;
}

/* Rows with -inf entries, ties, large values; a bad row now and then. */
static void make_logits(float *x, int64_t rows, int32_t width, int bad, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed);
    for (int64_t r = 0; r < rows; r++) {
        float *row = x + r * width;
        ut_fill(row, width, r % 3 ? UT_NORMAL : UT_TIES, r % 5 == 4 ? 40 : 2, seed + (uint64_t)r);
        if (r % 4 == 1) ut_punch(row, width, 0.5, seed + (uint64_t)r);
        if (!bad) continue;
        if (r % 17 == 3) row[ut_below(&rng, width)] = NAN;
        if (r % 17 == 4) row[ut_below(&rng, width)] = INFINITY;
        if (r % 17 == 5)
            for (int32_t i = 0; i < width; i++) row[i] = -INFINITY;
    }
}

/* property  a row's choice is the first of its largest p, p sums to 1, is 0 where the logit is -inf, and the blend is
 *           the patterns' mean; packed masks hold the choices' patterns; bad rows answer NaN, 255 and 0; backends
 *           agree bit for bit */
START_TEST(choice_soft_mask_and_blend_agree) {
    static const int32_t widths[] = {2, 3, 6, 6, 8, 13, 16, 31, 32};
    static const int32_t bits[] = {1, 2, 4, 0, 8, 3, 8, 5, 4};
    int32_t width = widths[_i], wide = bits[_i] ? bits[_i] : 4;
    static tiny_out first;
    int seen = 0;
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        float x[ROWS * MOST];
        uint8_t patterns[MOST];
        static const uint8_t pairs[] = {3, 5, 9, 6, 10, 12};
        tiny_out out;
        ut_note("backend %s width %d bits %d", urn_backend_name(kind), width, wide);
        ut_rng rng = ut_rng_make(77);
        for (int i = 0; i < MOST; i++) patterns[i] = (uint8_t)ut_u64(&rng);
        make_logits(x, ROWS, width, 1, 100 + (uint64_t)_i);
        urn_tiny_params p = params_of(ROWS, width);
        p.pattern_bits = bits[_i];
        int done = run(bed, p, x, 4 * (size_t)(ROWS * width), bits[_i] ? patterns : NULL, URN_F32, &out);
        const uint8_t *used = bits[_i] ? patterns : pairs;
        if (done) same_as(&first, &out, &seen);
        for (int r = 0; done && r < ROWS; r++) {
            const float *soft = out.soft + r * width;
            int wrong = 0, best = 0;
            double sum = 0;
            int some = 0;
            for (int i = 0; i < width; i++) {
                if (isnan(x[r * width + i])) wrong |= URN_ROW_NAN;
                if (x[r * width + i] == INFINITY) wrong |= URN_ROW_INF;
                some |= x[r * width + i] > -INFINITY;
            }
            if (!wrong && !some) wrong = URN_ROW_EMPTY;
            UT_ASSERT(out.status[r] == wrong, "row %d: status %d, wanted %d", r, out.status[r], wrong);
            for (int i = 0; i < width; i++) {
                UT_ASSERT(wrong ? isnan(soft[i]) : soft[i] >= 0, "row %d id %d: p %g", r, i, (double)soft[i]);
                if (wrong) continue;
                sum += (double)soft[i];
                if (soft[i] > soft[best]) best = i;
                if (x[r * width + i] == -INFINITY) UT_ASSERT(soft[i] == 0, "row %d: an impossible id has p", r);
            }
            int choice = out.choice[r];
            UT_ASSERT(wrong ? choice == 255 : choice < width, "row %d: choice %d", r, choice);
            if (!wrong) {
                UT_ASSERT(fabs(sum - 1) < 1e-6, "row %d sums to %.9g", r, sum);
                UT_ASSERT(soft[choice] == soft[best], "row %d: choice %d, largest p at %d", r, choice, best);
                UT_ASSERT(x[r * width + choice] > -INFINITY, "row %d: an impossible id was chosen", r);
            }
            for (int j = 0; j < wide; j++) {
                double mean = 0;
                for (int i = 0; i < width; i++) mean += used[i] >> j & 1 ? (double)soft[i] : 0;
                float blend = out.blend[r * wide + j];
                UT_ASSERT(wrong ? isnan(blend) : fabs((double)blend - mean) < 1e-6, "row %d bit %d: blend %g", r, j,
                          (double)blend);
                int bit = (int)(out.mask[(r * wide + j) / 32] >> ((r * wide + j) % 32) & 1);
                if (32 % wide == 0)
                    UT_ASSERT(bit == (wrong ? 0 : used[choice] >> j & 1), "row %d: mask bit %d is %d", r, j, bit);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  outputs of f16 and bf16 are the f32 ones rounded to nearest even; f16 and bf16 logits are their f32 values
 */
START_TEST(narrow_dtypes_round_once) {
    urn_dtype dtype = _i ? URN_BF16 : URN_F16;
    static tiny_out first;
    int seen = 0;
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        float x[ROWS * 6];
        uint16_t packed[ROWS * 6];
        tiny_out wide, narrow;
        ut_note("backend %s dtype %d", urn_backend_name(kind), (int)dtype);
        make_logits(x, ROWS, 6, 0, 5);
        ut_round(x, ROWS * 6, dtype);
        ut_pack(x, ROWS * 6, dtype, packed);
        urn_tiny_params p = params_of(ROWS, 6);
        if (run(bed, p, x, sizeof x, NULL, URN_F32, &wide)) {
            p.dtype = (int32_t)dtype;
            run(bed, p, packed, sizeof packed, NULL, dtype, &narrow);
            same_as(&first, &narrow, &seen);
            UT_SAME_BITS(wide.choice, narrow.choice, ROWS, "choices");
            for (int i = 0; i < ROWS * 6; i++) {
                uint16_t wanted = dtype == URN_F16 ? ut_f16_bits(wide.soft[i]) : ut_bf16_bits(wide.soft[i]);
                UT_ASSERT(narrow.narrow[i] == wanted, "element %d: %04x, wanted %04x of %a", i, narrow.narrow[i],
                          wanted, (double)wide.soft[i]);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  rows cut into two calls by first_row get the bits of one call, on every launch order; another position,
 *           seed, label or row number gives other noise; rows past 2^32 have noise of their own */
START_TEST(rows_may_be_cut_into_calls) {
    static tiny_out first;
    int seen = 0;
    for (int order = -1; order < 3; order++) {
        urn_ctx_params ctx = URN_CTX_PARAMS_INIT;
        ctx.backend = order < 0 ? URN_BACKEND_CPU : URN_BACKEND_SIMT, ctx.lane_order = order < 0 ? 0 : order;
        ctx.threads = 2;
        if (!ut_has_backend((urn_backend_kind)ctx.backend)) continue;
        ut_bed *bed = ut_open_with(&ctx);
        static tiny_out whole, head, tail, other;
        float x[ROWS * 6];
        ut_note("lane order %d", order);
        make_logits(x, ROWS, 6, 1, 9);
        urn_tiny_params p = params_of(ROWS, 6);
        p.first_row = INT64_C(0xfffffffe) + (INT64_C(5) << 32); /* the low word wraps among the rows */
        run(bed, p, x, sizeof x, NULL, URN_F32, &whole);
        same_as(&first, &whole, &seen);
        p.rows = 301;
        run(bed, p, x, 301 * 24, NULL, URN_F32, &head);
        p.rows = ROWS - 301, p.first_row += 301;
        run(bed, p, x + 301 * 6, (ROWS - 301) * 24, NULL, URN_F32, &tail);
        UT_SAME_BITS(whole.soft, head.soft, 301 * 6, "head");
        UT_SAME_BITS(whole.soft + 301 * 6, tail.soft, (ROWS - 301) * 6, "tail");
        UT_SAME_BITS(whole.choice + 301, tail.choice, ROWS - 301, "tail's choices");
        for (int change = 0; change < 5; change++) {
            urn_tiny_params q = params_of(ROWS, 6);
            q.first_row = INT64_C(0xfffffffe) + (INT64_C(5) << 32);
            if (change == 0) q.position++;
            if (change == 1) q.seed++;
            if (change == 2) q.label++;
            if (change == 3) q.first_row += 1;
            if (change == 4) q.first_row += INT64_C(1) << 32;
            run(bed, q, x, sizeof x, NULL, URN_F32, &other);
            int same = 0;
            for (int i = 0; i < ROWS * 6; i++) same += other.soft[i] == whole.soft[i] && other.soft[i] > 0 ? 1 : 0;
            UT_ASSERT(same < ROWS / 2, "change %d leaves %d of %d numbers", change, same, ROWS * 6);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  tau does not move the choice; a small tau makes p nearly one-hot */
START_TEST(tau_moves_the_soft_law_only) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        static tiny_out warm, cold;
        float x[ROWS * 6];
        ut_note("backend %s", urn_backend_name(kind));
        make_logits(x, ROWS, 6, 0, 9);
        urn_tiny_params p = params_of(ROWS, 6);
        if (run(bed, p, x, sizeof x, NULL, URN_F32, &warm)) {
            p.tau = 0x1p-20f;
            run(bed, p, x, sizeof x, NULL, URN_F32, &cold);
            UT_SAME_BITS(warm.choice, cold.choice, ROWS, "choices");
            int hot = 0;
            for (int r = 0; r < ROWS; r++) hot += cold.soft[r * 6 + cold.choice[r]] == 1;
            UT_ASSERT(hot > ROWS - 5, "%d of %d rows are one-hot", hot, ROWS);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_tiny_suite(void);
Suite *prop_tiny_suite(void) {
    Suite *suite = suite_create("prop_tiny");
    TCase *tcase = tcase_create("tiny");
    tcase_add_loop_test(tcase, choice_soft_mask_and_blend_agree, 0, 9);
    tcase_add_loop_test(tcase, narrow_dtypes_round_once, 0, 2);
    tcase_add_test(tcase, rows_may_be_cut_into_calls);
    tcase_add_test(tcase, tau_moves_the_soft_law_only);
    suite_add_tcase(suite, tcase);
    return suite;
}
