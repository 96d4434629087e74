/* cpu_topk_outputs.c - what is said of a row's picks (bits_topk.h T3). */
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_topk.h"

/* The entry of pick j is place[j] of the row's: j, or by increasing id. Uses the first half of spare. */
static void find_places(const urnc_picks *a, int by_id) {
    urn_topk_record *by = a->spare, *spare = a->spare + a->found;
    for (int32_t j = 0; j < a->found; j++) {
        urn_topk_record record = {by_id ? -(int64_t)a->pick[j].id : 0, j};
        by[j] = record;
    }
    if (by_id) urnc_records_sort(by, a->found, spare, 1);
    for (int32_t e = 0; e < a->found; e++) spare[by[e].id].id = e;
    for (int32_t j = 0; j < a->found; j++) by[j].id = spare[j].id;
}

/* q of the probability that a key passes the threshold, as its log2. */
static double log2_inclusion(double y, int64_t threshold) {
    double u = urnc_exp2_of(y - (double)threshold * 0x1p-40), a = u * URN_LN2, q = 1.0 - urnc_exp2_of(-u);
    if (a < 0x1p-5) {
        double h = 1.0 - a * (1.0 / 5.0);
        h = 1.0 - (a * (1.0 / 4.0)) * h;
        h = 1.0 - (a * (1.0 / 3.0)) * h;
        h = 1.0 - (a * (1.0 / 2.0)) * h;
        q = a * h;
    }
    return urnc_log2_of(q);
}

static float inclusion(const urnc_picks *a, float x) {
    if (a->threshold == INT64_MIN) return 0.0f;
    double y = urnc_law_y(a->law, x);
    return urnc_nats(log2_inclusion(y > -0x1p20 ? y : -0x1p20, a->threshold));
}

/* Entries of pick j of a law; R is the mass before it. */
static void put_law(const urn_topk_params *p, const urnc_picks *a, int64_t to, const urnc_pick *pick, uint64_t R) {
    if (p->logprob) p->logprob[to] = urnc_law_logprob(a->law, pick->x);
    if (p->logmass) p->logmass[to] = R ? urnc_nats(urnc_log2(R) - urnc_log2(a->law->Z)) : -INFINITY;
    if (p->inclusion_logprob) p->inclusion_logprob[to] = inclusion(a, pick->x);
}

/* The key of child j of a beam, given that the first child arrives with its parent (bits_topk.h T7). */
static int64_t beam_key(const urnc_picks *a, int32_t j, int64_t parent, double b) {
    double o = b * URN_LOG2E_F64 - a->law->L, T = (double)parent * 0x1p-40;
    double Z = o + (double)a->pick[0].key * 0x1p-40, D = (double)(a->pick[0].key - a->pick[j].key) * 0x1p-40;
    if (parent == INT64_MAX) return urnc_floor_i64((o + (double)a->pick[j].key * 0x1p-40) * 0x1p40);
    if (D == 0.0) return parent;
    double x = D * URN_LN2, h = urnc_exp2_of(D) - 1.0;
    if (D < 0x1p-10) {
        h = 1.0 + x * (1.0 / 4.0);
        h = 1.0 + (x * (1.0 / 3.0)) * h;
        h = 1.0 + (x * (1.0 / 2.0)) * h;
        h = x * h;
    }
    double s = (T - Z) + urnc_log2_of(h);
    return urnc_floor_i64((s > 60.0 ? T - s : T - urnc_log2_of(1.0 + urnc_exp2_of(s))) * 0x1p40);
}

static void put_beam(const urn_topk_params *p, const urnc_picks *a, int64_t r, int64_t to, int32_t j) {
    double b = p->parent_logprob[r];
    if (p->beam_logprob) /* greedy: b's own bits, also of -0 */
        p->beam_logprob[to] = a->law->greedy ? b : b + (urnc_law_y(a->law, a->pick[j].x) - a->law->L) * URN_LN2;
    if (p->beam_keys) p->beam_keys[to] = beam_key(a, j, p->parent_key[r], b);
}

