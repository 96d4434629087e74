/* cpu_dry.c - DRY: an id loses the more, the longer the repetition is that it would continue. */
#include "host/cpu/cpu_held.h"

/* How many ids follow the last breaker among h[from ..]. Uses the ids seen. */
static int64_t after_breaker(const urnc_held *held, const urnc_list *breakers, const urnc_context *h, int64_t from) {
    int64_t N = urnc_context_size(h), limit = 0;
    urnc_idset_none(&held->seen);
    for (int64_t i = 0; i < breakers->n; i++) urnc_idset_put(&held->seen, breakers->ids[i]);
    while (limit < N - from && !urnc_idset_has(&held->seen, urnc_context_at(h, N - 1 - limit))) limit++;
    return limit;
}

static void longest(void *argument, int32_t id, int64_t m) { urnc_held_raise(argument, id, (uint32_t)m); }

/* mult * base^n, each product rounded; once a product changes nothing none will. */
static float power(float multiplier, float base, uint32_t n) {
    float P = multiplier;
    for (; n > 0 && P < FLT_MAX && P * base != P; n--) P = P * base;
    return P;
}

static int lose(const urnc_held *held, const void *argument, int32_t id) {
    const urnc_dry *dry = argument;
    float *x = urnc_held_at(held, id);
    uint32_t m = held->tally[id], allowed = (uint32_t)dry->allowed;
    if (!x || m < allowed) return URN_ROW_OK;
    return urnc_held_set(x, *x - power(dry->multiplier, dry->base, m - allowed));
}

int urnc_dry_penalise(const urnc_held *held, const urnc_dry *dry, const urnc_context *h) {
    int64_t N = urnc_context_size(h), from = dry->last_n >= 0 && dry->last_n < N ? N - dry->last_n : 0;
    int64_t limit = after_breaker(held, &dry->breakers, h, from);
    urnc_idset_none(&held->seen);
    if (limit < dry->allowed) return URN_ROW_OK;
    urnc_context_matches(h, from, limit, longest, (void *)(uintptr_t)held);
    for (int64_t i = 0; i < dry->breakers.n; i++) urnc_idset_drop(&held->seen, dry->breakers.ids[i]);
    return urnc_held_walk(held, dry, lose);
}
