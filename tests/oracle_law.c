/* oracle_law.c - the law that was asked for, by sorting and summing long doubles. No integer of bits.h appears in a
 * keep rule or a probability; masks and value steps, which are f32 by definition, are oracle_run's. */
#include <math.h>

#include "tests/oracle.h"

typedef struct walk {
    const oracle_row *row;
    oracle_law *law;
    oracle_run *run; /* x, K and T of steps that are not keep rules */
    int32_t *order;  /* K in the order */
    int64_t size;
    long double *p, *a; /* of the open epoch over K: probability, surprise in nats against the largest */
    long double total;
    int open, greedy;
} walk;

#define TINY 1e-10L /* shares below this are lost in weights of 40 bits: no case decides by them */

static void note_margin(walk *w, long double relative) {
    if (fabsl(relative) < w->law->margin) w->law->margin = fabsl(relative);
}

/* Probabilities of what is left, in the open epoch's weights. */
static void renew(walk *w) {
    free(w->order);
    w->order = oracle_kept_order(w->run, &w->size);
    w->total = 0;
    for (int64_t j = 0; j < w->size; j++) {
        int32_t i = w->order[j];
        w->a[i] = w->run->link ? -logl((long double)w->run->x[i])
                               : ((long double)w->run->top - w->run->x[i]) / w->run->temperature;
        w->p[i] = w->greedy ? 1 : expl(-w->a[i]);
        w->total += w->p[i];
    }
    for (int64_t j = 0; j < w->size; j++) w->p[w->order[j]] /= w->total;
}

static int epoch_open(walk *w) {
    if (!oracle_open(w->run)) return 0;
    w->open = 1;
    w->greedy = w->run->greedy;
    renew(w);
    return 1;
}

static long double entropy_of(const walk *w) {
    long double h = 0;
    for (int64_t j = 0; j < w->size; j++) {
        long double p = w->p[w->order[j]];
        if (p > 0) h -= p * logl(p);
    }
    return h;
}

/* relative: the threshold is a share of the largest, which passes without rounding, as do its ties. */
static void keep_at_least(walk *w, long double threshold, int relative) {
    long double top = w->p[w->order[0]];
    if (threshold < TINY) note_margin(w, 0);
    for (int64_t j = 0; j < w->size; j++) {
        int32_t i = w->order[j];
        if (w->p[i] != top || (j == 0 && !relative)) note_margin(w, w->p[i] / threshold - 1);
        w->run->kept[i] = w->p[i] >= threshold || (j == 0 && top < threshold);
    }
    if (top < threshold) return;
    for (int64_t j = 0; j < w->size && w->p[w->order[j]] == top; j++) w->run->kept[w->order[j]] = 1;
}

static const walk *sort_walk; /* as oracle_order: one thread */
static long double sort_center;

static int nearer(const void *x, const void *y) {
    int32_t i = *(const int32_t *)x, j = *(const int32_t *)y;
    long double a = fabsl(sort_walk->a[i] - sort_center), b = fabsl(sort_walk->a[j] - sort_center);
    if (a != b) return a < b ? -1 : 1;
    return i < j ? -1 : 1;
}

static void keep_prefix(walk *w, long double share, int ties) {
    long double sum = 0;
    int64_t count = 0;
    while (count < w->size && (count == 0 || sum < share)) {
        sum += w->p[w->order[count++]];
        note_margin(w, sum - share);
    }
    while (ties && count < w->size && w->run->x[w->order[count]] == w->run->x[w->order[count - 1]]) count++;
    for (int64_t j = count; j < w->size; j++) w->run->kept[w->order[j]] = 0;
}

static void keep_typical(walk *w, long double share) {
    sort_walk = w;
    sort_center = 0;
    for (int64_t j = 0; j < w->size; j++) {
        int32_t i = w->order[j];
        if (w->p[i] > 0) sort_center += w->p[i] * w->a[i];
    }
    qsort(w->order, (size_t)w->size, sizeof *w->order, nearer);
    for (int64_t j = 1; j < w->size; j++) { /* two ids of nearly one distance: rounding decides between them */
        long double one = fabsl(w->a[w->order[j - 1]] - sort_center), two = fabsl(w->a[w->order[j]] - sort_center);
        if (w->run->x[w->order[j]] != w->run->x[w->order[j - 1]]) note_margin(w, two - one);
    }
    keep_prefix(w, share, 0);
}

static void keep_tail_free(walk *w, long double z) {
    long double sum = 0, before = 0;
    if (w->size < 3) return;
#define CURVE(i) fabsl(w->p[w->order[i]] - 2 * w->p[w->order[(i) + 1]] + w->p[w->order[(i) + 2]])
    for (int64_t i = 0; i + 2 < w->size; i++) sum += CURVE(i);
    int64_t count = 1;
    for (int64_t j = 1; j <= w->size - 2; j++) {
        before += CURVE(j - 1);
        note_margin(w, before / sum - z);
        count += before <= z * sum;
    }
    for (int64_t j = count; sum > 0 && j < w->size; j++) w->run->kept[w->order[j]] = 0;
#undef CURVE
}

