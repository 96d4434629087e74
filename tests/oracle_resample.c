/* oracle_resample.c - every scheme of urn_resample, row by row (bits_resample.h, section 3). */
#include "tests/oracle_resample.h"

#include <math.h>

static double nan64(void) {
    uint64_t bits = URN_NAN_BITS_F64;
    double v;
    memcpy(&v, &bits, 8);
    return v;
}

/* ---- section 3 ---- */

typedef struct job {
    const urn_resample_params *p;
    oracle_row_weights *w;
    int64_t r, m, n, slot, pin; /* m: outputs; slot -1: no pin */
    uint64_t key;
    uint32_t position;
    int64_t *count; /* [n] o */
    int64_t *a;     /* [m] ancestors */
    oracle_wide *f; /* [n] M w_i mod T */
} job;

static oracle_philox block(const job *j, int64_t index, uint32_t draw, uint32_t stream) {
    return oracle_block(j->key, (uint32_t)index, draw, j->position, stream);
}

static oracle_philox plain(const job *j, int64_t index) { return block(j, index, 0, URN_STREAM_RESAMPLE); }
static oracle_wide mass(const job *j, int64_t i) { return (oracle_wide)j->m * j->w->w[i]; }
static int64_t whole(const job *j, int64_t i) { return (int64_t)(mass(j, i) / j->w->t); }
static oracle_wide rest(const job *j, int64_t i) { return j->f[i]; }

/* Systematic with offset r, stratified, residual stratified: cumulated counts. */
static void by_sums(job *j, int32_t scheme, oracle_wide r) {
    oracle_wide s = 0, t = j->w->t;
    int64_t before = 0, wholes = 0;
    for (int64_t i = 0; i < j->n; i++) {
        s += j->w->w[i];
        wholes += whole(j, i);
        oracle_wide ms = (oracle_wide)j->m * s, f = ms % t;
        int64_t k = (int64_t)(ms / t), c = k;
        if (scheme == URN_RESAMPLE_SYSTEMATIC) c = (int64_t)((ms + r) / t);
        if (scheme == URN_RESAMPLE_STRATIFIED) c += f > 0 && oracle_pick(j->w, plain(j, k), t) < f;
        if (scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED) c += f > 0 && oracle_pick(j->w, plain(j, k - wholes), t) < f;
        j->count[i] = c - before;
        before = c;
    }
}

static void residual(job *j) {
    int64_t left = j->m;
    for (int64_t i = 0; i < j->n; i++) left -= j->count[i] = whole(j, i);
    for (int64_t k = 0; k < left; k++) {
        oracle_wide r = oracle_wide_pick(plain(j, k), (oracle_wide)left * j->w->t), s = rest(j, 0);
        int64_t i = 0;
        while (s <= r) s += rest(j, ++i);
        j->count[i]++;
    }
}

typedef struct carried {
    int64_t item;
    oracle_wide f;
} carried;

static carried pair_up(job *j, int l, int64_t k) {
    carried none = {-1, 0}, leaf = {k, 0};
    if (k << l >= j->n) return none;
    if (l == 0) {
        leaf.f = rest(j, k);
        return leaf;
    }
    carried a = pair_up(j, l - 1, 2 * k), b = pair_up(j, l - 1, 2 * k + 1);
    if (b.f == 0) return a;
    if (a.f == 0) return b;
    oracle_wide s = a.f + b.f, t = j->w->t;
    oracle_philox words = block(j, k, (uint32_t)l, URN_STREAM_PAIRS);
    if (s < t) {
        carried on = oracle_pick(j->w, words, s) < a.f ? a : b;
        on.f = s;
        return on;
    }
    int first = oracle_pick(j->w, words, 2 * t - s) < t - b.f;
    j->count[first ? a.item : b.item]++;
    carried on = first ? b : a;
    on.f = s - t;
    return on;
}

static void ssp(job *j) {
    int levels = 0;
    for (int64_t i = 0; i < j->n; i++) j->count[i] = whole(j, i);
    while (INT64_C(1) << levels < j->n) levels++;
    carried root = pair_up(j, levels, 0);
    UT_ASSERT(root.f == 0, "the root of SSP carries a fraction");
}

static void minimum_error(job *j) {
    int64_t left = j->m;
    unsigned char *done = (unsigned char *)ut_malloc((size_t)j->n);
    memset(done, 0, (size_t)j->n);
    for (int64_t i = 0; i < j->n; i++) left -= j->count[i] = whole(j, i);
    for (; left > 0; left--) {
        int64_t best = -1;
        for (int64_t i = 0; i < j->n; i++) {
            if (!done[i] && (best < 0 || rest(j, i) > rest(j, best))) best = i;
        }
        done[best] = 1;
        j->count[best]++;
    }
    free(done);
}

