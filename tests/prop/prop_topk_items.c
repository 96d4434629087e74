/* prop_topk_items.c - long rows in random chunks, orders and shards, and segments, against the oracle byte for byte. */
#include <math.h>

#include "tests/oracle_topk.h"
#include "tests/urn_call.h"

/* Log-weights of a kind; wrong ones only where wanted. */
static void fill_items(ut_rng *rng, int32_t type, void *values, int64_t n, int good) {
    static const double scales[] = {0.1, 1, 5, 300};
    int kind = (int)ut_below(rng, 6);
    double scale = scales[ut_below(rng, 4)];
    for (int64_t i = 0; i < n; i++) {
        double v = ut_normal(rng) * scale;
        if (kind == 1) v = floor(v);                      /* ties */
        if (kind == 2) v = ut_below(rng, 2) ? 0.0 : -0.0; /* all equal, zeros of both signs */
        if (kind == 3 && ut_below(rng, 3)) v = -INFINITY;
        if (kind == 4) v = v * 1e30; /* past what a key can hold */
        if (kind == 5) v = -fabs(v) - 1e4;
        if (!good && ut_below(rng, 2 * n) == 0) v = ut_below(rng, 2) ? NAN : INFINITY;
        if (type == URN_ITEM_F64)
            ((double *)values)[i] = v;
        else
            ((float *)values)[i] = (float)v;
    }
}

/* ---- long rows ---- */

typedef struct long_row {
    urn_topk_long_results results; /* first: its members are what ut_call knows */
    urn_topk_long_params p;
    const void *values;
    int64_t n, start; /* items, and the index of the first */
    int32_t type;
    uint64_t plan; /* how it is cut */
} long_row;

static int64_t size_of(int32_t type) { return type == URN_ITEM_F64 ? 8 : 4; }

/* Push all items in chunks of random sizes and order into up to three states, merge those, finish. */
static urn_status run_long(ut_bed *bed, void *params) {
    long_row *c = (long_row *)params;
    ut_rng rng = ut_rng_make(c->plan);
    int states = 1 + (int)ut_below(&rng, 3), chunks = 0;
    size_t bytes = urn_topk_long_state(c->p.k);
    int64_t cut[12] = {0};
    urn_topk_long_params at[3];
    urn_status status = URN_OK;
    while (chunks < 10 && cut[chunks] < c->n) {
        int64_t left = c->n - cut[chunks], take = ut_below(&rng, 3) ? 1 + ut_below(&rng, left) : left;
        cut[chunks + 1] = chunks == 9 ? c->n : cut[chunks] + take;
        chunks++;
    }
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_long_workspace(c->p.k, c->n)));
    for (int s = 0; s < states; s++) {
        at[s] = c->p;
        at[s].state = ut_output(bed, bytes);
        at[s].state_bytes = bytes;
        status = urn_topk_long_begin(bed->stream, at + s);
        if (status != URN_OK) return status;
    }
    int first = chunks ? (int)ut_below(&rng, chunks) : 0;
    for (int k = 0; k < chunks; k++) { /* from a random chunk on, forwards or backwards */
        int j = c->plan & 1 ? (first + k) % chunks : (first + chunks - k) % chunks, s = (int)ut_below(&rng, states);
        const void *data = c->values ? (const char *)c->values + cut[j] * size_of(c->type) : NULL;
        status = urn_topk_long_push(bed->stream, at + s, data, c->type, cut[j + 1] - cut[j], c->start + cut[j]);
        if (status != URN_OK) return status;
        if (ut_below(&rng, 4) == 0) { /* finishing on the way changes nothing */
            status = urn_topk_long_finish(bed->stream, at + s, &c->results);
            if (status != URN_OK) return status;
        }
    }
    for (int s = 1; s < states && status == URN_OK; s++) status = urn_topk_long_merge(bed->stream, at, at[s].state);
    return status == URN_OK ? urn_topk_long_finish(bed->stream, at, &c->results) : status;
}

