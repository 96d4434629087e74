/* oracle_draws.c - the draws of bits.h section 4 and every output of section 6, from a row whose steps have run. */
#include <math.h>

#include "tests/oracle.h"

/* What outputs share: the law drawn from, the raw law, and where each id stands. */
typedef struct oracle_answer {
    const ut_job *job;
    const oracle_row *row;
    oracle_run *run, *raw;
    ut_draws *out;
    int64_t r, n;
    uint64_t z;
    double l, l_raw;
    int32_t *rank; /* of an id in the order, masks ignored */
} oracle_answer;

static float nan_value(void) {
    uint32_t bits = URN_NAN_BITS;
    float nan;
    memcpy(&nan, &bits, 4);
    return nan;
}

static float logprob(const oracle_answer *a, int64_t id) {
    if (!a->run->kept[id]) return -INFINITY;
    return a->run->greedy ? 0.0f : (float)((oracle_y(a->run, id, 0) - a->l) * URN_LN2);
}

static float logprob_raw(const oracle_answer *a, int64_t id) {
    return (float)((oracle_y(a->raw, id, 0) - a->l_raw) * URN_LN2);
}

static float weight_of(const oracle_answer *a, int64_t id, int64_t count, int64_t draws) {
    double law = a->run->greedy ? 0 : oracle_y(a->run, id, 0) - a->l, raw = oracle_y(a->raw, id, 0) - a->l_raw;
    return (float)(((double)count / (double)draws) * oracle_exp2(raw - law));
}

static int64_t by_inverse(const oracle_answer *a, uint64_t u, uint64_t *rest) {
    oracle_wide product = (oracle_wide)u * a->z;
    uint64_t target = (uint64_t)(product >> 64), before = 0;
    int64_t id = 0;
    while (!a->run->kept[id] || before + a->run->w[id] <= target) {
        before += a->run->kept[id] ? a->run->w[id] : 0;
        id++;
    }
    *rest = (uint64_t)((product - ((oracle_wide)before << 64)) / a->run->w[id]);
    return id;
}

static int64_t by_gumbel(const oracle_answer *a, uint32_t draw) {
    int64_t best = -1, best_key = 0;
    for (int64_t i = 0; i < a->n; i++) {
        if (!a->run->kept[i] || !a->run->w[i]) continue;
        int64_t key = oracle_gumbel_key(oracle_gumbel_u64(a->row, i, draw), oracle_y(a->run, i, 1));
        if (best < 0 || key > best_key) best = i, best_key = key;
    }
    return best;
}

static void put_draws(const oracle_answer *a) {
    ut_draws *out = a->out;
    int64_t first, draws = ut_draws_of(out, a->r, &first), *count = (int64_t *)ut_malloc(8 * (size_t)a->n),
                   distinct = 0;
    memset(count, 0, 8 * (size_t)a->n);
    for (int64_t j = 0; j < draws; j++) {
        int64_t at = first + j, id = a->run->greedy ? oracle_first(a->run) : -1;
        if (!a->run->greedy && a->job->method == URN_DRAW_INVERSE) {
            uint64_t u = a->job->codes ? a->job->codes[at]
                                       : oracle_u64(a->row->seed, a->row->label, (uint32_t)j, a->row->position);
            uint64_t rest;
            id = by_inverse(a, u, &rest);
            if (out->codes_out) out->codes_out[at] = rest;
        }
        if (!a->run->greedy && a->job->method == URN_DRAW_GUMBEL) id = by_gumbel(a, (uint32_t)j);
        count[id]++;
        if (out->ids) out->ids[at] = (int32_t)id;
        if (out->rank) out->rank[at] = a->rank[id];
        if (out->logprob) out->logprob[at] = logprob(a, id);
        if (out->logprob_raw) out->logprob_raw[at] = logprob_raw(a, id);
    }
    for (int64_t i = 0; i < a->n; i++) {
        if (!count[i]) continue;
        int64_t at = first + distinct++;
        if (out->distinct_id) out->distinct_id[at] = (int32_t)i;
        if (out->distinct_count) out->distinct_count[at] = (int32_t)count[i];
        if (out->distinct_weight) out->distinct_weight[at] = weight_of(a, i, count[i], draws);
    }
    for (int64_t j = distinct; j < draws; j++) {
        if (out->distinct_weight) out->distinct_weight[first + j] = 0;
    }
    if (out->distinct) out->distinct[a->r] = (int32_t)distinct;
    free(count);
}

