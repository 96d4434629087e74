/* resample_law.c - offspring laws by walking through all outcomes. */
#include "tests/stat/resample_law.h"

#include <math.h>

static int64_t cell_of(const resample_law *law, const int *counts) {
    int64_t cell = 0;
    for (int i = law->n - 1; i >= 0; i--) cell = cell * (law->m + 1) + counts[i];
    return cell;
}

int64_t resample_law_cell(const resample_law *law, const int32_t *ancestors) {
    int counts[LAW_ITEMS] = {0};
    for (int j = 0; j < law->m; j++) {
        if (ancestors[j] < -1 || ancestors[j] >= law->n) return -1;
        if (ancestors[j] >= 0) counts[ancestors[j]]++;
    }
    return cell_of(law, counts);
}

void resample_law_free(resample_law *law) {
    free(law->prob);
    free(law);
}

/* Independent outputs j .. m - 1, each by its own law. */
static void add_product(resample_law *law, long double (*by_output)[LAW_ITEMS], int j, int outputs, int *counts,
                        long double p) {
    if (p == 0) return;
    if (j == outputs) {
        law->prob[cell_of(law, counts)] += p;
        return;
    }
    for (int i = 0; i < law->n; i++) {
        counts[i]++;
        add_product(law, by_output, j + 1, outputs, counts, p * by_output[j][i]);
        counts[i]--;
    }
}

/* How much of [low, high) of a line of lengths `w` each item has, over its length. */
static void share_of(const long double *w, int n, long double low, long double high, long double *share) {
    long double at = 0;
    for (int i = 0; i < n; i++) {
        long double a = at > low ? at : low, b = at + w[i] < high ? at + w[i] : high;
        share[i] = b > a ? (b - a) / (high - low) : 0;
        at += w[i];
    }
}

static void add_systematic(resample_law *law) {
    long double edge[LAW_ITEMS + 2], sum = 0;
    int edges = 0;
    edge[edges++] = 0;
    edge[edges++] = law->total;
    for (int i = 0; i + 1 < law->n; i++) {
        sum += law->w[i];
        edge[edges++] = law->total - fmodl(law->m * sum, law->total);
    }
    for (int a = 0; a < edges; a++) { /* between neighbouring edges the vector is one */
        long double next = law->total;
        for (int b = 0; b < edges; b++) next = edge[b] > edge[a] && edge[b] < next ? edge[b] : next;
        int twin = 0, counts[LAW_ITEMS], before = 0;
        for (int b = 0; b < a; b++) twin |= edge[b] == edge[a];
        if (twin || edge[a] >= law->total) continue;
        long double r = (edge[a] + next) / 2;
        sum = 0;
        for (int i = 0; i < law->n; i++) {
            sum += law->w[i];
            int c = (int)floorl((law->m * sum + r) / law->total);
            counts[i] = c - before;
            before = c;
        }
        law->prob[cell_of(law, counts)] += (next - edge[a]) / law->total;
    }
}

/* SSP: fractions carried up a tree; every outcome of every pair. State: who carries what at each place of a level. */
typedef struct pairs {
    int item[8];
    long double f[8];
} pairs;

static void add_pairs(resample_law *law, pairs now, int places, int k, pairs next, int *counts, long double p) {
    if (p == 0) return;
    if (places == 1) {
        law->prob[cell_of(law, counts)] += p;
        return;
    }
    if (2 * k >= places) {
        add_pairs(law, next, (places + 1) / 2, 0, next, counts, p);
        return;
    }
    int a = 2 * k, b = a + 1;
    long double fa = now.f[a], fb = b < places ? now.f[b] : 0, s = fa + fb, t = law->total;
    if (fb == 0 || fa == 0) {
        next.item[k] = now.item[fb == 0 ? a : b];
        next.f[k] = s;
        add_pairs(law, now, places, k + 1, next, counts, p);
        return;
    }
    for (int first = 0; first < 2; first++) {
        long double chance = s < t ? (first ? fa : fb) / s : (first ? t - fb : t - fa) / (2 * t - s);
        int gains = s < t ? -1 : now.item[first ? a : b]; /* s >= t: it is counted, the other is carried on */
        next.item[k] = s < t ? now.item[first ? a : b] : now.item[first ? b : a];
        next.f[k] = s < t ? s : s - t;
        if (gains >= 0) counts[gains]++;
        add_pairs(law, now, places, k + 1, next, counts, p * chance);
        if (gains >= 0) counts[gains]--;
    }
}

