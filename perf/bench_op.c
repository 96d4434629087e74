/* bench_op.c - the operations of bench_op.h, each a few lines around the public call. */
#include "perf/bench_op.h"

#include <string.h>

static size_t up(size_t bytes) { return (bytes + 255) / 256 * 256; }

/* sample: one draw a row, and in `all` every output of a word a row */
enum { SAMPLE_WORDS = 9 };

static size_t sample_scratch(const bench_case *c, const urn_sampler *sampler) {
    return urn_sample_workspace(sampler, c->rows, c->cols);
}
static size_t sample_out(const bench_case *c) { return up((size_t)c->rows * 4) * SAMPLE_WORDS; }
static double sample_result(const bench_case *c) { return 8.0 * (double)c->rows; }

static urn_status sample_enqueue(urn_stream *stream, const bench_call *call) {
    const bench_case *c = call->c;
    const size_t step = up((size_t)c->rows * 4);
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(call->in, c->dtype, c->rows, c->cols, 0);
    p.sampler = call->sampler;
    p.seed_value = 7;
    p.position_value = call->number;
    p.ids = (int32_t *)call->out;
    p.status = (int32_t *)(call->out + step);
    if (call->all) {
        p.logprob = (float *)(call->out + 2 * step);
        p.logprob_raw = (float *)(call->out + 3 * step);
        p.rank = (int32_t *)(call->out + 4 * step);
        p.lse = (float *)(call->out + 5 * step);
        p.entropy = (float *)(call->out + 6 * step);
        p.kept_count = (int32_t *)(call->out + 7 * step);
        p.kept_logmass = (float *)(call->out + 8 * step);
    }
    return urn_sample(stream, &p);
}

static void sample_rival(const bench_case *c, float temperature, int i, const float *row, int64_t cols,
                         float *scratch) {
    volatile int32_t sink = bench_rival_draw(row, cols, temperature, 0.1 * (i + 1), scratch);
    (void)c, (void)sink;
}

/* topk, gumbel_topk: the first k of each row */
static size_t topk_scratch(const bench_case *c, const urn_sampler *sampler) {
    return urn_topk_workspace(sampler, c->rows, c->cols, (int32_t)c->k);
}
static size_t topk_out(const bench_case *c) { return up((size_t)(c->rows * c->k) * 4) * 2 + up((size_t)c->rows * 4); }
static double topk_result(const bench_case *c) { return 8.0 * (double)(c->rows * c->k); }

static urn_status topk_by(urn_stream *stream, const bench_call *call, urn_topk_by by) {
    const bench_case *c = call->c;
    const size_t step = up((size_t)(c->rows * c->k) * 4);
    urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    rows.logits = urn_matrix_dense(call->in, c->dtype, c->rows, c->cols, 0);
    rows.sampler = by == URN_TOPK_PLAIN ? NULL : call->sampler;
    rows.seed_value = 7;
    rows.position_value = call->number;
    p.rows = &rows;
    p.by = by;
    p.k = (int32_t)c->k;
    p.ids = (int32_t *)call->out;
    p.values = (float *)(call->out + step);
    p.status = (int32_t *)(call->out + 2 * step);
    return urn_topk(stream, &p);
}

static urn_status topk_enqueue(urn_stream *stream, const bench_call *call) {
    return topk_by(stream, call, URN_TOPK_PLAIN);
}
static urn_status gumbel_topk_enqueue(urn_stream *stream, const bench_call *call) {
    return topk_by(stream, call, URN_TOPK_GUMBEL);
}

static void topk_rival(const bench_case *c, float temperature, int i, const float *row, int64_t cols, float *scratch) {
    (void)temperature, (void)i;
    bench_rival_topk(row, cols, c->k, 0, scratch);
}
static void gumbel_rival(const bench_case *c, float temperature, int i, const float *row, int64_t cols,
                         float *scratch) {
    (void)temperature;
    bench_rival_topk(row, cols, c->k, (uint64_t)i + 1, scratch);
}

/* long_topk, long_gumbel: the first k of one row of any length, pushed as one chunk */
static size_t long_scratch(const bench_case *c, const urn_sampler *sampler) {
    (void)sampler;
    return urn_topk_long_workspace(c->k, c->cols);
}
static size_t long_private(const bench_case *c) { return urn_topk_long_state(c->k); }
static size_t long_out(const bench_case *c) { return long_private(c) + 2 * up((size_t)c->k * 8) + 256; }
static double long_result(const bench_case *c) { return 16.0 * (double)c->k; }

static urn_status long_by(urn_stream *stream, const bench_call *call, urn_topk_by by) {
    const bench_case *c = call->c;
    const size_t step = up((size_t)c->k * 8);
    char *out = call->out + long_private(c);
    urn_topk_long_params p = URN_TOPK_LONG_PARAMS_INIT;
    urn_topk_long_results r = URN_TOPK_LONG_RESULTS_INIT;
    urn_status s;
    p.by = by;
    p.k = c->k;
    p.seed = 7;
    p.position = call->number;
    p.state = call->out;
    p.state_bytes = long_private(c);
    r.ids = (int64_t *)out;
    r.keys = (int64_t *)(out + step);
    r.found = (int64_t *)(out + 2 * step);
    s = urn_topk_long_begin(stream, &p);
    if (s == URN_OK) s = urn_topk_long_push(stream, &p, call->in, URN_ITEM_F32, c->cols, 0);
    return s == URN_OK ? urn_topk_long_finish(stream, &p, &r) : s;
}

