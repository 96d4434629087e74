/* cpu_row.c - one row through its list: K shrinks step by step until it is what the draw takes from. */
#include "host/cpu/cpu_rules.h"

#include <string.h>

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* 8 bytes a group for sums, 4 twice for tops, 32 for bits; 8 bytes for each element that a compact K may have. */
size_t urnc_row_bytes(int64_t cols) {
    size_t groups = (size_t)(cols + URNC_GROUP - 1) / URNC_GROUP, compact = (size_t)cols / 8 + 1;
    return round_up(groups * sizeof(uint64_t)) + 2 * round_up(groups * sizeof(int32_t)) +
           round_up(groups * URNC_WORDS * sizeof(uint32_t)) + round_up(compact * sizeof(float)) +
           round_up(compact * sizeof(int32_t));
}

static void *take(char **scratch, size_t bytes) {
    void *part = *scratch;
    *scratch += round_up(bytes);
    return part;
}

void urnc_row_begin(urnc_row *row, const urnc_plan *plan, int32_t dtype, void *scratch, int team) {
    char *rest = scratch;
    size_t groups = (size_t)(plan->n + URNC_GROUP - 1) / URNC_GROUP, compact = (size_t)plan->n / 8 + 1;
    memset(row, 0, sizeof *row);
    row->sums = take(&rest, groups * sizeof(uint64_t));
    row->tops[0] = take(&rest, groups * sizeof(int32_t));
    row->tops[1] = take(&rest, groups * sizeof(int32_t));
    row->bits = take(&rest, groups * URNC_WORDS * sizeof(uint32_t));
    row->short_x = take(&rest, compact * sizeof(float));
    row->short_id = take(&rest, compact * sizeof(int32_t));
    row->loops = urnc_loops_here()[0];
    row->team = team;
    row->plan = plan;
    row->raw.data = plan->data;
    row->raw.n = plan->n;
    row->raw.dtype = dtype;
    row->kept = row->raw;
    row->count = -1;
    row->T = 1.0f;
}

int urnc_row_act(urnc_row *row, const urnc_act *act) {
    const urnc_rule *rule = urnc_rule_of(act->op);
    if (rule->kind == URNC_LOGIT) urnc_epoch_close(row);
    if (rule->kind == URNC_KEEP) {
        int status = urnc_epoch_open(row);
        if (status != URN_ROW_OK || row->greedy) return status;
    }
    return rule->run(row, act);
}

int urnc_row_steps(urnc_row *row, const urnc_plan *plan) {
    int status = urnc_row_scan(row);
    for (int a = 0; a < plan->acts && status == URN_ROW_OK; a++) status = urnc_row_act(row, &plan->act[a]);
    return status;
}

int urnc_row_run(urnc_row *row, const urnc_plan *plan) {
    int status = urnc_row_steps(row, plan);
    if (status == URN_ROW_OK) status = urnc_epoch_open(row);
    return status;
}