static void put_given(const oracle_answer *a) {
    for (int64_t j = 0; j < a->job->given_stride; j++) {
        int64_t at = a->r * a->job->given_stride + j;
        int32_t id = a->job->given[at];
        if (id < 0 || id >= a->n) continue;
        if (a->out->given_logprob) a->out->given_logprob[at] = logprob(a, id);
        if (a->out->given_logprob_raw) a->out->given_logprob_raw[at] = logprob_raw(a, id);
        if (a->out->given_rank) a->out->given_rank[at] = a->rank[id];
    }
}

static void put_top(const oracle_answer *a) {
    const oracle_run *law = a->job->top_of == URN_LAW_RAW ? a->raw : a->run;
    int64_t size;
    int32_t *order = oracle_kept_order(law, &size);
    for (int64_t j = 0; j < a->job->top_n && j < size; j++) {
        int64_t at = a->r * a->job->top_n + j;
        if (a->out->top_id) a->out->top_id[at] = order[j];
        if (a->out->top_logprob)
            a->out->top_logprob[at] = law == a->raw ? logprob_raw(a, order[j]) : logprob(a, order[j]);
    }
    free(order);
}

static uint32_t key_of(float x) {
    uint32_t b;
    memcpy(&b, &x, 4);
    return b >> 31 ? ~b : b ^ 0x80000000u;
}

static void put_summary(const oracle_answer *a) {
    const ut_draws *out = a->out;
    urn_row_summary *s = out->summary + a->r;
    int64_t size;
    int32_t *order = oracle_kept_order(a->run, &size), last = order[size - 1];
    int raw_needed = out->logprob_raw || out->lse || out->distinct_weight || out->given_logprob_raw ||
                     (out->top_logprob && a->job->top_of == URN_LAW_RAW);
    s->mass = a->z;
    s->raw_mass = raw_needed ? oracle_mass(a->raw) : 0;
    s->max = a->run->top; /* before a link changed it */
    s->c = a->run->c;
    s->raw_max = a->raw->top;
    s->cut_key = key_of(a->run->x[last]);
    s->cut_id = last;
    s->kept = (int32_t)size;
    s->flags = (a->run->greedy ? URN_SUMMARY_GREEDY : 0) | (a->run->valued ? URN_SUMMARY_VALUES | URN_SUMMARY_SET : 0);
    for (int64_t i = 0; i < a->n; i++) {
        float x = a->run->x[i], cut = a->run->x[last];
        if (!a->run->kept[i] && a->raw->kept[i] && (x > cut || (x == cut && i < last))) s->flags |= URN_SUMMARY_SET;
    }
    free(order);
}

static void put_whole(const oracle_answer *a) {
    const oracle_run *run = a->run;
    ut_draws *out = a->out;
    int64_t cols = a->job->cols, room = 0, used = 0;
    int32_t *ids = NULL;
    if (out->kept_ids) {
        ids = out->kept_ids + out->kept_offsets[a->r];
        room = out->kept_offsets[a->r + 1] - out->kept_offsets[a->r];
    }
    int plain = run->temperature == 0 || isinf(run->c); /* T is 1 in a link's epoch */
    for (int64_t i = 0; i < cols; i++) {
        int kept = i < a->n && run->kept[i];
        uint64_t w = kept ? run->w[i] : 0;
        if (w && out->kept_bits) out->kept_bits[a->r * out->kept_bits_stride + i / 32] |= UINT32_C(1) << (i % 32);
        if (w && used < room) ids[used++] = (int32_t)i;
        if (out->probs) out->probs[a->r * out->probs_stride + i] = (float)((double)w / (double)a->z);
        if (!out->processed) continue;
        float v = -INFINITY;
        if (kept) v = plain ? run->x[i] : run->x[i] / run->temperature;
        if (kept && run->link) v = run->x[i] > 0 ? (float)(oracle_log2((double)run->x[i]) * URN_LN2) : -INFINITY;
        out->processed[a->r * out->processed_stride + i] = v;
    }
}

