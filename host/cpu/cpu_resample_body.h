/* cpu_resample_body.h - loops over particles' weights; included by cpu_loops_body.h. */
#include "host/cpu/cpu_resample_loops.h"

#define FOR_LOT(i) for (int i = 0; i < URNC_LOT; i++)

/* As urnc_order, of 64 bits. */
static inline int64_t order_of_f64(double x) {
    uint64_t b = urnc_bits_of_f64(x);
    return (int64_t)(b ^ ((UINT64_C(0) - (b >> 63)) >> 1));
}

static void reach(const urnc_crowd *crowd, int64_t begin, int64_t end, urnc_reach *found) {
    int64_t most = INT64_MIN, least = INT64_MAX;
    if (crowd->type == URN_WEIGHT_LOG_F32 || crowd->type == URN_WEIGHT_F32) {
        const float *data = crowd->data;
        int32_t high = INT32_MIN, low = INT32_MAX;
        for (int64_t i = begin; i < end; i++) {
            int32_t order = urnc_order(data[i] + 0.0f);
            high = order > high ? order : high;
            low = order < low ? order : low;
        }
        most = high, least = low;
    } else {
        const double *data = crowd->data;
        for (int64_t i = begin; i < end; i++) {
            int64_t order = order_of_f64(data[i] + 0.0);
            most = order > most ? order : most;
            least = order < least ? order : least;
        }
    }
    found->largest = most;
    found->least = least;
}

/* floor(v * 2^(F - m)) for v in (0, 2), as urnc_floor does for F = 40. */
static inline uint64_t floor_at(float v, uint32_t m, uint32_t F) {
    uint32_t b = urnc_bits_of_f32(v);
    uint32_t inside = 0u - (uint32_t)(m <= F);
    uint32_t significand = ((b & 0x7fffffu) | 0x800000u) & inside;
    uint32_t shift = 127u + m - (b >> 23);
    return (uint64_t)significand << (F - 23u) >> (shift < 63u ? shift : 63u);
}

static inline uint64_t weight_of_log(float d, uint32_t F) {
    uint32_t m;
    float v = urnc_exp2(d, URN_LOG2E, &m);
    return floor_at(v, m, F);
}

/* floor(x * 2^(F - e)) for x >= 0 below or at 2^e, a normal f64 or too small to count: the 53-bit significand is
 * shifted right. x = 2^e has the exponent e and the shift 52 - F. */
static inline uint64_t weight_of_linear(double x, int32_t e, uint32_t F) {
    uint64_t b = urnc_bits_of_f64(x);
    uint64_t significand = (b & 0xfffffffffffffu) | 0x10000000000000u;
    uint64_t shift = (uint64_t)(52 + 1023 + (int64_t)e) - F - (b >> 52);
    uint64_t inside = UINT64_C(0) - (uint64_t)(b != 0);
    return (significand & inside) >> (shift < 63u ? shift : 63u);
}

/* The weights of n items from `begin` on: the question of the type stands outside the loop. */
static void weigh_some(const urnc_crowd *crowd, int64_t begin, int64_t n, uint64_t *w) {
    uint32_t F = (uint32_t)crowd->F;
    if (crowd->type == URN_WEIGHT_LOG_F32) {
        const float *x = (const float *)crowd->data + begin;
        float M = (float)crowd->M;
        for (int64_t i = 0; i < n; i++) w[i] = weight_of_log(x[i] - M, F);
    } else if (crowd->type == URN_WEIGHT_LOG_F64) {
        const double *x = (const double *)crowd->data + begin;
        double M = crowd->M;
        for (int64_t i = 0; i < n; i++) w[i] = weight_of_log((float)(x[i] - M), F);
    } else if (crowd->type == URN_WEIGHT_F32) {
        const float *x = (const float *)crowd->data + begin;
        for (int64_t i = 0; i < n; i++) w[i] = weight_of_linear(((double)x[i] + 0.0) * crowd->unit, crowd->e, F);
    } else {
        const double *x = (const double *)crowd->data + begin;
        for (int64_t i = 0; i < n; i++) w[i] = weight_of_linear((x[i] + 0.0) * crowd->unit, crowd->e, F);
    }
    uint64_t most = crowd->most;
    for (int64_t i = 0; i < n; i++) w[i] = w[i] < most ? w[i] : most;
}

static void weigh_lot(const urnc_crowd *crowd, int64_t begin, uint64_t w[URNC_LOT]) {
    if (crowd->n - begin >= URNC_LOT) {
        weigh_some(crowd, begin, URNC_LOT, w);
        return;
    }
    int64_t n = crowd->n - begin;
    weigh_some(crowd, begin, n, w);
    for (int64_t i = n; i < URNC_LOT; i++) w[i] = 0;
}

static uint64_t weigh_one(const urnc_crowd *crowd, int64_t i) {
    uint64_t w;
    weigh_some(crowd, i, 1, &w);
    return w;
}

static void total(const uint64_t w[URNC_LOT], int squares, urnc_totals *totals) {
    uint64_t sum = 0, top = totals->top;
    FOR_LOT(i) {
        sum += w[i];
        top = w[i] > top ? w[i] : top;
    }
    totals->sum += sum;
    totals->top = top;
    if (!squares) return;
    uint64_t hh = 0, hl = 0, ll = 0;
    FOR_LOT(i) {
        uint64_t h = w[i] >> 24, l = w[i] & 0xffffffu;
        hh += h * h;
        hl += h * l;
        ll += l * l;
    }
    totals->square[0] += hh;
    totals->square[1] += hl;
    totals->square[2] += ll;
}

/* A share is below 2^31 and its f64 within 2^-20 of the truth; 2^-16 is taken for near: 16 bits of its fraction that
 * are all ones or all zeros. */
static int measure(urnc_ruler ruler, const uint64_t s[URNC_LOT], int32_t k[URNC_LOT]) {
    uint32_t near = 0;
    FOR_LOT(i) {
        double share = (double)(int64_t)s[i] * ruler.per + ruler.first;
        int32_t whole = (int32_t)share;
        int32_t part = (int32_t)((share - (double)whole) * 0x1p16);
        k[i] = whole;
        near += (((uint32_t)part + 1u) & 0xffffu) < 2u;
    }
    return near != 0;
}

static const urnc_resample_loops resample_loops = {reach, weigh_lot, weigh_one, total, measure};
