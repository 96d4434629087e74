/* urn_job.c - sample_all: one call of urn_sample from host arrays to host arrays, whatever it asks for. */
#include <stdio.h>

#include "tests/urn_test.h"

#define UT_FRESH_BYTE 0xca

int64_t ut_slots_of(const ut_job *job) { return job->slots ? job->slots : job->held ? job->held->slots : job->rows; }

/* ---- outputs ---- */

static const struct {
    const char *name;
    size_t offset, size;
    ut_per per;
} outputs[] = {
#define UT_ROW(name, type, per) {#name, offsetof(ut_draws, name), sizeof(type), per},
    UT_OUTPUTS(UT_ROW)
#undef UT_ROW
};

static void **output_at(const ut_draws *d, int number) {
    return (void **)((char *)(uintptr_t)d + outputs[number].offset);
}

int64_t ut_draws_of(const ut_draws *d, int64_t row, int64_t *first) {
    *first = d->draw_offsets ? d->draw_offsets[row] : row * d->draws;
    int64_t n = d->draw_offsets ? d->draw_offsets[row + 1] - *first : d->draws;
    return n < 0 || *first < 0 || n > d->draws || (d->draw_offsets && *first + n > d->draws_size) ? 0 : n;
}

/* Elements of an output: of a row, with the number before it; of all rows where row < 0. */
static size_t elements_of(const ut_draws *d, int number, int64_t row, int64_t *first) {
    int64_t each = 1;
    switch (outputs[number].per) {
    case UT_ONE:
        break;
    case UT_BY_DRAW:
        if (row >= 0) return (size_t)ut_draws_of(d, row, first);
        *first = 0;
        return (size_t)(d->draw_offsets ? d->draws_size : d->rows * d->draws);
    case UT_BY_GIVEN:
        each = d->given_stride;
        break;
    case UT_BY_TOP:
        each = d->top_n;
        break;
    case UT_BY_WORD:
        each = d->kept_bits_stride;
        break;
    case UT_BY_KEPT:
        *first = row < 0 ? 0 : d->kept_offsets[row];
        if (row < 0) return (size_t)d->kept_ids_size;
        each = d->kept_offsets[row + 1] - *first;
        return each < 0 || *first < 0 || *first + each > d->kept_ids_size ? 0 : (size_t)each;
    case UT_BY_PROB:
        each = d->probs_stride;
        break;
    case UT_BY_PROCESSED:
        each = d->processed_stride;
        break;
    }
    *first = row < 0 ? 0 : row * each;
    return (size_t)(row < 0 ? d->rows * each : each);
}

ut_cells ut_output_of(const ut_draws *d, int number, int64_t row) {
    int64_t first = 0;
    ut_cells cells = {*output_at(d, number), 0, outputs[number].size, outputs[number].name};
    if (!cells.data) return cells;
    cells.n = elements_of(d, number, row, &first);
    cells.data = (char *)cells.data + (size_t)first * cells.size;
    return cells;
}

static int64_t *copy_of(const int64_t *offsets, int64_t n) {
    if (!offsets) return NULL;
    int64_t *copy = (int64_t *)ut_malloc(8 * (size_t)n);
    memcpy(copy, offsets, 8 * (size_t)n);
    return copy;
}

ut_draws *ut_draws_for(const ut_job *job) {
    ut_draws *d = (ut_draws *)ut_malloc(sizeof *d);
    memset(d, 0, sizeof *d);
    uint32_t want = job->want ? job->want : UT_WANT_CLASSIC;
    d->rows = job->rows;
    d->draws = job->draws ? job->draws : 1;
    d->draw_offsets = copy_of(job->draw_offsets, job->rows + 1);
    d->kept_offsets = copy_of(job->kept_offsets, job->rows + 1);
    d->draws_size = job->draws_size;
    d->kept_ids_size = job->kept_ids_size;
    d->given_stride = job->given_stride;
    d->top_n = job->top_n;
    d->kept_bits_stride = job->kept_bits_stride ? job->kept_bits_stride : (job->cols + 31) / 32;
    d->probs_stride = job->probs_stride ? job->probs_stride : job->cols;
    d->processed_stride = job->processed_stride ? job->processed_stride : job->cols;
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        int64_t first;
        if (!(want >> k & 1)) continue;
        size_t bytes = outputs[k].size * elements_of(d, k, -1, &first);
        *output_at(d, k) = memset(ut_malloc(bytes), UT_FRESH_BYTE, bytes);
    }
    return d;
}