static int64_t drawn(const job *j, int64_t m, uint32_t draw) {
    return oracle_first_above(j->w, oracle_pick(j->w, block(j, m, draw, URN_STREAM_RESAMPLE), j->w->t));
}

static int64_t killed_or_kept(const job *j, int64_t m) {
    return oracle_pick(j->w, plain(j, m), j->w->top) < j->w->w[m] ? m : drawn(j, m, 1);
}

static int64_t chain(const job *j, int64_t m) {
    const urn_resample_params *p = j->p;
    uint64_t n = (uint64_t)j->n, k = (uint64_t)(m % j->n), segment = (uint64_t)p->segment;
    for (int32_t b = 0; b < p->iterations; b++) {
        oracle_philox own = block(j, m, (uint32_t)b, URN_STREAM_CHAIN);
        uint64_t u = oracle_head(own), v = oracle_tail(own), to = oracle_times(u, n);
        if (p->scheme == URN_RESAMPLE_METROPOLIS_C1 || p->scheme == URN_RESAMPLE_METROPOLIS_C2) {
            uint32_t step = p->scheme == URN_RESAMPLE_METROPOLIS_C1 ? 0 : (uint32_t)b;
            uint64_t us = oracle_head(block(j, m / 32, step, URN_STREAM_SEGMENT));
            to = oracle_times(us, n / segment) * segment + oracle_times(u, segment);
        }
        if (p->scheme == URN_RESAMPLE_MEGOPOLIS) {
            uint64_t us = oracle_head(block(j, 0, (uint32_t)b, URN_STREAM_SEGMENT));
            to = ((uint64_t)m + oracle_times(us, n)) % n;
        }
        if (p->scheme == URN_RESAMPLE_REJECTION) {
            if (b == 0) to = (uint64_t)m % n;
            if (oracle_times(v, j->w->top) < j->w->w[to]) return (int64_t)to;
        } else if (oracle_times(v, j->w->w[k]) < j->w->w[to]) {
            k = to;
        }
    }
    return p->scheme == URN_RESAMPLE_REJECTION ? drawn(j, m, 0) : (int64_t)k;
}

/* Outputs turned by `by`, so that output `from` lands at the pin's slot. */
static void turn(job *j, int64_t from) {
    int64_t *old = (int64_t *)memcpy(ut_malloc(8 * (size_t)j->m), j->a, 8 * (size_t)j->m);
    for (int64_t k = 0; k < j->m; k++) j->a[(((k - from + j->slot) % j->m) + j->m) % j->m] = old[k];
    free(old);
}

static void spread(job *j) { /* counts to ancestors in increasing order */
    int64_t at = 0;
    for (int64_t i = 0; i < j->n; i++) {
        for (int64_t k = 0; k < j->count[i] && at < j->m; k++) j->a[at++] = i;
    }
    while (at < j->m) j->a[at++] = -1;
}

static void pinned_systematic(job *j) {
    oracle_wide t = j->w->t, a = mass(j, j->pin), q = a / t, f = a % t, before = 0;
    oracle_wide y = oracle_wide_pick(block(j, 0, 4, URN_STREAM_RESAMPLE), a), z = q * (t - f), r, c;
    if (y < z) r = y / q, c = y % q;
    if (y >= z) r = t - f + (y - z) / (q + 1), c = (y - z) % (q + 1);
    for (int64_t i = 0; i < j->pin; i++) before += j->w->w[i];
    oracle_wide r0 = (r + t - (oracle_wide)j->m * before % t) % t;
    by_sums(j, URN_RESAMPLE_SYSTEMATIC, r0);
    int64_t first = 0;
    for (int64_t i = 0; i < j->pin; i++) first += j->count[i];
    spread(j);
    turn(j, first + (int64_t)c);
}

static void pinned_killing(job *j) {
    oracle_wide y = oracle_wide_pick(block(j, 0, 4, URN_STREAM_RESAMPLE), (oracle_wide)j->n * j->w->top), d = 0;
    int64_t from = j->pin;
    for (int64_t i = 0; i < j->n; i++) {
        d += i == j->pin ? 0 : j->w->top - j->w->w[i];
        if (d > y) {
            from = i;
            break;
        }
    }
    for (int64_t m = 0; m < j->m; m++) j->a[m] = killed_or_kept(j, m);
    j->a[from] = j->pin;
    turn(j, from);
}

