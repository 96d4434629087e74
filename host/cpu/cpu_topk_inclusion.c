/* cpu_topk_inclusion.c - inclusion probabilities min(1, c * weight) whose sum is k (bits_topk.h T8). */
#include <math.h>

#include "host/cpu/cpu_calls_topk.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_wide.h"

/* floor(x * 2^(40 - e)) for 0 <= x <= 2^e, -0 among them. With x = f * 2^(b - 150), f below 2^24: a shift. */
static uint64_t quantise(float x, int32_t e) {
    uint32_t bits = urnc_bits_of_f32(x) & 0x7fffffffu;
    int32_t b = (int32_t)(bits >> 23), shift;
    uint64_t f = bits & 0x7fffffu;
    if (b > 0)
        f |= 0x800000u;
    else
        b = 1;
    shift = b - 150 + 40 - e; /* at most 17 */
    return shift >= 0 ? f << shift : shift > -64 ? f >> -shift : 0;
}

/* The least e with x <= 2^e, of x > 0. */
static int32_t exponent_of(float x) {
    uint32_t bits = urnc_bits_of_f32(x);
    int32_t b = (int32_t)(bits >> 23);
    if (b == 0) {
        uint32_t f = bits;
        int32_t top = 31 - __builtin_clz(f);
        return top - 149 + ((f & (f - 1)) != 0);
    }
    return b - 127 + ((bits & 0x7fffffu) != 0);
}

typedef struct {
    const float *x;
    int64_t n;
    int32_t e;
} weights;

/* How many weigh more than t, and the sum of the others. */
static int64_t count_above(const weights *w, uint64_t t, uint64_t *S) {
    int64_t m = 0;
    uint64_t sum = 0;
    for (int64_t i = 0; i < w->n; i++) {
        uint64_t weight = quantise(w->x[i], w->e);
        m += weight > t;
        sum += weight > t ? 0 : weight;
    }
    *S = sum;
    return m;
}

/* t is where the others' largest, were it t, would have probability 1 at the most. (k - m) * t is below 2^63. */
static uint64_t find_bound(const weights *w, int64_t k) {
    uint64_t low = 1, high = UINT64_C(1) << 40, S;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        int64_t m = count_above(w, middle, &S);
        if (m >= k || S >= (uint64_t)(k - m) * middle)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* floor((k - m) * 2^62 * P / S) mod 2^64; P <= S < 2^63. */
static uint64_t scaled(uint64_t P, uint64_t many, uint64_t S) {
    urnc_u128 product = (urnc_u128)P * many;
    uint64_t whole = (uint64_t)(product / S), rest = (uint64_t)(product % S);
    return (whole << 62) + (uint64_t)(((urnc_u128)rest << 62) / S);
}

static void solve(const weights *w, int64_t k, uint64_t *p) {
    uint64_t S, P = 0, Q = 0;
    int64_t positive = count_above(w, 0, &S);
    uint64_t t = positive > k ? find_bound(w, k) : 0;
    int64_t m = count_above(w, t, &S);
    for (int64_t i = 0; i < w->n; i++) {
        uint64_t weight = quantise(w->x[i], w->e);
        p[i] = weight > t ? URN_FIXED_ONE : 0;
        if (weight == 0 || weight > t) continue;
        P += weight;
        uint64_t next = scaled(P, (uint64_t)(k - m), S);
        p[i] = next - Q;
        Q = next;
    }
}

static int find_status(const float *x, int64_t n, float *largest) {
    int status = URN_ROW_OK, bad = 0;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] != x[i]) status |= URN_ROW_NAN;
        if (x[i] == INFINITY) status |= URN_ROW_INF;
        bad |= x[i] < 0.0f;
        if (x[i] > *largest) *largest = x[i];
    }
    if (status) return status;
    return bad ? URN_ROW_PARAM : *largest > 0.0f ? URN_ROW_OK : URN_ROW_EMPTY;
}

static void inclusion_row(const void *argument, int64_t r) {
    const urn_inclusion_params *a = argument;
    uint64_t *p = a->p + r * a->p_stride;
    weights w = {a->weights + r * a->weights_stride, a->cols, 0};
    float largest = 0.0f;
    int status = find_status(w.x, w.n, &largest);
    int64_t k = a->k_of_row ? a->k_of_row[r] : a->k;
    if (k < 0 || k > a->k) status = URN_ROW_PARAM;
    for (int64_t i = 0; i < w.n; i++) p[i] = 0;
    if (a->status) a->status[r] = status;
    if (status != URN_ROW_OK || k == 0) return;
    w.e = exponent_of(largest);
    solve(&w, k, p);
}

void urnc_inclusion(const urn_inclusion_params *params, int threads) {
    urnc_over_rows(params->rows, params->cols, threads, inclusion_row, params);
}
