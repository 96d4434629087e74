/* cpu_context.c - where a row's context lies, and how often its slot has counted an id. */
#include "host/cpu/cpu_context.h"

#include <stddef.h>

urnc_context urnc_context_of(const urn_sample_params *p, const urn_slots_view *state, int64_t r, int64_t slot) {
    urnc_context h = {NULL, 0, 0, 0, NULL, 0};
    if (state && state->history > 0) {
        uint32_t length = state->now.length[slot];
        h.history = (uint32_t)state->history;
        h.ring = state->now.ids + slot * state->history;
        h.kept = length < h.history ? length : h.history;
        h.first = (length - (uint32_t)h.kept) % h.history;
    }
    if (p->overlay) {
        int64_t n = p->overlay_count ? p->overlay_count[r] : p->overlay_stride;
        h.overlay = p->overlay + r * p->overlay_stride;
        h.drafts = n < 0 ? 0 : n > p->overlay_stride ? p->overlay_stride : n;
    }
    return h;
}

uint32_t urnc_slot_count(const urn_slots_view *state, int64_t slot, int32_t id) {
    uint32_t places = (uint32_t)state->count_slots;
    if (!places) return 0;
    const int32_t *ids = state->now.count_id + (size_t)slot * places;
    int32_t wanted = (int32_t)((uint32_t)id + 1);
    uint32_t h = (uint32_t)id * 0x9E3779B1u % places;
    while (ids[h] != wanted && ids[h] != 0) h = (h + 1) % places;
    return ids[h] == wanted ? state->now.count_n[(size_t)slot * places + h] : 0;
}
