/* cpu_lists.c - values that a row's list adds to its ids: bias, and values less their mean. */
#include "host/cpu/cpu_held.h"

/* The mean of bits.h: of ids of the row with a finite value. */
static float mean_of(const urnc_held *held, const urnc_list *list) {
    double sum = 0;
    int64_t many = 0;
    for (int64_t i = 0; i < list->n; i++) {
        if (!urnc_idset_takes(&held->seen, list->ids[i]) || !isfinite(list->values[i])) continue;
        sum += (double)list->values[i];
        many++;
    }
    return many ? (float)(sum / (double)many) : 0.0f;
}

/* The next entry of a list: *x for an id of K, NULL for others. An id of K that comes again, or a value that is none,
 * is URN_ROW_PARAM; -inf takes the id out. */
static int entry(const urnc_held *held, const urnc_list *list, int64_t i, float **x) {
    int32_t id = list->ids[i];
    float v = list->values[i];
    *x = NULL;
    if (urnc_idset_has(&held->seen, id)) return URN_ROW_PARAM;
    float *at = urnc_held_at(held, id);
    if (!at) return URN_ROW_OK;
    urnc_idset_put(&held->seen, id);
    if (isnan(v) || v == INFINITY) return URN_ROW_PARAM;
    if (v == -INFINITY)
        *at = -INFINITY;
    else
        *x = at;
    return URN_ROW_OK;
}

int urnc_bias(const urnc_held *held, const urnc_list *list) {
    int status = URN_ROW_OK;
    float *x;
    urnc_idset_none(&held->seen);
    for (int64_t i = 0; i < list->n; i++) {
        status |= entry(held, list, i, &x);
        if (x) status |= urnc_held_set(x, *x + list->values[i]);
    }
    return status;
}

int urnc_add_values(const urnc_held *held, const urnc_list *list, float scale, int centre) {
    int status = URN_ROW_OK;
    float *x, mean = centre ? mean_of(held, list) : 0.0f;
    urnc_idset_none(&held->seen);
    for (int64_t i = 0; i < list->n; i++) {
        status |= entry(held, list, i, &x);
        if (x) status |= urnc_held_set(x, *x + scale * (list->values[i] - mean));
    }
    return status;
}
