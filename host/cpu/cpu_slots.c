/* cpu_slots.c - what slots remember: reset, commit, gather (slots.h). */
#include <stddef.h>
#include <string.h>

#include "host/cpu/cpu_calls.h"

static int is_slot(const urn_slots_view *view, int64_t s) { return s >= 0 && s < view->slots; }

/* The ring's ids need no clearing: those at and past `position` are never read. */
void urnc_slots_reset(const urn_slots_view *view, const int32_t *slot, int64_t n) {
    if (!slot) {
        memset(view->now.position, 0, (size_t)view->slots * sizeof *view->now.position);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        if (is_slot(view, slot[i])) view->now.position[slot[i]] = 0;
}

static void append(const urn_slots_view *view, int64_t s, int32_t id) {
    uint32_t t = view->now.position[s]++;
    if (view->history > 0) view->now.ids[s * view->history + t % (uint32_t)view->history] = id;
}

void urnc_slots_commit(const urn_slots_view *view, const int32_t *slot, const int32_t *ids, int64_t ids_stride,
                       const int32_t *accepted, int64_t rows) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot ? slot[r] : r;
        if (!is_slot(view, s)) continue;
        int64_t n = accepted ? accepted[r] : 1;
        if (n > ids_stride) n = ids_stride;
        for (int64_t j = 0; j < n && ids[r * ids_stride + j] >= 0; j++) append(view, s, ids[r * ids_stride + j]);
    }
}

/* Through the shadow, because an ancestor may itself be replaced. */
void urnc_slots_gather(const urn_slots_view *view, const int32_t *ancestors) {
    size_t ring = (size_t)view->history;
    for (int64_t s = 0; s < view->slots; s++) {
        int64_t from = is_slot(view, ancestors[s]) ? ancestors[s] : s;
        view->shadow.position[s] = view->now.position[from];
        if (ring) memcpy(view->shadow.ids + s * ring, view->now.ids + from * ring, ring * sizeof *view->now.ids);
    }
    memcpy(view->now.position, view->shadow.position, (size_t)view->slots * sizeof *view->now.position);
    if (ring) memcpy(view->now.ids, view->shadow.ids, (size_t)view->slots * ring * sizeof *view->now.ids);
}

void urnc_slots_prompt(const urn_slots_view *view, const int32_t *slot, const int32_t *ids, int64_t size,
                       const int64_t *offsets, int64_t rows) {
    (void)view, (void)slot, (void)ids, (void)size, (void)offsets, (void)rows;
}

void urnc_slots_mirostat(const urn_slots_view *view, const int32_t *slot, const float *logprob, int64_t stride,
                         const int32_t *accepted, int64_t rows, float tau, float eta) {
    (void)view, (void)slot, (void)logprob, (void)stride, (void)accepted, (void)rows, (void)tau, (void)eta;
}
