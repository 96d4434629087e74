/* verify_case.c - random calls of urn_verify and urn_verify_tree. */
#include "tests/prop/verify_case.h"

#include <math.h>

static int64_t elements_of(const ut_job *job) {
    int64_t rows = job->row_index ? job->data_rows : job->rows;
    return job->offsets ? job->data_size : (rows - 1) * (job->row_stride ? job->row_stride : job->cols) + job->cols;
}

static void repack(any_case *c, ut_job *job, const float *x) {
    int64_t n = elements_of(job);
    void *packed = any_own(c, 4 * (size_t)n);
    ut_pack(x, n, job->dtype, packed);
    job->logits = packed;
}

ut_job verify_near(any_case *c, const ut_job *of, double scale, uint64_t seed) {
    ut_job job = *of;
    int64_t n = elements_of(of);
    float *x = (float *)any_own(c, 4 * (size_t)n);
    ut_rng rng = ut_rng_make(seed);
    for (int64_t i = 0; i < n; i++) x[i] = oracle_element(of, of->logits, i) + (float)(scale * ut_normal(&rng));
    repack(c, &job, x);
    return job;
}

void verify_to_probs(any_case *c, ut_job *job, ut_rng *rng, int good) {
    int64_t n = elements_of(job);
    float *x = (float *)any_own(c, 4 * (size_t)n), factor = (float)exp(4 * ut_normal(rng));
    for (int64_t i = 0; i < n; i++) {
        float v = oracle_element(job, job->logits, i);
        x[i] = isnan(v) || v == INFINITY ? v : v > 40 ? factor : factor * expf(v / 4);
        if (ut_below(rng, 6) == 0) x[i] = ut_below(rng, 2) ? 0.0f : -0.0f;
        if (!good && ut_below(rng, 4 * n) == 0) x[i] = -1;
    }
    job->lists = NULL;
    job->list = NULL;
    job->list_count = job->list_value = 0;
    repack(c, job, x);
}

/* An id that row t may well give. */
static int32_t likely(const ut_job *job, int64_t t, ut_rng *rng) {
    int64_t best = ut_below(rng, job->cols);
    double most = -INFINITY;
    if (ut_below(rng, 8) == 0) return (int32_t)(ut_below(rng, job->cols + 4) - 2);
    int64_t row = job->row_index ? job->row_index[t] : t, stride = job->row_stride ? job->row_stride : job->cols;
    int64_t first = job->offsets ? job->offsets[t] : row * stride;
    for (int64_t i = 0; i < job->cols && first >= 0 && row >= 0 && first + i < elements_of(job); i++) {
        double v = (double)oracle_element(job, job->logits, first + i) - log(-log(ut_uniform(rng)));
        if (v > most) most = v, best = i;
    }
    return (int32_t)best;
}

/* ---- nodes ---- */