static int hold_long(ut_bed *bed, uint64_t seed, int64_t most) {
    static const int64_t starts[] = {0, 0, 1, 17, (INT64_C(1) << 33) - 5, (INT64_C(1) << 40) - 6000};
    static const float temperatures[] = {1.0f, 0.7f, 2.5f, 1e-4f, 100.0f};
    long_row c;
    ut_call call;
    ut_rng rng = ut_rng_make(seed);
    urn_topk_long_params fresh = URN_TOPK_LONG_PARAMS_INIT;
    urn_topk_long_results none = URN_TOPK_LONG_RESULTS_INIT;
    memset(&call, 0, sizeof call);
    call.params = &c;
    call.size = sizeof c;
    c.results = none, c.p = fresh, c.values = NULL;
    c.n = ut_below(&rng, 12) ? 1 + ut_below(&rng, most) : 0;
    c.start = starts[ut_below(&rng, 6)];
    c.type = ut_below(&rng, 2) ? URN_ITEM_F64 : URN_ITEM_F32;
    c.plan = ut_u64(&rng);
    c.p.by = ut_below(&rng, 3) ? URN_TOPK_GUMBEL : URN_TOPK_VALUE;
    c.p.k = 1 + ut_below(&rng, ut_below(&rng, 3) ? 40 : most + 9);
    c.p.seed = ut_u64(&rng), c.p.label = ut_u64(&rng), c.p.position = (uint32_t)ut_u64(&rng);
    c.p.temperature = temperatures[ut_below(&rng, 5)];
    if (ut_below(&rng, 2)) c.p.flags = URN_TOPK_BY_ID;
    int uniform = c.p.by == URN_TOPK_GUMBEL && ut_below(&rng, 6) == 0;
    if (!uniform) {
        void *values = ut_call_array(&call, &c.values, UT_IN, c.n, (size_t)size_of(c.type), "values");
        fill_items(&rng, c.type, values, c.n, ut_below(&rng, 6) > 0);
    }
    UT_GIVES(&call, &c.results, ids, c.p.k);
    UT_GIVES(&call, &c.results, keys, c.p.k);
    UT_GIVES(&call, &c.results, found, 1);
    UT_GIVES(&call, &c.results, threshold, 1);
    UT_GIVES(&call, &c.results, status, 1);
    oracle_item *items = (oracle_item *)ut_malloc(sizeof *items * (size_t)c.n);
    uint64_t key = oracle_row_key(c.p.seed, c.p.label);
    int64_t possible = 0;
    int32_t status = 0;
    for (int64_t i = 0; i < c.n; i++) {
        double x = oracle_item_value(c.values, c.type, i);
        if (isnan(x)) status |= URN_ROW_NAN;
        if (x == INFINITY) status |= URN_ROW_INF;
        if (!(x > -INFINITY && x < INFINITY)) continue;
        items[possible].id = c.start + i;
        items[possible++].key = oracle_item_key(c.p.by, x, c.start + i, key, c.p.position, c.p.temperature);
    }
    ut_note("seed %llu, by %d, %lld items from %lld, k %lld, type %d, temperature %g", (unsigned long long)seed,
            (int)c.p.by, (long long)c.n, (long long)c.start, (long long)c.p.k, (int)c.type, (double)c.p.temperature);
    oracle_topk_long(&c.p, items, possible, status, &c.results);
    free(items);
    int here = ut_call_run(bed, &call, run_long);
    if (here) UT_SAME_CALL(&call, urn_backend_name(bed->kind));
    ut_call_free(&call);
    return here;
}

/* property  the first k of a long row are the same for all chunks, orders and shards, and what the contract says
 * why       a state that drops an item too early, or a merge that forgets its k + 1st, shows in the threshold
 * shapes    up to 3000 items (up to 40,000 in the second) in up to 10 chunks and 3 states */
START_TEST(any_long_row_is_what_the_contract_says) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 60 : 600), here = 1;
        for (int n = 0; n < cases && here; n++) here = hold_long(bed, (uint64_t)(20000 + n), 3000);
        for (int n = 0; n < cases / 40 && here; n++) here = hold_long(bed, (uint64_t)(40000 + n), 40000);
        ut_close(bed);
    }
}
END_TEST

/* ---- segments ---- */

static urn_status run_segments(ut_bed *bed, void *params) {
    urn_topk_segments_params *p = (urn_topk_segments_params *)params;
    int64_t out = p->out_offsets ? p->out_size : p->segments * p->k;
    size_t bytes = urn_topk_segments_workspace(p->segments, p->longest, p->k, out);
    UT_ASSERT(bytes > 0, "no workspace size");
    UT_OK(urn_stream_reserve(bed->stream, bytes));
    return urn_topk_segments(bed->stream, p);
}

static void spoil(int64_t *offsets, int64_t n, int64_t by, ut_rng *rng) {
    if (ut_below(rng, 8) == 0) offsets[ut_below(rng, n + 1)] += ut_below(rng, 2) ? by : -by;
}

