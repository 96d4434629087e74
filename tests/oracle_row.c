/* oracle_row.c - a job's row as the oracles read it: its list, its values, its context. Steps are in oracle_step.c. */
#include <math.h>

#include "tests/oracle.h"

static int bad_offsets(const int64_t *offsets, int64_t r, int64_t size) {
    return offsets[r] < 0 || offsets[r + 1] < offsets[r] || offsets[r + 1] > size;
}

static int32_t find_status(const ut_job *job, int64_t r, int64_t *slot, int32_t *list) {
    if (job->row_count && r >= *job->row_count) return URN_ROW_PADDING;
    *slot = job->slot ? job->slot[r] : r;
    if (*slot == -1) return URN_ROW_PADDING;
    if (*slot < 0 || *slot >= ut_slots_of(job)) return URN_ROW_INDEX;
    if (job->done && job->done[*slot]) return URN_ROW_PADDING;
    *list = job->list ? job->list[*slot] : job->list_value;
    if (job->list_count && (*list < 0 || *list >= job->list_count)) return URN_ROW_INDEX;
    if (job->row_index && (job->row_index[r] < 0 || job->row_index[r] >= job->data_rows)) return URN_ROW_INDEX;
    if (job->draw_offsets && (bad_offsets(job->draw_offsets, r, job->draws_size) ||
                              job->draw_offsets[r + 1] - job->draw_offsets[r] > (job->draws ? job->draws : 1)))
        return URN_ROW_INDEX;
    if (job->kept_offsets && bad_offsets(job->kept_offsets, r, job->kept_ids_size)) return URN_ROW_INDEX;
    if (!job->offsets) return URN_ROW_OK;
    return bad_offsets(job->offsets, r, job->data_size) || job->offsets[r + 1] - job->offsets[r] > job->cols
               ? URN_ROW_INDEX
               : URN_ROW_OK;
}

float oracle_element(const ut_job *job, const void *data, int64_t i) {
    if (job->dtype == URN_F32) return ((const float *)data)[i] + 0.0f;
    uint16_t bits = ((const uint16_t *)data)[i];
    return (job->dtype == URN_F16 ? ut_f16_value(bits) : ut_bf16_value(bits)) + 0.0f;
}

static void append(int32_t *to, int64_t *count, const int32_t *from, int64_t n) {
    if (n > 0) memcpy(to + *count, from, 4 * (size_t)n);
    *count += n > 0 ? n : 0;
}

/* What the slot keeps, then the drafts in flight. */
static void read_state(const ut_job *job, int64_t r, oracle_row *row) {
    const ut_state *held = job->held;
    int64_t s = row->slot, prompts = 0, outputs = 0, drafts = job->overlay ? job->overlay_stride : 0, all = 0;
    if (job->overlay && job->overlay_count) {
        drafts = job->overlay_count[r] < 0 ? 0 : job->overlay_count[r] < drafts ? job->overlay_count[r] : drafts;
    }
    if (held && held->prompt) prompts = held->prompt_offsets[s + 1] - held->prompt_offsets[s];
    if (held && held->output) outputs = held->output_offsets[s + 1] - held->output_offsets[s];
    int32_t *whole = (int32_t *)ut_malloc(4 * (size_t)(prompts + outputs + drafts));
    row->outputs = (int32_t *)ut_malloc(4 * (size_t)(outputs + drafts));
    if (prompts) append(whole, &all, held->prompt + held->prompt_offsets[s], prompts);
    if (outputs) append(whole, &all, held->output + held->output_offsets[s], outputs);
    if (outputs) append(row->outputs, &row->outputs_count, held->output + held->output_offsets[s], outputs);
    int64_t kept = held && all > held->history ? held->history : all;
    memmove(whole, whole + (all - kept), 4 * (size_t)kept);
    row->context = whole;
    row->context_count = kept;
    if (drafts) append(whole, &row->context_count, job->overlay + r * job->overlay_stride, drafts);
    if (drafts) append(row->outputs, &row->outputs_count, job->overlay + r * job->overlay_stride, drafts);
    if (prompts) row->prompt = held->prompt + held->prompt_offsets[s];
    row->prompt_count = prompts;
    row->prompt_cols = held ? held->prompt_cols : 0;
    for (int64_t i = 0; i < outputs; i++) { /* distinct outputs against the room for counts */
        int fresh = 1;
        for (int64_t j = 0; j < i; j++) fresh &= row->outputs[j] != row->outputs[i];
        row->distinct += fresh;
    }
    row->overflow = held && held->counts > 0 && row->distinct > held->counts;
    row->position = held ? (uint32_t)outputs : job->position_value;
}

oracle_row *oracle_row_of(const ut_job *job, int64_t r) {
    oracle_row *row = (oracle_row *)ut_malloc(sizeof *row);
    memset(row, 0, sizeof *row);
    int32_t list = 0;
    row->slot = r;
    row->status = find_status(job, r, &row->slot, &list);
    if (row->status) return row;
    row->seed = job->seed ? job->seed[row->slot] : job->seed_value;
    row->label = job->label ? job->label[row->slot] : (uint64_t)(job->row_index ? job->row_index[r] : r);
    read_state(job, r, row);
    if (job->position) row->position = job->position[r];

    int64_t stride = job->row_stride ? job->row_stride : job->cols;
    int64_t first = job->offsets ? job->offsets[r] : (job->row_index ? job->row_index[r] : r) * stride;
    row->n = job->offsets ? job->offsets[r + 1] - first : job->cols;
    if (job->list_count) oracle_read_steps(job, job->lists + list, r, row);
    if (row->status) return row;
    row->x = (float *)ut_malloc(sizeof *row->x * (size_t)row->n);
    for (int64_t i = 0; i < row->n; i++) {
        row->x[i] = oracle_element(job, job->logits, first + i);
        if (isnan(row->x[i])) row->status |= URN_ROW_NAN;
        if (row->x[i] == INFINITY) row->status |= URN_ROW_INF;
    }
    return row;
}

void oracle_row_free(oracle_row *row) {
    for (int32_t i = 0; i < row->count; i++) free(row->steps[i].second);
    free(row->x);
    free(row->context);
    free(row->outputs);
    free(row);
}

static const float *sort_x; /* qsort has no argument for it; tests run one thread */

static int before(const void *a, const void *b) {
    int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    if (sort_x[i] != sort_x[j]) return sort_x[i] > sort_x[j] ? -1 : 1;
    return i < j ? -1 : 1;
}

int32_t *oracle_order(const float *x, int64_t n) {
    int32_t *order = (int32_t *)ut_malloc(sizeof *order * (size_t)n);
    for (int64_t i = 0; i < n; i++) order[i] = (int32_t)i;
    sort_x = x;
    qsort(order, (size_t)n, sizeof *order, before);
    return order;
}
