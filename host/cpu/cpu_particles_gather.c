/* cpu_particles_gather.c - particles become copies of their ancestors. */
#include <string.h>

#include "host/cpu/cpu_particles.h"

typedef struct {
    const urn_particles_gather_params *p;
    const int32_t *ancestors;
    const char *from;
    char *to;
    int kept, status;
} gather_row;

static int in_place(const gather_row *row) { return row->p->from == row->p->to; }

/* 1: this particle is to be copied. */
static int wanted(const gather_row *row, int64_t m, int64_t a, int *status) {
    if (a == -1) return 0;
    if (a < 0 || a >= row->p->items) {
        *status = URN_ROW_INDEX;
        return 0;
    }
    if (!in_place(row)) return 1;
    if (a == m) return 0;
    if (row->ancestors[a] == a) return 1;
    *status = URN_ROW_INDEX;
    return 0;
}

static void gather_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    gather_row *row = argument;
    size_t bytes = (size_t)row->p->particle_bytes;
    int status = URN_ROW_OK;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int64_t a = row->kept ? m : row->ancestors[m];
        if (row->kept ? m < row->p->items : wanted(row, m, a, &status))
            memcpy(row->to + (size_t)m * bytes, row->from + (size_t)a * bytes, bytes);
    }
    if (status) __atomic_fetch_or(&row->status, status, __ATOMIC_RELAXED);
}

static void gather_one(const void *argument, int64_t r, void *room, int team) {
    const urn_particles_gather_params *p = argument;
    size_t bytes = (size_t)p->particle_bytes;
    gather_row row = {p,
                      p->ancestors + r * p->outputs,
                      (const char *)p->from + (size_t)(r * p->items) * bytes,
                      (char *)p->to + (size_t)(r * p->outputs) * bytes,
                      p->resampled && p->resampled[r] == 0,
                      URN_ROW_OK};
    (void)room;
    if (!row.kept || !in_place(&row)) urnc_over_chunks(p->outputs, team, gather_chunk, &row);
    if (p->status) p->status[r] = row.status;
}

void urnc_particles_gather(const urn_particles_gather_params *p, int threads) {
    urnc_shares shares = {.rows = p->rows, .each = p->outputs};
    urnc_over_shares(&shares, threads, gather_one, p);
}