static void add_bernoulli(resample_law *law, int i, const long double *f, int *counts, long double p) {
    if (i == law->n) {
        int fit[LAW_ITEMS], room = law->m; /* what does not fit is left out, in increasing order */
        for (int k = 0; k < law->n; k++) {
            fit[k] = counts[k] < room ? counts[k] : room;
            room -= fit[k];
        }
        law->prob[cell_of(law, fit)] += p;
        return;
    }
    add_bernoulli(law, i + 1, f, counts, p * (1 - f[i]));
    counts[i]++;
    if (f[i] > 0) add_bernoulli(law, i + 1, f, counts, p * f[i]);
    counts[i]--;
}

void resample_chain_law(int32_t scheme, const double *w, int n, int from, int iterations, int segment,
                        long double *law) {
    long double top = 0, total = 0, left = 1, out[LAW_ITEMS] = {0};
    for (int i = 0; i < n; i++) total += w[i], top = w[i] > (double)top ? w[i] : top;
    if (scheme == URN_RESAMPLE_REJECTION) {
        for (int b = 0; b < iterations; b++) {
            long double taken = 0;
            for (int i = 0; i < n; i++) {
                long double chance = left * (b == 0 ? i == from : 1.0L / n) * w[i] / top;
                out[i] += chance;
                taken += chance;
            }
            left -= taken;
        }
        for (int i = 0; i < n; i++) law[i] = out[i] + left * w[i] / total;
        return;
    }
    int segments = segment ? n / segment : 1, width = segment ? segment : n,
        fixed = scheme == URN_RESAMPLE_METROPOLIS_C1;
    for (int i = 0; i < n; i++) law[i] = 0;
    for (int s = 0; s < (fixed ? segments : 1); s++) { /* C1: one segment for all steps; else any item each time */
        int low = fixed ? s * width : 0, high = fixed ? low + width : n;
        long double now[LAW_ITEMS] = {0};
        now[from] = 1;
        for (int b = 0; b < iterations; b++) {
            long double next[LAW_ITEMS] = {0};
            for (int k = 0; k < n; k++) {
                long double stay = 1;
                for (int j = low; j < high; j++) {
                    long double go = w[j] >= w[k] ? 1 : (long double)w[j] / w[k];
                    if (j == k) continue;
                    next[j] += now[k] * go / (high - low);
                    stay -= go / (high - low);
                }
                next[k] += now[k] * stay;
            }
            memcpy(now, next, sizeof now);
        }
        for (int i = 0; i < n; i++) law[i] += now[i] / (fixed ? segments : 1);
    }
}

