/* oracle_row.c - a job's row as the oracles read it: which list, which parameters, which values. */
#include <math.h>

#include "tests/oracle.h"

static int32_t find_status(const ut_job *job, int64_t r, int64_t *slot, int32_t *list) {
    int64_t slots = job->slots ? job->slots : job->rows;
    if (job->row_count && r >= *job->row_count) return URN_ROW_PADDING;
    *slot = job->slot ? job->slot[r] : r;
    if (*slot == -1) return URN_ROW_PADDING;
    if (*slot < 0 || *slot >= slots) return URN_ROW_INDEX;
    *list = job->list ? job->list[*slot] : job->list_value;
    if (job->list_count && (*list < 0 || *list >= job->list_count)) return URN_ROW_INDEX;
    if (job->row_index && (job->row_index[r] < 0 || job->row_index[r] >= job->data_rows)) return URN_ROW_INDEX;
    if (!job->offsets) return URN_ROW_OK;
    int64_t begin = job->offsets[r], end = job->offsets[r + 1];
    return begin < 0 || end < begin || end - begin > job->cols || end > job->data_size ? URN_ROW_INDEX : URN_ROW_OK;
}

static float float_param(const urn_param *p, int64_t slot, int64_t row) {
    const float *array = (const float *)p->array;
    return p->by == URN_SCALAR ? p->f : array[p->by == URN_BY_SLOT ? slot : row];
}

static int32_t int_param(const urn_param *p, int64_t slot, int64_t row) {
    const int32_t *array = (const int32_t *)p->array;
    return p->by == URN_SCALAR ? p->i : array[p->by == URN_BY_SLOT ? slot : row];
}

/* Look one step up; 0 when it is neutral for this row. */
static int read_step(const urn_step *step, int64_t slot, int64_t row, oracle_step *out, int32_t *status) {
    out->op = step->op;
    if (step->op == URN_OP_MASK) {
        int64_t table_row = step->map ? step->map[row] : row;
        if (table_row == -1 && step->map) return 0;
        if (table_row < 0 || table_row >= step->table_rows) {
            *status |= URN_ROW_INDEX;
            return 0;
        }
        out->words = (const uint32_t *)step->table + table_row * step->table_stride;
        return 1;
    }
    if (step->op == URN_OP_TOP_K) {
        out->k = int_param(step->param, slot, row);
        if (out->k < -1) *status |= URN_ROW_PARAM;
        return out->k > 0;
    }
    out->f = float_param(step->param, slot, row);
    float most = step->op == URN_OP_TEMPERATURE ? 3.4028235e38f : 1.0f;
    if (!(out->f >= 0.0f && out->f <= most)) *status |= URN_ROW_PARAM;
    return out->f != (step->op == URN_OP_MIN_P ? 0.0f : 1.0f);
}

static float read_value(const ut_job *job, int64_t i) {
    if (job->dtype == URN_F32) return ((const float *)job->logits)[i] + 0.0f;
    uint16_t bits = ((const uint16_t *)job->logits)[i];
    return (job->dtype == URN_F16 ? ut_f16_value(bits) : ut_bf16_value(bits)) + 0.0f;
}

oracle_row *oracle_row_of(const ut_job *job, int64_t r) {
    oracle_row *row = (oracle_row *)ut_malloc(sizeof *row);
    memset(row, 0, sizeof *row);
    int64_t slot = r;
    int32_t list = 0;
    row->status = find_status(job, r, &slot, &list);
    if (row->status) return row;
    for (int32_t i = 0; job->list_count && i < job->lists[list].count; i++) {
        row->count += read_step(job->lists[list].steps + i, slot, r, row->steps + row->count, &row->status);
    }
    float temperature = 1.0f; /* the running product, as rows of products past f32's range are refused */
    for (int32_t i = 0; i < row->count; i++) {
        if (row->steps[i].op == URN_OP_TEMPERATURE) temperature *= row->steps[i].f;
    }
    if (!isfinite(temperature)) row->status |= URN_ROW_PARAM;
    if (row->status & URN_ROW_INDEX) row->status = URN_ROW_INDEX;
    if (row->status) return row;
    row->seed = job->seed ? job->seed[slot] : job->seed_value;
    row->label = job->label ? job->label[slot] : (uint64_t)(job->row_index ? job->row_index[r] : r);
    row->position = job->position ? job->position[r] : job->position_value;

    int64_t stride = job->row_stride ? job->row_stride : job->cols;
    int64_t first = job->offsets ? job->offsets[r] : (job->row_index ? job->row_index[r] : r) * stride;
    row->n = job->offsets ? job->offsets[r + 1] - first : job->cols;
    row->x = (float *)ut_malloc(sizeof *row->x * (size_t)row->n);
    for (int64_t i = 0; i < row->n; i++) {
        row->x[i] = read_value(job, first + i);
        if (isnan(row->x[i])) row->status |= URN_ROW_NAN;
        if (row->x[i] == INFINITY) row->status |= URN_ROW_INF;
    }
    return row;
}

void oracle_row_free(oracle_row *row) {
    free(row->x);
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