static void put_row(oracle_answer *a) {
    ut_draws *out = a->out;
    int64_t r = a->r, count = 0;
    oracle_row plain = *a->row;
    plain.count = 0;
    a->raw = oracle_run_of(&plain);
    a->n = a->row->n;
    a->z = oracle_mass(a->run);
    a->l = oracle_log2_of(a->z) - URN_F;
    a->l_raw = oracle_log2_of(oracle_mass(a->raw)) - URN_F;
    a->rank = (int32_t *)ut_malloc(4 * (size_t)a->n);
    int32_t *order = oracle_order(a->row->x, a->n);
    for (int64_t j = 0; j < a->n; j++) a->rank[order[j]] = (int32_t)j;
    for (int64_t i = 0; i < a->n; i++) count += a->run->kept[i];
    if (out->kept_count) out->kept_count[r] = (int32_t)count;
    if (out->kept_logmass) out->kept_logmass[r] = (float)(a->run->logmass * URN_LN2);
    if (out->lse) out->lse[r] = (float)oracle_fma64(a->l_raw, URN_LN2, a->raw->top);
    if (out->entropy) {
        double bits = (double)oracle_surprise(a->run) / (double)a->z + a->l;
        out->entropy[r] = a->run->greedy ? 0.0f : (float)(bits * URN_LN2);
    }
    put_draws(a);
    if (a->job->given) put_given(a);
    put_top(a);
    if (out->summary) put_summary(a);
    put_whole(a);
    free(order);
    free(a->rank);
    oracle_run_free(a->raw);
}

/* What a row has that draws nothing, and what whole rows are filled with first. */
static void put_nothing(const ut_job *job, ut_draws *out, int64_t r) {
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        ut_cells cells = ut_output_of(out, k, r);
        if (!cells.data) continue;
        if (k == UT_OUT_kept_bits) cells.n = (size_t)((job->cols + 31) / 32);
        if (k == UT_OUT_probs || k == UT_OUT_processed) cells.n = (size_t)job->cols;
        for (size_t i = 0; i < cells.n; i++) {
            switch (k) {
            case UT_OUT_codes_out:
                if (job->codes)
                    ((uint64_t *)cells.data)[i] = job->codes[(uint64_t *)cells.data - out->codes_out + (int64_t)i];
                break;
            case UT_OUT_ids:
            case UT_OUT_rank:
            case UT_OUT_given_rank:
            case UT_OUT_distinct_id:
            case UT_OUT_top_id:
            case UT_OUT_kept_ids:
                ((int32_t *)cells.data)[i] = -1;
                break;
            case UT_OUT_kept_count:
            case UT_OUT_status:
            case UT_OUT_distinct_count:
            case UT_OUT_distinct:
            case UT_OUT_kept_bits:
                ((int32_t *)cells.data)[i] = 0;
                break;
            case UT_OUT_summary:
                memset((urn_row_summary *)cells.data + i, 0, sizeof(urn_row_summary));
                break;
            default:
                ((float *)cells.data)[i] = nan_value();
            }
        }
    }
}

ut_draws *oracle_draws(const ut_job *job) {
    ut_draws *out = ut_draws_for(job);
    if (job->in_place) { /* what stands between the rows stays */
        int64_t elements = (job->rows - 1) * out->processed_stride + job->cols;
        memcpy(out->processed, job->logits, 4 * (size_t)elements);
    }
    if (job->codes_in_place) { /* and so do codes that belong to no row */
        ut_cells cells = ut_output_of(out, UT_OUT_codes_out, -1);
        if (cells.n) memcpy(cells.data, job->codes, cells.n * cells.size);
    }
    for (int64_t r = 0; r < job->rows; r++) {
        oracle_answer answer = {job, oracle_row_of(job, r), NULL, NULL, out, r, 0, 0, 0, 0, NULL};
        oracle_row *row = (oracle_row *)(uintptr_t)answer.row;
        put_nothing(job, out, r);
        if (row->status == URN_ROW_OK && row->n == 0) row->status = URN_ROW_EMPTY;
        if (row->status == URN_ROW_OK) {
            answer.run = oracle_run_of(row);
            row->status = answer.run->status;
            if (row->status == URN_ROW_OK) put_row(&answer);
            oracle_run_free(answer.run);
        }
        if (out->status) out->status[r] = row->status;
        if (out->summary) out->summary[r].status = row->status;
        oracle_row_free(row);
    }
    return out;
}
