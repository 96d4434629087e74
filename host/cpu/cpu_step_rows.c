/* cpu_step_rows.c - rows over threads; or few long rows, each over all threads. */
#include "host/cpu/cpu_step_rows.h"

#include "host/cpu/cpu_fpenv.h"

#if defined(_OPENMP)
#include <omp.h>
#define URNC_THREAD omp_get_thread_num()
#else
#define URNC_THREAD 0
#endif

/* Fewer logits than this in a call are not worth waking a team for: about 15 us of one thread. */
#define URNC_SMALL_CALL 32768

/* A shorter row is not shared out over threads. Each of its passes meets at a barrier of its own, which costs 40 us
 * where waiting threads sleep (OMP_WAIT_POLICY=passive), 2 us where they spin: 128,256 f32 logits took 44 us on one
 * thread, 145 or 27 us on two (EPYC, 2 cores, 2026-11-22). */
#define URNC_LONG_ROW 262144

typedef struct {
    const urn_sample_params *params;
    const urn_lists_view *lists;
    const urn_slots_view *state;
    size_t extra;
    urnc_step_work work;
    const void *argument;
} step_call;

static size_t round_up(size_t bytes) { return (bytes + 255) / 256 * 256; }

static size_t engine_bytes(int64_t cols, int32_t needs) {
    return round_up(urnc_row_bytes(cols) + urnc_values_bytes(cols, needs) + urnc_sort_bytes(cols, needs));
}

static size_t share_bytes(int64_t cols, int32_t needs, size_t extra) {
    return engine_bytes(cols, needs) + round_up(extra);
}

size_t urnc_step_rows_workspace(int64_t rows, int64_t cols, int32_t needs, size_t extra) {
    if (rows < 1 || cols < 1) return 0;
    return share_bytes(cols, needs, extra) * (size_t)(rows < URNC_MAX_TEAM ? rows : URNC_MAX_TEAM);
}

static void take_row(const step_call *call, int64_t r, char *scratch, int team) {
    const urn_sample_params *p = call->params;
    const int32_t needs = call->lists->needs;
    urnc_step_row at;
    at.r = r;
    at.extra = scratch + engine_bytes(p->logits.cols, needs);
    at.status = urnc_plan_row(p, call->lists, call->state, r, &at.plan);
    if (at.status == URN_ROW_OK) {
        char *rest = scratch + urnc_row_bytes(at.plan.n);
        urnc_row_begin(&at.row, &at.plan, p->logits.dtype, scratch, team);
        urnc_values_begin(&at.row, needs, rest);
        urnc_sort_begin(&at.row, at.plan.n, needs, rest + urnc_values_bytes(at.plan.n, needs));
    }
    call->work(call->argument, &at);
}

/* Each thread has its own share of the workspace, and its own arithmetic to set and put back. */
static void take_rows(const step_call *call, char *workspace, int64_t lanes) {
    int64_t rows = call->params->logits.rows;
    (void)lanes; /* a build without OpenMP has one */
    size_t share = share_bytes(call->params->logits.cols, call->lists->needs, call->extra);
#pragma omp parallel num_threads((int)lanes)
    {
        urnc_fpenv saved;
        urnc_fpenv_enter(&saved);
#pragma omp for schedule(dynamic, 1)
        for (int64_t r = 0; r < rows; r++) take_row(call, r, workspace + share * (size_t)URNC_THREAD, 1);
        urnc_fpenv_leave(&saved);
    }
}

void urnc_over_step_rows(const urn_sample_params *params, const urn_lists_view *lists, const urn_slots_view *state,
                         size_t extra, void *workspace, size_t workspace_bytes, int threads, urnc_step_work work,
                         const void *argument) {
    static const int32_t none[2] = {0, 0};
    static const urn_lists_view no_lists = {0, none, 1, 0};
    step_call call = {params, lists && lists->count > 0 ? lists : &no_lists, state, extra, work, argument};
    int64_t rows = params->logits.rows, team = threads < URNC_MAX_TEAM ? threads : URNC_MAX_TEAM, lanes = team;
    size_t shares = workspace_bytes / share_bytes(params->logits.cols, call.lists->needs, extra);
    if (rows * params->logits.cols < URNC_SMALL_CALL) lanes = team = 1;
    if (lanes > rows) lanes = rows;
    if (lanes > (int64_t)shares) lanes = (int64_t)shares;

    int split = rows < team && params->logits.cols >= URNC_LONG_ROW; /* each row over all threads */
    if (lanes > 1 && !split) {
        take_rows(&call, workspace, lanes);
        return;
    }
    urnc_fpenv saved;
    urnc_fpenv_enter(&saved);
    for (int64_t r = 0; r < rows; r++) take_row(&call, r, workspace, split ? (int)team : 1);
    urnc_fpenv_leave(&saved);
}
