/* unit_bits_plain.c - keep rules, one id at a time in the order, with libm and 128-bit integers where they are needed.
 */
#include "tests/unit/unit_bits_plain.h"

#include <float.h>
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_weights.h"
#include "tests/urn_test.h"

__extension__ typedef unsigned __int128 u128;

typedef struct {
    int32_t id;
    float x, a;
    uint64_t w;
} member;

/* K in the order, with weights and surprises of its epoch. */
static member *members(const plain_law *law, int64_t *n) {
    member *m = ut_malloc(((size_t)law->n + 1) * sizeof *m);
    float M = law->M, c = URN_LOG2E / law->T;
    *n = 0;
    for (int32_t s = 0; s < law->n; s++) {
        int32_t id = law->sorted[s];
        if (!law->kept[id]) continue;
        float x = law->x[id] + 0.0f;
        member one = {id, x, -((x - M) * c), urnc_weight(x, M, c)};
        m[(*n)++] = one;
    }
    return m;
}

float plain_largest(const plain_law *law) {
    for (int32_t s = 0; s < law->n; s++)
        if (law->kept[law->sorted[s]]) return law->x[law->sorted[s]] + 0.0f;
    return -INFINITY;
}

uint64_t plain_mass(const plain_law *law) {
    int64_t n;
    uint64_t Z = 0;
    member *m = members(law, &n);
    for (int64_t i = 0; i < n; i++) Z += m[i].w;
    free(m);
    return Z;
}

void plain_open(plain_law *law) {
    law->M = plain_largest(law);
    law->Z_open = plain_mass(law);
}

static void plain_close(plain_law *law) {
    law->A += urnc_log2_of((double)plain_mass(law)) - urnc_log2_of((double)law->Z_open);
    plain_open(law);
}

/* floor(p * Z), or up: ceil(p * Z). p is 24 bits times a power of two. */
static u128 product_of(float p, u128 Z, int up) {
    int e;
    double f = frexp((double)p, &e); /* p = (f * 2^24) * 2^(e - 24) */
    u128 product = (u128)(uint64_t)(f * 0x1p24) * Z;
    int down = 24 - e;
    if (down > 120) return up && product > 0;
    u128 unit = (u128)1 << down;
    return (product + (up ? unit - 1 : 0)) / unit;
}

static u128 ceil_of(float p, u128 Z) { return product_of(p, Z, 1); }

static double entropy_bits(const member *m, int64_t n, uint64_t Z, float M, float c) {
    uint64_t E = 0;
    for (int64_t i = 0; i < n; i++) E += urnc_weight_entropy(m[i].x, M, c);
    return (double)E / (double)Z;
}

static float centre;

static float deviation(const member *m) { return m->w > 0 ? fabsf(m->a - centre) : INFINITY; }

static int by_deviation(const void *a, const void *b) {
    const member *i = a, *j = b;
    float di = deviation(i), dj = deviation(j);
    if (di != dj) return di < dj ? -1 : 1;
    return i->id < j->id ? -1 : 1;
}

static uint64_t gap(const member *m, int64_t i) {
    int64_t D = (int64_t)m[i].w - 2 * (int64_t)m[i + 1].w + (int64_t)m[i + 2].w;
    return (uint64_t)(D < 0 ? -D : D);
}

static int64_t tail_free(const member *m, int64_t n, float z) {
    u128 S = 0, spent = 0;
    int64_t kept = 1;
    for (int64_t i = 0; i + 2 < n; i++) S += gap(m, i);
    if (n < 3 || S == 0) return n;
    u128 limit = product_of(z, S, 0);
    for (int64_t j = 1; j <= n - 2; j++) {
        spent += gap(m, j - 1);
        if (spent <= limit) kept++;
    }
    return kept;
}

static float sigma_bound(const member *m, int64_t n, float s) {
    float M = m[0].x, R = 0;
    u128 S1 = 0, S2 = 0;
    for (int64_t i = 0; i < n; i++) R = fmaxf(R, fminf(M - m[i].x, FLT_MAX));
    if (R == 0) return INFINITY;
    int e = 19 - ilogbf(R);
    for (int64_t i = 0; i < n; i++) {
        uint64_t steps = (uint64_t)floor(ldexp((double)fminf(M - m[i].x, FLT_MAX), e));
        S1 += steps;
        S2 += (u128)steps * steps;
    }
    u128 V = (u128)n * S2 - S1 * S1;
    double v = (double)(uint64_t)(V >> 64) * 18446744073709551616.0 + (double)(uint64_t)V;
    return (float)((double)s * ldexp(sqrt(v) / (double)n, -e));
}

