/* cpu_genealogy.c - trees of particles: prune, insert, trace (bits_resample.h section 6). */
#include <string.h>

#include "host/cpu/cpu_particles.h"

typedef struct {
    const urn_genealogy_params *p;
    const int32_t *ancestors;
    int32_t *parent, *count, *leaf;
    int32_t *offspring, *old; /* [items] */
} family;

static size_t share_of(int64_t items) { return ((size_t)items * 2 * sizeof(int32_t) + 255) / 256 * 256; }

size_t urnc_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes) {
    (void)nodes;
    return urnc_all_shares(rows, share_of(items));
}

static void empty(family *f) {
    for (int64_t u = 0; u < f->p->nodes; u++) {
        f->parent[u] = -1;
        f->count[u] = 0;
    }
}

static int count_offspring(family *f) {
    int64_t n = f->p->items;
    memset(f->offspring, 0, (size_t)n * sizeof *f->offspring);
    for (int64_t m = 0; m < n; m++) {
        int32_t a = f->ancestors[m];
        if (a < 0 || a >= n) return URN_ROW_INDEX;
        f->offspring[a] += 1;
    }
    return URN_ROW_OK;
}

/* From each old leaf up, as long as nodes lose their last child. */
static void prune(family *f) {
    for (int64_t i = 0; i < f->p->items; i++) {
        int32_t u = f->leaf[i];
        f->count[u] = f->offspring[i];
        while (f->count[u] == 0) {
            int32_t up = f->parent[u];
            f->parent[u] = -1;
            if (up < 0) break;
            f->count[up] -= 1;
            u = up;
        }
    }
}

static int insert(family *f) {
    int64_t n = f->p->items, m = 0;
    memcpy(f->old, f->leaf, (size_t)n * sizeof *f->old);
    for (int64_t u = 0; u < f->p->nodes && m < n; u++) {
        if (f->count[u]) continue;
        f->parent[u] = f->ancestors ? f->old[f->ancestors[m]] : -1;
        f->count[u] = 1;
        f->leaf[m++] = (int32_t)u;
    }
    return m < n ? URN_ROW_STATE : URN_ROW_OK;
}

static void keep_states(const family *f, int64_t r) {
    const urn_genealogy_params *p = f->p;
    size_t bytes = (size_t)p->particle_bytes;
    if (bytes == 0) return;
    for (int64_t m = 0; m < p->items; m++)
        memcpy((char *)p->states + (size_t)(r * p->nodes + f->leaf[m]) * bytes,
               (const char *)p->particles + (size_t)(r * p->items + m) * bytes, bytes);
}

static void step_row(const void *argument, int64_t r, void *room, int team) {
    const urn_genealogy_params *p = argument;
    family f = {p, NULL, p->parent + r * p->nodes, p->count + r * p->nodes, p->leaf + r * p->items, room, NULL};
    int status = URN_ROW_OK;
    (void)team;
    f.old = f.offspring + p->items;
    if (p->ancestors) {
        f.ancestors = p->ancestors + r * p->items;
        status = f.leaf[0] < 0 ? URN_ROW_EMPTY : count_offspring(&f);
        if (!status) prune(&f);
    } else {
        empty(&f);
    }
    if (!status) status = insert(&f);
    if (status) {
        empty(&f);
        for (int64_t m = 0; m < p->items; m++) f.leaf[m] = -1;
    } else {
        keep_states(&f, r);
    }
    if (p->status) p->status[r] = status;
}

void urnc_genealogy_step(const urn_genealogy_params *p, int threads) {
    urnc_shares shares = {p->rows, p->nodes, share_of(p->items), p->workspace, p->workspace_bytes};
    urnc_over_shares(&shares, threads, step_row, p);
}

static int trace_path(const family *f, int64_t r, int64_t number) {
    const urn_genealogy_params *p = f->p;
    int64_t m = p->path_of ? p->path_of[r * p->paths + number] : number, at = (r * p->paths + number) * p->length;
    size_t bytes = (size_t)p->particle_bytes;
    int inside = m >= 0 && m < p->items;
    int32_t u = inside ? f->leaf[m] : -1;
    for (int64_t t = p->length - 1; t >= 0; t--) {
        p->path[at + t] = u;
        if (u < 0) continue;
        if (p->path_states)
            memcpy((char *)p->path_states + (size_t)(at + t) * bytes,
                   (const char *)p->states + (size_t)(r * p->nodes + u) * bytes, bytes);
        u = f->parent[u];
    }
    return inside ? URN_ROW_OK : URN_ROW_INDEX;
}

static void trace_row(const void *argument, int64_t r, void *room, int team) {
    const urn_genealogy_params *p = argument;
    family f = {p, NULL, p->parent + r * p->nodes, NULL, p->leaf + r * p->items, NULL, NULL};
    int status = f.leaf[0] < 0 ? URN_ROW_EMPTY : URN_ROW_OK;
    (void)room, (void)team;
    if (status)
        for (int64_t k = 0; k < p->paths * p->length; k++) p->path[r * p->paths * p->length + k] = -1;
    else
        for (int64_t k = 0; k < p->paths; k++) status |= trace_path(&f, r, k);
    if (p->status) p->status[r] = status;
}

void urnc_genealogy_trace(const urn_genealogy_params *p, int threads) {
    urnc_shares shares = {.rows = p->rows, .each = p->paths * p->length};
    urnc_over_shares(&shares, threads, trace_row, p);
}