void ut_draws_free(ut_draws *d) {
    if (!d) return;
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) free(*output_at(d, k));
    free(d->draw_offsets);
    free(d->kept_offsets);
    free(d);
}

/* ---- inputs ---- */

/* A list that is there but has no ids is a pointer all the same. */
static const void *upload_some(ut_bed *bed, const void *host, int64_t elements, size_t size) {
    static const char none[8] = {0};
    if (!host) return NULL;
    return elements > 0 ? ut_upload(bed, host, (size_t)elements * size) : ut_upload(bed, none, sizeof none);
}

static void upload_tables(ut_bed *bed, const ut_job *job, urn_step *s) {
    int lists = s->offsets != NULL;
    size_t size = s->op == URN_OP_MIX || s->op == URN_OP_MIXTURE ? urn_dtype_size(job->dtype) : 4;
    int64_t elements = lists ? s->table_stride : s->table_rows * s->table_stride;
    s->table = upload_some(bed, s->table, elements, size);
    s->values = (const float *)upload_some(bed, s->values, s->table_stride, 4);
    s->offsets = (const int64_t *)upload_some(bed, s->offsets, s->table_rows + 1, 8);
    s->sets = (const int64_t *)upload_some(bed, s->sets, s->sets_rows + 1, 8);
    s->map = (const int32_t *)upload_some(bed, s->map, job->rows, 4);
}

static const urn_list *upload_lists(ut_bed *bed, const ut_job *job, urn_step *steps, urn_list *lists) {
    for (int32_t l = 0; l < job->list_count; l++) {
        lists[l].count = job->lists[l].count;
        lists[l].steps = steps;
        for (int32_t i = 0; i < job->lists[l].count; i++, steps++) {
            *steps = job->lists[l].steps[i];
            for (int k = 0; k < 4; k++) {
                urn_param *param = steps->param + k;
                size_t length = (size_t)(param->by == URN_BY_ROW ? job->rows : ut_slots_of(job));
                if (param->by != URN_SCALAR) param->array = ut_upload(bed, param->array, 4 * length);
            }
            upload_tables(bed, job, steps);
        }
    }
    return lists;
}

static urn_matrix upload_logits(ut_bed *bed, const ut_job *job) {
    int64_t stride = job->row_stride ? job->row_stride : job->cols, rows = job->row_index ? job->data_rows : job->rows;
    int64_t elements = job->offsets ? job->data_size : (rows - 1) * stride + job->cols;
    size_t bytes = (size_t)elements * urn_dtype_size(job->dtype);
    const void *data = job->in_place ? ut_inout(bed, job->logits, bytes, job->misalign)
                                     : ut_upload_at(bed, job->logits, bytes, job->misalign);
    if (job->offsets) {
        const int64_t *offsets = (const int64_t *)ut_upload(bed, job->offsets, 8 * (size_t)(job->rows + 1));
        return urn_matrix_ragged(data, job->dtype, job->data_size, offsets, job->rows, job->cols);
    }
    urn_matrix dense = urn_matrix_dense(data, job->dtype, rows, job->cols, stride);
    if (!job->row_index) return dense;
    return urn_matrix_indexed(dense, (const int32_t *)ut_upload(bed, job->row_index, 4 * (size_t)job->rows), job->rows);
}

