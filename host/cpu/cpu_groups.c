/* cpu_groups.c - a pass over a row's groups, on one thread or on the row's team. */
#include "host/cpu/cpu_fpenv.h"
#include "host/cpu/cpu_row.h"

static const urnc_tally nothing = {0, 0, 0, INT32_MIN, INT32_MAX, 0};

static void merge(urnc_tally *total, const urnc_tally *part) {
    total->sum += part->sum;
    total->squares += part->squares;
    total->count += part->count;
    if (part->largest > total->largest) total->largest = part->largest;
    if (part->least < total->least) total->least = part->least;
    total->status |= part->status;
}

/* A team wakes up in some microseconds, so each of its threads should have at least this many groups. */
#define URNC_GROUPS_A_THREAD 32

urnc_tally urnc_over_groups(const urnc_row *row, const urnc_view *view, urnc_pass pass, void *argument) {
    urnc_tally total = nothing;
    int64_t groups = urnc_groups(view);
    int64_t team = groups / URNC_GROUPS_A_THREAD < row->team ? groups / URNC_GROUPS_A_THREAD : row->team;
    if (team <= 1) {
        pass(row, argument, 0, groups, &total);
        return total;
    }
#pragma omp parallel for num_threads((int)team) schedule(static, 1)
    for (int64_t part = 0; part < team; part++) {
        urnc_tally found = nothing;
        urnc_fpenv saved;
        urnc_fpenv_enter(&saved);
        pass(row, argument, groups * part / team, groups * (part + 1) / team, &found);
        urnc_fpenv_leave(&saved);
#pragma omp critical(urnc_tally)
        merge(&total, &found);
    }
    return total;
}
