/* cpu_over_rows.c - rows over threads. */
#include "host/cpu/cpu_fpenv.h"
#include "host/cpu/cpu_parts.h"

#define URNC_FEW 32768 /* elements that are not worth waking a team for */

static void run_rows(int64_t rows, urnc_row_work work, const void *argument) {
    urnc_fpenv saved;
    urnc_fpenv_enter(&saved);
#pragma omp for schedule(dynamic, 1)
    for (int64_t r = 0; r < rows; r++) work(argument, r);
    urnc_fpenv_leave(&saved);
}

void urnc_over_rows(int64_t rows, int64_t each, int threads, urnc_row_work work, const void *argument) {
    int64_t team = threads < URNC_MAX_TEAM ? threads : URNC_MAX_TEAM;
    if (team > rows) team = rows;
    if (team <= 1 || rows <= URNC_FEW / each) {
        run_rows(rows, work, argument);
        return;
    }
#pragma omp parallel num_threads((int)team)
    run_rows(rows, work, argument);
}
