/* check_sample.c - what urn_sample refuses, by name, and the defaults that it fills in. No allocation, no question to
 * the device: one walk over a table of arrays, then a few comparisons. */
#include "host/check_sample.h"

#include <string.h>

#include "host/check.h"
#include "host/handles.h"
#include "host/params.h"

#define URN_MAX_DRAWS (1 << 20)

/* count elements, stride apart, of `cols` each: the last byte's offset must fit int64 */
static urn_status check_extent(const char *call, const char *count_name, int64_t count, const urn_matrix *m,
                               int64_t size) {
    int64_t last;
    if (__builtin_mul_overflow(count - 1, m->row_stride, &last) || last > INT64_MAX / size - m->cols)
        return urn_fail(URN_E_SHAPE, "%s: %s %lld times logits.row_stride %lld passes 2^63 bytes", call, count_name,
                        (long long)count, (long long)m->row_stride);
    return URN_OK;
}

static urn_status check_matrix(const char *call, const urn_matrix *m) {
    int64_t size = (int64_t)urn_dtype_size((urn_dtype)m->dtype);
    URN_TRY(urn_check_pointer(call, "logits.data", m->data));
    if (!size)
        return urn_fail(URN_E_DTYPE, "%s: logits.dtype is %d; wanted URN_F32, URN_F16 or URN_BF16", call, m->dtype);
    if ((uintptr_t)m->data & (uintptr_t)(size - 1))
        return urn_fail(URN_E_VALUE, "%s: logits.data is %p; wanted a multiple of %d", call, m->data, (int)size);
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.rows", m->rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.cols", m->cols, 1, URN_MAX_COLS));
    if (m->offsets) {
        if (m->row_index)
            return urn_fail(URN_E_SHAPE, "%s: logits has row_index and offsets; wanted one of them at most", call);
        return urn_check_range(URN_E_SHAPE, call, "logits.data_size", m->data_size, 0, INT64_MAX / size);
    }
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.row_stride", m->row_stride, 0, INT64_MAX));
    if (!m->row_index) return m->rows ? check_extent(call, "logits.rows", m->rows, m, size) : URN_OK;
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.data_rows", m->data_rows, 1, INT64_MAX));
    return check_extent(call, "logits.data_rows", m->data_rows, m, size);
}

typedef struct array_rule {
    size_t member;
    uintptr_t mask; /* address bits that must be 0 */
    int is_output;
    const char *name;
} array_rule;

#define IN(member, mask)                                                                                               \
    { offsetof(urn_sample_params, member), mask, 0, #member }
#define OUT(member, mask)                                                                                              \
    { offsetof(urn_sample_params, member), mask, 1, #member }

static const array_rule arrays[] = {
    IN(slot, 3),
    IN(list, 3),
    IN(seed, 7),
    IN(label, 7),
    IN(position, 3),
    IN(row_count, 3),
    IN(logits.row_index, 3),
    IN(logits.offsets, 7),
    OUT(ids, 3),
    OUT(logprob, 3),
    OUT(logprob_raw, 3),
    OUT(rank, 3),
    OUT(lse, 3),
    OUT(entropy, 3),
    OUT(kept_count, 3),
    OUT(kept_logmass, 3),
    OUT(status, 3),
    IN(workspace, URN_ALIGNMENT - 1),
    IN(codes, 7),
    OUT(codes_out, 7),
    IN(draw_offsets, 7),
    IN(overlay, 3),
    IN(overlay_count, 3),
    OUT(distinct_id, 3),
    OUT(distinct_count, 3),
    OUT(distinct_weight, 3),
    OUT(distinct, 3),
    IN(given, 3),
    OUT(given_logprob, 3),
    OUT(given_logprob_raw, 3),
    OUT(given_rank, 3),
    OUT(top_id, 3),
    OUT(top_logprob, 3),
    OUT(summary, 7),
    OUT(kept_bits, 3),
    OUT(kept_ids, 3),
    IN(kept_offsets, 7),
    OUT(probs, 3),
    OUT(processed, 3),
};

enum { ARRAYS = sizeof arrays / sizeof arrays[0] };

static uintptr_t address_of(const urn_sample_params *p, const array_rule *rule) {
    const void *pointer;
    memcpy(&pointer, (const char *)p + rule->member, sizeof pointer);
    return (uintptr_t)pointer;
}

/* Alignment of every array; *output is one that is given and is an output, or NULL. */
static urn_status check_arrays(const char *call, const urn_sample_params *p, const char **output) {
    *output = NULL;
    for (int i = 0; i < ARRAYS; i++) {
        uintptr_t address = address_of(p, &arrays[i]);
        if (arrays[i].is_output && address) *output = arrays[i].name;
        if (address & arrays[i].mask)
            return urn_fail(URN_E_VALUE, "%s: %s is not aligned to its element: it is %p, wanted a multiple of %d",
                            call, arrays[i].name, (void *)address, (int)arrays[i].mask + 1);
    }
    return URN_OK;
}

/* Which slots there are: as many as the by-slot arrays have, and no more than the state has. */
static urn_status complete_slots(const char *call, urn_sample_params *p) {
    int64_t held = p->state ? p->state->view.slots : URN_MAX_ROWS;
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "slots", p->slots, 0, held));
    if (!p->slots) p->slots = p->state ? held : p->logits.rows;
    if (!p->slot && p->slots < p->logits.rows)
        return urn_fail(URN_E_SHAPE,
                        "%s: slot is NULL, logits.rows is %lld and slots is %lld; wanted a slot for each row", call,
                        (long long)p->logits.rows, (long long)p->slots);
    return URN_OK;
}

