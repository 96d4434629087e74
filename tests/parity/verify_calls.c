/* verify_calls.c - see verify_calls.h. */
#include "tests/parity/verify_calls.h"

#include <math.h>

typedef struct maker {
    ut_bed *bed;
    ut_rng rng;
    const verify_limits *limits;
    urn_verify_params p;
    urn_sample_params target, draft;
    urn_draft_tree tree;
    int is_tree, flat;
    int64_t rows, draft_rows, cols, draft_cols, slots;
    int64_t first[64];
    int32_t count[64];
    float *x;        /* [rows, cols] of the target, as written */
    int32_t *tokens; /* by row */
    int32_t *parent; /* by row */
    urn_sampler *sampler[2];
    urn_slots *state;
} maker;

static int64_t below(maker *m, int64_t n) { return ut_below(&m->rng, n); }
static int one_in(maker *m, int64_t n) { return below(m, n) == 0; }
static int wrong(maker *m, int64_t n) { return !m->limits->good && one_in(m, n); }

static void *room(size_t bytes) { return ut_malloc(bytes ? bytes : 1); }

/* Which rows belong to which request. */
static void make_requests(maker *m) {
    urn_verify_params *p = &m->p;
    p->verifier = m->limits->verifier >= 0 ? m->limits->verifier : (int32_t)below(m, URN_VERIFY_SYNTHETIC + 1);
    p->requests = 1 + below(m, 6);
    p->nodes = 1 + (int32_t)below(m, m->limits->nodes);
    p->depth = one_in(m, 3) ? (int32_t)below(m, p->nodes) : p->nodes - 1;
    m->is_tree = (int)below(m, 2);
    m->flat = (int)below(m, 2);
    int64_t offsets[65] = {0};
    for (int64_t b = 0; b < p->requests; b++) {
        m->count[b] = m->flat ? 1 + (int32_t)below(m, p->nodes) : p->nodes;
        m->first[b] = m->flat ? offsets[b] : b * p->nodes;
        offsets[b + 1] = m->first[b] + m->count[b];
    }
    m->rows = offsets[p->requests] + below(m, 2);
    if (!m->flat) return;
    if (wrong(m, 12)) offsets[1 + below(m, p->requests)] += below(m, 2) ? -p->nodes : p->nodes;
    p->node_offsets = (const int64_t *)ut_upload(m->bed, offsets, 8 * (size_t)(p->requests + 1));
}

static void fill_row(maker *m, float *x, int64_t cols, int probs, uint64_t seed) {
    ut_fill(x, cols, (ut_shape)(seed % 4), one_in(m, 9) ? 30 : 2, seed);
    if (one_in(m, 3)) ut_punch(x, cols, 0.4, seed);
    for (int64_t i = 0; probs && i < cols; i++) x[i] = isinf(x[i]) ? 0.0f : expf(x[i]);
    if (probs && one_in(m, 9)) {
        static const float scales[] = {1e-44f, 1e-40f, 1e30f};
        float scale = scales[below(m, 3)];
        for (int64_t i = 0; i < cols; i++) x[i] = fminf(x[i], 1e8f) * scale;
    }
    if (wrong(m, 40)) x[below(m, cols)] = NAN;
    if (wrong(m, 40)) x[below(m, cols)] = INFINITY;
    if (wrong(m, 40)) x[below(m, cols)] = -1.0f;
    if (wrong(m, 40)) x[below(m, cols)] = -INFINITY;
    for (int64_t i = 0; wrong(m, 40) && i < cols; i++) x[i] = probs ? 0.0f : -INFINITY;
}

