/* oracle_exact.c - the bits that bits.h asks for, with exact arithmetic: every fma is an exact 113-bit sum, rounded to
 * odd and then once to its type (Boldo and Melquiond 2008), every product of integers is 128 bits wide. */
#include <math.h>

#include "tests/oracle.h"

__extension__ typedef unsigned __int128 wide_int;
#if defined(__x86_64__)
__extension__ typedef __float128 wide;
#else
typedef long double wide; /* binary128 on the other 64-bit machines */
#endif

/* ---- Philox4x32-10 ---- */
oracle_philox oracle_block(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
    oracle_philox c = {{c0, c1, c2, c3}};
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)c.word[0] * 0xD2511F53u, b = (uint64_t)c.word[2] * 0xCD9E8D57u;
        oracle_philox next = {
            {(uint32_t)(b >> 32) ^ c.word[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c.word[3] ^ k1, (uint32_t)a}};
        c = next;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

static uint64_t first_two(oracle_philox block) { return block.word[0] | (uint64_t)block.word[1] << 32; }

uint64_t oracle_u64(uint64_t seed, uint64_t label, uint32_t draw, uint32_t position) {
    uint64_t key = first_two(oracle_block(seed, (uint32_t)label, (uint32_t)(label >> 32), 0, URN_STREAM_KEY));
    return first_two(oracle_block(key, 0, draw, position, URN_STREAM_DRAW));
}

/* ---- fused multiply-add without fma ---- */
static wide sum_to_odd(wide a, wide b) {
    wide sum = a + b, part = sum - a, rest = (a - (sum - part)) + (b - part);
    union {
        wide value;
        wide_int bits;
    } u;
    u.value = sum;
    if (rest != rest || rest == 0 || (u.bits & 1)) return sum; /* exact, not finite, or odd already */
    u.bits += (rest > 0) == (sum > 0) ? 1 : (wide_int)-1;
    return u.value;
}

static float fma32(float a, float b, float c) { return (float)sum_to_odd((wide)a * b, c); }
static double fma64(double a, double b, double c) { return (double)sum_to_odd((wide)a * b, c); }

/* floor(v * 2^s) of a float v >= 0, or its ceiling; results here are below 2^64. */
static uint64_t scaled(float v, int s, int up) {
    uint32_t bits;
    memcpy(&bits, &v, 4);
    uint64_t m = bits & 0x7fffff;
    int e = (int)(bits >> 23 & 255);
    if (e) m |= 0x800000;
    int shift = (e ? e : 1) - 150 + s;
    if (shift >= 0) return m << shift;
    if (shift <= -64) return up && m;
    uint64_t kept = m >> -shift;
    return kept + (up && kept << -shift != m);
}

/* ceil(p * Z) of p in [0, 1]. */
static uint64_t ceil_share(float p, uint64_t z) {
    uint32_t bits;
    memcpy(&bits, &p, 4);
    uint64_t m = bits & 0x7fffff;
    int e = (int)(bits >> 23 & 255), shift;
    if (e) m |= 0x800000;
    shift = 150 - (e ? e : 1);
    wide_int product = (wide_int)m * z;
    if (shift >= 128) return product != 0;
    return (uint64_t)((product + (((wide_int)1 << shift) - 1)) >> shift);
}

static double log2_of(uint64_t z) {
    static const double c[] = {URN_LOG2_C0, URN_LOG2_C1, URN_LOG2_C2, URN_LOG2_C3, URN_LOG2_C4,
                               URN_LOG2_C5, URN_LOG2_C6, URN_LOG2_C7, URN_LOG2_C8};
    int e = 0;
    while (z >> e > 1) e++;
    double m = ldexp((double)z, -e);
    if (m > URN_SQRT2) m = m * 0.5, e = e + 1;
    double s = (m - 1) / (m + 1), square = s * s, q = c[8];
    for (int k = 7; k >= 0; k--) q = fma64(q, square, c[k]);
    return fma64(s, q, e);
}

/* ---- an epoch ---- */
typedef struct epoch {
    float top, c;
    int greedy;
    uint64_t *w, z;
} epoch;

static int weight_of(const epoch *e, float x, uint64_t *w, uint64_t *surprise) {
    float d = x - e->top, t = fma32(d, e->c, URN_ROUND_MAGIC), n = t - URN_ROUND_MAGIC;
    *w = *surprise = 0;
    if (!(n >= -(float)URN_F)) return 0;
    float f = fma32(d, e->c, -n), v = URN_EXP2_E5;
    static const float p[] = {URN_EXP2_E4, URN_EXP2_E3, URN_EXP2_E2, URN_EXP2_E1, 1.0f};
    for (int k = 0; k < 5; k++) v = fma32(v, f, p[k]);
    float a = -(d * e->c), g = v * a;
    *w = scaled(v, URN_F + (int)n, 0);
    *surprise = scaled(fabsf(g), URN_F + (int)n, 0); /* g is never below -0 */
    return 1;
}

static int64_t first_of(const float *x, int64_t n, const unsigned char *kept) {
    int64_t best = -1;
    for (int64_t i = 0; i < n; i++) {
        if (kept[i] && (best < 0 || x[i] > x[best])) best = i;
    }
    return best;
}

static int epoch_begin(epoch *e, const float *x, int64_t n, unsigned char *kept, float temperature) {
    int64_t top = first_of(x, n, kept);
    if (top < 0) return 0;
    uint64_t surprise;
    e->top = x[top];
    e->c = temperature == 0 ? INFINITY : URN_LOG2E / temperature;
    e->greedy = isinf(e->c);
    e->z = 0;
    for (int64_t i = 0; i < n; i++) {
        if (e->greedy) kept[i] = i == top;
        e->w[i] = 0;
        if (!kept[i]) continue;
        if (e->greedy) e->w[i] = UINT64_C(1) << URN_F;
        if (!e->greedy) weight_of(e, x[i], e->w + i, &surprise);
        e->z += e->w[i];
    }
    return 1;
}

uint64_t oracle_weights(const float *x, int64_t n, const unsigned char *kept, float temperature, uint64_t *w) {
    unsigned char *copy = (unsigned char *)ut_malloc((size_t)n);
    memcpy(copy, kept, (size_t)n);
    epoch e = {0, 0, 0, w, 0};
    uint64_t z = epoch_begin(&e, x, n, copy, temperature) ? e.z : 0;
    free(copy);
    return z;
}

static void keep_by(const oracle_step *step, epoch *e, const int32_t *order, int64_t n, unsigned char *kept) {
    if (e->greedy) return;
    uint64_t need = 0, sum = 0;
    if (step->op == URN_OP_TOP_P) need = ceil_share(step->f, e->z);
    if (step->op == URN_OP_TOP_P && need == 0) need = 1;
    if (step->op == URN_OP_MIN_P) need = scaled(step->f, URN_F, 1);
    int64_t rank = 0;
    e->z = 0;
    for (int64_t j = 0; j < n; j++) {
        int32_t i = order[j];
        if (!kept[i]) continue;
        if (step->op == URN_OP_TOP_K) kept[i] = rank < step->k;
        if (step->op == URN_OP_TOP_P) kept[i] = sum < need;
        if (step->op == URN_OP_MIN_P) kept[i] = e->w[i] >= need;
        rank++;
        sum += e->w[i];
        if (kept[i]) e->z += e->w[i];
    }
}

/* Run the row's steps; on return `e` is the final epoch. 0: nothing is possible. */
static int run_row(const oracle_row *row, const int32_t *order, unsigned char *kept, epoch *e, double *logmass) {
    int64_t n = row->n;
    float temperature = 1.0f;
    double opened = 0;
    int open = 0;
    *logmass = 0;
    for (int32_t s = 0; s <= row->count; s++) {
        const oracle_step *step = s < row->count ? row->steps + s : NULL; /* NULL: the draw */
        int logit = step && step->op < URN_OP_TOP_K;
        if (logit && open) {
            *logmass += e->greedy ? 0 : log2_of(e->z) - opened;
            open = 0;
        }
        if (step && step->op == URN_OP_TEMPERATURE) temperature = temperature * step->f;
        for (int64_t i = 0; step && step->op == URN_OP_MASK && i < n; i++) {
            if (!(step->words[i / 32] >> (i % 32) & 1)) kept[i] = 0;
        }
        if (logit) continue;
        if (!open) {
            if (!epoch_begin(e, row->x, n, kept, temperature)) return 0;
            open = 1;
            opened = log2_of(e->z);
        }
        if (step) keep_by(step, e, order, n, kept);
    }
    *logmass += e->greedy ? 0 : log2_of(e->z) - opened;
    return 1;
}

static float log_of(const epoch *e, float x, double log2_z) {
    return (float)(((double)(x - e->top) * (double)e->c - log2_z) * URN_LN2);
}

/* The first i with prefix[i] > target; the last prefix is, and ids that are not kept add nothing to their neighbour's.
 */
static int64_t first_above(const uint64_t *prefix, int64_t n, uint64_t target) {
    int64_t below = -1, above = n - 1;
    while (above - below > 1) {
        int64_t middle = (below + above) / 2;
        if (prefix[middle] > target) above = middle;
        if (prefix[middle] <= target) below = middle;
    }
    return above;
}

static void draw_row(const oracle_row *row, int32_t draws, ut_draws *out, int64_t r) {
    int64_t n = row->n, count = 0;
    int32_t *order = oracle_order(row->x, n), *rank = (int32_t *)ut_malloc(4 * (size_t)n);
    unsigned char *kept = (unsigned char *)ut_malloc((size_t)n), *all = (unsigned char *)ut_malloc((size_t)n);
    epoch e = {0, 0, 0, (uint64_t *)ut_malloc(8 * (size_t)n), 0},
          raw = {0, 0, 0, (uint64_t *)ut_malloc(8 * (size_t)n), 0};
    double logmass;
    for (int64_t i = 0; i < n; i++) {
        rank[order[i]] = (int32_t)i;
        kept[i] = all[i] = row->x[i] > -INFINITY;
    }
    if (!run_row(row, order, kept, &e, &logmass)) {
        out->status[r] = URN_ROW_EMPTY;
    } else {
        epoch_begin(&raw, row->x, n, all, 1.0f);
        double l = log2_of(e.z) - URN_F, l_raw = log2_of(raw.z) - URN_F;
        uint64_t surprise = 0, w, part;
        for (int64_t i = 0; i < n; i++) {
            count += kept[i];
            if (!kept[i]) e.w[i] = 0;
            if (!kept[i] || e.greedy) continue;
            weight_of(&e, row->x[i], &w, &part);
            surprise += part;
        }
        uint64_t *prefix = e.w; /* the weights are not needed any more */
        for (int64_t i = 1; i < n; i++) prefix[i] += prefix[i - 1];
        out->status[r] = URN_ROW_OK;
        out->kept_count[r] = (int32_t)count;
        out->kept_logmass[r] = (float)(logmass * URN_LN2);
        out->lse[r] = (float)fma64(l_raw, URN_LN2, raw.top);
        out->entropy[r] = e.greedy ? 0.0f : (float)(((double)surprise / (double)e.z + l) * URN_LN2);
        for (int32_t j = 0; j < draws; j++) {
            uint64_t u = oracle_u64(row->seed, row->label, (uint32_t)j, row->position);
            uint64_t target = (uint64_t)((wide_int)u * e.z >> 64);
            int64_t id = first_above(prefix, n, target), at = r * draws + j;
            out->ids[at] = (int32_t)id;
            out->rank[at] = rank[id];
            out->logprob[at] = e.greedy ? 0.0f : log_of(&e, row->x[id], l);
            out->logprob_raw[at] = log_of(&raw, row->x[id], l_raw);
        }
    }
    free(order), free(rank), free(kept), free(all), free(e.w), free(raw.w);
}

ut_draws *oracle_draws(const ut_job *job) {
    size_t rows = (size_t)job->rows;
    int32_t draws = job->draws ? job->draws : 1;
    ut_draws *out = ut_draws_make(job->rows, draws);
    uint32_t nan_bits = URN_NAN_BITS;
    float nan;
    memcpy(&nan, &nan_bits, 4);
    for (size_t i = 0; i < rows * (size_t)draws; i++) {
        out->ids[i] = out->rank[i] = -1;
        out->logprob[i] = out->logprob_raw[i] = nan;
    }
    for (size_t r = 0; r < rows; r++) {
        out->lse[r] = out->entropy[r] = out->kept_logmass[r] = nan;
        out->kept_count[r] = 0;
        oracle_row *row = oracle_row_of(job, (int64_t)r);
        out->status[r] = row->status;
        if (row->status == URN_ROW_OK && row->n == 0) out->status[r] = URN_ROW_EMPTY;
        if (row->status == URN_ROW_OK && row->n > 0) draw_row(row, draws, out, (int64_t)r);
        oracle_row_free(row);
    }
    return out;
}