static urn_status check_lists(const char *call, const urn_sample_params *p, const urn_sampler *sampler) {
    const urn_table_place *words = &sampler->words, *columns = &sampler->columns, *halves = &sampler->halves;
    const int64_t cols = p->logits.cols;
    if (!p->list) URN_TRY(urn_check_range(URN_E_VALUE, call, "list_value", p->list_value, 0, sampler->lists.count - 1));
    if ((cols + 31) / 32 > words->stride)
        return urn_fail(URN_E_SHAPE, "%s: list %d step %d %s: table_stride is %lld words; wanted %lld for %lld cols",
                        call, words->list, words->step, words->name, (long long)words->stride,
                        (long long)((cols + 31) / 32), (long long)cols);
    if (cols > columns->stride)
        return urn_fail(URN_E_SHAPE, "%s: list %d step %d %s: table_stride is %lld; wanted %lld or more", call,
                        columns->list, columns->step, columns->name, (long long)columns->stride, (long long)cols);
    if (halves->name && p->logits.dtype == URN_F32)
        return urn_fail(URN_E_VALUE, "%s: list %d step %d %s: table is not aligned to the logits' f32", call,
                        halves->list, halves->step, halves->name);
    return URN_OK;
}

/* A list that reads a slot wants slots to read; and what is read beside them. */
static urn_status check_state(const char *call, const urn_sample_params *p, const urn_sampler *sampler) {
    const int32_t needs = sampler->lists.needs;
    if ((needs & URN_NEEDS_STATE) && !p->state)
        return urn_fail(URN_E_NULL, "%s: state is NULL and a list reads contexts; wanted urn_slots", call);
    if ((needs & URN_NEEDS_COUNTS) && p->state->view.counts == 0)
        return urn_fail(URN_E_NULL,
                        "%s: state has no counts and a list has penalties over all outputs; wanted "
                        "urn_slots with counts",
                        call);
    if (p->overlay) URN_TRY(urn_check_range(URN_E_VALUE, call, "overlay_stride", p->overlay_stride, 0, URN_MAX_DRAWS));
    return URN_OK;
}

static urn_status check_draws(const char *call, const urn_sample_params *p) {
    URN_TRY(urn_check_range(URN_E_VALUE, call, "draws", p->draws, 1, URN_MAX_DRAWS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "method", p->method, URN_DRAW_INVERSE, URN_DRAW_GUMBEL));
    if (p->method == URN_DRAW_GUMBEL && (p->codes || p->codes_out))
        return urn_fail(URN_E_VALUE, "%s: %s is given and method is URN_DRAW_GUMBEL; wanted URN_DRAW_INVERSE", call,
                        p->codes ? "codes" : "codes_out");
    if (p->codes_out && !p->codes)
        return urn_fail(URN_E_NULL, "%s: codes_out is given and codes is NULL; wanted codes", call);
    if (!p->distinct_id && (p->distinct_count || p->distinct_weight || p->distinct))
        return urn_fail(URN_E_NULL, "%s: distinct_id is NULL and %s is not; wanted the ids", call,
                        p->distinct_count    ? "distinct_count"
                        : p->distinct_weight ? "distinct_weight"
                                             : "distinct");
    if (p->draw_offsets) URN_TRY(urn_check_range(URN_E_SHAPE, call, "draws_size", p->draws_size, 0, INT64_MAX / 8));
    return URN_OK;
}