resample_law *resample_law_of(int32_t scheme, const double *w, int n, int m, int iterations) {
    resample_law *law = (resample_law *)memset(ut_malloc(sizeof *law), 0, sizeof *law);
    long double by_output[16][LAW_ITEMS], f[LAW_ITEMS] = {0}, rest = 0, top = 0;
    int counts[LAW_ITEMS] = {0}, left = m;
    law->n = n, law->m = m, law->cells = 1;
    for (int i = 0; i < n; i++) {
        law->w[i] = w[i];
        law->total += w[i];
        law->cells *= m + 1;
        top = w[i] > (double)top ? w[i] : top;
    }
    law->prob = (long double *)ut_malloc(sizeof(long double) * (size_t)law->cells);
    for (int64_t c = 0; c < law->cells; c++) law->prob[c] = 0;
    for (int i = 0; i < n; i++) {
        counts[i] = (int)floorl(m * law->w[i] / law->total);
        f[i] = fmodl(m * law->w[i], law->total);
        rest += f[i];
        left -= counts[i];
    }
    for (int j = 0; j < m; j++) {
        for (int i = 0; i < n; i++) {
            long double p = law->w[i] / law->total, keep = law->w[j < n ? j : 0] / top;
            by_output[j][i] = p;
            if (scheme == URN_RESAMPLE_RESIDUAL) by_output[j][i] = rest > 0 ? f[i] / rest : 0;
            if (scheme == URN_RESAMPLE_KILLING) by_output[j][i] = (i == j ? keep : 0) + (1 - keep) * p;
        }
        if (scheme == URN_RESAMPLE_STRATIFIED) {
            share_of(law->w, n, law->total * j / m, law->total * (j + 1) / m, by_output[j]);
        }
        if (scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED && j < left) {
            share_of(f, n, law->total * j, law->total * (j + 1), by_output[j]);
        }
        if (scheme == URN_RESAMPLE_METROPOLIS || scheme == URN_RESAMPLE_REJECTION) {
            resample_chain_law(scheme, w, n, j % n, iterations, 0, by_output[j]);
        }
    }
    pairs start;
    memset(&start, 0, sizeof start);
    for (int i = 0; i < n; i++) start.item[i] = i, start.f[i] = f[i];
    switch (scheme) {
    case URN_RESAMPLE_SYSTEMATIC:
    case URN_RESAMPLE_RESIDUAL_SYSTEMATIC:
        add_systematic(law);
        break;
    case URN_RESAMPLE_SSP:
        add_pairs(law, start, n, 0, start, counts, 1);
        break;
    case URN_RESAMPLE_BRANCHING:
        for (int i = 0; i < n; i++) f[i] /= law->total;
        add_bernoulli(law, 0, f, counts, 1);
        break;
    case URN_RESAMPLE_RESIDUAL:
    case URN_RESAMPLE_RESIDUAL_STRATIFIED:
        add_product(law, by_output, 0, left, counts, 1);
        break;
    default:
        memset(counts, 0, sizeof counts);
        add_product(law, by_output, 0, m, counts, 1);
    }
    return law;
}

/* ---- wrong on purpose ---- */

static int draw(const double *w, int n, ut_rng *rng) {
    double total = 0, sum = 0;
    for (int i = 0; i < n; i++) total += w[i];
    double u = ut_uniform(rng) * total;
    for (int i = 0; i < n; i++) {
        sum += w[i];
        if (sum > u) return i;
    }
    return n - 1;
}

void wrong_resample(wrong_resampler kind, const double *w, int n, int m, ut_rng *rng, int32_t *ancestors, int pin) {
    double total = 0, rest[LAW_ITEMS], sum = 0;
    int at = 0;
    for (int i = 0; i < n; i++) total += w[i];
    for (int i = 0; i < n; i++) rest[i] = w[i] / total;
    for (int i = 0; i < n && kind == WRONG_RESAMPLER_RESIDUE; i++) {
        int whole = (int)floor(m * w[i] / total);
        for (int k = 0; k < whole; k++) ancestors[at++] = i;
        rest[i] = fabs(w[i] / total - whole);
    }
    for (int i = 0; i < n && kind == WRONG_RESAMPLER_FIXED; i++) {
        sum += m * w[i] / total;
        while (at < m && at < sum) ancestors[at++] = i;
    }
    for (; at < m; at++) {
        ancestors[at] = draw(rest, n, rng);
        if (kind == WRONG_RESAMPLER_CLOSED && ut_uniform(rng) < w[at % n] / total) ancestors[at] = at % n;
    }
    if (kind != WRONG_RESAMPLER_FIRST) return;
    for (int a = 0; a < m; a++) { /* sorted, then the smallest is lost */
        for (int b = a + 1; b < m; b++) {
            int32_t low = ancestors[a] < ancestors[b] ? ancestors[a] : ancestors[b];
            ancestors[b] = ancestors[a] + ancestors[b] - low;
            ancestors[a] = low;
        }
    }
    ancestors[0] = pin;
}
