/* parity_special.c - tiny, unmask, reject and the shards' messages: the same bits from every backend that has them. */
#include <math.h>

#include "tests/parity/kept.h"

enum { SEEDS = 6 };

/* 0: the backend does not have the call. */
static int worked(urn_status status) {
    if (status == URN_E_BACKEND) return 0;
    UT_OK(status);
    return 1;
}

static void fill(float *x, int64_t rows, int64_t cols, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed);
    for (int64_t r = 0; r < rows; r++) {
        float *row = x + r * cols;
        ut_fill(row, cols, (ut_shape)(r % 4), r % 7 == 6 ? 60 : 2, seed * 1000 + (uint64_t)r);
        if (r % 9 == 4) ut_punch(row, cols, 0.7, seed + (uint64_t)r);
        for (int64_t i = 0; r % 41 == 17 && i < cols; i++) row[i] = -INFINITY;
        if (r % 41 == 18) row[ut_below(&rng, cols)] = NAN;
        if (r % 41 == 19) row[ut_below(&rng, cols)] = INFINITY;
        if (r % 41 == 20) row[ut_below(&rng, cols)] = 3e38f, row[0] = -3e38f;
    }
}

static const void *upload_logits(ut_bed *bed, int64_t rows, int64_t cols, urn_dtype dtype, uint64_t seed) {
    size_t cells = (size_t)(rows * cols);
    float *x = (float *)ut_malloc(4 * cells);
    void *packed = ut_malloc(4 * cells);
    fill(x, rows, cols, seed);
    ut_pack(x, (int64_t)cells, dtype, packed);
    const void *device = ut_upload(bed, packed, cells * urn_dtype_size(dtype));
    free(x), free(packed);
    return device;
}

static int run_tiny(ut_bed *bed, uint64_t seed, outputs *o) {
    static const int32_t widths[SEEDS] = {6, 2, 7, 32, 16, 6}, bits[SEEDS] = {4, 8, 2, 1, 4, 3};
    uint8_t patterns[32];
    ut_rng rng = ut_rng_make(seed);
    for (int i = 0; i < 32; i++) patterns[i] = (uint8_t)ut_u64(&rng);
    int64_t rows = 1000 + (int64_t)seed;
    urn_tiny_params p = URN_TINY_PARAMS_INIT;
    p.rows = rows, p.width = widths[seed], p.pattern_bits = bits[seed], p.dtype = (int32_t)(seed % 3);
    p.soft_dtype = (int32_t)(seed / 2 % 3), p.seed = ut_u64(&rng), p.label = ut_u64(&rng);
    p.position = (uint32_t)ut_u64(&rng), p.first_row = ut_below(&rng, INT64_C(1) << 40);
    p.scale = seed % 2 ? 100.0f : 0.7f, p.tau = seed % 3 ? 0.3f : 4.0f;
    p.logits = upload_logits(bed, rows, p.width, (urn_dtype)p.dtype, seed);
    p.patterns = seed == 0 ? NULL : (const uint8_t *)ut_upload(bed, patterns, (size_t)p.width);
    size_t wide = urn_dtype_size((urn_dtype)p.soft_dtype);
    size_t soft = (size_t)(rows * p.width) * wide, blend = (size_t)(rows * p.pattern_bits) * wide;
    size_t words = (size_t)((rows * p.pattern_bits + 31) / 32) * 4;
    p.choice = (uint8_t *)ut_output(bed, (size_t)rows), p.status = (uint8_t *)ut_output(bed, (size_t)rows);
    p.soft = ut_output(bed, soft), p.blend = ut_output(bed, blend);
    if (32 % p.pattern_bits == 0) p.mask = (uint32_t *)ut_output(bed, words);
    if (!worked(urn_tiny(bed->stream, &p))) return 0;
    keep(o, bed, p.choice, (size_t)rows), keep(o, bed, p.status, (size_t)rows);
    keep(o, bed, p.soft, soft), keep(o, bed, p.blend, blend);
    if (p.mask) keep(o, bed, p.mask, words);
    return 1;
}