static urn_status check_given(const char *call, urn_sample_params *p) {
    const int wanted = p->given_logprob || p->given_logprob_raw || p->given_rank;
    if (!p->given && wanted)
        return urn_fail(URN_E_NULL, "%s: given is NULL and %s is not; wanted the ids", call,
                        p->given_logprob       ? "given_logprob"
                        : p->given_logprob_raw ? "given_logprob_raw"
                                               : "given_rank");
    if (!wanted) p->given = NULL;
    if (!p->given) return URN_OK;
    return urn_check_range(URN_E_VALUE, call, "given_stride", p->given_stride, 1, URN_MAX_DRAWS);
}

static urn_status check_top(const char *call, urn_sample_params *p) {
    const int wanted = p->top_id || p->top_logprob;
    URN_TRY(urn_check_range(URN_E_VALUE, call, "top_n", p->top_n, wanted ? 1 : 0, URN_MAX_TOP_N));
    if (!wanted) p->top_n = 0;
    return urn_check_range(URN_E_VALUE, call, "top_of", p->top_of, URN_LAW_RAW, URN_LAW_DRAWN);
}

/* A stride of rows of `least` words, below 2^63 bytes in all. */
static urn_status check_stride(const char *call, const char *name, int64_t stride, int64_t least, int64_t rows) {
    return urn_check_range(URN_E_VALUE, call, name, stride, least, INT64_MAX / 4 / (rows ? rows : 1));
}

static urn_status check_processed(const char *call, const urn_sample_params *p) {
    const urn_matrix *m = &p->logits;
    if (p->processed != m->data) return URN_OK;
    if (m->dtype == URN_F32 && !m->row_index && !m->offsets && m->row_stride == p->processed_stride) return URN_OK;
    return urn_fail(URN_E_VALUE, "%s: processed is logits.data; wanted that only for dense f32 of the same stride",
                    call);
}

static urn_status check_rows(const char *call, urn_sample_params *p) {
    const int64_t rows = p->logits.rows, cols = p->logits.cols;
    if (p->kept_bits) URN_TRY(check_stride(call, "kept_bits_stride", p->kept_bits_stride, (cols + 31) / 32, rows));
    if (p->kept_ids) {
        URN_TRY(urn_check_pointer(call, "kept_offsets", p->kept_offsets));
        URN_TRY(urn_check_range(URN_E_SHAPE, call, "kept_ids_size", p->kept_ids_size, 0, INT64_MAX / 4));
    }
    if (!p->probs_stride) p->probs_stride = cols;
    if (p->probs) URN_TRY(check_stride(call, "probs_stride", p->probs_stride, cols, rows));
    if (!p->processed) return URN_OK;
    if (!p->processed_stride) p->processed_stride = cols;
    URN_TRY(check_stride(call, "processed_stride", p->processed_stride, cols, rows));
    return check_processed(call, p);
}

/* What the rows are and what laws they have. */
static urn_status check_rows_in(const char *call, urn_sample_params *p, const urn_sampler *sampler) {
    URN_TRY(complete_slots(call, p));
    URN_TRY(check_lists(call, p, sampler));
    return check_state(call, p, sampler);
}

urn_status urn_check_sample(const char *call, urn_sample_params *params, const urn_sampler *sampler) {
    const char *output;
    URN_TRY(check_matrix(call, &params->logits));
    URN_TRY(check_arrays(call, params, &output));
    if (!output) return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one, such as ids", call);
    URN_TRY(check_draws(call, params));
    URN_TRY(check_rows_in(call, params, sampler));
    URN_TRY(check_given(call, params));
    URN_TRY(check_top(call, params));
    return check_rows(call, params);
}

urn_status urn_check_sample_inputs(const char *call, urn_sample_params *params, const urn_sampler *sampler) {
    const char *output;
    /* how urn_sample draws and writes is not asked here, so nothing of it may be read later */
    params->draws = 1, params->method = URN_DRAW_INVERSE, params->top_n = 0;
    params->codes = NULL, params->given = NULL, params->workspace = NULL;
    params->draw_offsets = params->kept_offsets = NULL;
    URN_TRY(check_matrix(call, &params->logits));
    URN_TRY(check_arrays(call, params, &output));
    if (output) return urn_fail(URN_E_VALUE, "%s: %s of the rows is given; wanted inputs only there", call, output);
    return check_rows_in(call, params, sampler);
}

urn_status urn_sample_copy(const char *call, urn_sample_params *params, const urn_sample_params *given) {
    static const urn_struct_sizes sizes = {URN_END_OF(urn_sample_params, ids), sizeof(urn_sample_params),
                                           sizeof(void *)};
    static const urn_sample_params defaults = URN_SAMPLE_PARAMS_INIT;
    *params = defaults;
    return urn_params_copy(call, "params", params, given, sizes);
}