static urn_matrix make_matrix(maker *m, float *x, int64_t rows, int64_t cols) {
    urn_dtype dtype = (urn_dtype)below(m, 3);
    int64_t stride = cols + below(m, 3), cells = rows * stride;
    size_t size = urn_dtype_size(dtype);
    float *wide = (float *)room(4 * (size_t)cells);
    void *packed = room(4 * (size_t)cells);
    memset(wide, 0, 4 * (size_t)cells);
    for (int64_t r = 0; r < rows; r++) memcpy(wide + r * stride, x + r * cols, 4 * (size_t)cols);
    ut_pack(wide, cells, dtype, packed);
    const void *device = ut_upload_at(m->bed, packed, (size_t)cells * size, size * (size_t)below(m, 5));
    free(wide), free(packed);
    return urn_matrix_dense(device, dtype, rows, cols, stride);
}

/* Rows of both sides; the draft's are the target's with noise, so that both outcomes are frequent. */
static void make_rows(maker *m) {
    urn_verify_params *p = &m->p;
    m->cols = 1 + below(m, m->limits->cols);
    p->target_rows = one_in(m, 4) ? URN_ROWS_PROBS : URN_ROWS_LOGITS;
    m->x = (float *)room(4 * (size_t)(m->rows * m->cols));
    for (int64_t r = 0; r < m->rows; r++)
        fill_row(m, m->x + r * m->cols, m->cols, p->target_rows == URN_ROWS_PROBS, ut_u64(&m->rng));
    m->target.logits = make_matrix(m, m->x, m->rows, m->cols);
    if (one_in(m, 4)) return;
    p->draft = &m->draft;
    p->draft_rows = p->target_rows == URN_ROWS_PROBS || one_in(m, 5) ? URN_ROWS_PROBS : URN_ROWS_LOGITS;
    int probs = p->draft_rows == URN_ROWS_PROBS, alike = p->draft_rows == p->target_rows;
    m->draft_rows = m->is_tree ? m->rows : m->rows + 1 - p->requests > 0 ? m->rows + 1 - p->requests : 1;
    m->draft_cols = m->cols;
    if (one_in(m, 4)) {
        m->draft_cols = 1 + below(m, m->cols + 3);
        int32_t *map = (int32_t *)room(4 * (size_t)m->cols);
        int64_t shift = below(m, m->cols);
        for (int64_t i = 0; i < m->cols; i++)
            map[i] = one_in(m, 5) ? -1 - (int32_t)below(m, 3) : (int32_t)((i + shift) % m->cols);
        p->draft_of = (const int32_t *)ut_upload(m->bed, map, 4 * (size_t)m->cols);
        free(map);
    }
    float *q = (float *)room(4 * (size_t)(m->draft_rows * m->draft_cols));
    for (int64_t r = 0; r < m->draft_rows; r++) {
        float *row = q + r * m->draft_cols;
        fill_row(m, row, m->draft_cols, probs, ut_u64(&m->rng));
        int64_t shared = m->draft_cols < m->cols ? m->draft_cols : m->cols;
        if (alike && !one_in(m, 3) && r < m->rows)
            for (int64_t i = 0; i < shared; i++) {
                float near = m->x[r * m->cols + i];
                row[i] = one_in(m, 8) ? row[i]
                         : probs      ? near * (float)(0.5 + ut_uniform(&m->rng))
                                      : near + row[i] * 0.2f;
            }
    }
    m->draft.logits = make_matrix(m, q, m->draft_rows, m->draft_cols);
    free(q);
    if (!one_in(m, 3)) return;
    int32_t *which = (int32_t *)room(4 * (size_t)m->rows);
    for (int64_t r = 0; r < m->rows; r++)
        which[r] = one_in(m, 6) ? -1 : (int32_t)below(m, m->draft_rows + (wrong(m, 10) ? 3 : 0));
    p->draft_row = (const int32_t *)ut_upload(m->bed, which, 4 * (size_t)m->rows);
    free(which);
}