static void keep_sigma(walk *w, long double sigmas) {
    long double mean = 0, square = 0, n = (long double)w->size, top = w->run->x[w->order[0]];
    for (int64_t j = 0; j < w->size; j++) mean += w->run->x[w->order[j]] / n;
    for (int64_t j = 0; j < w->size; j++) {
        long double off = w->run->x[w->order[j]] - mean;
        square += off * off / n;
    }
    for (int64_t j = 0; j < w->size; j++) {
        long double x = w->run->x[w->order[j]], cut = top - sigmas * sqrtl(square);
        if (x != top) note_margin(w, (x - cut) / (top - x));
        w->run->kept[w->order[j]] = x >= cut || x == top;
    }
}

static void keep_zipf(walk *w, long double mu) {
    long double up = 0, down = 0, n = (long double)w->row->n;
    for (int64_t i = 1; i < w->size && i < 100; i++) {
        long double t = logl((long double)(i + 1) / i), b = w->a[w->order[i]] - w->a[w->order[i - 1]];
        if (!isfinite(w->a[w->order[i]])) break;
        up += t * b;
        down += t * t;
    }
    if (!(up > 0)) return;
    long double s = up / down, g = s - 1;
    long double r = fabsl(g) < 1e-9L ? exp2l(mu) / logl(n) : g * exp2l(mu) / (1 - powl(n, -g)), k = powl(r, 1 / s);
    note_margin(w, (k - roundl(k)) / (1 + k));
    if (k < 1) k = 1;
    for (int64_t j = 0; j < w->size; j++) {
        if (j + 1 > floorl(k)) w->run->kept[w->order[j]] = 0;
    }
}

/* U of the coin is a fact of bits.h: whether XTC acts is not a matter of the law. */
static int coin_says(const oracle_row *row, float probability) {
    oracle_philox b = oracle_block(oracle_row_key(row->seed, row->label), 0, 0, row->position, URN_STREAM_XTC);
    return (b.word[0] | (uint64_t)b.word[1] << 32) >> 24 < (uint64_t)ceill((long double)probability * 0x1p40L);
}

static void keep_xtc(walk *w, const oracle_step *step) {
    int64_t above = 0;
    if (step->f[1] < TINY) note_margin(w, 0);
    for (int64_t j = 0; j < w->size; j++) {
        long double p = w->p[w->order[j]];
        note_margin(w, p / step->f[1] - 1);
        above += p >= step->f[1];
    }
    for (int64_t j = 0; above >= 2 && j < above - 1; j++) w->run->kept[w->order[j]] = 0;
    w->open = 0;
}

static void keep_step(walk *w, const oracle_step *step) {
    if (w->greedy) return;
    long double p = step->f[0], before = w->total, h, t;
    int ties = (step->flags & URN_STEP_TIES) != 0;
    switch (step->op) {
    case URN_OP_TOP_K:
        for (int64_t j = step->i[0]; j < w->size; j++) {
            if (!ties || w->run->x[w->order[j]] != w->run->x[w->order[step->i[0] - 1]]) w->run->kept[w->order[j]] = 0;
        }
        break;
    case URN_OP_TOP_P:
        keep_prefix(w, p, ties);
        break;
    case URN_OP_MIN_P:
        keep_at_least(w, p * w->p[w->order[0]], 1);
        break;
    case URN_OP_TOP_A:
        keep_at_least(w, p * w->p[w->order[0]] * w->p[w->order[0]], 0);
        break;
    case URN_OP_EPSILON:
        keep_at_least(w, p, 0);
        break;
    case URN_OP_ETA:
        h = entropy_of(w);
        t = sqrtl(p) * expl(-h);
        keep_at_least(w, p < t ? p : t, 0);
        break;
    case URN_OP_TYPICAL:
        keep_typical(w, p);
        w->open = 0;
        break;
    case URN_OP_TAIL_FREE:
        keep_tail_free(w, p);
        break;
    case URN_OP_TOP_N_SIGMA:
        keep_sigma(w, p);
        break;
    case URN_OP_XTC:
        if (coin_says(w->row, step->f[0])) keep_xtc(w, step);
        break;
    case URN_OP_MIROSTAT:
        t = exp2l(-p);
        keep_at_least(w, t < 1 ? t : 1, 0);
        break;
    default:
        keep_zipf(w, p);
        break;
    }
    renew(w);
    w->law->logmass += logl(w->total / before);
    if (!w->open) oracle_close(w->run);
}

