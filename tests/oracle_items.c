/* oracle_items.c - long rows and segments: keys that know nothing of each other, sorted. */
#include <math.h>

#include "tests/oracle_topk.h"

double oracle_item_value(const void *values, int32_t type, int64_t at) {
    if (!values) return 0;
    return type == URN_ITEM_F64 ? ((const double *)values)[at] : (double)((const float *)values)[at];
}

int64_t oracle_item_key(int32_t by, double x, int64_t i, uint64_t row_key, uint32_t position, float temperature) {
    if (by == URN_TOPK_VALUE) {
        int64_t b;
        x = x + 0.0;
        memcpy(&b, &x, 8);
        return b < 0 ? b ^ INT64_MAX : b;
    }
    double c = URN_LOG2E_F64 / (double)temperature, y = x * c;
    y = y > 0x1p21 ? 0x1p21 : y < -0x1p21 ? -0x1p21 : y;
    uint64_t p = (uint64_t)i >> 1;
    oracle_philox b = oracle_block(row_key, (uint32_t)p, (uint32_t)(p >> 32), position, URN_STREAM_LONG);
    return oracle_gumbel_key(i & 1 ? b.word[2] | (uint64_t)b.word[3] << 32 : b.word[0] | (uint64_t)b.word[1] << 32, y);
}

static int after(const void *x, const void *y) {
    const oracle_item *a = (const oracle_item *)x, *b = (const oracle_item *)y;
    if (a->key != b->key) return a->key > b->key ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int by_id(const void *x, const void *y) {
    const oracle_item *a = (const oracle_item *)x, *b = (const oracle_item *)y;
    return a->id < b->id ? -1 : a->id > b->id;
}

void oracle_item_sort(oracle_item *items, int64_t n) { qsort(items, (size_t)n, sizeof *items, after); }

/* The first k of sorted items into a place with room, and what is known of them. */
typedef struct place {
    int64_t *ids, *keys, *found, *threshold;
    int32_t *status;
    int64_t room;
    int ordered_by_id;
} place;

static void put_first(const place *to, oracle_item *items, int64_t possible, int64_t k, int32_t status) {
    if (!status && possible == 0) status = URN_ROW_EMPTY;
    int64_t found = status ? 0 : possible < k ? possible : k;
    oracle_item_sort(items, possible);
    if (to->threshold) *to->threshold = !status && possible > found ? items[found].key : INT64_MIN;
    if (to->found) *to->found = found;
    if (to->status) *to->status = status;
    if (to->ordered_by_id) qsort(items, (size_t)found, sizeof *items, by_id);
    for (int64_t j = 0; j < to->room; j++) {
        if (to->ids) to->ids[j] = j < found ? items[j].id : -1;
        if (to->keys) to->keys[j] = j < found ? items[j].key : INT64_MIN;
    }
}

void oracle_topk_long(const urn_topk_long_params *p, oracle_item *items, int64_t possible, int32_t status,
                      const urn_topk_long_results *results) {
    place to = {results->ids,
                results->keys,
                results->found,
                results->threshold,
                results->status,
                p->k,
                (p->flags & URN_TOPK_BY_ID) != 0};
    put_first(&to, items, possible, p->k, status);
}

static int bad_range(const int64_t *o, int64_t s, int64_t size, int64_t most) {
    return o[s] < 0 || o[s + 1] < o[s] || o[s + 1] > size || o[s + 1] - o[s] > most;
}

void oracle_topk_segments(const urn_topk_segments_params *p) {
    for (int64_t s = 0; s < p->segments; s++) {
        int64_t at = s * p->k, room = p->k, first = p->offsets[s], n = p->offsets[s + 1] - first, possible = 0;
        int32_t status = 0;
        if (bad_range(p->offsets, s, p->size, p->longest)) status = URN_ROW_INDEX, n = 0;
        if (p->out_offsets) {
            int bad = bad_range(p->out_offsets, s, p->out_size, p->k);
            at = p->out_offsets[s];
            room = bad ? 0 : p->out_offsets[s + 1] - at;
            if (bad) status = URN_ROW_INDEX;
        }
        int64_t k = p->k_of_segment ? p->k_of_segment[s] : room;
        float temperature = p->temperature ? p->temperature[s] : p->temperature_value;
        if (!status && (k < 0 || k > room)) status = URN_ROW_PARAM;
        if (!status && p->by == URN_TOPK_GUMBEL && !(temperature > 0 && temperature < INFINITY)) status = URN_ROW_PARAM;
        oracle_item *items = (oracle_item *)ut_malloc(sizeof *items * (size_t)(status ? 0 : n));
        uint64_t key = oracle_row_key(p->seed ? p->seed[s] : p->seed_value, p->label ? p->label[s] : (uint64_t)s);
        int32_t seen = 0;
        for (int64_t i = 0; i < n && !status; i++) {
            double x = oracle_item_value(p->values, p->type, first + i);
            if (isnan(x))
                seen |= URN_ROW_NAN;
            else if (x == INFINITY)
                seen |= URN_ROW_INF;
            else if (x > -INFINITY) {
                items[possible].key = oracle_item_key(p->by, x, i, key, p->position_value, temperature);
                items[possible++].id = p->flags & URN_TOPK_LOCAL ? i : first + i;
            }
        }
        place to = {p->ids ? p->ids + at : NULL,      p->keys ? p->keys + at : NULL,
                    p->found ? p->found + s : NULL,   p->threshold ? p->threshold + s : NULL,
                    p->status ? p->status + s : NULL, room,
                    (p->flags & URN_TOPK_BY_ID) != 0};
        put_first(&to, items, possible, k, status | seen);
        free(items);
    }
}