/* A token that the parent's row likes. */
static int32_t likely(maker *m, int64_t row) {
    const float *x = m->x + row * m->cols;
    int64_t best = below(m, m->cols);
    for (int i = 0; i < 1 + (int)below(m, 40); i++) {
        int64_t other = below(m, m->cols);
        if (x[other] > x[best]) best = other;
    }
    if (wrong(m, 30)) return (int32_t)(m->cols + below(m, 4));
    return wrong(m, 60) || one_in(m, 60) ? -1 - (int32_t)below(m, 2) : (int32_t)best;
}

static void make_tree(maker *m, const int32_t *parent) {
    size_t bytes = 4 * (size_t)m->rows;
    if (one_in(m, 2)) {
        m->tree.parent = (const int32_t *)ut_upload(m->bed, parent, bytes);
        return;
    }
    int32_t *first = (int32_t *)room(bytes), *next = (int32_t *)room(bytes);
    for (int64_t r = 0; r < m->rows; r++) first[r] = next[r] = -1;
    for (int64_t b = 0; b < m->p.requests; b++)
        for (int32_t c = m->count[b] - 1; c > 0; c--) { /* backwards: the last one put in front is the first */
            int64_t t = m->first[b] + c, above = m->first[b] + parent[t];
            if (parent[t] < 0 || parent[t] >= c) continue;
            next[t] = first[above];
            first[above] = c;
        }
    if (wrong(m, 6)) first[below(m, m->rows)] = (int32_t)below(m, 2 * m->p.nodes) - 1;
    if (wrong(m, 6)) next[below(m, m->rows)] = (int32_t)below(m, 2 * m->p.nodes) - 1;
    m->tree.first_child = (const int32_t *)ut_upload(m->bed, first, bytes);
    m->tree.next_sibling = (const int32_t *)ut_upload(m->bed, next, bytes);
    free(first), free(next);
}

static void make_drafts(maker *m) {
    urn_verify_params *p = &m->p;
    size_t bytes = 4 * (size_t)m->rows;
    int32_t *parent = (int32_t *)room(bytes), *token = (int32_t *)room(bytes), *chain = (int32_t *)room(bytes);
    for (int64_t r = 0; r < m->rows; r++) parent[r] = -1, token[r] = -1;
    for (int64_t b = 0; b < p->requests; b++) {
        int64_t first = m->first[b];
        int32_t width = 1 + (int32_t)below(m, 4);
        for (int32_t c = 1; c < m->count[b]; c++) {
            int32_t up = m->is_tree ? c - 1 - (int32_t)below(m, c < width ? c : width) : c - 1;
            if (m->is_tree && one_in(m, 3)) up = 0;
            if (m->is_tree && wrong(m, 25)) up = (int32_t)below(m, p->nodes + 3) - 2;
            parent[first + c] = up;
            token[first + c] = likely(m, first + (up >= 0 && up < m->count[b] ? up : 0));
            if (first + c - b - 1 < m->rows) chain[first + c - b - 1] = token[first + c];
        }
    }
    if (m->is_tree) make_tree(m, parent);
    int64_t drafts = m->is_tree ? m->rows : m->flat ? m->rows - 1 : p->requests * (p->nodes - 1);
    p->drafts = (const int32_t *)ut_upload(m->bed, m->is_tree ? token : chain, 4 * (size_t)(drafts > 0 ? drafts : 1));
    free(parent), free(token), free(chain);
    if (one_in(m, 3)) {
        int32_t counts[64];
        for (int64_t b = 0; b < p->requests; b++) counts[b] = (int32_t)below(m, p->nodes + 2) + (wrong(m, 9) ? -1 : 1);
        p->node_count = (const int32_t *)ut_upload(m->bed, counts, 4 * (size_t)p->requests);
    }
}

enum { LISTS = 9 };