static void cap_weights(job *j) {
    oracle_row_weights *w = j->w;
    uint64_t low = 0, high = w->top;
    while (low < high) { /* the left side minus the right is convex in t and 0 at 0: what holds, holds below too */
        uint64_t t = low + (high - low + 1) / 2;
        oracle_wide sum = 0;
        for (int64_t i = 0; i < j->n; i++) sum += w->w[i] < t ? w->w[i] : t;
        if ((oracle_wide)j->m * t <= (oracle_wide)j->p->cap * sum)
            low = t;
        else
            high = t - 1;
    }
    if (low == 0) w->status = URN_ROW_PARAM, oracle_weights_conclude(w);
    w->t = 0;
    w->top = 0;
    for (int64_t i = 0; i < j->n; i++) {
        w->w[i] = w->w[i] < low ? w->w[i] : low;
        w->t += w->w[i];
        w->top = w->w[i] > w->top ? w->w[i] : w->top;
    }
}

static void run_scheme(job *j) {
    int by_count = 1;
    switch (j->p->scheme) {
    case URN_RESAMPLE_SYSTEMATIC:
    case URN_RESAMPLE_RESIDUAL_SYSTEMATIC:
        if (j->slot >= 0) {
            pinned_systematic(j);
            by_count = 0;
            break;
        }
        by_sums(j, URN_RESAMPLE_SYSTEMATIC, oracle_pick(j->w, plain(j, 0), j->w->t));
        break;
    case URN_RESAMPLE_STRATIFIED:
    case URN_RESAMPLE_RESIDUAL_STRATIFIED:
        by_sums(j, j->p->scheme, 0);
        break;
    case URN_RESAMPLE_MULTINOMIAL_SORTED:
        for (int64_t m = 0; m < j->m; m++) j->count[drawn(j, m, 0)]++;
        break;
    case URN_RESAMPLE_RESIDUAL:
        residual(j);
        break;
    case URN_RESAMPLE_SSP:
        ssp(j);
        break;
    case URN_RESAMPLE_BRANCHING:
        for (int64_t i = 0; i < j->n; i++) {
            j->count[i] = whole(j, i) + (rest(j, i) > 0 && oracle_pick(j->w, plain(j, i), j->w->t) < rest(j, i));
        }
        break;
    case URN_RESAMPLE_MINIMUM_ERROR:
        minimum_error(j);
        break;
    default:
        by_count = 0;
        if (j->p->scheme == URN_RESAMPLE_KILLING && j->slot >= 0) {
            pinned_killing(j);
            break;
        }
        for (int64_t m = 0; m < j->m; m++) {
            if (j->p->scheme == URN_RESAMPLE_MULTINOMIAL)
                j->a[m] = m == j->slot ? j->pin : drawn(j, m, 0);
            else if (j->p->scheme == URN_RESAMPLE_KILLING)
                j->a[m] = killed_or_kept(j, m);
            else
                j->a[m] = chain(j, m);
        }
    }
    if (by_count) spread(j);
    if (by_count) return;
    memset(j->count, 0, 8 * (size_t)j->n);
    for (int64_t m = 0; m < j->m; m++) j->count[j->a[m]]++;
}

