/* cpu_penalties.c - repetition, frequency and presence, over the outputs or over the last ids of the context. */
#include "host/cpu/cpu_held.h"

/* The outputs are what the slot's table has counted, and the drafts; the prompt's ids are seen 0 times more. */
static void count_outputs(const urnc_held *held, const urnc_penalty *penalty, const urnc_context *h,
                          const urn_slots_view *state, int64_t slot) {
    size_t places = state ? (size_t)state->count_slots : 0, words = state ? (size_t)state->prompt_words : 0;
    for (size_t k = 0; k < places; k++) {
        size_t at = (size_t)slot * places + k;
        if (state->now.count_id[at]) {
            int32_t id = (int32_t)((uint32_t)state->now.count_id[at] - 1u);
            urnc_held_add(held, id, state->now.count_n[at]);
        }
    }
    for (int64_t j = 0; j < h->drafts; j++) urnc_held_add(held, h->overlay[j], 1);
    if (!penalty->prompt) return;
    for (size_t w = 0; w < words; w++)
        for (uint32_t word = state->now.prompt[(size_t)slot * words + w]; word; word &= word - 1)
            urnc_held_add(held, (int32_t)(32 * w) + __builtin_ctz(word), 0);
}

static void count_window(const urnc_held *held, int32_t last_n, const urnc_context *h) {
    int64_t N = urnc_context_size(h);
    for (int64_t i = last_n < N ? N - last_n : 0; i < N; i++) urnc_held_add(held, urnc_context_at(h, i), 1);
}

static int penalise(const urnc_held *held, const void *argument, int32_t id) {
    const urnc_penalty *p = argument;
    float *x = urnc_held_at(held, id);
    if (!x) return URN_ROW_OK;
    uint32_t count = held->tally[id];
    float v = *x > 0.0f ? *x / p->repetition : *x * p->repetition;
    if (count > 0) {
        v = v - p->frequency * (float)count;
        v = v - p->presence;
    }
    return urnc_held_set(x, v);
}

int urnc_penalise(const urnc_held *held, const urnc_penalty *penalty, const urnc_context *h,
                  const urn_slots_view *state, int64_t slot) {
    urnc_idset_none(&held->seen);
    if (penalty->last_n > 0)
        count_window(held, penalty->last_n, h);
    else
        count_outputs(held, penalty, h, state, slot);
    return urnc_held_walk(held, penalty, penalise);
}