static void make_lists(maker *m, urn_sample_params *side, int number, int64_t rows, int64_t cols) {
    urn_step bias[4], seen[3];
    float table[2] = {0.9f, 1.3f}, *rates = (float *)room(4 * (size_t)rows), *wide = (float *)room(8 * (size_t)cols);
    int32_t *map = (int32_t *)room(4 * (size_t)rows);
    for (int64_t r = 0; r < rows; r++) rates[r] = (float)ut_uniform(&m->rng), map[r] = (int32_t)below(m, 3) - 1;
    if (wrong(m, 9)) rates[below(m, rows)] = 2.0f;
    for (int64_t i = 0; i < 2 * cols; i++) wide[i] = one_in(m, 9) ? -INFINITY : (float)ut_normal(&m->rng);
    urn_param by_row = urn_f(0.5f);
    by_row.by = URN_BY_ROW;
    by_row.array = ut_upload(m->bed, rates, 4 * (size_t)rows);
    bias[0] = urn_dense_bias((const float *)ut_upload(m->bed, wide, 8 * (size_t)cols), 2, cols,
                             (const int32_t *)ut_upload(m->bed, map, 4 * (size_t)rows));
    bias[1] = urn_temperature(urn_f(table[below(m, 2)]));
    bias[2] = urn_top_k(urn_i(30));
    bias[3] = urn_top_p(by_row);
    const urn_step plain[] = {urn_temperature(urn_f(0.8f)), urn_top_k(urn_i(40)), urn_top_p(urn_f(0.9f))};
    const urn_step greedy[] = {urn_top_k(urn_i(7)), urn_temperature(urn_f(0.0f))};
    const urn_step odd[] = {urn_typical(urn_f(0.9f)), urn_temperature(urn_f(1.5f)), urn_xtc(urn_f(0.7f), urn_f(0.1f))};
    const urn_step link[] = {urn_temperature(urn_f(1.2f)), urn_sparsemax(), urn_min_p(by_row)};
    const urn_step tail[] = {urn_tail_free(urn_f(0.9f)), urn_quadratic(urn_f(0.2f), urn_f(1.0f))};
    const urn_step hot[] = {urn_dynamic_temperature(urn_f(1.0f), urn_f(0.5f), urn_f(1.0f)), urn_eta(urn_f(1e-3f))};
    seen[0] = urn_penalties(urn_f(1.3f), urn_f(0.4f), urn_f(0.2f), urn_i((int32_t)below(m, 3) * 3));
    seen[1] = urn_no_repeat(urn_i(2));
    seen[2] = urn_temperature(urn_f(0.9f));
    const urn_list lists[LISTS] = {{plain, 0}, {plain, 3}, {greedy, 2}, {odd, 3}, {link, 3},
                                   {tail, 2},  {hot, 2},   {bias, 4},   {seen, 3}};
    UT_OK(urn_sampler_create(m->bed->ctx, lists, m->state ? LISTS : LISTS - 1, &m->sampler[number]));
    side->sampler = m->sampler[number];
    int32_t list[64];
    for (int64_t s = 0; s < m->slots; s++)
        list[s] = (int32_t)below(m, m->state ? LISTS : LISTS - 1) + (wrong(m, 30) ? LISTS : 0);
    side->list_value = (int32_t)below(m, m->state ? LISTS : LISTS - 1);
    if (!one_in(m, 3)) side->list = (const int32_t *)ut_upload(m->bed, list, 4 * (size_t)m->slots);
    free(rates), free(wide), free(map);
}

static void make_state(maker *m) {
    if (one_in(m, 2)) return;
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.slots = (int32_t)m->slots, params.history = 12, params.counts = 24;
    UT_OK(urn_slots_create(m->bed->ctx, &params, &m->state));
    int32_t ids[64 * 6], accepted[64];
    for (int i = 0; i < 64 * 6; i++) ids[i] = (int32_t)below(m, m->cols);
    for (int i = 0; i < 64; i++) accepted[i] = (int32_t)below(m, 7);
    UT_OK(urn_slots_commit(m->bed->stream, m->state, NULL, (const int32_t *)ut_upload(m->bed, ids, sizeof ids), 6,
                           (const int32_t *)ut_upload(m->bed, accepted, sizeof accepted), m->slots));
    m->target.state = m->state;
}

