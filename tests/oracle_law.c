/* oracle_law.c - the law that was asked for, by sorting and summing long doubles. No integer of bits.h appears. */
#include <math.h>

#include "tests/oracle.h"

typedef struct walk {
    const oracle_row *row;
    oracle_law *law;
    int32_t *order;
    long double temperature, total; /* total: mass of the open epoch's kept ids */
    long double *weight;
    int open, greedy;
} walk;

static int first_kept(const walk *w) {
    for (int64_t j = 0; j < w->law->n; j++) {
        if (w->law->kept[w->order[j]]) return w->order[j];
    }
    return -1;
}

static void keep_count(walk *w) {
    w->law->kept_count = 0;
    for (int64_t i = 0; i < w->law->n; i++) w->law->kept_count += w->law->kept[i];
}

/* exp((x - M) / T) over the kept ids, M their largest: the softmax of what is left. */
static int epoch_open(walk *w) {
    int top = first_kept(w);
    if (top < 0) return 0;
    w->greedy = w->temperature == 0 || isinf((float)(1.4426950408889634L / w->temperature));
    w->total = 0;
    for (int64_t i = 0; i < w->law->n; i++) {
        if (w->greedy && i != top) w->law->kept[i] = 0;
        w->weight[i] = 0;
        if (!w->law->kept[i]) continue;
        w->weight[i] = w->greedy ? 1 : expl(((long double)w->row->x[i] - w->row->x[top]) / w->temperature);
        w->total += w->weight[i];
    }
    w->open = 1;
    return 1;
}

static void note_margin(walk *w, long double relative) {
    if (fabsl(relative) < w->law->margin) w->law->margin = fabsl(relative);
}

static void keep_step(walk *w, const oracle_step *step) {
    if (w->greedy) return;
    long double before = w->total, sum = 0, need = step->f * w->total;
    int64_t rank = 0;
    for (int64_t j = 0; j < w->law->n; j++) {
        int32_t i = w->order[j];
        if (!w->law->kept[i]) continue;
        int keep = 1;
        if (step->op == URN_OP_TOP_K) keep = rank < step->k;
        if (step->op == URN_OP_TOP_P) keep = rank == 0 || sum < need;
        if (step->op == URN_OP_MIN_P) keep = w->weight[i] >= step->f;
        if (step->op == URN_OP_TOP_P && rank > 0) note_margin(w, (sum - need) / w->total);
        /* the maximum, and ties with it, pass any m <= 1 without rounding */
        if (step->op == URN_OP_MIN_P && w->weight[i] != 1) note_margin(w, w->weight[i] / step->f - 1);
        rank++;
        sum += w->weight[i];
        w->law->kept[i] = (unsigned char)keep;
    }
    w->total = 0;
    for (int64_t i = 0; i < w->law->n; i++) w->total += w->law->kept[i] ? w->weight[i] : 0;
    w->law->logmass += logl(w->total / before);
}

static int run_steps(walk *w) {
    for (int32_t s = 0; s < w->row->count; s++) {
        const oracle_step *step = w->row->steps + s;
        if (step->op == URN_OP_TEMPERATURE || step->op == URN_OP_MASK) w->open = 0;
        if (step->op == URN_OP_TEMPERATURE) w->temperature *= step->f;
        if (step->op == URN_OP_MASK) {
            for (int64_t i = 0; i < w->law->n; i++) w->law->kept[i] &= step->words[i / 32] >> (i % 32) & 1;
        }
        if (step->op < URN_OP_TOP_K) continue;
        if (!w->open && !epoch_open(w)) return 0;
        keep_step(w, step);
    }
    return w->open || epoch_open(w);
}

static void fill_outputs(walk *w) {
    oracle_law *law = w->law;
    const float *x = w->row->x;
    long double top = x[w->order[0]], sum = 0;
    for (int64_t i = 0; i < law->n; i++) sum += expl(x[i] - top);
    law->lse = top + logl(sum);
    long double kept_top = x[first_kept(w)], log_total = logl(w->total);
    for (int64_t i = 0; i < law->n; i++) {
        law->raw[i] = (long double)x[i] - law->lse;
        law->logprob[i] = -HUGE_VALL;
        if (!law->kept[i]) continue;
        law->logprob[i] = w->greedy ? 0 : ((long double)x[i] - kept_top) / w->temperature - log_total;
        law->prob[i] = w->weight[i] / w->total;
        if (law->prob[i] > 0) law->entropy -= law->prob[i] * law->logprob[i];
    }
}

