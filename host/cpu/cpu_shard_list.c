/* cpu_shard_list.c - two lists in the order become one. */
#include <string.h>

#include "host/cpu/cpu_shard.h"

void urnc_shard_merge(urnc_shard_list *list, const float *x, const int32_t *id, int32_t count, int32_t most) {
    urnc_shard_list old;
    int32_t a = 0, b = 0, n = 0;
    if (!count || (list->count == most && list->x[most - 1] >= x[0])) return;
    old.count = list->count;
    memcpy(old.x, list->x, sizeof *old.x * (size_t)old.count);
    memcpy(old.id, list->id, sizeof *old.id * (size_t)old.count);
    for (; n < most && (a < old.count || b < count); n++) {
        int from_old = b >= count || (a < old.count && old.x[a] >= x[b]); /* smaller ids first */
        list->x[n] = from_old ? old.x[a] : x[b];
        list->id[n] = from_old ? old.id[a] : id[b];
        a += from_old;
        b += !from_old;
    }
    list->count = n;
}