static const void *words(maker *m, int64_t n) {
    uint64_t *u = (uint64_t *)room(8 * (size_t)n);
    for (int64_t i = 0; i < n; i++)
        u[i] = one_in(m, 9) ? UINT64_MAX : one_in(m, 9) ? 0 : ut_u64(&m->rng) >> below(m, 3);
    const void *device = ut_upload(m->bed, u, 8 * (size_t)n);
    free(u);
    return device;
}

static void make_sides(maker *m) {
    urn_verify_params *p = &m->p;
    m->slots = p->requests + below(m, 3);
    m->target.slots = m->slots;
    m->draft.slots = m->slots;
    make_state(m);
    int32_t slot[64];
    for (int64_t b = 0; b < p->requests; b++) slot[b] = one_in(m, 12) ? -1 : (int32_t)below(m, m->slots);
    if (wrong(m, 12)) slot[below(m, p->requests)] = (int32_t)m->slots;
    if (one_in(m, 2)) m->target.slot = (const int32_t *)ut_upload(m->bed, slot, 4 * (size_t)p->requests);
    uint32_t position[64];
    for (int64_t b = 0; b < p->requests; b++) position[b] = (uint32_t)ut_u64(&m->rng);
    if (one_in(m, 2)) m->target.position = (const uint32_t *)ut_upload(m->bed, position, 4 * (size_t)p->requests);
    int32_t real = (int32_t)below(m, p->requests + 1);
    if (one_in(m, 9)) m->target.row_count = (const int32_t *)ut_upload(m->bed, &real, 4);
    m->target.position_value = 5, m->target.seed_value = ut_u64(&m->rng);
    m->draft.seed_value = URN_DRAFT_SEED(m->target.seed_value);
    if (one_in(m, 2)) m->target.seed = (const uint64_t *)words(m, m->slots);
    if (one_in(m, 2)) m->target.label = (const uint64_t *)words(m, m->slots);
    if (one_in(m, 2)) m->draft.label = (const uint64_t *)words(m, m->slots);
    m->target.method = one_in(m, 3) ? URN_DRAW_GUMBEL : URN_DRAW_INVERSE;
    if (p->target_rows == URN_ROWS_LOGITS) make_lists(m, &m->target, 0, m->rows, m->cols);
    if (p->draft && p->draft_rows == URN_ROWS_LOGITS) make_lists(m, &m->draft, 1, m->draft_rows, m->draft_cols);
    if (one_in(m, 4)) {
        int32_t *overlay = (int32_t *)room(12 * (size_t)m->rows);
        for (int64_t i = 0; i < 3 * m->rows; i++) overlay[i] = (int32_t)below(m, m->cols);
        m->target.overlay = (const int32_t *)ut_upload(m->bed, overlay, 12 * (size_t)m->rows);
        m->target.overlay_stride = 3;
        free(overlay);
    }
    if (one_in(m, 3)) p->coins = (const uint64_t *)words(m, m->rows);
    if (one_in(m, 3)) p->draws = (const uint64_t *)words(m, m->rows);
    static const float thresholds[] = {1.0f, 0.7f, 0.3f, 0.0f};
    p->threshold = thresholds[below(m, 4)], p->threshold_single = thresholds[below(m, 3)];
    p->rate = (float)ut_uniform(&m->rng), p->epsilon = (float)ut_uniform(&m->rng) * 0.2f;
    float rates[1024];
    for (int32_t d = 0; d < p->depth; d++) rates[d] = (float)ut_uniform(&m->rng) * 1.2f;
    if (p->depth > 0 && one_in(m, 5)) rates[0] = NAN;
    if (p->depth > 0 && one_in(m, 2)) p->rates = (const float *)ut_upload(m->bed, rates, 4 * (size_t)p->depth);
    int32_t stop[3] = {(int32_t)below(m, m->cols), (int32_t)below(m, m->cols), (int32_t)below(m, m->cols)};
    p->stops = one_in(m, 3) ? 3 : 0;
    p->stop = (const int32_t *)ut_upload(m->bed, stop, 12);
}