static void dynamic(walk *w, const oracle_step *step) {
    if (!w->greedy && w->size > 1) {
        long double u = entropy_of(w) / logl((long double)w->size), low = step->f[0] - step->f[1];
        low = low > 0 ? low : 0;
        if (low == 0) note_margin(w, 0);        /* a power of an entropy near 0 may give any small temperature */
        for (int64_t j = 0; j < w->size; j++) { /* T an ulp apart, and x / T with it where a value step settles */
            long double ulp = fabsl((long double)w->run->x[w->order[j]]) * 0x1p-22L / fmaxl(w->run->temperature, 0.1L);
            if (ulp > w->law->slack) w->law->slack = ulp;
        }
        w->run->temperature *= (float)(low + ((long double)step->f[0] + step->f[1] - low) * powl(u, step->f[2]));
    }
}

static int run_steps(walk *w) {
    for (int32_t s = 0; s < w->row->count; s++) {
        const oracle_step *step = w->row->steps + s;
        int warms = step->op == URN_OP_DYNAMIC_TEMPERATURE && step->f[1] != 0;
        if (oracle_is_keep(step->op) || warms) {
            if (!w->open && !epoch_open(w)) return 0;
            if (!warms) keep_step(w, step);
            if (warms) dynamic(w, step);
            if (!warms) continue;
        }
        w->open = 0;
        oracle_close(w->run);
        if (warms) continue;
        if (step->op == URN_OP_TEMPERATURE || step->op == URN_OP_DYNAMIC_TEMPERATURE) {
            w->run->temperature *= step->f[0];
        } else if (oracle_mask_knows(step->op)) {
            oracle_mask(w->run, step);
        } else if (oracle_is_link(step->op)) {
            oracle_link(w->run, step);
        } else {
            oracle_settle(w->run);
            oracle_value(w->run, step);
        }
        if (w->run->status) return 0;
    }
    return w->open || epoch_open(w);
}

static void fill_outputs(walk *w) {
    oracle_law *law = w->law;
    const float *x = w->row->x;
    int32_t *order = oracle_order(x, law->n);
    long double top = x[order[0]], sum = 0;
    for (int64_t i = 0; i < law->n; i++) sum += expl(x[i] - top);
    law->lse = top + logl(sum);
    for (int64_t i = 0; i < law->n; i++) {
        law->raw[i] = (long double)x[i] - law->lse;
        law->logprob[i] = -HUGE_VALL;
        law->kept[i] = w->run->kept[i];
        if (!law->kept[i]) continue;
        law->logprob[i] = w->greedy ? 0 : -w->a[i] - logl(w->total);
        law->prob[i] = w->p[i];
        if (law->prob[i] > 0) law->entropy -= law->prob[i] * law->logprob[i];
    }
    law->kept_count = w->size;
    free(order);
}

oracle_law *oracle_law_of(const oracle_row *row) {
    oracle_law *law = (oracle_law *)ut_malloc(sizeof *law);
    memset(law, 0, sizeof *law);
    size_t n = (size_t)row->n, bytes = n * sizeof(long double);
    law->n = row->n;
    law->margin = HUGE_VALL;
    law->prob = (long double *)memset(ut_malloc(bytes), 0, bytes);
    law->logprob = (long double *)ut_malloc(bytes);
    law->raw = (long double *)ut_malloc(bytes);
    law->kept = (unsigned char *)memset(ut_malloc(n), 0, n);
    walk w = {.row = row, .law = law, .run = oracle_run_begin(row)};
    w.p = (long double *)memset(ut_malloc(bytes), 0, bytes);
    w.a = (long double *)ut_malloc(bytes);
    law->empty = !run_steps(&w);
    if (!law->empty) fill_outputs(&w);
    oracle_run_free(w.run);
    free(w.order);
    free(w.p);
    free(w.a);
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
    int decided = law->margin >= ORACLE_MARGIN + 8 * law->slack;
    if (decided && law->empty) UT_ASSERT(found->status[r] != URN_ROW_OK, "row %lld: drawn", (long long)r);
    if (decided && !law->empty) {
        UT_ASSERT(found->status[r] == URN_ROW_OK, "row %lld: status %d", (long long)r, found->status[r]);
        UT_ASSERT(found->kept_count[r] == law->kept_count, "row %lld: kept %d, the law keeps %lld", (long long)r,
                  found->kept_count[r], (long long)law->kept_count);
        near(found->lse[r], law->lse, bound_of(law->lse), "lse", r);
        near(found->entropy[r], law->entropy, 4 * bound_of(law->entropy) + 8 * law->slack, "entropy", r);
        near(found->kept_logmass[r], law->logmass, 2 * bound_of(law->logmass) + 8 * law->slack, "kept_logmass", r);
        int32_t *order = oracle_order(row->x, row->n);
        for (int32_t j = 0; j < found->draws; j++) {
            int64_t at = r * found->draws + j, id = found->ids[at];
            UT_ASSERT(id >= 0 && id < row->n && law->kept[id], "row %lld draw %d: id %lld is not kept", (long long)r, j,
                      (long long)id);
            near(found->logprob[at], law->logprob[id], bound_of(law->logprob[id]) + 8 * law->slack, "logprob", r);
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