static int run_unmask(ut_bed *bed, uint64_t seed, outputs *o) {
    enum { SEQUENCES = 23 };
    int32_t length = seed % 2 ? 700 : 33, lengths[SEQUENCES], tally[SEQUENCES];
    int64_t rows = (int64_t)SEQUENCES * length, openings = seed % 3 == URN_UNMASK_ONE ? SEQUENCES : rows;
    ut_rng rng = ut_rng_make(seed + 50);
    int32_t *tokens = (int32_t *)ut_malloc(4 * (size_t)rows), *ids = (int32_t *)ut_malloc(4 * (size_t)rows);
    float *score = (float *)ut_malloc(4 * (size_t)rows);
    double stay[SEQUENCES], time[SEQUENCES];
    uint64_t labels[SEQUENCES];
    for (int64_t r = 0; r < rows; r++) {
        tokens[r] = ut_below(&rng, 3) ? 7 : (int32_t)ut_below(&rng, 7), ids[r] = (int32_t)ut_below(&rng, 9) - 1;
        score[r] = ut_below(&rng, 3) ? (float)ut_normal(&rng) : (float)ut_below(&rng, 3);
        if (ut_below(&rng, 30) == 0) score[r] = NAN;
    }
    for (int s = 0; s < SEQUENCES; s++) {
        lengths[s] = (int32_t)ut_below(&rng, length + 20) - 5, stay[s] = ut_uniform(&rng) * 1.1,
        time[s] = ut_uniform(&rng);
        tally[s] = (int32_t)ut_below(&rng, length) - 1, labels[s] = ut_u64(&rng);
    }
    urn_unmask_params p = URN_UNMASK_PARAMS_INIT;
    size_t per = 4 * SEQUENCES, open_bytes = 4 * (size_t)openings;
    p.rule = (int32_t)(seed % 3), p.sequences = SEQUENCES, p.length = length, p.mask_id = 7;
    p.lengths = (const int32_t *)ut_upload(bed, lengths, sizeof lengths);
    p.label = (const uint64_t *)ut_upload(bed, labels, sizeof labels);
    p.stay = (const double *)ut_upload(bed, stay, sizeof stay);
    p.seed_value = 5 + seed, p.position_value = 3;
    p.tokens = (int32_t *)ut_output(bed, 4 * (size_t)rows), memcpy(p.tokens, tokens, 4 * (size_t)rows);
    p.time = (double *)ut_output(bed, sizeof time), memcpy(p.time, time, sizeof time);
    p.factor = (double *)ut_output(bed, sizeof time);
    p.slot = (int32_t *)ut_output(bed, open_bytes), p.row_index = (int32_t *)ut_output(bed, open_bytes);
    p.map = (int32_t *)ut_output(bed, open_bytes), p.masked = (int32_t *)ut_output(bed, per);
    p.status = (int32_t *)ut_output(bed, per), p.settled = (int32_t *)ut_output(bed, per);
    p.ids = (const int32_t *)ut_upload(bed, ids, open_bytes);
    p.confidence = seed == 4 ? NULL : (const float *)ut_upload(bed, score, open_bytes);
    p.keep = (const int32_t *)ut_upload(bed, tally, sizeof tally);
    p.jitter = seed > 2 ? 0.5f : 0;
    free(tokens), free(ids), free(score);
    if (!worked(urn_unmask_choose(bed->stream, &p))) return 0;
    keep(o, bed, p.slot, open_bytes), keep(o, bed, p.row_index, open_bytes), keep(o, bed, p.map, open_bytes);
    keep(o, bed, p.masked, per), keep(o, bed, p.status, per);
    if (p.rule == URN_UNMASK_ONE) keep(o, bed, p.factor, sizeof time), keep(o, bed, p.time, sizeof time);
    UT_OK(urn_unmask_settle(bed->stream, &p));
    keep(o, bed, p.tokens, 4 * (size_t)rows), keep(o, bed, p.settled, per), keep(o, bed, p.status, per);
    return 1;
}

static int run_reject(ut_bed *bed, uint64_t seed, outputs *o) {
    enum { ROWS = 45 };
    int64_t cols = seed < 2 ? 31 : 900, stride = (cols + 31) / 32;
    ut_rng rng = ut_rng_make(seed + 90);
    uint32_t *words = (uint32_t *)ut_malloc(4 * (size_t)(ROWS * stride));
    for (int64_t i = 0; i < ROWS * stride; i++) {
        words[i] = (uint32_t)(ut_u64(&rng) & ut_u64(&rng));
        if (i / stride % 5 == 2) words[i] &= (uint32_t)(ut_u64(&rng) & ut_u64(&rng) & ut_u64(&rng));
    }
    urn_reject_params p = URN_REJECT_PARAMS_INIT;
    urn_dtype dtype = (urn_dtype)(seed % 3);
    p.logits = urn_matrix_dense(upload_logits(bed, ROWS, cols, dtype, seed), dtype, ROWS, cols, 0);
    p.estimator = (int32_t)(seed / 3), p.accepts = 4, p.rejects = 70, p.seed_value = seed, p.position_value = 9;
    p.accepted = (const uint32_t *)ut_upload(bed, words, 4 * (size_t)(ROWS * stride)), p.accepted_stride = stride;
    p.ids = (int32_t *)ut_output(bed, 4 * ROWS), p.log_weight = (float *)ut_output(bed, 4 * ROWS);
    p.tried = (int32_t *)ut_output(bed, 4 * ROWS), p.status = (int32_t *)ut_output(bed, 4 * ROWS);
    free(words);
    if (!worked(urn_reject(bed->stream, &p))) return 0;
    keep(o, bed, p.ids, 4 * ROWS), keep(o, bed, p.log_weight, 4 * ROWS);
    keep(o, bed, p.tried, 4 * ROWS), keep(o, bed, p.status, 4 * ROWS);
    return 1;
}

