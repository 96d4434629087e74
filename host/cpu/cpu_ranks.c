/* cpu_ranks.c - how many ids come before an id in the raw order; many ids are ranked in one walk. */
#include <string.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_outputs.h"

#define CHUNK 256 /* ids that one walk ranks */

typedef struct {
    urnc_queries queries;
    uint32_t *before;
} ranks_argument;

static void count_before(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const ranks_argument *a = argument;
    uint32_t own[CHUNK];
    (void)tally;
    memset(own, 0, (size_t)a->queries.n * sizeof *own);
    row->loops->outputs->ranks(&row->raw, &a->queries, g0, g1, row->raw_top, own);
#pragma omp critical(urnc_before)
    for (int q = 0; q < a->queries.n; q++) a->before[q] += own[q];
}

int32_t urnc_rank_of(const urnc_row *row, int32_t order, int32_t id) {
    uint32_t before = 0;
    ranks_argument a = {{&order, &id, 1}, &before};
    urnc_over_groups(row, &row->raw, count_before, &a);
    return (int32_t)before;
}

static int comes_before(int32_t order, int32_t id, int32_t other, int32_t other_id) {
    return order > other || (order == other && id < other_id);
}

static int is_id(const urnc_row *row, int32_t id) { return id >= 0 && id < row->raw.n; }

/* The distinct ids in the order. n is small, and ids that were drawn come often, so insertion is fine. */
static int sort_queries(const urnc_row *row, const int32_t *id, int n, int32_t *order, int32_t *sorted) {
    int many = 0;
    for (int i = 0; i < n; i++) {
        if (!is_id(row, id[i])) continue;
        int32_t key = urnc_order(urnc_view_at(&row->raw, id[i]));
        int at = many;
        while (at > 0 && comes_before(key, id[i], order[at - 1], sorted[at - 1])) at--;
        if (at > 0 && sorted[at - 1] == id[i]) continue;
        memmove(order + at + 1, order + at, (size_t)(many - at) * sizeof *order);
        memmove(sorted + at + 1, sorted + at, (size_t)(many - at) * sizeof *sorted);
        order[at] = key;
        sorted[at] = id[i];
        many++;
    }
    return many;
}

static void rank_chunk(const urnc_row *row, const int32_t *id, int n, int32_t *out) {
    int32_t order[CHUNK], sorted[CHUNK];
    uint32_t before[CHUNK] = {0};
    ranks_argument a = {{order, sorted, sort_queries(row, id, n, order, sorted)}, before};
    if (a.queries.n > 0) urnc_over_groups(row, &row->raw, count_before, &a);
    for (int i = 0; i < n; i++) {
        int32_t wanted = id[i]; /* out may be id */
        out[i] = -1;
        for (int q = 0; is_id(row, wanted) && q < a.queries.n; q++)
            if (sorted[q] == wanted) out[i] = (int32_t)before[q];
    }
}

void urnc_ranks(const urnc_row *row, const int32_t *id, int64_t n, int32_t *rank_out) {
    for (int64_t i = 0; i < n; i += CHUNK) rank_chunk(row, id + i, (int)(n - i < CHUNK ? n - i : CHUNK), rank_out + i);
}