static urn_slots *make_slots(ut_bed *bed, const ut_state *held) {
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.slots = held->slots, params.history = held->history;
    params.counts = held->counts, params.prompt_cols = held->prompt_cols;
    urn_slots *slots;
    UT_OK(urn_slots_create(bed->ctx, &params, &slots));
    if (held->prompt) {
        int64_t size = held->prompt_offsets[held->slots];
        const int32_t *ids = (const int32_t *)upload_some(bed, held->prompt, size, 4);
        const int64_t *offsets = (const int64_t *)ut_upload(bed, held->prompt_offsets, 8 * (size_t)(held->slots + 1));
        UT_OK(urn_slots_prompt(bed->stream, slots, NULL, ids, size, offsets, held->slots));
    }
    if (held->output) { /* ragged outputs as rows of one stride */
        int64_t stride = 1;
        int32_t *accepted = (int32_t *)ut_malloc(4 * (size_t)held->slots);
        for (int32_t s = 0; s < held->slots; s++) {
            accepted[s] = (int32_t)(held->output_offsets[s + 1] - held->output_offsets[s]);
            stride = accepted[s] > stride ? accepted[s] : stride;
        }
        int32_t *ids = (int32_t *)ut_malloc(4 * (size_t)(held->slots * stride));
        memset(ids, 0, 4 * (size_t)(held->slots * stride));
        for (int32_t s = 0; s < held->slots; s++) {
            memcpy(ids + s * stride, held->output + held->output_offsets[s], 4 * (size_t)accepted[s]);
        }
        const int32_t *device_ids = (const int32_t *)ut_upload(bed, ids, 4 * (size_t)(held->slots * stride));
        const int32_t *device_accepted = (const int32_t *)ut_upload(bed, accepted, 4 * (size_t)held->slots);
        UT_OK(urn_slots_commit(bed->stream, slots, NULL, device_ids, stride, device_accepted, held->slots));
        UT_OK(urn_stream_sync_host(bed->stream));
        free(ids);
        free(accepted);
    }
    return slots;
}

/* ---- the call ---- */

static void give_inputs(ut_bed *bed, const ut_job *job, urn_sample_params *p, int64_t cells) {
    size_t rows = (size_t)job->rows, slots = (size_t)ut_slots_of(job);
    p->logits = upload_logits(bed, job);
    p->slot = (const int32_t *)ut_upload(bed, job->slot, 4 * rows);
    p->list = (const int32_t *)ut_upload(bed, job->list, 4 * slots);
    p->seed = (const uint64_t *)ut_upload(bed, job->seed, 8 * slots);
    p->label = (const uint64_t *)ut_upload(bed, job->label, 8 * slots);
    p->position = (const uint32_t *)ut_upload(bed, job->position, 4 * rows);
    p->row_count = (const int32_t *)ut_upload(bed, job->row_count, 4);
    p->slots = job->slots;
    p->seed_value = job->seed_value;
    p->position_value = job->position_value;
    p->list_value = job->list_value;
    p->method = job->method;
    if (job->codes && job->codes_in_place)
        p->codes = (uint64_t *)ut_inout(bed, job->codes, 8 * (size_t)cells, 0);
    else
        p->codes = (const uint64_t *)ut_upload(bed, job->codes, 8 * (size_t)cells);
    p->draw_offsets = (const int64_t *)ut_upload(bed, job->draw_offsets, 8 * (rows + 1));
    p->draws_size = job->draws_size;
    p->done = (const uint8_t *)ut_upload(bed, job->done, slots);
    p->overlay = (const int32_t *)ut_upload(bed, job->overlay, 4 * rows * (size_t)job->overlay_stride);
    p->overlay_count = (const int32_t *)ut_upload(bed, job->overlay_count, 4 * rows);
    p->overlay_stride = job->overlay_stride;
    p->given = (const int32_t *)ut_upload(bed, job->given, 4 * rows * (size_t)job->given_stride);
    p->given_stride = job->given_stride;
    p->top_n = job->top_n;
    p->top_of = job->top_of;
    p->kept_offsets = (const int64_t *)ut_upload(bed, job->kept_offsets, 8 * (rows + 1));
    p->kept_ids_size = job->kept_ids_size;
    p->probs_stride = job->probs_stride;
    p->processed_stride = job->processed_stride;
}

ut_rows ut_rows_of(ut_bed *bed, const ut_job *job) {
    int32_t total = 0;
    int64_t draws = job->draws ? job->draws : 1;
    for (int32_t l = 0; l < job->list_count; l++) total += job->lists[l].count;
    urn_step *steps = (urn_step *)ut_malloc(sizeof *steps * (size_t)(total + 1));
    urn_list *lists = (urn_list *)ut_malloc(sizeof *lists * (size_t)(job->list_count + 1));
    urn_sampler *sampler = NULL;
    if (job->list_count) {
        UT_OK(urn_sampler_create(bed->ctx, upload_lists(bed, job, steps, lists), job->list_count, &sampler));
    }
    free(steps);
    free(lists);

    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    urn_slots *made = job->held ? make_slots(bed, job->held) : NULL;
    p.draws = (int32_t)draws;
    p.sampler = sampler;
    p.state = made ? made : job->state;
    give_inputs(bed, job, &p, job->draw_offsets ? job->draws_size : job->rows * draws);
    return (ut_rows){p, sampler, made};
}

