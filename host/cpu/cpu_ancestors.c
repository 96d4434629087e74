/* cpu_ancestors.c - counts from ancestors, ancestors from counts, the order in which survivors keep their slots
 * (bits_resample.h section 4). */
#include <string.h>

#include "host/cpu/cpu_particles.h"

typedef struct {
    const urn_ancestors_params *p;
    int64_t r;
    int32_t *ancestors, *offspring;
    int32_t *least; /* permute: d */
    int32_t *old;
    int64_t *sums; /* of chunks of offspring */
    int status;
} ancestors_row;

static int64_t chunks_of(int64_t n) { return (n + URNC_CHUNK - 1) / URNC_CHUNK; }

static size_t share_of(int64_t items) {
    size_t each = (size_t)items * 2 * sizeof(int32_t), sums = (size_t)chunks_of(items) * sizeof(int64_t);
    return ((each > sums ? each : sums) + 255) / 256 * 256;
}

size_t urnc_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs) {
    (void)outputs;
    return urnc_all_shares(rows, share_of(items));
}

static void flag(ancestors_row *row, int status) {
    if (status) __atomic_fetch_or(&row->status, status, __ATOMIC_RELAXED);
}

static ancestors_row row_of(const urn_ancestors_params *p, int64_t r, void *room) {
    ancestors_row row = {.p = p, .r = r, .least = room, .sums = room, .status = URN_ROW_OK};
    row.old = row.least + p->items;
    row.ancestors = p->ancestors + r * p->outputs;
    row.offspring = p->offspring ? p->offspring + r * p->items : NULL;
    return row;
}

static void finish(const ancestors_row *row) {
    if (row->p->status) row->p->status[row->r] = row->status;
}

static void over_rows(const urn_ancestors_params *p, int threads, urnc_share_work work) {
    int64_t each = p->items > p->outputs ? p->items : p->outputs;
    urnc_shares shares = {p->rows, each, share_of(p->items), p->workspace, p->workspace_bytes};
    urnc_over_shares(&shares, threads, work, p);
}

/* ---- counts from ancestors ---- */

static void count_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    ancestors_row *row = argument;
    int status = URN_ROW_OK;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int32_t a = row->ancestors[m];
        if (a >= 0 && a < row->p->items)
            __atomic_fetch_add(&row->offspring[a], 1, __ATOMIC_RELAXED);
        else if (a != -1)
            status = URN_ROW_INDEX;
    }
    flag(row, status);
}

static void count_row(const void *argument, int64_t r, void *room, int team) {
    const urn_ancestors_params *p = argument;
    ancestors_row row = row_of(p, r, room);
    memset(row.offspring, 0, (size_t)p->items * sizeof *row.offspring);
    urnc_over_chunks(p->outputs, team, count_chunk, &row);
    finish(&row);
}

void urnc_offspring_from_ancestors(const urn_ancestors_params *p, int threads) { over_rows(p, threads, count_row); }

/* ---- ancestors from counts ---- */

static void sum_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    ancestors_row *row = argument;
    int64_t sum = 0;
    int32_t least = 0;
    for (int64_t i = begin; i < end; i++) {
        sum += row->offspring[i];
        least = row->offspring[i] < least ? row->offspring[i] : least;
    }
    row->sums[chunk] = sum;
    if (least < 0) flag(row, URN_ROW_PARAM);
}

static void expand_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    ancestors_row *row = argument;
    int64_t at = row->sums[chunk], M = row->p->outputs;
    for (int64_t i = begin; i < end && at < M; i++) {
        int64_t next = at + row->offspring[i] < M ? at + row->offspring[i] : M;
        for (; at < next; at++) row->ancestors[at] = (int32_t)i;
    }
}

static void expand_row(const void *argument, int64_t r, void *room, int team) {
    const urn_ancestors_params *p = argument;
    ancestors_row row = row_of(p, r, room);
    int64_t sum = 0;
    urnc_over_chunks(p->items, team, sum_chunk, &row);
    for (int64_t c = 0; c < chunks_of(p->items); c++) {
        int64_t own = row.sums[c];
        row.sums[c] = sum;
        sum += own;
    }
    if (row.status) sum = 0;
    if (!row.status) urnc_over_chunks(p->items, team, expand_chunk, &row);
    for (int64_t m = sum; m < p->outputs; m++) row.ancestors[m] = -1;
    finish(&row);
}

void urnc_ancestors_from_offspring(const urn_ancestors_params *p, int threads) { over_rows(p, threads, expand_row); }

/* ---- every survivor keeps its slot ---- */

static void copy_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    ancestors_row *row = argument;
    int status = URN_ROW_OK;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int32_t a = row->ancestors[m];
        if (a < 0 || a >= row->p->items) status = URN_ROW_INDEX;
        row->old[m] = a;
        row->least[m] = (int32_t)row->p->items;
    }
    flag(row, status);
}

static void least_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    ancestors_row *row = argument;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int32_t *d = &row->least[row->old[m]], seen = __atomic_load_n(d, __ATOMIC_RELAXED);
        while (m < seen && !__atomic_compare_exchange_n(d, &seen, (int32_t)m, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        }
    }
}

static void place_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    ancestors_row *row = argument;
    int32_t n = (int32_t)row->p->items;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int32_t a = row->old[m], place = (int32_t)m;
        if (row->least[a] == m) {
            place = a;
        } else {
            while (row->least[place] < n) place = row->least[place];
        }
        row->ancestors[place] = a;
    }
}

static void permute_row(const void *argument, int64_t r, void *room, int team) {
    const urn_ancestors_params *p = argument;
    ancestors_row row = row_of(p, r, room);
    urnc_over_chunks(p->items, team, copy_chunk, &row);
    if (!row.status) {
        urnc_over_chunks(p->items, team, least_chunk, &row);
        urnc_over_chunks(p->items, team, place_chunk, &row);
    }
    finish(&row);
}

void urnc_ancestors_permute(const urn_ancestors_params *p, int threads) { over_rows(p, threads, permute_row); }
