/* oracle_genealogy.c - bits_resample.h section 6: trees of particles, pruned and traced one node at a time. */
#include "tests/oracle_resample.h"

static int32_t step_row(const urn_genealogy_params *p, int64_t r, int64_t *slot) {
    int32_t *parent = p->parent + r * p->nodes, *count = p->count + r * p->nodes, *leaf = p->leaf + r * p->items;
    const int32_t *a = p->ancestors ? p->ancestors + r * p->items : NULL;
    int64_t n = p->items, at = 0;
    int32_t *old = (int32_t *)ut_malloc(4 * (size_t)n), status = 0;
    for (int64_t u = 0; u < p->nodes && !a; u++) count[u] = 0;
    for (int64_t m = 0; m < n && a; m++) {
        if (a[m] < 0 || a[m] >= n) status = URN_ROW_INDEX;
    }
    if (a && leaf[0] == -1) status = URN_ROW_EMPTY;
    for (int64_t i = 0; i < n && a && !status; i++) {
        int32_t u = leaf[i];
        count[u] = 0;
        for (int64_t m = 0; m < n; m++) count[u] += a[m] == i;
        while (count[u] == 0) {
            u = parent[u];
            if (u == -1) break;
            count[u]--;
        }
    }
    for (int64_t u = 0; u < p->nodes && at < n && !status; u++) {
        if (count[u] == 0) slot[at++] = u;
    }
    if (!status && at < n) status = URN_ROW_STATE;
    memcpy(old, leaf, 4 * (size_t)n);
    for (int64_t m = 0; m < n && !status; m++) {
        parent[slot[m]] = a ? old[a[m]] : -1;
        count[slot[m]] = 1;
        leaf[m] = (int32_t)slot[m];
    }
    for (int64_t u = 0; u < p->nodes; u++) {
        if (status) count[u] = 0;
        if (count[u] == 0) parent[u] = -1;
    }
    for (int64_t m = 0; m < n && status; m++) leaf[m] = -1;
    free(old);
    return status;
}

void oracle_genealogy_step(const urn_genealogy_params *p) {
    int64_t *slot = (int64_t *)ut_malloc(8 * (size_t)p->items);
    size_t each = (size_t)p->particle_bytes;
    for (int64_t r = 0; r < p->rows; r++) {
        int32_t status = step_row(p, r, slot);
        for (int64_t m = 0; m < p->items && each && !status; m++) {
            memcpy((char *)p->states + (size_t)(r * p->nodes + slot[m]) * each,
                   (const char *)p->particles + (size_t)(r * p->items + m) * each, each);
        }
        if (p->status) p->status[r] = status;
    }
    free(slot);
}

void oracle_genealogy_trace(const urn_genealogy_params *p) {
    size_t each = (size_t)p->particle_bytes;
    for (int64_t r = 0; r < p->rows; r++) {
        const int32_t *leaf = p->leaf + r * p->items, *parent = p->parent + r * p->nodes;
        int32_t status = leaf[0] == -1 ? URN_ROW_EMPTY : 0;
        for (int64_t k = 0; k < p->paths; k++) {
            int64_t m = p->path_of ? p->path_of[r * p->paths + k] : k, first = (r * p->paths + k) * p->length;
            int bad = m < 0 || m >= p->items;
            int32_t u = bad || status == URN_ROW_EMPTY ? -1 : leaf[m];
            if (bad && status != URN_ROW_EMPTY) status = URN_ROW_INDEX;
            for (int64_t place = p->length - 1; place >= 0; place--) {
                p->path[first + place] = u;
                if (u == -1) continue;
                if (p->path_states) {
                    memcpy((char *)p->path_states + (size_t)(first + place) * each,
                           (const char *)p->states + (size_t)(r * p->nodes + u) * each, each);
                }
                u = parent[u];
            }
        }
        if (p->status) p->status[r] = status;
    }
}
