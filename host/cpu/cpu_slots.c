/* cpu_slots.c - what slots remember: reset, commit, prompt, mirostat, gather (slots.h).
 *
 * One thread: a commit touches some words a row, and rows that name one slot must act in row order. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_fpenv.h"
#include "urn/bits.h"

static int is_slot(const urn_slots_view *view, int64_t s) { return s >= 0 && s < view->slots; }

/* The slot that row r names, or -1. */
static int64_t slot_of(const urn_slots_view *view, const int32_t *slot, int64_t r) {
    int64_t s = slot ? slot[r] : r;
    return is_slot(view, s) ? s : -1;
}

static int64_t clamp(int64_t n, int64_t most) { return n < 0 ? 0 : n > most ? most : n; }

/* The ring's ids need no clearing: those at and past `length` are never read. */
static void reset_one(const urn_slots_view *view, int64_t s) {
    const urn_slots_state *now = &view->now;
    size_t places = (size_t)view->count_slots, words = (size_t)view->prompt_words;
    now->position[s] = 0;
    now->length[s] = 0;
    now->mu[s] = view->mu;
    if (places) {
        memset(now->count_id + (size_t)s * places, 0, places * sizeof *now->count_id);
        memset(now->count_n + (size_t)s * places, 0, places * sizeof *now->count_n);
        now->counted[s] = 0;
        now->overflow[s] = 0;
    }
    if (words) memset(now->prompt + (size_t)s * words, 0, words * sizeof *now->prompt);
}

void urnc_slots_reset(const urn_slots_view *view, const int32_t *slot, int64_t n) {
    if (!slot) n = view->slots;
    for (int64_t i = 0; i < n; i++) {
        int64_t s = slot_of(view, slot, i);
        if (s >= 0) reset_one(view, s);
    }
}

static void append(const urn_slots_view *view, int64_t s, int32_t id) {
    uint32_t t = view->now.length[s]++;
    if (view->history > 0) view->now.ids[s * view->history + t % (uint32_t)view->history] = id;
}

static void count_one(const urn_slots_view *view, int64_t s, int32_t id) {
    uint32_t counts = (uint32_t)view->counts, places = (uint32_t)view->count_slots;
    if (!places) return;
    int32_t *ids = view->now.count_id + (size_t)s * places;
    uint32_t *times = view->now.count_n + (size_t)s * places;
    int32_t wanted = (int32_t)((uint32_t)id + 1);
    uint32_t h = (uint32_t)id * 0x9E3779B1u % places;
    while (ids[h] != wanted && ids[h] != 0) h = (h + 1) % places; /* half of the places are empty */
    if (ids[h] == wanted) {
        times[h] += 1;
    } else if (view->now.counted[s] < counts) {
        view->now.counted[s] += 1;
        ids[h] = wanted;
        times[h] = 1;
    } else {
        view->now.overflow[s] = 1;
    }
}

void urnc_slots_commit(const urn_slots_view *view, const int32_t *slot, const int32_t *ids, int64_t ids_stride,
                       const int32_t *accepted, int64_t rows) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot_of(view, slot, r);
        if (s < 0) continue;
        int64_t n = accepted ? clamp(accepted[r], ids_stride) : 1;
        const int32_t *row = ids + r * ids_stride;
        for (int64_t j = 0; j < n && row[j] >= 0; j++) {
            append(view, s, row[j]);
            count_one(view, s, row[j]);
            view->now.position[s] += 1;
        }
    }
}

void urnc_slots_prompt(const urn_slots_view *view, const int32_t *slot, const int32_t *ids, int64_t size,
                       const int64_t *offsets, int64_t rows) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot_of(view, slot, r);
        if (s < 0 || offsets[r] < 0 || offsets[r + 1] < offsets[r] || offsets[r + 1] > size) continue;
        uint32_t *words = view->now.prompt + s * view->prompt_words;
        for (int64_t j = offsets[r]; j < offsets[r + 1]; j++) {
            append(view, s, ids[j]);
            if (ids[j] >= 0 && ids[j] < view->prompt_cols) words[ids[j] / 32] |= 1u << (ids[j] % 32);
        }
    }
}

void urnc_slots_mirostat(const urn_slots_view *view, const int32_t *slot, const float *logprob, int64_t stride,
                         const int32_t *accepted, int64_t rows, float tau, float eta) {
    urnc_fpenv saved;
    urnc_fpenv_enter(&saved);
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot_of(view, slot, r);
        if (s < 0) continue;
        int64_t n = accepted ? clamp(accepted[r], stride) : 1;
        for (int64_t j = 0; j < n; j++) {
            float S = logprob[r * stride + j] * -URN_LOG2E;
            if (!isnan(S)) view->now.mu[s] = view->now.mu[s] - eta * (S - tau);
        }
    }
    urnc_fpenv_leave(&saved);
}

/* One member of every slot, through the shadow, because an ancestor may itself be replaced. Members without memory have
 * 0 bytes a slot. */
static void gather_member(const urn_slots_view *view, const int32_t *ancestors, void *now, void *shadow, size_t bytes) {
    if (!bytes) return;
    for (int64_t s = 0; s < view->slots; s++) {
        int64_t from = is_slot(view, ancestors[s]) ? ancestors[s] : s;
        memcpy((char *)shadow + (size_t)s * bytes, (const char *)now + (size_t)from * bytes, bytes);
    }
    memcpy(now, shadow, (size_t)view->slots * bytes);
}

void urnc_slots_gather(const urn_slots_view *view, const int32_t *ancestors) {
    const urn_slots_state *now = &view->now, *shadow = &view->shadow;
    size_t places = (size_t)view->count_slots;
    gather_member(view, ancestors, now->position, shadow->position, sizeof *now->position);
    gather_member(view, ancestors, now->length, shadow->length, sizeof *now->length);
    gather_member(view, ancestors, now->mu, shadow->mu, sizeof *now->mu);
    gather_member(view, ancestors, now->ids, shadow->ids, (size_t)view->history * sizeof *now->ids);
    gather_member(view, ancestors, now->count_id, shadow->count_id, places * sizeof *now->count_id);
    gather_member(view, ancestors, now->count_n, shadow->count_n, places * sizeof *now->count_n);
    gather_member(view, ancestors, now->counted, shadow->counted, places ? sizeof *now->counted : 0);
    gather_member(view, ancestors, now->overflow, shadow->overflow, places ? sizeof *now->overflow : 0);
    gather_member(view, ancestors, now->prompt, shadow->prompt, (size_t)view->prompt_words * sizeof *now->prompt);
}