static void pick_tree(verify_holder *h, ut_rng *rng, int64_t rows) {
    verify_case *c = &h->c;
    int32_t *parent = (int32_t *)ut_malloc(4 * (size_t)rows), nodes = c->p.nodes;
    int bushy = (int)ut_below(rng, 3);
    for (int64_t t = 0; t < rows; t++) {
        int64_t i = c->p.node_offsets ? t : t % nodes; /* a flattened one restarts below */
        for (int64_t b = 0; c->p.node_offsets && b < c->p.requests; b++) {
            if (t >= c->p.node_offsets[b] && t < c->p.node_offsets[b + 1]) i = t - c->p.node_offsets[b];
        }
        parent[t] = i == 0 ? -1 : (int32_t)(bushy == 0 ? i - 1 : bushy == 1 ? ut_below(rng, i) : (i - 1) / 3);
        if (ut_below(rng, 60) == 0) parent[t] = (int32_t)ut_below(rng, nodes + 2) - 1;
    }
    if (ut_below(rng, 2)) {
        memcpy(UT_TAKES(&h->call, &c->tree, parent, rows), parent, 4 * (size_t)rows);
        free(parent);
        return;
    }
    int32_t *first = (int32_t *)UT_TAKES(&h->call, &c->tree, first_child, rows);
    int32_t *next = (int32_t *)UT_TAKES(&h->call, &c->tree, next_sibling, rows);
    for (int64_t t = 0; t < rows; t++) first[t] = next[t] = -1;
    for (int64_t b = 0; b < c->p.requests; b++) {
        int64_t at = c->p.node_offsets ? c->p.node_offsets[b] : b * nodes;
        int64_t n = c->p.node_offsets ? c->p.node_offsets[b + 1] - at : nodes;
        for (int64_t i = n - 1; i > 0; i--) { /* from the last on: lists come out in increasing order */
            int32_t up = at < 0 || at + i >= rows ? -1 : parent[at + i];
            if (up < 0 || up >= i) continue;
            next[at + i] = first[at + up];
            first[at + up] = (int32_t)i;
        }
    }
    for (int64_t t = 0; t < rows; t++) {
        if (ut_below(rng, 60) == 0) first[t] = (int32_t)ut_below(rng, nodes + 2) - 1;
        if (ut_below(rng, 60) == 0) next[t] = (int32_t)ut_below(rng, nodes + 2) - 1;
    }
    free(parent);
}

static void pick_nodes(verify_holder *h, ut_rng *rng) {
    verify_case *c = &h->c;
    urn_verify_params *p = &c->p;
    int64_t rows = h->rows->job.rows;
    p->nodes = 1 + (int32_t)ut_below(rng, rows < 12 ? rows : 12);
    p->requests = rows / p->nodes;
    p->depth = (int32_t)(ut_below(rng, 3) ? p->nodes - 1 : ut_below(rng, p->nodes));
    if (ut_below(rng, 3) == 0) { /* flattened */
        int64_t *offsets = (int64_t *)UT_TAKES(&h->call, p, node_offsets, p->requests + 1);
        offsets[0] = ut_below(rng, 2);
        for (int64_t b = 0; b < p->requests; b++) offsets[b + 1] = offsets[b] + 1 + ut_below(rng, p->nodes);
        for (int64_t b = 0; b <= p->requests; b++) offsets[b] = offsets[b] < rows ? offsets[b] : rows;
        if (!h->rows->limits.good && ut_below(rng, 8) == 0)
            offsets[ut_below(rng, p->requests + 1)] += ut_below(rng, 2) ? 1 : -2;
    }
    if (ut_below(rng, 4) == 0) {
        int32_t *count = (int32_t *)UT_TAKES(&h->call, p, node_count, p->requests);
        for (int64_t b = 0; b < p->requests; b++)
            count[b] = (int32_t)ut_below(rng, p->nodes + 3) - (ut_below(rng, 6) == 0);
    }
    int64_t drafts = c->is_tree ? rows : rows + 1;
    int32_t *token = (int32_t *)UT_TAKES(&h->call, p, drafts, drafts);
    const ut_job *from = c->draft ? c->draft : c->target;
    for (int64_t t = 0; t < drafts; t++) {
        token[t] = likely(from, ut_below(rng, 3) && t < from->rows ? t : ut_below(rng, from->rows), rng);
        if (ut_below(rng, 40) == 0) token[t] = -1;
        if (t > 0 && ut_below(rng, 12) == 0) token[t] = token[t - 1]; /* twins */
    }
}