void ut_rows_free(ut_rows *rows) {
    urn_sampler_destroy(rows->sampler);
    urn_slots_destroy(rows->slots);
}

ut_draws *ut_sample_all(ut_bed *bed, const ut_job *job) {
    ut_draws *out = ut_draws_for(job);
    ut_rows rows = ut_rows_of(bed, job);
    urn_sample_params p = rows.params;
    void *device[UT_OUTPUT_COUNT];
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        ut_cells cells = ut_output_of(out, k, -1);
        device[k] = cells.data ? ut_output(bed, cells.size * (cells.n ? cells.n : 1)) : NULL;
    }
    if (job->in_place) device[UT_OUT_processed] = (void *)(uintptr_t)p.logits.data;
    if (job->codes_in_place) device[UT_OUT_codes_out] = (void *)(uintptr_t)p.codes;
#define UT_POINT(name, type, per) p.name = (type *)device[UT_OUT_##name];
    UT_OUTPUTS(UT_POINT)
#undef UT_POINT
    p.kept_bits_stride = p.kept_bits ? out->kept_bits_stride : 0;
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(rows.sampler, job->rows, job->cols)));
    UT_OK(urn_sample(bed->stream, &p));
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        ut_cells cells = ut_output_of(out, k, -1);
        if (!cells.data || !cells.n) continue;
        if (k == UT_OUT_processed && job->in_place) cells.n -= (size_t)(out->processed_stride - job->cols);
        ut_download(bed, device[k], cells.data, cells.size * cells.n);
    }
    ut_clear(bed);
    ut_rows_free(&rows);
    return out;
}

ut_draws *ut_sample_steps(ut_bed *bed, const ut_job *job, const urn_step *steps, int32_t count) {
    urn_list list = {steps, count};
    ut_job one = *job;
    one.lists = &list;
    one.list_count = 1;
    return ut_sample_all(bed, &one);
}

/* ---- comparison ---- */

void ut_same_row(const char *file, int line, const ut_draws *a, int64_t ra, const ut_draws *b, int64_t rb,
                 const char *what) {
    static const int first[] = {UT_OUT_status, UT_OUT_kept_count, UT_OUT_summary}; /* the most telling ones */
    for (int j = -3; j < UT_OUTPUT_COUNT; j++) {
        int k = j < 0 ? first[j + 3] : j;
        ut_cells x = ut_output_of(a, k, ra), y = ut_output_of(b, k, rb);
        if (!x.data || !y.data) continue;
        size_t n = (x.n < y.n ? x.n : y.n), unit = x.size > 8 ? 4 : x.size;
        if (memcmp(x.data, y.data, n * x.size) == 0) continue;
        char text[160];
        snprintf(text, sizeof text, "%s: %s of rows %lld and %lld", what, x.name, (long long)ra, (long long)rb);
        ut_same_bits(file, line, x.data, y.data, n * x.size / unit, unit, text);
    }
}

void ut_same_draws(const char *file, int line, const ut_draws *a, const ut_draws *b, const char *what) {
    if (a->rows != b->rows) ut_fail(file, line, "%s: %lld and %lld rows", what, (long long)a->rows, (long long)b->rows);
    for (int64_t r = 0; r < a->rows; r++) ut_same_row(file, line, a, r, b, r, what);
    /* rows whose offsets are wrong own nothing: the whole arrays show what was written between rows */
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        ut_cells x = ut_output_of(a, k, -1), y = ut_output_of(b, k, -1);
        if (x.data && y.data && x.n == y.n)
            ut_same_bits(file, line, x.data, y.data, x.n * x.size / (x.size > 8 ? 4 : x.size), x.size > 8 ? 4 : x.size,
                         x.name);
    }
}