static void put_empty(const urn_topk_params *p, int64_t first, int64_t n) {
    const float nan = urnc_f32_of_bits(URN_NAN_BITS);
    for (int64_t i = first; i < first + n; i++) {
        if (p->ids) p->ids[i] = -1;
        if (p->values) p->values[i] = nan;
        if (p->keys) p->keys[i] = INT64_MIN;
        if (p->logprob) p->logprob[i] = nan;
        if (p->logmass) p->logmass[i] = nan;
        if (p->inclusion_logprob) p->inclusion_logprob[i] = nan;
        if (p->beam_keys) p->beam_keys[i] = INT64_MIN;
        if (p->beam_logprob) p->beam_logprob[i] = urnc_f64_of_bits(URN_NAN_BITS_F64);
    }
}

static double ordered_log2(const urnc_picks *a) {
    double sum = 0.0;
    uint64_t R = a->law->Z;
    for (int32_t j = 0; j < a->found; j++) {
        sum += urnc_log2(a->pick[j].w) - urnc_log2(R);
        R -= a->pick[j].w;
    }
    return sum;
}

/* f of every set of members, by increasing set: each set without one of its members has a smaller number. */
static float set_logprob(const urnc_picks *a) {
    double f[1 << URN_TOPK_SET_K];
    uint64_t w[URN_TOPK_SET_K], mass[1 << URN_TOPK_SET_K];
    if (a->found > URN_TOPK_SET_K) return urnc_f32_of_bits(URN_NAN_BITS);
    for (int32_t j = 0; j < a->found; j++) {
        int32_t before = 0;
        for (int32_t i = 0; i < a->found; i++) before += a->pick[i].id < a->pick[j].id;
        w[before] = a->pick[j].w;
    }
    f[0] = 1.0;
    mass[0] = 0;
    for (uint32_t A = 1; A < UINT32_C(1) << a->found; A++) {
        f[A] = 0.0;
        mass[A] = mass[A & (A - 1)] + w[__builtin_ctz(A)];
        for (uint32_t left = A; left; left &= left - 1) {
            uint32_t without = A & ~(left & -left);
            f[A] += f[without] * ((double)w[__builtin_ctz(left)] / (double)(a->law->Z - mass[without]));
        }
    }
    float all = urnc_nats(urnc_log2_of(f[(UINT32_C(1) << a->found) - 1]));
    return all < 0.0f ? all : 0.0f;
}

void urnc_topk_outputs(const urn_topk_params *p, int64_t r, const urnc_picks *a) {
    int64_t first = a->plan->draw_first;
    uint64_t R = a->law ? a->law->Z : 0;
    find_places(a, (p->flags & URN_TOPK_BY_ID) != 0);
    for (int32_t j = 0; j < a->found; j++) {
        const urnc_pick *pick = &a->pick[j];
        int64_t to = first + a->spare[j].id;
        if (p->ids) p->ids[to] = pick->id;
        if (p->values) p->values[to] = pick->x;
        if (p->keys) p->keys[to] = pick->key;
        if (a->law) put_law(p, a, to, pick, R);
        if (p->beam_keys || p->beam_logprob) put_beam(p, a, r, to, j);
        R -= pick->w;
    }
    put_empty(p, first + a->found, a->plan->draws - a->found);
    if (p->found) p->found[r] = a->found;
    if (p->threshold) p->threshold[r] = a->threshold;
    if (p->ordered_logprob) p->ordered_logprob[r] = urnc_nats(ordered_log2(a));
    if (p->set_logprob) p->set_logprob[r] = set_logprob(a);
}

void urnc_topk_outputs_none(const urn_topk_params *p, int64_t r, const urnc_plan *plan, int status) {
    const float nan = urnc_f32_of_bits(URN_NAN_BITS);
    (void)status;
    put_empty(p, plan->draw_first, plan->draws);
    if (p->found) p->found[r] = 0;
    if (p->threshold) p->threshold[r] = INT64_MIN;
    if (p->ordered_logprob) p->ordered_logprob[r] = nan;
    if (p->set_logprob) p->set_logprob[r] = nan;
}
