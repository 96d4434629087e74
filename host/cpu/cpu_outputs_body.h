/* cpu_outputs_body.h - loops for draws by keys and for whole rows; included at the end of cpu_loops_body.h. */
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_philox_body.h"

/* Two uniforms of 64 bits a block of {index[i], draw, position, GUMBEL}. */
static void noise_blocks(const urnc_noise *noise, const uint32_t index[BLOCKS], uint64_t even[BLOCKS],
                         uint64_t odd[BLOCKS]) {
    uint32_t draw[BLOCKS], word[4][BLOCKS];
    for (int i = 0; i < BLOCKS; i++) draw[i] = noise->draw;
    philox_blocks(noise->key, index, draw, noise->position, URN_STREAM_GUMBEL, word);
    for (int i = 0; i < BLOCKS; i++) {
        even[i] = word[0][i] | (uint64_t)word[1][i] << 32;
        odd[i] = word[2][i] | (uint64_t)word[3][i] << 32;
    }
}

/* The uniforms of group g's ids. Where ids are numbers from an even one on, two neighbours share a block; others need
 * not, so each of them takes its own and drops half. */
static void noise_group(const urnc_noise *noise, int64_t g, int64_t n, uint64_t U[URNC_GROUP]) {
    uint32_t index[BLOCKS];
    uint64_t even[BLOCKS], odd[BLOCKS];
    int64_t first = g * URNC_GROUP;
    if (!noise->id && noise->first % 2 == 0) {
        for (int i = 0; i < BLOCKS; i++) index[i] = (uint32_t)((noise->first + first) / 2) + (uint32_t)i;
        noise_blocks(noise, index, even, odd);
        for (int i = 0; i < BLOCKS; i++) {
            U[2 * i] = even[i];
            U[2 * i + 1] = odd[i];
        }
        return;
    }
    for (int half = 0; half < URNC_GROUP && first + half < n; half += BLOCKS) {
        uint32_t id[BLOCKS];
        int64_t many = n - first - half < BLOCKS ? n - first - half : BLOCKS;
        for (int i = 0; i < BLOCKS; i++) {
            int64_t number = first + half + i;
            id[i] = (uint32_t)(noise->first + (noise->id ? i < many ? noise->id[number] : 0 : number));
            index[i] = id[i] >> 1;
        }
        noise_blocks(noise, index, even, odd);
        for (int i = 0; i < BLOCKS; i++) U[half + i] = id[i] & 1 ? odd[i] : even[i];
    }
}

static int keys_of_group(const urnc_view *view, urnc_scale scale, const urnc_noise *noise, int64_t g,
                         const int32_t *top, int64_t key[URNC_GROUP]) {
    float x[URNC_GROUP];
    uint64_t U[URNC_GROUP];
    double y[URNC_GROUP];
    if ((top && top[g] < urnc_order(noise->least)) || !load(view, g, x)) return 0;
    if (view->n - g * URNC_GROUP < URNC_GROUP) memset(U, 0, sizeof U); /* noise_group leaves some as they were */
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
    return 1;
}

static void gumbel(const urnc_view *view, urnc_scale scale, const urnc_noise *noise, int64_t g0, int64_t g1,
                   const int32_t *top, urnc_best *best) {
    int64_t key[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        if (!keys_of_group(view, scale, noise, g, top, key)) continue;
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

static const struct urnc_output_loops output_loops = {keys_of_group, gumbel, ranks, shares, nonzero, process};