static double element(const urn_weights *w, const void *data, int64_t i) {
    return w->type == URN_WEIGHT_LOG_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* The log-weight of output m, or the bits of its weight where the row did not resample. */
static void put_lw(const job *j, int64_t to, int64_t a, int held) {
    const urn_resample_params *p = j->p;
    size_t size = p->weights.type == URN_WEIGHT_LOG_F32 ? 4 : 8;
    if (held) {
        memcpy((char *)p->lw_out + (size_t)to * size, (const char *)p->weights.data + (size_t)(j->w->first + a) * size,
               size);
        return;
    }
    double v = nan64();
    if (a >= 0) {
        v = j->w->stats.log_mean;
        if (p->law)
            v = (element(&p->weights, p->weights.data, j->w->first + a) -
                 element(&p->weights, p->law, j->w->first + a)) +
                v;
    }
    if (isnan(v)) v = nan64();
    if (size == 8) {
        ((double *)p->lw_out)[to] = v;
    } else {
        uint32_t bits = URN_NAN_BITS;
        float f = (float)v;
        memcpy((float *)p->lw_out + to, isnan(v) ? (const void *)&bits : (const void *)&f, 4);
    }
}

/* A wrong parameter, known before the row is read. */
static int wrong_parameter(const job *j) {
    const urn_resample_params *p = j->p;
    float threshold = p->threshold ? p->threshold[j->r] : p->threshold_value;
    if (j->m < 0 || j->m > p->outputs || !(threshold >= 0)) return 1;
    if (p->scheme == URN_RESAMPLE_KILLING && j->m != j->n) return 1;
    if ((p->scheme == URN_RESAMPLE_METROPOLIS_C1 || p->scheme == URN_RESAMPLE_METROPOLIS_C2) && j->n % p->segment)
        return 1;
    if (j->slot == -1) return 0;
    return j->slot < 0 || j->slot >= j->m || j->pin < 0 || j->pin >= j->n;
}

static void run_row(const urn_resample_params *p, int64_t r) {
    job j;
    memset(&j, 0, sizeof j);
    j.p = p;
    j.r = r;
    j.w = oracle_weights_of(&p->weights, p->law ? p->law : p->weights.data, r);
    j.n = j.w->n;
    j.m = p->outputs_row ? p->outputs_row[r] : p->outputs;
    j.slot = p->pin_slot ? p->pin_slot[r] : -1;
    j.pin = p->pin_ancestor ? p->pin_ancestor[r] : 0;
    int bad_place = p->output_offsets && oracle_bad_offsets(p->output_offsets, r, p->output_size);
    int bad_items = j.w->status == URN_ROW_INDEX;
    int64_t to = r * (p->outputs_stride ? p->outputs_stride : p->outputs), room = p->outputs;
    if (p->output_offsets) {
        to = p->output_offsets[r];
        room = bad_place ? 0 : p->output_offsets[r + 1] - to;
        j.m = room;
    }
    j.position = p->position ? p->position[r] : p->position_value;
    j.key = oracle_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
    int held = 0;
    if (bad_place || bad_items)
        j.w->status = URN_ROW_INDEX;
    else if (wrong_parameter(&j))
        j.w->status = URN_ROW_PARAM;
    if (j.w->status) oracle_weights_conclude(j.w);
    if (!j.w->status && j.slot >= 0 && j.w->w[j.pin] == 0) j.w->status = URN_ROW_PARAM, oracle_weights_conclude(j.w);
    float threshold = p->threshold ? p->threshold[r] : p->threshold_value;
    held = !j.w->status && j.slot == -1 && j.m == j.n && !(threshold >= URN_RESAMPLE_ALWAYS) &&
           !(j.w->stats.ess < (double)threshold * (double)j.n);
    if (!j.w->status && !held && p->cap && j.m) cap_weights(&j);
    j.count = (int64_t *)memset(ut_malloc(8 * (size_t)j.n), 0, 8 * (size_t)j.n);
    j.a = (int64_t *)ut_malloc(8 * (size_t)room);
    j.f = (oracle_wide *)ut_malloc(16 * (size_t)j.n);
    for (int64_t m = 0; m < room; m++) j.a[m] = -1;
    int64_t produced = 0;
    if (!j.w->status) {
        for (int64_t i = 0; i < j.n; i++) j.f[i] = mass(&j, i) % j.w->t;
        for (int64_t i = 0; held && i < j.n; i++) j.count[i] = 1, j.a[i] = i;
        if (!held) run_scheme(&j);
        for (int64_t i = 0; i < j.n; i++) produced += j.count[i];
    }
    for (int64_t m = 0; m < room; m++) {
        if (p->ancestors) p->ancestors[to + m] = (int32_t)j.a[m];
        if (p->lw_out) put_lw(&j, to + m, j.a[m], held && j.a[m] >= 0);
    }
    if (p->offspring && !bad_items) {
        int64_t at = p->weights.offsets ? j.w->first : r * p->weights.items;
        for (int64_t i = 0; i < j.n; i++) p->offspring[at + i] = (int32_t)j.count[i];
    }
    if (p->produced) p->produced[r] = (int32_t)produced;
    int resampled = !j.w->status && !held;
    if (p->resampled) p->resampled[r] = resampled;
    j.w->stats.resampled = resampled;
    if (p->stats) p->stats[r] = j.w->stats;
    if (p->status) p->status[r] = j.w->status;
    free(j.count);
    free(j.a);
    free(j.f);
    oracle_weights_free(j.w);
}

void oracle_resample(const urn_resample_params *p) {
    for (int64_t r = 0; r < p->weights.rows; r++) run_row(p, r);
}
