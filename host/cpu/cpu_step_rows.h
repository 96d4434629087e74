/* cpu_step_rows.h - rows that go through lists of steps, over threads: what calls on such rows share. */
#ifndef URN_CPU_STEP_ROWS_H
#define URN_CPU_STEP_ROWS_H

#include "host/cpu/cpu_row.h"

/* A row in flight. Where status is 0 the row has begun, and nothing of it has been read. */
typedef struct urnc_step_row {
    int64_t r;
    int status; /* of the plan */
    urnc_plan plan;
    urnc_row row;
    void *extra; /* as many bytes as asked for, 64-aligned: this row's while it is in flight */
} urnc_step_row;

typedef void (*urnc_step_work)(const void *argument, urnc_step_row *at);

/* Scratch for up to URNC_MAX_TEAM rows in flight, each with `extra` bytes of the caller's. */
size_t urnc_step_rows_workspace(int64_t rows, int64_t cols, int32_t needs, size_t extra);

/* Each row of params, on at most `threads` threads and no more than the workspace has shares for; a few long rows each
 * over all of them (row->team). The arithmetic is what bits.h needs. lists NULL: no steps. */
void urnc_over_step_rows(const urn_sample_params *params, const urn_lists_view *lists, const urn_slots_view *state,
                         size_t extra, void *workspace, size_t workspace_bytes, int threads, urnc_step_work work,
                         const void *argument);

#endif