oracle_law *oracle_law_of(const oracle_row *row) {
    oracle_law *law = (oracle_law *)ut_malloc(sizeof *law);
    memset(law, 0, sizeof *law);
    size_t n = (size_t)row->n;
    law->n = row->n;
    law->margin = HUGE_VALL;
    law->prob = (long double *)ut_malloc(n * sizeof(long double));
    law->logprob = (long double *)ut_malloc(n * sizeof(long double));
    law->raw = (long double *)ut_malloc(n * sizeof(long double));
    law->kept = (unsigned char *)ut_malloc(n);
    for (size_t i = 0; i < n; i++) {
        law->prob[i] = 0;
        law->kept[i] = row->x[i] > -INFINITY;
    }
    walk w = {row, law, oracle_order(row->x, row->n), 1, 0, (long double *)ut_malloc(n * sizeof(long double)), 0, 0};
    law->empty = !run_steps(&w);
    if (!law->empty) fill_outputs(&w);
    keep_count(&w);
    free(w.order);
    free(w.weight);
    return law;
}

void oracle_law_free(oracle_law *law) {
    free(law->prob);
    free(law->logprob);
    free(law->raw);
    free(law->kept);
    free(law);
}

static void near(float found, long double wanted, long double bound, const char *what, int64_t row) {
    UT_ASSERT(fabsl(found - wanted) <= bound, "row %lld: %s is %.9g, the law says %.12Lg, bound %.3Lg", (long long)row,
              what, (double)found, wanted, bound);
}

/* Weights err by 3e-7 + 1e-7 |y| of themselves (bits.h section 2), y by two f32 roundings (2^-23 |y|), the output by
 * one (2^-24 of itself). The sums below are these, with a factor of two for the step from log2 to nats and back. */
static long double bound_of(long double nats) { return 1e-6L + 4e-7L * fabsl(nats); }

int oracle_check_row(const ut_job *job, const ut_draws *found, int64_t r) {
    oracle_row *row = oracle_row_of(job, r);
    if (row->status) {
        UT_ASSERT(found->status[r] == row->status, "row %lld: status %d, wanted %d", (long long)r, found->status[r],
                  row->status);
        oracle_row_free(row);
        return 1;
    }
    oracle_law *law = oracle_law_of(row);
    int decided = law->margin >= ORACLE_MARGIN;
    if (decided && law->empty) UT_ASSERT(found->status[r] == URN_ROW_EMPTY, "row %lld: not empty", (long long)r);
    if (decided && !law->empty) {
        UT_ASSERT(found->status[r] == URN_ROW_OK, "row %lld: status %d", (long long)r, found->status[r]);
        UT_ASSERT(found->kept_count[r] == law->kept_count, "row %lld: kept %d, the law keeps %lld", (long long)r,
                  found->kept_count[r], (long long)law->kept_count);
        near(found->lse[r], law->lse, bound_of(law->lse), "lse", r);
        near(found->entropy[r], law->entropy, 4 * bound_of(law->entropy), "entropy", r);
        near(found->kept_logmass[r], law->logmass, 2 * bound_of(law->logmass), "kept_logmass", r);
        int32_t *order = oracle_order(row->x, row->n);
        for (int32_t j = 0; j < found->draws; j++) {
            int64_t at = r * found->draws + j, id = found->ids[at];
            UT_ASSERT(id >= 0 && id < row->n && law->kept[id], "row %lld draw %d: id %lld is not kept", (long long)r, j,
                      (long long)id);
            near(found->logprob[at], law->logprob[id], bound_of(law->logprob[id]), "logprob", r);
            near(found->logprob_raw[at], law->raw[id], bound_of(law->raw[id]), "logprob_raw", r);
            UT_ASSERT(found->rank[at] >= 0 && found->rank[at] < row->n && order[found->rank[at]] == id,
                      "row %lld draw %d: rank %d is not id %lld", (long long)r, j, found->rank[at], (long long)id);
        }
        free(order);
    }
    oracle_law_free(law);
    oracle_row_free(row);
    return decided;
}
