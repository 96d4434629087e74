/* oracle_link.c - the links of bits.h section 9: from values to linear weights. */
#include <math.h>

#include "tests/oracle.h"

/* Integer weights of g over K, but for one id (-1: none). */
static oracle_wide linear_mass(const oracle_run *run, const float *g, int64_t but) {
    oracle_wide sum = 0;
    for (int64_t i = 0; i < run->n; i++) {
        if (run->kept[i] && i != but) sum += oracle_scaled(g[i], URN_F, 0);
    }
    return sum;
}

static const oracle_wide whole = (oracle_wide)1 << URN_F;

static void sparsemax(oracle_run *run, const float *d, float *g) {
    const int64_t one = INT64_C(1) << 30;
    int64_t *u = (int64_t *)ut_malloc(8 * (size_t)run->n), low = 0, high = 2 * one;
    for (int64_t i = 0; i < run->n; i++) u[i] = (int64_t)oracle_scaled(-d[i] < 2 ? -d[i] : 2.0f, 30, 0);
    while (low < high) { /* the largest t whose sum is at most one; t = one is reached by a single id */
        int64_t t = (low + high + 1) / 2;
        oracle_wide sum = 0;
        for (int64_t i = 0; i < run->n; i++) sum += run->kept[i] && t > u[i] ? (oracle_wide)(t - u[i]) : 0;
        if (sum <= (oracle_wide)one) low = t;
        if (sum > (oracle_wide)one) high = t - 1;
    }
    for (int64_t i = 0; i < run->n; i++) {
        int64_t part = low > u[i] ? low - u[i] : 0;
        g[i] = (float)part * 0x1p-30f;
        if (part == 0) run->kept[i] = 0;
    }
    free(u);
}

static void inverse_gap(oracle_run *run, const oracle_step *step, const float *d, int64_t first, float *g) {
    float gamma = step->f[0], a = step->f[1], size = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < run->n; i++) count += run->kept[i];
    size = (float)count;
    a = a == 0 ? size : a;
    for (int64_t i = 0; i < run->n; i++) g[i] = run->kept[i] ? 1 / (a + gamma * -d[i]) : 0;
    oracle_wide others = linear_mass(run, g, first);
    if (others > whole) run->status |= URN_ROW_PARAM;
    if (others <= whole) g[first] = (float)(uint64_t)((whole - others) >> 16) * 0x1p-24f;
}

static void tsallis_with(const oracle_run *run, float eta, float z, const float *d, float *g) {
    for (int64_t i = 0; i < run->n; i++) {
        float h = eta * -d[i] + z;
        g[i] = run->kept[i] ? (4 / h) / h : 0;
    }
}

static void tsallis(oracle_run *run, float eta, const float *d, float *g) {
    float z = 2;
    uint32_t low, high, middle;
    memcpy(&low, &z, 4);
    z = 0x1p20f; /* more than 2 sqrt(2^22) */
    memcpy(&high, &z, 4);
    while (low < high) { /* weights fall as z grows: the smallest z by its bits */
        middle = (low + high) / 2;
        memcpy(&z, &middle, 4);
        tsallis_with(run, eta, z, d, g);
        if (linear_mass(run, g, -1) <= whole)
            high = middle;
        else
            low = middle + 1;
    }
    memcpy(&z, &low, 4);
    tsallis_with(run, eta, z, d, g);
}

/* f32 probabilities of the softmax of x over K at T = 1; -inf weighs 0. */
static void softmax_of(const oracle_run *run, const float *x, float *p) {
    unsigned char *possible = (unsigned char *)ut_malloc((size_t)run->n);
    uint64_t *w = (uint64_t *)ut_malloc(8 * (size_t)run->n);
    for (int64_t i = 0; i < run->n; i++) possible[i] = run->kept[i] && x[i] > -INFINITY;
    uint64_t z = oracle_weights(x, run->n, possible, 1.0f, w);
    for (int64_t i = 0; i < run->n; i++) p[i] = possible[i] ? (float)((double)w[i] / (double)z) : 0;
    free(possible);
    free(w);
}

static void mixture(oracle_run *run, const oracle_step *step, float *g) {
    int any = 0;
    float *p1 = (float *)ut_malloc(4 * (size_t)run->n), *p2 = (float *)ut_malloc(4 * (size_t)run->n);
    float share = step->f[0];
    for (int64_t i = 0; i < run->n; i++) {
        if (!run->kept[i]) continue;
        if (step->second[i] != step->second[i]) run->status |= URN_ROW_NAN;
        if (step->second[i] == INFINITY) run->status |= URN_ROW_INF;
        any |= step->second[i] > -INFINITY;
    }
    if (!any && !run->status) run->status |= URN_ROW_EMPTY;
    if (!run->status) {
        softmax_of(run, run->x, p1);
        softmax_of(run, step->second, p2);
        for (int64_t i = 0; i < run->n; i++) g[i] = (1 - share) * p1[i] + share * p2[i];
    }
    free(p1);
    free(p2);
}

void oracle_link(oracle_run *run, const oracle_step *step) {
    oracle_settle(run);
    run->valued = 1;
    if (run->status || !oracle_open(run) || run->greedy) return;
    int64_t first = oracle_first(run);
    float *g = (float *)ut_malloc(4 * (size_t)run->n), *d = (float *)ut_malloc(4 * (size_t)run->n);
    for (int64_t i = 0; i < run->n; i++) {
        d[i] = run->kept[i] ? run->x[i] - run->top : 0;
        if (d[i] < -3.40282347e38f) d[i] = -3.40282347e38f;
        g[i] = 0;
    }
    if (step->op == URN_OP_SPARSEMAX) sparsemax(run, d, g);
    if (step->op == URN_OP_INVERSE_GAP) inverse_gap(run, step, d, first, g);
    if (step->op == URN_OP_TSALLIS) tsallis(run, step->f[0], d, g);
    if (step->op == URN_OP_MIXTURE) mixture(run, step, g);
    run->open = 0;
    if (!run->status) {
        memcpy(run->x, g, 4 * (size_t)run->n);
        run->link = 1;
        oracle_open(run);
    }
    free(g);
    free(d);
}