static urn_status long_value_enqueue(urn_stream *stream, const bench_call *call) {
    return long_by(stream, call, URN_TOPK_VALUE);
}
static urn_status long_gumbel_enqueue(urn_stream *stream, const bench_call *call) {
    return long_by(stream, call, URN_TOPK_GUMBEL);
}

/* resampling: as many ancestors as there are log-weights */
static size_t resample_scratch(const bench_case *c, const urn_sampler *sampler) {
    size_t most = 0;
    int i;
    (void)sampler;
    for (i = URN_RESAMPLE_SYSTEMATIC; i <= URN_RESAMPLE_KILLING; i++) {
        const size_t bytes = urn_resample_workspace((urn_resample_scheme)i, c->rows, c->cols, c->cols);
        if (bytes > most) most = bytes;
    }
    return most;
}
static size_t resample_out(const bench_case *c) {
    return up((size_t)(c->rows * c->cols) * 4) + up((size_t)c->rows * 4);
}
static double resample_result(const bench_case *c) { return 4.0 * (double)(c->rows * c->cols); }

static urn_status resample_by(urn_stream *stream, const bench_call *call, urn_resample_scheme scheme) {
    const bench_case *c = call->c;
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    p.scheme = scheme;
    p.weights = urn_weights_dense(call->in, URN_WEIGHT_LOG_F32, c->rows, c->cols);
    p.outputs = c->cols;
    p.seed_value = 7;
    p.position_value = call->number;
    p.ancestors = (int32_t *)call->out;
    p.status = (int32_t *)(call->out + up((size_t)(c->rows * c->cols) * 4));
    return urn_resample(stream, &p);
}

#define RESAMPLE_BY(name, scheme)                                                                                      \
    static urn_status name##_enqueue(urn_stream *stream, const bench_call *call) {                                     \
        return resample_by(stream, call, scheme);                                                                      \
    }
RESAMPLE_BY(systematic, URN_RESAMPLE_SYSTEMATIC)
RESAMPLE_BY(stratified, URN_RESAMPLE_STRATIFIED)
RESAMPLE_BY(multinomial, URN_RESAMPLE_MULTINOMIAL)
RESAMPLE_BY(residual, URN_RESAMPLE_RESIDUAL)
RESAMPLE_BY(ssp, URN_RESAMPLE_SSP)

static void resample_rival(const bench_case *c, float temperature, int i, const float *row, int64_t cols,
                           float *scratch) {
    (void)c, (void)temperature;
    bench_rival_systematic(row, cols, 0.1 * (i + 1), scratch);
}

#define ROWS (INT64_C(1) << 20)
#define LONG (INT64_C(1) << 28)
static const bench_op OPS[] = {
    {"sample", 1, ROWS, URN_MAX_COLS, sample_scratch, NULL, sample_out, sample_result, sample_enqueue, sample_rival},
    {"topk", 1, ROWS, URN_MAX_COLS, topk_scratch, NULL, topk_out, topk_result, topk_enqueue, topk_rival},
    {"gumbel_topk", 1, ROWS, URN_MAX_COLS, topk_scratch, NULL, topk_out, topk_result, gumbel_topk_enqueue,
     gumbel_rival},
    {"long_topk", 0, 1, LONG, long_scratch, long_private, long_out, long_result, long_value_enqueue, topk_rival},
    {"long_gumbel", 0, 1, LONG, long_scratch, long_private, long_out, long_result, long_gumbel_enqueue, gumbel_rival},
    {"systematic", 0, ROWS, LONG, resample_scratch, NULL, resample_out, resample_result, systematic_enqueue,
     resample_rival},
    {"stratified", 0, ROWS, LONG, resample_scratch, NULL, resample_out, resample_result, stratified_enqueue,
     resample_rival},
    {"multinomial", 0, ROWS, LONG, resample_scratch, NULL, resample_out, resample_result, multinomial_enqueue,
     resample_rival},
    {"residual", 0, ROWS, LONG, resample_scratch, NULL, resample_out, resample_result, residual_enqueue,
     resample_rival},
    {"ssp", 0, ROWS, LONG, resample_scratch, NULL, resample_out, resample_result, ssp_enqueue, resample_rival},
};
enum { OPS_COUNT = sizeof OPS / sizeof OPS[0] };

const bench_op *bench_op_find(const char *name, size_t length) {
    int i;
    for (i = 0; i < OPS_COUNT; i++)
        if (strlen(OPS[i].name) == length && memcmp(OPS[i].name, name, length) == 0) return &OPS[i];
    return NULL;
}

const char *bench_op_names(void) {
    return "sample,topk,gumbel_topk,long_topk,long_gumbel,systematic,stratified,multinomial,residual,ssp";
}