static void pick_draft(verify_holder *h, ut_rng *rng) {
    static const double scales[] = {0, 0.1, 0.5, 2};
    verify_case *c = &h->c;
    ut_job *target = &h->rows->job;
    c->target = target;
    if (ut_below(rng, 5) == 0) return;
    h->draft = verify_near(h->rows, target, scales[ut_below(rng, 4)], ut_u64(rng));
    c->draft = &h->draft;
    if (ut_below(rng, 4) == 0) c->p.draft_rows = URN_ROWS_PROBS;
    if (ut_below(rng, 4) == 0) c->p.target_rows = URN_ROWS_PROBS;
    if (c->p.target_rows == URN_ROWS_PROBS) verify_to_probs(h->rows, target, rng, h->rows->limits.good);
    if (c->p.draft_rows == URN_ROWS_PROBS) verify_to_probs(h->rows, &h->draft, rng, h->rows->limits.good);
    if (ut_below(rng, 4) == 0) { /* a vocabulary of its own */
        int64_t cols = target->cols, own = cols;
        if (ut_below(rng, 2) && !h->draft.list_count && !h->draft.offsets)
            h->draft.cols = own = 1 + ut_below(rng, cols);
        if (!h->draft.row_stride) h->draft.row_stride = cols;
        int32_t *map = (int32_t *)UT_TAKES(&h->call, &c->p, draft_of, cols);
        for (int64_t i = 0; i < cols; i++) map[i] = (int32_t)i;
        for (int64_t i = cols - 1; i > 0; i--) {
            int64_t k = ut_below(rng, 3) ? i : ut_below(rng, i + 1);
            int32_t swap = map[i];
            map[i] = map[k], map[k] = swap;
        }
        for (int64_t i = 0; i < cols; i++) {
            if (map[i] >= own || ut_below(rng, 20) == 0) map[i] = -1;
        }
    }
}

static void pick_rest(verify_holder *h, ut_rng *rng) {
    static const float parts[] = {1.0f, 0.0f, 0.3f, 0.9f, 0.5f, 0.05f};
    urn_verify_params *p = &h->c.p;
    int64_t rows = h->rows->job.rows, out = p->requests * (p->depth + 1);
    if (h->c.draft && ut_below(rng, 4) == 0) {
        int32_t *row = (int32_t *)UT_TAKES(&h->call, p, draft_row, rows);
        for (int64_t t = 0; t < rows; t++) row[t] = (int32_t)ut_below(rng, rows + (h->rows->limits.good ? 0 : 1));
        for (int64_t t = 0; t < rows; t++) row[t] = ut_below(rng, 8) ? row[t] : -1;
    }
    if (ut_below(rng, 3) == 0) {
        p->stops = 1 + (int32_t)ut_below(rng, 3);
        int32_t *stop = (int32_t *)UT_TAKES(&h->call, p, stop, p->stops);
        for (int32_t k = 0; k < p->stops; k++)
            stop[k] = p->drafts[ut_below(rng, h->c.is_tree ? rows : rows - p->requests + 1)];
    }
    p->threshold = ut_below(rng, 2) ? 1.0f : parts[ut_below(rng, 6)];
    p->threshold_single = ut_below(rng, 2) ? 1.0f : parts[ut_below(rng, 6)];
    p->epsilon = parts[ut_below(rng, 6)];
    p->alpha = parts[ut_below(rng, 6)] * 3;
    p->rate = parts[ut_below(rng, 6)];
    if (p->depth && ut_below(rng, 2)) {
        float *rates = (float *)UT_TAKES(&h->call, p, rates, p->depth);
        for (int32_t d = 0; d < p->depth; d++)
            rates[d] = ut_below(rng, 9) ? parts[ut_below(rng, 6)] : ut_below(rng, 2) ? NAN : 2;
    }
    for (int which = 0; which < 2; which++) {
        if (ut_below(rng, 3)) continue;
        uint64_t *words = (uint64_t *)(which ? UT_TAKES(&h->call, p, coins, rows) : UT_TAKES(&h->call, p, draws, rows));
        for (int64_t t = 0; t < rows; t++) {
            words[t] = ut_u64(rng) >> (ut_below(rng, 4) ? 0 : ut_below(rng, 40));
            if (ut_below(rng, 12) == 0) words[t] = ut_below(rng, 2) ? 0 : UINT64_MAX;
        }
    }
    uint64_t wants = ut_u64(rng) | ut_u64(rng);
    UT_GIVES(&h->call, p, ids, out);
    UT_GIVES(&h->call, p, status, p->requests);
    if (wants & 1) UT_GIVES(&h->call, p, accepted, p->requests);
    if (wants & 2) UT_GIVES(&h->call, p, emitted, p->requests);
    if (wants & 4) UT_GIVES(&h->call, p, path, out);
    if (wants & 8) UT_GIVES(&h->call, p, logprob, out);
    if (wants & 16) ut_call_array(&h->call, &p->stats, UT_INOUT, sizeof(urn_verify_stats) / 8, 8, "stats");
}

