/* cpu_held.c - find, change and count single ids of a row that is held as f32. */
#include "host/cpu/cpu_held.h"

float *urnc_held_at(const urnc_held *held, int32_t id) {
    int64_t i = id;
    if (id < 0 || id >= held->seen.n) return NULL;
    if (held->id) {
        int64_t low = 0, high = held->n;
        while (low < high) {
            i = (low + high) / 2;
            if (held->id[i] < id)
                low = i + 1;
            else
                high = i;
        }
        i = low;
        if (i == held->n || held->id[i] != id) return NULL;
    }
    return held->x[i] > -INFINITY ? &held->x[i] : NULL;
}

int urnc_held_set(float *x, float v) {
    if (isnan(v)) return URN_ROW_NAN;
    *x = urnc_fin(v);
    return URN_ROW_OK;
}

void urnc_held_add(const urnc_held *held, int32_t id, uint32_t n) {
    if (!urnc_idset_takes(&held->seen, id)) return;
    uint32_t before = urnc_idset_has(&held->seen, id) ? held->tally[id] : 0;
    urnc_idset_put(&held->seen, id);
    held->tally[id] = before + n;
}

void urnc_held_raise(const urnc_held *held, int32_t id, uint32_t least) {
    if (!urnc_idset_takes(&held->seen, id)) return;
    if (urnc_idset_has(&held->seen, id) && held->tally[id] >= least) return;
    urnc_idset_put(&held->seen, id);
    held->tally[id] = least;
}

int urnc_held_walk(const urnc_held *held, const void *argument, urnc_held_each each) {
    int status = URN_ROW_OK;
    for (int64_t w = 0; w < urnc_idset_words(&held->seen); w++)
        for (uint32_t word = held->seen.words[w]; word; word &= word - 1)
            status |= each(held, argument, (int32_t)(32 * w) + __builtin_ctz(word));
    return status;
}