static int hold_segments(ut_bed *bed, uint64_t seed, int64_t most) {
    ut_call call;
    ut_rng rng = ut_rng_make(seed);
    urn_topk_segments_params c = URN_TOPK_SEGMENTS_PARAMS_INIT, *p = &c;
    memset(&call, 0, sizeof call);
    call.params = p;
    call.size = sizeof *p;
    p->segments = 1 + ut_below(&rng, 9);
    p->longest = 1 + ut_below(&rng, most);
    p->k = 1 + ut_below(&rng, ut_below(&rng, 2) ? 12 : p->longest + 3);
    p->type = ut_below(&rng, 2) ? URN_ITEM_F64 : URN_ITEM_F32;
    p->by = ut_below(&rng, 3) ? URN_TOPK_GUMBEL : URN_TOPK_VALUE;
    p->flags = (ut_below(&rng, 2) ? URN_TOPK_BY_ID : 0) | (ut_below(&rng, 2) ? URN_TOPK_LOCAL : 0);
    p->temperature_value = 0.8f;
    p->position_value = (uint32_t)ut_u64(&rng);
    p->seed_value = ut_u64(&rng);
    int64_t *offsets = (int64_t *)UT_TAKES(&call, p, offsets, p->segments + 1), out = p->segments * p->k;
    offsets[0] = ut_below(&rng, 3);
    for (int64_t s = 0; s < p->segments; s++) {
        offsets[s + 1] = offsets[s] + (ut_below(&rng, 8) ? 1 + ut_below(&rng, p->longest) : 0);
    }
    p->size = offsets[p->segments] + ut_below(&rng, 3);
    spoil(offsets, p->segments, 1 + p->longest, &rng);
    if (ut_below(&rng, 3) == 0) {
        int64_t *to = (int64_t *)UT_TAKES(&call, p, out_offsets, p->segments + 1);
        to[0] = ut_below(&rng, 3);
        for (int64_t s = 0; s < p->segments; s++) to[s + 1] = to[s] + ut_below(&rng, p->k + 1);
        out = p->out_size = to[p->segments] + ut_below(&rng, 3);
        spoil(to, p->segments, 1 + p->k, &rng);
    }
    if (ut_below(&rng, 3) == 0) {
        int64_t *k = (int64_t *)UT_TAKES(&call, p, k_of_segment, p->segments);
        for (int64_t s = 0; s < p->segments; s++) k[s] = ut_below(&rng, p->k + 1) - (ut_below(&rng, 20) == 0);
    }
    if (ut_below(&rng, 3) == 0) {
        static const float odd[] = {0, NAN, INFINITY, -1};
        float *t = (float *)UT_TAKES(&call, p, temperature, p->segments);
        for (int64_t s = 0; s < p->segments; s++) {
            t[s] = ut_below(&rng, 12) ? (float)(0.2 + 2 * ut_uniform(&rng)) : odd[ut_below(&rng, 4)];
        }
    }
    if (ut_below(&rng, 2)) {
        uint64_t *words = (uint64_t *)UT_TAKES(&call, p, seed, p->segments);
        for (int64_t s = 0; s < p->segments; s++) words[s] = ut_u64(&rng);
    }
    if (ut_below(&rng, 2)) {
        uint64_t *words = (uint64_t *)UT_TAKES(&call, p, label, p->segments);
        for (int64_t s = 0; s < p->segments; s++) words[s] = ut_u64(&rng);
    }
    if (p->by == URN_TOPK_VALUE || ut_below(&rng, 6)) {
        void *values = ut_call_array(&call, &p->values, UT_IN, p->size, (size_t)size_of(p->type), "values");
        fill_items(&rng, p->type, values, p->size, ut_below(&rng, 5) > 0);
    }
    UT_GIVES(&call, p, ids, out);
    UT_GIVES(&call, p, keys, out);
    UT_GIVES(&call, p, found, p->segments);
    UT_GIVES(&call, p, threshold, p->segments);
    UT_GIVES(&call, p, status, p->segments);
    ut_note("seed %llu, by %d, %lld segments of up to %lld, k %lld, type %d%s%s", (unsigned long long)seed, (int)p->by,
            (long long)p->segments, (long long)p->longest, (long long)p->k, (int)p->type,
            p->out_offsets ? ", places" : "", p->k_of_segment ? ", k of segment" : "");
    oracle_topk_segments(p);
    int here = ut_call_run(bed, &call, run_segments);
    if (here) UT_SAME_CALL(&call, urn_backend_name(bed->kind));
    ut_call_free(&call);
    return here;
}

/* property  the first k of every segment are what the contract says, wherever they lie and whatever their neighbours
 * shapes    up to 9 segments of up to 500 (3000 in some), wrong offsets, k and temperatures among them */
START_TEST(any_segments_are_what_the_contract_says) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 60 : 600), here = 1;
        for (int n = 0; n < cases && here; n++) {
            here = hold_segments(bed, (uint64_t)(60000 + n), n % 10 ? 500 : 3000);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_topk_items_suite(void) {
    Suite *suite = suite_create("prop_topk_items");
    TCase *tcase = tcase_create("items");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, any_long_row_is_what_the_contract_says);
    tcase_add_test(tcase, any_segments_are_what_the_contract_says);
    suite_add_tcase(suite, tcase);
    return suite;
}
