/* cpu_sample.c - one row of urn_sample: its steps, then whatever is asked for. */
#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_step_rows.h"

size_t urnc_sample_workspace(int64_t rows, int64_t cols, int32_t needs) {
    return urnc_step_rows_workspace(rows, cols, needs, 0);
}

static void sample_row(const void *argument, urnc_step_row *at) {
    const urn_sample_params *p = argument;
    int status = at->status == URN_ROW_OK ? urnc_row_run(&at->row, &at->plan) : at->status;
    if (status == URN_ROW_OK)
        urnc_outputs_drawn(&at->row, &at->plan, p, at->r);
    else
        urnc_outputs_none(&at->plan, p, at->r, status);
    if (p->status) p->status[at->r] = status;
}

void urnc_sample(const urn_sample_params *params, const urn_lists_view *lists, const urn_slots_view *state,
                 void *workspace, size_t workspace_bytes, int threads) {
    urnc_over_step_rows(params, lists, state, 0, workspace, workspace_bytes, threads, sample_row, params);
}
