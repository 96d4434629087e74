/* oracle_choices.c - beams that go on, choices of a fixed size, permutations, resamples, fields. */
#include "tests/oracle_choices.h"

#include <math.h>

static uint64_t head(oracle_philox b) { return b.word[0] | (uint64_t)b.word[1] << 32; }
static uint64_t tail(oracle_philox b) { return b.word[2] | (uint64_t)b.word[3] << 32; }
static uint64_t high_of(uint64_t a, uint64_t b) { return (uint64_t)((oracle_wide)a * b >> 64); }

/* ---- T7 ---- */

void oracle_beam_select(const urn_beam_select_params *p) {
    int64_t each = (int64_t)p->beams * p->k;
    unsigned char *gone = (unsigned char *)ut_malloc((size_t)each);
    for (int64_t g = 0; g < p->groups; g++) {
        int32_t found = 0;
        memset(gone, 0, (size_t)each);
        for (int32_t j = 0; j < p->width; j++) {
            int64_t best = -1, at = g * p->width + j;
            uint64_t nan = URN_NAN_BITS_F64;
            for (int64_t i = 0; i < each; i++) {
                if (gone[i] || p->ids[g * each + i] == -1) continue;
                if (best < 0 || p->beam_keys[g * each + i] > p->beam_keys[g * each + best]) best = i;
            }
            if (best >= 0) gone[best] = 1;
            found += best >= 0;
            if (p->parent) p->parent[at] = best < 0 ? -1 : (int32_t)(best / p->k);
            if (p->next_ids) p->next_ids[at] = best < 0 ? -1 : p->ids[g * each + best];
            if (p->key) p->key[at] = best < 0 ? INT64_MIN : p->beam_keys[g * each + best];
            if (p->logprob && best >= 0) p->logprob[at] = p->beam_logprob[g * each + best];
            if (p->logprob && best < 0) memcpy(p->logprob + at, &nan, 8);
        }
        if (p->found) p->found[g] = found;
    }
    free(gone);
}

/* ---- T8 ---- */

static void solve(const uint64_t *w, int64_t n, int64_t k, uint64_t *p) {
    int64_t positive = 0, m = 0;
    for (int64_t i = 0; i < n; i++) positive += w[i] > 0;
    if (positive <= k) {
        for (int64_t i = 0; i < n; i++) p[i] = w[i] ? URN_FIXED_ONE : 0;
        return;
    }
    uint64_t low = 1, high = UINT64_C(1) << 40, s = 0, before = 0;
    while (low < high) { /* S >= (k - m) t, as sum of min(w, t) >= k t, holds up to the t that is wanted */
        uint64_t t = low + (high - low + 1) / 2;
        oracle_wide sum = 0;
        for (int64_t i = 0; i < n; i++) sum += w[i] < t ? w[i] : t;
        if (sum >= (oracle_wide)(uint64_t)k * t)
            low = t;
        else
            high = t - 1;
    }
    for (int64_t i = 0; i < n; i++) {
        if (w[i] > low)
            m++;
        else
            s += w[i];
    }
    oracle_wide sum = 0;
    for (int64_t i = 0; i < n; i++) {
        p[i] = URN_FIXED_ONE;
        if (w[i] > low) continue;
        sum += w[i];
        oracle_wide x = (oracle_wide)(uint64_t)(k - m) * sum;
        uint64_t q = (uint64_t)(x / s << 62) + (uint64_t)((x % s << 62) / s);
        p[i] = q - before; /* both are taken mod 2^64; their difference is not above ONE */
        before = q;
    }
}

