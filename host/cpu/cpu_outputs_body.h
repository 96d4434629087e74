/* cpu_outputs_body.h - loops for draws by keys and for whole rows; included at the end of cpu_loops_body.h. */
#include "host/cpu/cpu_outputs.h"

#define BLOCKS (URNC_GROUP / 2)

/* Philox4x32-10 of {index[b], draw, position, GUMBEL}: two uniforms of 64 bits a block. Round by round over all blocks,
 * so that a round is vectors. */
static void noise_blocks(const urnc_noise *noise, const uint32_t index[BLOCKS], uint64_t even[BLOCKS],
                         uint64_t odd[BLOCKS]) {
    uint32_t a[BLOCKS], b[BLOCKS], c[BLOCKS], d[BLOCKS];
    uint32_t k0 = (uint32_t)noise->key, k1 = (uint32_t)(noise->key >> 32);
    for (int i = 0; i < BLOCKS; i++) {
        a[i] = index[i];
        b[i] = noise->draw;
        c[i] = noise->position;
        d[i] = URN_STREAM_GUMBEL;
    }
    for (int round = 0; round < URN_PHILOX_ROUNDS; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            uint64_t p0 = (uint64_t)URN_PHILOX_M0 * a[i], p1 = (uint64_t)URN_PHILOX_M1 * c[i];
            a[i] = (uint32_t)(p1 >> 32) ^ b[i] ^ k0;
            b[i] = (uint32_t)p1;
            c[i] = (uint32_t)(p0 >> 32) ^ d[i] ^ k1;
            d[i] = (uint32_t)p0;
        }
        k0 += URN_PHILOX_W0;
        k1 += URN_PHILOX_W1;
    }
    for (int i = 0; i < BLOCKS; i++) {
        even[i] = a[i] | (uint64_t)b[i] << 32;
        odd[i] = c[i] | (uint64_t)d[i] << 32;
    }
}

/* The uniforms of group g's ids. Where ids are element numbers, two neighbours share a block; ids of a short row need
 * not, so each of them takes its own and drops half. */
static void noise_group(const urnc_noise *noise, int64_t g, int64_t n, uint64_t U[URNC_GROUP]) {
    uint32_t index[BLOCKS];
    uint64_t even[BLOCKS], odd[BLOCKS];
    int64_t first = g * URNC_GROUP;
    if (!noise->id) {
        for (int i = 0; i < BLOCKS; i++) index[i] = (uint32_t)(first / 2) + (uint32_t)i;
        noise_blocks(noise, index, even, odd);
        for (int i = 0; i < BLOCKS; i++) {
            U[2 * i] = even[i];
            U[2 * i + 1] = odd[i];
        }
        return;
    }
    for (int half = 0; half < URNC_GROUP && first + half < n; half += BLOCKS) {
        const int32_t *id = noise->id + first + half;
        int64_t many = n - first - half < BLOCKS ? n - first - half : BLOCKS;
        for (int i = 0; i < BLOCKS; i++) index[i] = i < many ? (uint32_t)id[i] >> 1 : 0;
        noise_blocks(noise, index, even, odd);
        for (int i = 0; i < BLOCKS; i++) U[half + i] = i < many && id[i] & 1 ? odd[i] : even[i];
    }
}

static void gumbel(const urnc_view *view, urnc_scale scale, const urnc_noise *noise, int64_t g0, int64_t g1,
                   const int32_t *top, urnc_best *best) {
    float x[URNC_GROUP];
    uint64_t U[URNC_GROUP];
    double y[URNC_GROUP];
    int64_t key[URNC_GROUP];
    memset(U, 0, sizeof U); /* the last group of a short row leaves some as they were */
    for (int64_t g = g0; g < g1; g++) {
        if ((top && top[g] < urnc_order(noise->least)) || !load(view, g, x)) continue;
        noise_group(noise, g, view->n, U);
        if (scale.linear) {
            FOR_GROUP(i) y[i] = urnc_log2_of((double)urnc_positive(x[i]));
        } else {
            FOR_GROUP(i) y[i] = (double)(x[i] - scale.M) * (double)scale.c;
        }
        FOR_GROUP(i) {
            double z = y[i]; /* not above 0, so that bits order it */
            uint64_t b = urnc_bits_of_f64(z), most = urnc_bits_of_f64(-0x1p20);
            z = urnc_f64_of_bits(b < most ? b : most);
            int64_t k = urnc_floor_i64((z + urnc_gumbel(U[i])) * 0x1p40);
            int64_t out = 0 - (int64_t)(x[i] < noise->least);
            key[i] = (k & ~out) | (INT64_MIN & out);
        }
        int64_t largest = INT64_MIN;
        FOR_GROUP(i) largest = key[i] > largest ? key[i] : largest;
        if (largest == INT64_MIN || (best->at >= 0 && largest <= best->key)) continue;
        int i = 0;
        while (key[i] != largest) i++;
        best->key = largest;
        best->at = g * URNC_GROUP + i;
    }
}

static int32_t count_above(const int32_t order[URNC_GROUP], int32_t bound) {
    int32_t above = 0;
    FOR_GROUP(i) above += order[i] > bound;
    return above;
}

/* How many of a group come before a query whose id is `at` elements after the group's first. */
static int32_t count_before(const int32_t order[URNC_GROUP], int32_t wanted, int64_t at) {
    if (at >= URNC_GROUP) return count_above(order, wanted - 1); /* equal values come before it too */
    int32_t before = count_above(order, wanted);
    for (int i = 0; i < at; i++) before += order[i] == wanted;
    return before;
}

static void ranks(const urnc_view *view, const urnc_queries *queries, int64_t g0, int64_t g1, const int32_t *top,
                  uint32_t *before) {
    float x[URNC_GROUP];
    int32_t order[URNC_GROUP], least = queries->order[queries->n - 1];
    for (int64_t g = g0; g < g1; g++) {
        if (top[g] < least || !load(view, g, x)) continue;
        FOR_GROUP(i) order[i] = urnc_order(x[i]);
        for (int q = queries->n; q-- > 0 && queries->order[q] <= top[g];)
            before[q] += (uint32_t)count_before(order, queries->order[q], queries->id[q] - g * URNC_GROUP);
    }
}

static void shares(const uint64_t weight[URNC_GROUP], double Z, float share[URNC_GROUP]) {
    FOR_GROUP(i) share[i] = (float)((double)weight[i] / Z);
}

static void nonzero(const uint64_t weight[URNC_GROUP], uint32_t words[URNC_WORDS]) {
    int32_t flag[URNC_GROUP];
    FOR_GROUP(i) flag[i] = weight[i] > 0 ? -1 : 0;
    put_bits(flag, words);
}

static void process(const urnc_view *view, urnc_processing how, float T, int64_t g, float out[URNC_GROUP]) {
    float x[URNC_GROUP];
    if (!load(view, g, x)) {
        FOR_GROUP(i) out[i] = -INFINITY;
    } else if (how == URNC_PROCESS_DIVIDE) {
        FOR_GROUP(i) out[i] = x[i] / T; /* -inf stays */
    } else if (how == URNC_PROCESS_COPY) {
        FOR_GROUP(i) out[i] = x[i];
    } else {
        FOR_GROUP(i) out[i] = x[i] > 0.0f ? (float)(urnc_log2_of((double)x[i]) * URN_LN2) : -INFINITY;
    }
}

static const struct urnc_output_loops output_loops = {gumbel, ranks, shares, nonzero, process};
