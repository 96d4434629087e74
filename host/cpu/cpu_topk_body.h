/* cpu_topk_body.h - loops that look for the first k; included at the end of cpu_loops_body.h. */
#include "host/cpu/cpu_topk.h"

static int orders(const urnc_view *view, int64_t g, int least_first, int32_t bound, int32_t order[URNC_GROUP],
                  uint32_t words[URNC_WORDS], int32_t *nans) {
    float x[URNC_GROUP];
    int32_t turn = least_first ? -1 : 0, flag[URNC_GROUP], any = 0, wrong = 0;
    int64_t n = view->n - g * URNC_GROUP;
    if (!load(view, g, x)) return 0;
    FOR_GROUP(i) {
        int32_t o = urnc_order(x[i]);
        int32_t nan = -(int32_t)((o > URNC_ORDER_INF) | (o < URNC_ORDER_MINUS_INF));
        wrong |= nan;
        o = ((o & ~nan) | (INT32_MAX & nan)) ^ turn;
        order[i] = o;
        flag[i] = -(int32_t)(o >= bound);
        any |= flag[i];
    }
    *nans |= wrong;
    if (!any) return 0;
    for (int64_t i = n; i < URNC_GROUP; i++) flag[i] = 0;
    for (int w = 0; w < URNC_WORDS; w++) words[w] = pack(flag + 32 * w);
    return 1;
}

/* A key y + G reaches k iff E <= t, t = 2^(y - k), and E is -log2 of a uniform whose distance from 1 is then at most t
 * * ln 2. So iff ~U <= t * ln2 * 2^64, and then the high words say no less: floor(~h / 2) <= t * ln2 * 2^31 or so. */
#define NEAR_BASE 30.4712337f /* 31 and the log2 of ln 2 */
#define NEAR_SLACK 1e-4f

/* Whether z = y - k, with all that it may be too small by, lets the uniform with high word h in. z may be anything but
 * NaN. */
static inline int32_t is_near(float z, uint32_t h) {
    z = z + NEAR_BASE;
    z = z < -100.0f ? -100.0f : z;
    z = z > 100.0f ? 100.0f : z;
    float t = z + URN_ROUND_MAGIC;
    float v = urnc_exp2_poly(z - (t - URN_ROUND_MAGIC));
    float most = urnc_f32_of_bits(urnc_bits_of_f32(v) + ((urnc_bits_of_f32(t) - URNC_ROUND_MAGIC_BITS) << 23));
    return -(int32_t)((float)(int32_t)(~h >> 1) <= most);
}

static int near_keys(const urnc_view *view, urnc_scale scale, const urnc_noise *noise, int64_t g, const int32_t *top,
                     int64_t bound, uint64_t U[URNC_GROUP], uint32_t words[URNC_WORDS]) {
    float x[URNC_GROUP];
    int32_t flag[URNC_GROUP], any = 0;
    float k = bound < -(INT64_C(1) << 50) ? -1024.0f : (float)((double)bound * 0x1p-40) - NEAR_SLACK;
    if ((top && top[g] < urnc_order(noise->least)) || !load(view, g, x)) return 0;
    noise_group(noise, g, view->n, U); /* past the row's end x is below the least */
    FOR_GROUP(i) {
        float z = fmaf(x[i] - scale.M, scale.c, -k);
        z = z < -1024.0f ? -1024.0f : z; /* -inf */
        flag[i] = is_near(z, (uint32_t)(U[i] >> 32)) & -(int32_t)(x[i] >= noise->least);
        any |= flag[i];
    }
    for (int w = 0; w < URNC_WORDS; w++) words[w] = pack(flag + 32 * w);
    return any != 0;
}

#include "host/cpu/cpu_items_body.h"

static const struct urnc_topk_loops topk_loops = {orders, near_keys, items};