void oracle_inclusion(const urn_inclusion_params *params) {
    int64_t n = params->cols, stride = params->weights_stride ? params->weights_stride : n;
    uint64_t *w = (uint64_t *)ut_malloc(8 * (size_t)n);
    for (int64_t r = 0; r < params->rows; r++) {
        const float *x = params->weights + r * stride;
        uint64_t *p = params->p + r * (params->p_stride ? params->p_stride : n);
        int64_t k = params->k_of_row ? params->k_of_row[r] : params->k;
        int32_t status = 0, below = 0;
        int e = 0;
        float most = 0;
        for (int64_t i = 0; i < n; i++) {
            if (isnan(x[i])) status |= URN_ROW_NAN;
            if (x[i] == INFINITY) status |= URN_ROW_INF;
            below |= x[i] < 0;
            most = x[i] > most ? x[i] : most;
            p[i] = 0;
        }
        if (k < 0 || k > params->k) status = URN_ROW_PARAM;
        if (!status && below) status = URN_ROW_PARAM;
        if (!status && most == 0) status = URN_ROW_EMPTY;
        if (!status) {
            if (frexpf(most, &e) == 0.5f) e--;
            for (int64_t i = 0; i < n; i++) w[i] = (uint64_t)floor(ldexp((double)x[i], 40 - e));
            solve(w, n, k, p);
        }
        if (params->status) params->status[r] = status;
    }
    free(w);
}

typedef struct chooser {
    const uint64_t *p;
    unsigned char *in;
    int64_t n;
    uint64_t key;
    uint32_t position;
} chooser;

typedef struct handed {
    int64_t id; /* -1: nothing */
    uint64_t p;
} handed;

static oracle_philox block(const chooser *c, uint64_t j, uint32_t draw) {
    return oracle_block(c->key, (uint32_t)j, draw, c->position, URN_STREAM_FIXED);
}

static handed meet(chooser *c, int64_t j, int h) {
    handed none = {-1, 0};
    if (j << h >= c->n) return none;
    if (h == 0) {
        handed leaf = {j, c->p[j]};
        if (c->p[j] == URN_FIXED_ONE) c->in[j] = 1;
        return c->p[j] == 0 || c->p[j] == URN_FIXED_ONE ? none : leaf;
    }
    handed a = meet(c, 2 * j, h - 1), b = meet(c, 2 * j + 1, h - 1);
    if (a.id < 0) return b;
    if (b.id < 0) return a;
    uint64_t s = a.p + b.p, u = head(block(c, (uint64_t)j, (uint32_t)h));
    if (s <= URN_FIXED_ONE) {
        handed on = high_of(u, s) < a.p ? a : b;
        on.p = s;
        if (s < URN_FIXED_ONE) return on;
        c->in[on.id] = 1;
        return none;
    }
    int first = high_of(u, 2 * URN_FIXED_ONE - s) < URN_FIXED_ONE - b.p;
    c->in[first ? a.id : b.id] = 1;
    handed on = first ? b : a;
    on.p = s - URN_FIXED_ONE;
    return on;
}

static void choose(chooser *c, int32_t method) {
    int levels = 0;
    memset(c->in, 0, (size_t)c->n);
    if (method == URN_FIXED_PIVOTAL) {
        while (INT64_C(1) << levels < c->n) levels++;
        handed root = meet(c, 0, levels);
        if (root.id >= 0) c->in[root.id] = head(block(c, 0, 63)) >> 2 < root.p;
        return;
    }
    uint64_t r = head(block(c, 0, 65)) >> 2, s = 0;
    for (int64_t i = 0; i < c->n; i++) {
        if (method == URN_FIXED_POISSON) {
            oracle_philox b = block(c, (uint64_t)i >> 1, 64);
            c->in[i] = (i & 1 ? tail(b) : head(b)) >> 2 < c->p[i];
        } else {
            c->in[i] = c->p[i] && (s + r) >> 62 != (s + c->p[i] + r) >> 62;
            s += c->p[i];
        }
    }
}