verify_holder *verify_case_make(uint64_t seed, int32_t verifier, const any_limits *limits) {
    urn_verify_params fresh = URN_VERIFY_PARAMS_INIT;
    verify_holder *h = (verify_holder *)memset(ut_malloc(sizeof *h), 0, sizeof *h);
    ut_rng rng = ut_rng_make(seed);
    h->rows = any_case_of(seed, limits);
    h->c.p = fresh;
    h->c.p.verifier = verifier;
    h->c.is_tree = ut_below(&rng, 3) > 0;
    h->call.params = &h->c;
    h->call.size = sizeof h->c;
    ut_job *job = &h->rows->job;
    job->codes = NULL, job->codes_in_place = 0, job->draw_offsets = NULL, job->kept_offsets = NULL;
    job->given = NULL, job->in_place = 0, job->top_n = 0, job->probs_stride = job->processed_stride = 0;
    if (!job->list_count) job->list = NULL, job->list_value = 0;
    pick_draft(h, &rng);
    pick_nodes(h, &rng);
    if (h->c.is_tree) pick_tree(h, &rng, job->rows);
    pick_rest(h, &rng);
    ut_note("seed %llu, verifier %d, %s, %lld requests of %d nodes, depth %d, %lld rows of %lld%s%s%s%s%s",
            (unsigned long long)seed, (int)verifier, h->c.is_tree ? "tree" : "chain", (long long)h->c.p.requests,
            (int)h->c.p.nodes, (int)h->c.p.depth, (long long)job->rows, (long long)job->cols,
            h->c.draft ? "" : ", no draft laws", h->c.p.node_offsets ? ", offsets" : "", h->c.p.draft_of ? ", map" : "",
            h->c.p.target_rows ? ", target probs" : "", h->c.p.draft_rows ? ", draft probs" : "");
    return h;
}

void verify_case_free(verify_holder *h) {
    ut_call_free(&h->call);
    any_case_free(h->rows);
    free(h);
}

void verify_case_oracle(verify_holder *h) {
    oracle_drafts call = {&h->c.p, h->c.is_tree ? &h->c.tree : NULL, h->c.target, h->c.draft};
    ut_call_start(&h->call);
    oracle_verify(&call);
}

urn_status verify_case_run(ut_bed *bed, void *params) {
    verify_case *c = (verify_case *)params;
    ut_rows target = ut_rows_of(bed, c->target), draft;
    memset(&draft, 0, sizeof draft);
    if (c->draft) draft = ut_rows_of(bed, c->draft);
    c->p.target = &target.params;
    c->p.draft = c->draft ? &draft.params : NULL;
    size_t bytes = urn_verify_workspace(&c->p);
    UT_ASSERT(bytes > 0, "no workspace size: %s", urn_last_error());
    UT_OK(urn_stream_reserve(bed->stream, bytes));
    urn_status status = c->is_tree ? urn_verify_tree(bed->stream, &c->p, &c->tree) : urn_verify(bed->stream, &c->p);
    UT_OK(urn_stream_sync_host(bed->stream));
    if (c->draft) ut_rows_free(&draft);
    ut_rows_free(&target);
    return status;
}