static int64_t mirostat(const member *m, int64_t n, float mu, int64_t cols) {
    double up = 0, down = 0;
    for (int64_t i = 1; i < n && i < 100; i++) {
        if (!isfinite(m[i].a)) break;
        double b = (double)m[i].a - (double)m[i - 1].a, t = urnc_log2_of((double)(i + 1) / (double)i);
        up += t * b;
        down += t * t;
    }
    if (down == 0 || !(up / down > 0) || cols == 1) return n;
    double s = up / down, g = s - 1, N = (double)cols, k;
    double r = fabs(g) < 1e-9 ? urnc_exp2_of((double)mu) / (URN_LN2 * urnc_log2_of(N))
                              : g * urnc_exp2_of((double)mu) / (1 - urnc_pow(N, -g));
    if (!isfinite(r) || !(r > 0)) return n;
    k = urnc_pow(r, 1 / s);
    return k >= (double)n ? n : k < 1 ? 1 : (int64_t)k;
}

/* The first `many` stay, and with ties all that equal the last of them. */
static void keep_first(plain_law *law, const member *m, int64_t n, int64_t many, int ties) {
    for (int64_t i = 0; i < n; i++)
        if (i >= many && !(ties && many > 0 && m[i].x == m[many - 1].x)) law->kept[m[i].id] = 0;
}

static void keep_weights(plain_law *law, const member *m, int64_t n, u128 least) {
    if (m[0].w < least) keep_first(law, m, n, 1, 0);
    for (int64_t i = 1; i < n; i++)
        if (m[i].w < least) law->kept[m[i].id] = 0;
}

static int64_t prefix(const member *m, int64_t n, u128 need) {
    u128 sum = 0;
    int64_t i = 0;
    if (need < 1) need = 1;
    while (i < n && sum < need) sum += m[i++].w;
    return i;
}

static void xtc(plain_law *law, const member *m, int64_t n, u128 least) {
    int64_t last = -1, many = 0;
    if (least < 1) least = 1;
    for (int64_t i = 0; i < n; i++)
        if (m[i].w >= least) {
            last = i;
            many++;
        }
    for (int64_t i = 0; many >= 2 && i < last; i++)
        if (m[i].w >= least) law->kept[m[i].id] = 0;
}

void plain_step(plain_law *law, const urnc_act *act) {
    int64_t n;
    member *m = members(law, &n);
    float M = m[0].x, c = URN_LOG2E / law->T, p = act->f[0];
    uint64_t Z = plain_mass(law), U;
    double Hm, H2;
    int ties = (act->flags & URN_STEP_TIES) != 0;
    switch (act->op) {
    case URN_OP_TOP_K:
        keep_first(law, m, n, act->i[0], ties);
        break;
    case URN_OP_TOP_P:
        keep_first(law, m, n, prefix(m, n, ceil_of(p, Z)), ties);
        break;
    case URN_OP_MIN_P:
        keep_weights(law, m, n, ceil_of(p, (u128)1 << URN_F));
        break;
    case URN_OP_TOP_A:
        for (int64_t i = 0; i < n; i++)
            if ((u128)m[i].w * Z < ceil_of(p, (u128)1 << 2 * URN_F)) law->kept[m[i].id] = 0;
        break;
    case URN_OP_EPSILON:
        keep_weights(law, m, n, ceil_of(p, Z));
        break;
    case URN_OP_ETA:
        H2 = entropy_bits(m, n, Z, M, c) + (urnc_log2_of((double)Z) - URN_F);
        keep_weights(law, m, n, ceil_of((float)fmin((double)p, sqrt((double)p) * urnc_exp2_of(-H2)), Z));
        break;
    case URN_OP_TYPICAL:
        Hm = entropy_bits(m, n, Z, M, c);
        centre = (float)Hm;
        qsort(m, (size_t)n, sizeof *m, by_deviation);
        for (int64_t i = prefix(m, n, ceil_of(p, Z)); i < n; i++) law->kept[m[i].id] = 0;
        plain_close(law);
        break;
    case URN_OP_TAIL_FREE:
        keep_first(law, m, n, tail_free(m, n, p), 0);
        break;
    case URN_OP_TOP_N_SIGMA: {
        float bound = sigma_bound(m, n, p);
        for (int64_t i = 0; i < n; i++)
            if (fminf(M - m[i].x, FLT_MAX) > bound) law->kept[m[i].id] = 0;
        break;
    }
    case URN_OP_XTC:
        U = urnc_block_u64(urnc_row_block(law->key, 0, 0, law->position, URN_STREAM_XTC));
        if ((u128)(U >> 24) >= ceil_of(p, (u128)1 << 40)) break;
        xtc(law, m, n, ceil_of(act->f[1], Z));
        plain_close(law);
        break;
    case URN_OP_MIROSTAT:
        keep_weights(law, m, n, ceil_of((float)fmin(1, urnc_exp2_of(-(double)p)), Z));
        break;
    case URN_OP_MIROSTAT_V1:
        keep_first(law, m, n, mirostat(m, n, p, law->cols), 0);
        break;
    }
    free(m);
}