verify_outputs verify_run(ut_bed *bed, uint64_t seed, const verify_limits *limits) {
    maker made, *m = &made;
    memset(m, 0, sizeof *m);
    m->bed = bed, m->limits = limits, m->rng = ut_rng_make(seed);
    const urn_verify_params fresh = URN_VERIFY_PARAMS_INIT;
    const urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    m->p = fresh, m->target = rows, m->draft = rows;
    m->p.target = &m->target;
    make_requests(m);
    make_rows(m);
    make_drafts(m);
    make_sides(m);
    urn_verify_params *p = &m->p;
    size_t n = (size_t)p->requests, cells = n * (size_t)(p->depth + 1);
    p->ids = (int32_t *)ut_output(bed, 4 * cells), p->path = (int32_t *)ut_output(bed, 4 * cells);
    p->logprob = (float *)ut_output(bed, 4 * cells), p->accepted = (int32_t *)ut_output(bed, 4 * n);
    p->emitted = (int32_t *)ut_output(bed, 4 * n), p->status = (int32_t *)ut_output(bed, 4 * n);
    const urn_verify_stats zero = {0, 0, 0, 0, {0}, {0}};
    p->stats = (urn_verify_stats *)ut_inout(bed, &zero, sizeof zero, 0);
    UT_OK(urn_stream_reserve(bed->stream, urn_verify_workspace(p)));
    if (m->is_tree)
        UT_OK(urn_verify_tree(bed->stream, p, &m->tree));
    else
        UT_OK(urn_verify(bed->stream, p));
    verify_outputs out = {(int32_t *)room(4 * cells),
                          (int32_t *)room(4 * cells),
                          (int32_t *)room(4 * n),
                          (int32_t *)room(4 * n),
                          (int32_t *)room(4 * n),
                          (float *)room(4 * cells),
                          zero,
                          p->requests,
                          p->depth + 1};
    ut_download(bed, p->ids, out.ids, 4 * cells), ut_download(bed, p->path, out.path, 4 * cells);
    ut_download(bed, p->logprob, out.logprob, 4 * cells), ut_download(bed, p->accepted, out.accepted, 4 * n);
    ut_download(bed, p->emitted, out.emitted, 4 * n), ut_download(bed, p->status, out.status, 4 * n);
    ut_download(bed, p->stats, &out.stats, sizeof zero);
    for (int i = 0; i < 2; i++) urn_sampler_destroy(m->sampler[i]);
    urn_slots_destroy(m->state);
    free(m->x);
    ut_clear(bed);
    ut_note("seed %llu verifier %d %s requests %lld nodes %d depth %d cols %lld", (unsigned long long)seed, p->verifier,
            m->is_tree ? "tree" : "chain", (long long)p->requests, p->nodes, p->depth, (long long)m->cols);
    return out;
}

void verify_free(verify_outputs *out) {
    free(out->ids), free(out->path), free(out->accepted), free(out->emitted), free(out->status), free(out->logprob);
}

void verify_same(const verify_outputs *a, const verify_outputs *b, const char *what) {
    int64_t cells = a->requests * a->columns;
    UT_SAME_BITS(a->status, b->status, a->requests, what);
    UT_SAME_BITS(a->accepted, b->accepted, a->requests, what);
    UT_SAME_BITS(a->emitted, b->emitted, a->requests, what);
    UT_SAME_BITS(a->ids, b->ids, cells, what);
    UT_SAME_BITS(a->path, b->path, cells, what);
    UT_SAME_BITS(a->logprob, b->logprob, cells, what);
    UT_SAME_BITS((const uint64_t *)(const void *)&a->stats, (const uint64_t *)(const void *)&b->stats,
                 sizeof a->stats / 8, what);
}
