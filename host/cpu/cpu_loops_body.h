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
    FOR_GROUP(i) {
        float near = -fabsf(urnc_surprise(scale, x[i]) - key.centre);
        float outside = x[i] > -INFINITY ? -FLT_MAX : -INFINITY;
        y[i] = x[i] >= key.least ? near : outside;
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

#define FEW 16   /* elements of a group inside the range: weighing them one by one costs less than weighing all */
#define MANY 160 /* adding what is outside to a bin of its own costs less than finding what is inside */

static void digits(const urnc_view *view, urnc_scale scale, const urnc_digit *digit, int64_t g0, int64_t g1,
                   const int32_t *top, uint64_t *bin) {
    float x[URNC_GROUP], y[URNC_GROUP];
    uint32_t at[URNC_GROUP];
    int32_t inside[URNC_GROUP];
    uint64_t weight[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        if ((top && top[g] < digit->first) || !load(view, g, x)) continue;
        const float *k = keys(digit->key, scale, x, y);
        int32_t outside = URNC_GROUP;
        FOR_GROUP(i) {
            uint32_t b = ((uint32_t)urnc_order(k[i]) - (uint32_t)digit->first) >> digit->shift;
            inside[i] = b < digit->bins ? -1 : 0;
            at[i] = b < digit->bins ? b : URNC_BINS;
            outside += inside[i];
        }
        int count = URNC_GROUP - outside, one_by_one = digit->by_mass && count <= FEW;
        if (!digit->by_mass) {
            FOR_GROUP(i) weight[i] = 1;
        } else if (!one_by_one) {
            FOR_WEIGHT(i, w, scale, x, weight[i] = w;);
        }
        if (count >= MANY) {
            FOR_GROUP(i) bin[at[i]] += weight[i];
            continue;
        }
        for (int w = 0; w < URNC_GROUP && count > 0; w += 32)
            for (uint32_t word = pack(inside + w); word; word &= word - 1) {
                int i = w + __builtin_ctz(word);
                bin[at[i]] += one_by_one ? urnc_weight_of(scale, x[i]) : weight[i];
            }
    }
}

static void no_bits(uint32_t *words) {
    for (int w = 0; w < URNC_WORDS; w++) words[w] = 0;
}

static int64_t put_bits(const int32_t *flag, uint32_t *words) {
    int64_t count = 0;
    for (int w = 0; w < URNC_WORDS; w++) {
        words[w] = pack(flag + 32 * w);
        count += __builtin_popcount(words[w]);
    }
    return count;
}

static void keep_order(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t cut, int64_t g0, int64_t g1,
                       const int32_t *top, uint32_t *bits, urnc_tally *tally) {
    float x[URNC_GROUP], y[URNC_GROUP];
    int32_t keep[URNC_GROUP];
    int64_t count = 0;
    for (int64_t g = g0; g < g1; g++) {
        uint32_t *words = bits + g * URNC_WORDS;
        if ((top && top[g] < cut) || !load(view, g, x)) {
            no_bits(words);
            continue;
        }
        const float *k = keys(key, scale, x, y);
        FOR_GROUP(i) keep[i] = urnc_order(k[i]) >= cut ? -1 : 0;
        count += put_bits(keep, words);
    }
    tally->count = count;
}

/* Which of group g have this order; returns 0 if all of them are out of K. */
static int equals(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, int64_t g, float *x,
                  int32_t *equal) {
    float y[URNC_GROUP];
    if (!load(view, g, x)) return 0;
    const float *k = keys(key, scale, x, y);
    FOR_GROUP(i) equal[i] = urnc_order(k[i]) == order ? -1 : 0;
    return 1;
}

static void drop_last(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, uint64_t surplus,
                      uint32_t *bits) {
    float x[URNC_GROUP];
    int32_t equal[URNC_GROUP];
    for (int64_t g = (view->n + URNC_GROUP - 1) / URNC_GROUP; surplus > 0 && g-- > 0;) {
        if (!equals(view, scale, key, order, g, x, equal)) continue;
        for (int w = URNC_WORDS; surplus > 0 && w-- > 0;)
            for (uint32_t word = pack(equal + 32 * w); surplus > 0 && word; surplus--) {
                uint32_t last = 0x80000000u >> __builtin_clz(word);
                word ^= last;
                bits[g * URNC_WORDS + w] &= ~last;
            }
    }
}

static uint64_t ties(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, uint64_t need,
                     urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t equal[URNC_GROUP];
    uint64_t taken = 0, sum = 0;
    for (int64_t g = 0; g < (view->n + URNC_GROUP - 1) / URNC_GROUP; g++) {
        if (!equals(view, scale, key, order, g, x, equal)) continue;
        for (int w = 0; w < URNC_GROUP; w += 32)
            for (uint32_t word = pack(equal + w); word; word &= word - 1) {
                tally->count++;
                if (sum >= need) continue;
                sum += urnc_weight_of(scale, x[w + __builtin_ctz(word)]);
                taken++;
            }
    }
    return taken;
}

static void keep_weight(const urnc_view *view, urnc_scale scale, uint64_t least, int32_t floor_order, int64_t g0,
                        int64_t g1, const int32_t *top, uint32_t *bits, uint64_t *sums, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t keep[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        uint32_t *words = bits + g * URNC_WORDS;
        sums[g] = 0;
        if ((top && top[g] < floor_order) || !load(view, g, x)) {
            no_bits(words);
            continue;
        }
        uint64_t sum = 0;
        FOR_WEIGHT(i, w, scale, x, {
            keep[i] = w >= least ? -1 : 0;
            sum += w >= least ? w : 0;
        });
        sums[g] = sum;
        tally->sum += sum;
        tally->count += put_bits(keep, words);
    }
}

static void keep_light(const urnc_view *view, urnc_scale scale, uint64_t below, int64_t g0, int64_t g1, uint32_t *bits,
                       urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t keep[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        uint32_t *words = bits + g * URNC_WORDS;
        if (!load(view, g, x)) {
            no_bits(words);
            continue;
        }
        FOR_WEIGHT(i, w, scale, x, keep[i] = (w < below) & (x[i] > -INFINITY) ? -1 : 0;);
        tally->count += put_bits(keep, words);
    }
}

static void heavy(const urnc_view *view, urnc_scale scale, uint64_t least, int32_t floor_order, int64_t g0, int64_t g1,
                  const int32_t *top, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t low = INT32_MAX;
    for (int64_t g = g0; g < g1; g++) {
        if ((top && top[g] < floor_order) || !load(view, g, x)) continue;
        int32_t count = 0;
        FOR_WEIGHT(i, w, scale, x, {
            int32_t order = w >= least ? urnc_order(x[i]) : INT32_MAX;
            low = order < low ? order : low;
            count += w >= least ? 1 : 0;
        });
        tally->count += count;
    }
    tally->least = low;
}

static void census(const urnc_view *view, int64_t g0, int64_t g1, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t low = INT32_MAX;
    for (int64_t g = g0; g < g1; g++) {
        if (!load(view, g, x)) continue;
        int32_t count = 0;
        FOR_GROUP(i) {
            int32_t order = x[i] > -INFINITY ? urnc_order(x[i]) : INT32_MAX;
            low = order < low ? order : low;
            count += x[i] > -INFINITY ? 1 : 0;
        }
        tally->count += count;
    }
    tally->least = low;
}

static void spread(const urnc_view *view, float M, double unit, int64_t g0, int64_t g1, urnc_tally *tally) {
    float x[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        if (!load(view, g, x)) continue;
        uint64_t sum = 0, squares = 0; /* below 256 * 2^40 */
        FOR_GROUP(i) {
            float q = M - x[i];
            q = q > FLT_MAX ? FLT_MAX : q;
            q = x[i] > -INFINITY ? q : 0.0f;
            uint64_t steps = (uint32_t)(int32_t)((double)q * unit); /* q >= 0, so cutting is floor */
            sum += steps;
            squares += steps * steps;
        }
        tally->sum += sum;
        tally->squares += squares;
    }
}

static int64_t find(const urnc_view *view, int32_t order, int from_end, const int32_t *top) {
    static const urnc_key_rule by_value = {URNC_BY_VALUE, 0, 0};
    static const urnc_scale no_scale = {0, 0, 0};
    float x[URNC_GROUP];
    int32_t equal[URNC_GROUP];
    int64_t groups = (view->n + URNC_GROUP - 1) / URNC_GROUP;
    for (int64_t step = 0; step < groups; step++) {
        int64_t g = from_end ? groups - 1 - step : step;
        if ((top && top[g] < order) || !equals(view, no_scale, by_value, order, g, x, equal)) continue;
        int64_t at = -1;
        for (int i = 0; i < URNC_GROUP; i += 32) {
            uint32_t word = pack(equal + i);
            if (word && (from_end || at < 0))
                at = g * URNC_GROUP + i + (from_end ? 31 - __builtin_clz(word) : __builtin_ctz(word));
        }
        if (at >= 0) return at;
    }
    return -1;
}

static int64_t gather(const urnc_view *view, int32_t low, int32_t high, int64_t limit, const int32_t *top,
                      int32_t *order, int32_t *at) {
    float x[URNC_GROUP];
    int32_t inside[URNC_GROUP];
    int64_t count = 0;
    for (int64_t g = 0; count < limit && g < (view->n + URNC_GROUP - 1) / URNC_GROUP; g++) {
        if ((top && top[g] < low) || !load(view, g, x)) continue;
        FOR_GROUP(i) inside[i] = (urnc_order(x[i]) >= low) & (urnc_order(x[i]) <= high) ? -1 : 0;
        for (int w = 0; w < URNC_GROUP; w += 32)
            for (uint32_t word = pack(inside + w); count < limit && word; word &= word - 1) {
                int i = w + __builtin_ctz(word);
                if (at) at[count] = (int32_t)(g * URNC_GROUP + i);
                order[count++] = urnc_order(x[i]);
            }
    }
    return count;
}

static void rank(const urnc_view *view, int32_t order, int64_t id, int64_t g0, int64_t g1, const int32_t *top,
                 urnc_tally *tally) {
    float x[URNC_GROUP];
    int64_t count = 0;
    for (int64_t g = g0; g < g1; g++) {
        if (top[g] < order || !load(view, g, x)) continue;
        /* ids of this group below `equals` come before on equal values too */
        int64_t before = id - g * URNC_GROUP;
        int32_t equals = before < 0 ? 0 : before > URNC_GROUP ? URNC_GROUP : (int32_t)before, larger = 0;
        FOR_GROUP(i) {
            int32_t other = urnc_order(x[i]);
            larger += (other > order) | ((other == order) & (i < equals));
        }
        count += larger;
    }
    tally->count = count;
}

#include "host/cpu/cpu_outputs_body.h"
#include "host/cpu/cpu_tiny_body.h"
#include "host/cpu/cpu_values_body.h"

#define URNC_LOOPS_TABLE(label)                                                                                        \
    {                                                                                                                  \
        label, extremes, weigh, entropy, weights, digits, keep_order, drop_last, ties, keep_weight, keep_light, heavy, \
            census, spread, find, gather, rank, &value_loops, &output_loops, &tiny_loops                               \
    }
