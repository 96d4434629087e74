/* cpu_tiny_body.h - the loops of short rows, 128 rows abreast (bits.h section 10); included at the end of
 * cpu_loops_body.h. */
#include "host/cpu/cpu_tiny.h"

#define FOR_ROW(i) for (int i = 0; i < URNC_TINY_ROWS; i++)

/* log2(1 + t) + e. */
static inline float tiny_log2(float e, float t) {
    float q = URN_TINY_T8;
    q = fmaf(q, t, URN_TINY_T7);
    q = fmaf(q, t, URN_TINY_T6);
    q = fmaf(q, t, URN_TINY_T5);
    q = fmaf(q, t, URN_TINY_T4);
    q = fmaf(q, t, URN_TINY_T3);
    q = fmaf(q, t, URN_TINY_T2);
    q = fmaf(q, t, URN_TINY_T1);
    return fmaf(t, fmaf(q, t, URN_TINY_T0), e);
}

/* v = 2^e * (1 + t), t in [1 / sqrt 2 - 1, sqrt 2 - 1). Shifting a negative number right is floor in gcc and clang. */
static inline float tiny_split(float v, float *e) {
    int32_t i = (int32_t)urnc_bits_of_f32(v) - 0x3f3504f3, whole = i >> 23;
    *e = (float)whole;
    return urnc_f32_of_bits(urnc_bits_of_f32(v) - ((uint32_t)whole << 23)) - 1.0f;
}

/* Rounded once: AVX2 has no conversion of unsigned words. */
static inline float tiny_f32(uint32_t word) {
    return fmaf((float)(int32_t)(word >> 16), 0x1p16f, (float)(int32_t)(word & 0xffffu));
}

/* a where the mask is all ones, b where it is 0: gcc makes a branch of ?: here and then no vectors. */
static inline float tiny_choose(uint32_t mask, float a, float b) {
    return urnc_f32_of_bits((urnc_bits_of_f32(a) & mask) | (urnc_bits_of_f32(b) & ~mask));
}

/* Both sides of the turn are one logarithm: what differs is chosen before. */
static inline float tiny_gumbel(uint32_t h, uint32_t l) {
    uint32_t turned = 0u - (uint32_t)(h >= URN_TINY_TURN);
    h ^= turned;
    l ^= turned;
    float a = fmaf(tiny_f32(l | 1u), 0x1p-32f, tiny_f32(h)) * 0x1p-32f;
    float e, t = tiny_split(a, &e);
    float E = -tiny_log2(tiny_choose(turned, 0.0f, e), tiny_choose(turned, -a, t));
    t = tiny_split(E, &e);
    return -tiny_log2(e, t);
}

/* Ids `pair` * 2 and the next of every row: their uniforms' words. */
static void tiny_blocks(const urnc_tiny_noise *noise, uint32_t pair, uint32_t word[4][BLOCKS]) {
    uint32_t index[BLOCKS], draw[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        uint64_t R = noise->row + (uint64_t)i;
        index[i] = (uint32_t)R;
        draw[i] = (uint32_t)(R >> 32) * 16 + pair;
    }
    philox_blocks(noise->key, index, draw, noise->position, URN_STREAM_TINY, word);
}

static void tiny_scores(const urnc_tiny_noise *noise, int32_t width, float k, urnc_tiny_rows *rows) {
    uint32_t word[4][BLOCKS];
    float noise_of[BLOCKS];
    for (int32_t id = 0; id < width; id++) {
        float *x = rows->x[id];
        const uint32_t *low = word[id % 2 * 2], *high = word[id % 2 * 2 + 1];
        if (id % 2 == 0) tiny_blocks(noise, (uint32_t)id / 2, word);
        FOR_ROW(i) noise_of[i] = tiny_gumbel(high[i], low[i]);
        FOR_ROW(i) {
            float s = fmaf(x[i] - rows->M[i], k, noise_of[i]);
            uint32_t possible = 0u - (uint32_t)(x[i] > -INFINITY), none = 0u - (uint32_t)(rows->best[i] < 0);
            uint32_t first = possible & (none | (0u - (uint32_t)(s > rows->top[i])));
            rows->best[i] = (int32_t)(((uint32_t)id & first) | ((uint32_t)rows->best[i] & ~first));
            rows->top[i] = tiny_choose(first, s, rows->top[i]);
            rows->possible[id][i] = possible;
            x[i] = s;
        }
    }
}

static void tiny_shares(int32_t width, float c, urnc_tiny_rows *rows) {
    float sum[URNC_TINY_ROWS];
    FOR_ROW(i) sum[i] = 0.0f;
    for (int32_t id = 0; id < width; id++) {
        float *x = rows->x[id];
        FOR_ROW(i) {
            uint32_t m;
            float v = urnc_exp2(x[i] - rows->top[i], c, &m);
            uint32_t inside = (0u - (uint32_t)(m <= URN_F)) & rows->possible[id][i];
            float e = urnc_f32_of_bits(urnc_bits_of_f32(v * urnc_f32_of_bits((127u - (m & inside)) << 23)) & inside);
            sum[i] = sum[i] + e;
            x[i] = e;
        }
    }
    FOR_ROW(i) sum[i] = 1.0f / sum[i];
    for (int32_t id = 0; id < width; id++) {
        float *x = rows->x[id];
        FOR_ROW(i) x[i] = x[i] * sum[i];
    }
}

static const struct urnc_tiny_loops tiny_loops = {tiny_scores, tiny_shares};