void oracle_fixed(const urn_fixed_params *params) {
    uint32_t nan = URN_NAN_BITS;
    for (int64_t r = 0; r < params->rows; r++) {
        chooser c = {params->p + r * (params->p_stride ? params->p_stride : params->cols),
                     (unsigned char *)ut_malloc((size_t)params->cols), params->cols,
                     oracle_row_key(params->seed ? params->seed[r] : params->seed_value,
                                    params->label ? params->label[r] : (uint64_t)r),
                     params->position ? params->position[r] : params->position_value};
        int32_t status = 0, found = 0;
        for (int64_t i = 0; i < c.n; i++) status |= c.p[i] > URN_FIXED_ONE ? URN_ROW_PARAM : 0;
        if (!status)
            choose(&c, params->method);
        else
            memset(c.in, 0, (size_t)c.n);
        for (int64_t j = 0; j < params->room; j++) {
            if (params->ids) params->ids[r * params->room + j] = -1;
            if (params->weight) memcpy(params->weight + r * params->room + j, &nan, 4);
        }
        for (int64_t word = 0; params->bits && word < (c.n + 31) / 32; word++)
            params->bits[r * params->bits_stride + word] = 0;
        for (int64_t i = 0; i < c.n; i++) {
            if (!c.in[i]) continue;
            int64_t at = r * params->room + found;
            if (params->bits) params->bits[r * params->bits_stride + i / 32] |= UINT32_C(1) << (i % 32);
            if (found++ >= params->room) continue;
            if (params->ids) params->ids[at] = (int32_t)i;
            if (params->weight) params->weight[at] = (float)(0x1p62 / (double)c.p[i]);
        }
        if (params->found) params->found[r] = found;
        if (params->status) params->status[r] = status;
        free(c.in);
    }
}

/* ---- T9 ---- */

static int64_t permuted(uint64_t key, uint32_t position, int64_t n, int64_t x, int inverse) {
    int q = 2;
    while (INT64_C(1) << q < n) q++;
    int l = q / 2, m = q - l;
    do {
        uint64_t a = (uint64_t)x >> l, b = (uint64_t)x & ((UINT64_C(1) << l) - 1);
        for (int step = 0; step < URN_PERMUTE_ROUNDS; step++) {
            uint32_t r = (uint32_t)(inverse ? URN_PERMUTE_ROUNDS - 1 - step : step);
            uint32_t f = oracle_block(key, (uint32_t)(r % 2 ? a : b), r, position, URN_STREAM_UNIFORM).word[0];
            if (r % 2)
                b ^= f & ((UINT64_C(1) << l) - 1);
            else
                a ^= f & ((UINT64_C(1) << m) - 1);
        }
        x = (int64_t)(a << l | b);
    } while (x >= n);
    return x;
}

void oracle_permute(const urn_permute_params *p) {
    uint64_t key = oracle_row_key(p->seed, p->label);
    for (int64_t j = 0; j < p->count; j++) {
        int64_t x = p->index ? p->index[j] : p->first + j;
        p->out[j] = x < 0 || x >= p->n ? -1 : permuted(key, p->position, p->n, x, p->inverse);
    }
}

void oracle_bootstrap(const urn_bootstrap_params *p) {
    for (int64_t r = 0; r < p->rows; r++) {
        uint64_t key = oracle_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
        uint32_t position = p->position ? p->position[r] : p->position_value;
        for (int64_t i = 0; p->counts && i < p->n; i++) p->counts[r * p->n + i] = 0;
        for (int64_t j = 0; j < p->draws; j++) {
            oracle_philox b = oracle_block(key, (uint32_t)(j >> 1), 16, position, URN_STREAM_UNIFORM);
            int64_t id = (int64_t)high_of(j & 1 ? tail(b) : head(b), (uint64_t)p->n);
            if (p->ids) p->ids[r * p->draws + j] = (int32_t)id;
            if (p->counts) p->counts[r * p->n + id]++;
        }
    }
}

void oracle_field(const urn_field_params *p) {
    for (int64_t r = 0; r < p->rows; r++) {
        uint64_t key = oracle_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
        uint64_t chance = p->p ? p->p[r] : p->p_value;
        uint32_t position = p->position ? p->position[r] : p->position_value, *bits = p->bits + r * p->bits_stride;
        int wrong = chance > UINT64_C(1) << 32;
        for (int64_t word = 0; word < (p->n + 31) / 32; word++) bits[word] = 0;
        for (int64_t i = 0; i < p->n && !wrong; i++) {
            oracle_philox b = oracle_block(key, (uint32_t)(i >> 2), 32, position, URN_STREAM_UNIFORM);
            if (b.word[i % 4] < chance) bits[i / 32] |= UINT32_C(1) << (i % 32);
        }
        if (p->status) p->status[r] = wrong ? URN_ROW_PARAM : 0;
    }
}
