/* cpu_shares.c - rows over threads with scratch of their own, and long rows by chunks over threads. */
#include "host/cpu/cpu_fpenv.h"
#include "host/cpu/cpu_particles.h"
#include "host/cpu/cpu_parts.h"

#if defined(_OPENMP)
#include <omp.h>
#define URNC_THREAD omp_get_thread_num()
#else
#define URNC_THREAD 0
#endif

#define URNC_FEW_ITEMS 32768 /* of a call: not worth waking a team for */
#define URNC_LONG_ROW 262144 /* items of a row that is worth sharing out: see cpu_sample.c */

typedef struct {
    urnc_chunk_work work;
    void *argument;
    int64_t n;
} chunk_call;

static void run_chunk(const void *argument, int64_t chunk) {
    const chunk_call *call = argument;
    int64_t begin = chunk * URNC_CHUNK, end = begin + URNC_CHUNK;
    call->work(call->argument, chunk, begin, end < call->n ? end : call->n);
}

void urnc_over_chunks(int64_t n, int team, urnc_chunk_work work, void *argument) {
    chunk_call call = {work, argument, n};
    int64_t chunks = (n + URNC_CHUNK - 1) / URNC_CHUNK;
    if (team > 1 && chunks > 1) {
        urnc_over_rows(chunks, URNC_CHUNK, team, run_chunk, &call);
        return;
    }
    for (int64_t c = 0; c < chunks; c++) run_chunk(&call, c);
}

size_t urnc_all_shares(int64_t rows, size_t share) {
    return share * (size_t)(rows < URNC_MAX_TEAM ? rows : URNC_MAX_TEAM);
}

static void rows_over_lanes(const urnc_shares *s, int64_t lanes, urnc_share_work work, const void *argument) {
    (void)lanes; /* a build without OpenMP has one */
#pragma omp parallel num_threads((int)lanes)
    {
        urnc_fpenv saved;
        urnc_fpenv_enter(&saved);
#pragma omp for schedule(dynamic, 1)
        for (int64_t r = 0; r < s->rows; r++)
            work(argument, r, (char *)s->workspace + s->share * (size_t)URNC_THREAD, 1);
        urnc_fpenv_leave(&saved);
    }
}

void urnc_over_shares(const urnc_shares *s, int threads, urnc_share_work work, const void *argument) {
    int64_t team = threads < URNC_MAX_TEAM ? threads : URNC_MAX_TEAM, lanes = team;
    int64_t shares = s->share ? (int64_t)(s->bytes / s->share) : lanes;
    if (s->each < URNC_FEW_ITEMS && s->rows * s->each < URNC_FEW_ITEMS) lanes = team = 1;
    if (lanes > s->rows) lanes = s->rows;
    if (lanes > shares) lanes = shares;
    int split = team > 1 && s->rows < team && s->each >= URNC_LONG_ROW;
    if (lanes > 1 && !split) {
        rows_over_lanes(s, lanes, work, argument);
        return;
    }
    urnc_fpenv saved;
    urnc_fpenv_enter(&saved);
    for (int64_t r = 0; r < s->rows; r++) work(argument, r, s->workspace, split ? (int)team : 1);
    urnc_fpenv_leave(&saved);
}