/* The messages of two shards, which are part of the contract. */
static int run_shard(ut_bed *bed, uint64_t seed, outputs *o) {
    enum { ROWS = 45 };
    int64_t cols = seed < 2 ? 200 : 1500, cut = seed % 2 ? 1 : 73;
    urn_dtype dtype = (urn_dtype)(seed % 3);
    const urn_step lists[SEEDS][3] = {
        {urn_temperature(urn_f(0.7f)), urn_min_p(urn_f(0.03f)), urn_temperature(urn_f(2))},
        {urn_temperature(urn_f(1.7f)), urn_top_k(urn_i(20)), urn_top_p(urn_f(0.8f))},
        {urn_min_p(urn_f(0.2f)), urn_min_p(urn_f(0.01f)), urn_min_p(urn_f(0))},
        {urn_temperature(urn_f(0)), urn_temperature(urn_f(1)), urn_temperature(urn_f(1))},
        {urn_top_k(urn_i(128)), urn_top_a(urn_f(0.1f)), urn_epsilon(urn_f(0.01f))},
        {urn_temperature(urn_f(1)), urn_temperature(urn_f(1)), urn_min_p(urn_f(0))}};
    urn_shard_params p = URN_SHARD_PARAMS_INIT;
    const char *x = (const char *)upload_logits(bed, ROWS, cols, dtype, seed);
    urn_shard_message1 *one = (urn_shard_message1 *)ut_output(bed, 2 * ROWS * sizeof *one);
    urn_shard_message2 *two = (urn_shard_message2 *)ut_output(bed, 2 * ROWS * sizeof *two);
    p.method = (int32_t)(seed < 3 ? URN_DRAW_GUMBEL : URN_DRAW_INVERSE), p.total = cols, p.shards = 2;
    p.steps = lists[seed], p.count = 3, p.seed_value = 77;
    p.ids = (int32_t *)ut_output(bed, 4 * ROWS), p.lse = (float *)ut_output(bed, 4 * ROWS);
    p.entropy = (float *)ut_output(bed, 4 * ROWS);
    for (int round = 1; round <= 2; round++)
        for (int s = 0; s < 2; s++) {
            p.shard = s, p.first = s ? cut : 0;
            p.logits =
                urn_matrix_dense(x + (size_t)p.first * urn_dtype_size(dtype), dtype, ROWS, s ? cols - cut : cut, cols);
            urn_status status = round == 1 ? urn_shard_first(bed->stream, &p, one + s * ROWS)
                                           : urn_shard_second(bed->stream, &p, one, two + s * ROWS);
            if (!worked(status)) return 0;
        }
    keep(o, bed, one, 2 * ROWS * sizeof *one), keep(o, bed, two, 2 * ROWS * sizeof *two);
    return 1;
}

/* property  every output of the special calls, messages and bad rows with them, is the same bytes on every backend and
 * in every lane order */
START_TEST(special_calls_agree) {
    static int (*const runs[])(ut_bed *, uint64_t, outputs *) = {run_tiny, run_unmask, run_reject, run_shard};
    uint64_t seed = (uint64_t)(_i / 4);
    outputs first = {NULL, 0, 0};
    FOR_EACH_BACKEND(kind) {
        if (kind == URN_BACKEND_CUDA && _i % 4 == 1) continue; /* tokens are put in place by the host */
        for (int order = 0; order < (kind == URN_BACKEND_SIMT ? 3 : 1); order++) {
            urn_ctx_params ctx = URN_CTX_PARAMS_INIT;
            ctx.backend = (int32_t)kind, ctx.threads = 2, ctx.lane_order = order;
            ut_bed *bed = ut_open_with(&ctx);
            outputs here = {NULL, 0, 0};
            ut_note("call %d seed %d backend %s order %d", _i % 4, (int)seed, urn_backend_name(kind), order);
            if (!runs[_i % 4](bed, seed, &here)) {
                free(here.bytes);
            } else if (!first.bytes) {
                first = here;
            } else {
                same_outputs(&first, &here, "outputs");
            }
            ut_close(bed);
        }
    }
    free(first.bytes);
}
END_TEST

Suite *parity_special_suite(void);
Suite *parity_special_suite(void) {
    Suite *suite = suite_create("parity_special");
    TCase *tcase = tcase_create("special");
    tcase_add_loop_test(tcase, special_calls_agree, 0, 4 * SEEDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
