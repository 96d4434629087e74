/* cpu_loops_body.h - the source of one table of loops; included once by each cpu_loops_*.c after its target. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_weights.h"
#include "urn/types.h"

#define FOR_GROUP(i) for (int i = 0; i < URNC_GROUP; i++)

/* For each i, with w the weight of x[i]: the question of the epoch's kind stands outside the loop. */
#define FOR_WEIGHT(i, w, scale, x, ...)                                                                                \
    do {                                                                                                               \
        if ((scale).linear) {                                                                                          \
            FOR_GROUP(i) {                                                                                             \
                uint64_t w = urnc_weight_linear((x)[i]);                                                               \
                __VA_ARGS__                                                                                            \
            }                                                                                                          \
        } else {                                                                                                       \
            FOR_GROUP(i) {                                                                                             \
                uint64_t w = urnc_weight((x)[i], (scale).M, (scale).c);                                                \
                __VA_ARGS__                                                                                            \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

static int any_bit(const uint32_t *words) {
    uint32_t any = 0;
    for (int w = 0; w < URNC_WORDS; w++) any |= words[w];
    return any != 0;
}

static void load_elements(const urnc_view *view, int64_t first, int64_t n, float *x) {
    switch (view->dtype) {
    case URN_F32: {
        const float *data = (const float *)view->data + first;
        for (int64_t i = 0; i < n; i++) x[i] = data[i] + 0.0f;
        break;
    }
    case URN_F16: {
        const uint16_t *data = (const uint16_t *)view->data + first;
        for (int64_t i = 0; i < n; i++) x[i] = urnc_f32_of_f16(data[i]) + 0.0f;
        break;
    }
    default: {
        const uint16_t *data = (const uint16_t *)view->data + first;
        for (int64_t i = 0; i < n; i++) x[i] = urnc_f32_of_bf16(data[i]) + 0.0f;
        break;
    }
    }
}

/* -inf where the bit is 0. Unrolled whole, as gcc would, neither this nor pack() vectorises. */
static inline void leave_out(uint32_t word, float *x) {
#pragma GCC unroll 1
    for (int j = 0; j < 32; j++) x[j] = word & 1u << j ? x[j] : -INFINITY;
}

/* Group g as f32, ids outside K and past the end as -inf. Returns 0, and x is not written, if no bit is set. */
static int load(const urnc_view *view, int64_t g, float *x) {
    const uint32_t *words = view->bits ? view->bits + g * URNC_WORDS : 0;
    if (words && !any_bit(words)) return 0;
    int64_t first = g * URNC_GROUP, n = view->n - first;
    if (n >= URNC_GROUP) {
        load_elements(view, first, URNC_GROUP, x);
    } else {
        load_elements(view, first, n, x);
        for (int64_t i = n; i < URNC_GROUP; i++) x[i] = -INFINITY;
    }
    if (words)
        for (int w = 0; w < URNC_WORDS; w++) leave_out(words[w], x + 32 * w);
    return 1;
}

static void extremes(const urnc_view *view, int64_t g0, int64_t g1, int32_t *top, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t largest = INT32_MIN, least = INT32_MAX;
    for (int64_t g = g0; g < g1; g++) {
        int32_t high = INT32_MIN, low = INT32_MAX;
        if (load(view, g, x)) {
            FOR_GROUP(i) {
                int32_t order = urnc_order(x[i]);
                high = order > high ? order : high;
                low = order < low ? order : low;
            }
        }
        top[g] = high;
        largest = high > largest ? high : largest;
        least = low < least ? low : least;
    }
    tally->largest = largest;
    tally->least = least;
}

static void weigh(const urnc_view *view, urnc_scale scale, int64_t g0, int64_t g1, uint64_t *sums, urnc_tally *tally) {
    float x[URNC_GROUP];
    uint64_t total = 0;
    for (int64_t g = g0; g < g1; g++) {
        uint64_t sum = 0;
        if (load(view, g, x)) FOR_WEIGHT(i, w, scale, x, sum += w;);
        sums[g] = sum;
        total += sum;
    }
    tally->sum = total;
}

static void entropy(const urnc_view *view, urnc_scale scale, int64_t g0, int64_t g1, urnc_tally *tally) {
    float x[URNC_GROUP];
    uint64_t total = 0;
    for (int64_t g = g0; g < g1; g++)
        if (!load(view, g, x)) {
            continue;
        } else if (scale.linear) {
            FOR_GROUP(i) total += urnc_weight_entropy_linear(x[i]);
        } else {
            FOR_GROUP(i) total += urnc_weight_entropy(x[i], scale.M, scale.c);
        }
    tally->sum = total;
}

static void weights(const urnc_view *view, urnc_scale scale, int64_t g, uint64_t weight[URNC_GROUP]) {
    float x[URNC_GROUP];
    if (load(view, g, x)) {
        FOR_WEIGHT(i, w, scale, x, weight[i] = w;);
    } else {
        FOR_GROUP(i) weight[i] = 0;
    }
}

/* The values whose order is asked for: x itself, or y made from it. */
static const float *keys(urnc_key_rule key, urnc_scale scale, const float *x, float *y) {
    if (key.kind == URNC_BY_VALUE) return x;
    if (scale.linear) {
        FOR_GROUP(i) y[i] = urnc_surprise_linear(x[i]);
    } else {
        FOR_GROUP(i) y[i] = urnc_surprise_exp(x[i], scale.M, scale.c);
    }
    FOR_GROUP(i) {
        uint32_t in = 0u - (uint32_t)(x[i] >= key.least), no = 0u - (uint32_t)(x[i] == -INFINITY);
        uint32_t near = urnc_bits_of_f32(fabsf(y[i] - key.centre)) & in;
        uint32_t far = urnc_bits_of_f32(FLT_MAX) & ~in & ~no, outside = urnc_bits_of_f32(INFINITY) & no;
        y[i] = -urnc_f32_of_bits(near | far | outside);
    }
    return y;
}

/* The bits of 32 flags that are 0 or all ones. */
static inline uint32_t pack(const int32_t *flag) {
    uint32_t word = 0;
#pragma GCC unroll 1
    for (int j = 0; j < 32; j++) word |= (uint32_t)flag[j] & (1u << j);
    return word;
}

#include "host/cpu/cpu_keep_body.h"
#include "host/cpu/cpu_outputs_body.h"
#include "host/cpu/cpu_resample_body.h"
#include "host/cpu/cpu_tiny_body.h"
#include "host/cpu/cpu_topk_body.h"
#include "host/cpu/cpu_values_body.h"

#define URNC_LOOPS_TABLE(label)                                                                                        \
    {                                                                                                                  \
        label, extremes, weigh, entropy, weights, digits, keep_order, drop_last, ties, keep_weight, keep_light, heavy, \
            census, spread, find, gather, &value_loops, &output_loops, &tiny_loops, &topk_loops, &resample_loops       \
    }
