/* api_sample.c - urn_sample: check, complete the params, find the workspace, enqueue. No step of it allocates, waits,
 * or asks the device anything. */
#include "urn/sample.h"

#include "host/backend_workspace.h"
#include "host/check.h"
#include "host/handles.h"
#include "host/params.h"

#define URN_MAX_DRAWS (1 << 20)

static const char call[] = "urn_sample";

size_t urn_sample_workspace(const urn_sampler *sampler, int64_t rows, int64_t cols) {
    if (rows < 1 || rows > URN_MAX_ROWS || cols < 1 || cols > URN_MAX_COLS) return 0;
    size_t bytes = urn_backend_sample_workspace(rows, cols, sampler ? sampler->lists.needs : 0);
    return urn_round_up(bytes ? bytes : 1);
}

/* count elements, stride apart, of `cols` each: the last byte's offset must fit int64 */
static urn_status check_extent(const char *count_name, int64_t count, const urn_matrix *m, int64_t size) {
    int64_t last;
    if (__builtin_mul_overflow(count - 1, m->row_stride, &last) || last > INT64_MAX / size - m->cols)
        return urn_fail(URN_E_SHAPE, "%s: %s %lld times logits.row_stride %lld passes 2^63 bytes", call, count_name,
                        (long long)count, (long long)m->row_stride);
    return URN_OK;
}

static urn_status check_matrix(const urn_matrix *m) {
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
    if (!m->row_index) return m->rows ? check_extent("logits.rows", m->rows, m, size) : URN_OK;
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.data_rows", m->data_rows, 1, INT64_MAX));
    return check_extent("logits.data_rows", m->data_rows, m, size);
}

/* The name of the first of these arrays that is not aligned to its element; NULL if all are. */
static const char *misaligned_array(const urn_sample_params *p) {
    const struct {
        const void *pointer;
        uintptr_t mask;
        const char *name;
    } arrays[] = {
        {p->slot, 3, "slot"},
        {p->list, 3, "list"},
        {p->seed, 7, "seed"},
        {p->label, 7, "label"},
        {p->position, 3, "position"},
        {p->row_count, 3, "row_count"},
        {p->logits.row_index, 3, "logits.row_index"},
        {p->logits.offsets, 7, "logits.offsets"},
        {p->ids, 3, "ids"},
        {p->logprob, 3, "logprob"},
        {p->logprob_raw, 3, "logprob_raw"},
        {p->rank, 3, "rank"},
        {p->lse, 3, "lse"},
        {p->entropy, 3, "entropy"},
        {p->kept_count, 3, "kept_count"},
        {p->kept_logmass, 3, "kept_logmass"},
        {p->status, 3, "status"},
        {p->workspace, URN_ALIGNMENT - 1, "workspace"},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if ((uintptr_t)arrays[i].pointer & arrays[i].mask) return arrays[i].name;
    return NULL;
}

static urn_status check_arrays(const urn_sample_params *p) {
#define URN_AT(pointer) ((uintptr_t)(pointer))
    uintptr_t outputs = URN_AT(p->ids) | URN_AT(p->logprob) | URN_AT(p->logprob_raw) | URN_AT(p->rank) |
                        URN_AT(p->lse) | URN_AT(p->entropy) | URN_AT(p->kept_count) | URN_AT(p->kept_logmass) |
                        URN_AT(p->status);
    uintptr_t words = outputs | URN_AT(p->slot) | URN_AT(p->list) | URN_AT(p->position) | URN_AT(p->row_count) |
                      URN_AT(p->logits.row_index);
    uintptr_t doubles = URN_AT(p->seed) | URN_AT(p->label) | URN_AT(p->logits.offsets);
#undef URN_AT
    if (!outputs) return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one of ids .. status", call);
    if ((words & 3) | (doubles & 7) | ((uintptr_t)p->workspace & (URN_ALIGNMENT - 1)))
        return urn_fail(URN_E_VALUE, "%s: %s is not aligned to its element (workspace: to %d)", call,
                        misaligned_array(p), URN_ALIGNMENT);
    return URN_OK;
}

/* Which slots there are: as many as the by-slot arrays have, and no more than the state has. */
static urn_status complete_slots(urn_sample_params *p) {
    int64_t held = p->state ? p->state->view.slots : URN_MAX_ROWS;
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "slots", p->slots, 0, held));
    if (!p->slots) p->slots = p->state ? held : p->logits.rows;
    if (!p->slot && p->slots < p->logits.rows)
        return urn_fail(URN_E_SHAPE,
                        "%s: slot is NULL, logits.rows is %lld and slots is %lld; wanted a slot for each row", call,
                        (long long)p->logits.rows, (long long)p->slots);
    return URN_OK;
}

static urn_status check_lists(const urn_sample_params *p, const urn_sampler *sampler) {
    if (!p->list) URN_TRY(urn_check_range(URN_E_VALUE, call, "list_value", p->list_value, 0, sampler->lists.count - 1));
    if ((p->logits.cols + 31) / 32 > sampler->mask_stride)
        return urn_fail(URN_E_SHAPE, "%s: list %d step %d mask: table_stride is %lld words; wanted %lld for %lld cols",
                        call, sampler->mask_list, sampler->mask_step, (long long)sampler->mask_stride,
                        (long long)((p->logits.cols + 31) / 32), (long long)p->logits.cols);
    return URN_OK;
}

static urn_status find_workspace(const urn_stream *stream, const urn_sampler *sampler, urnk_sample_call *sample) {
    const urn_sample_params *p = &sample->params;
    size_t need = urn_sample_workspace(sampler, p->logits.rows, p->logits.cols);
    if (p->workspace) {
        sample->workspace = p->workspace;
        sample->workspace_bytes = p->workspace_bytes;
    } else {
        sample->workspace = stream->blocks ? stream->blocks->pointer : NULL;
        sample->workspace_bytes = stream->blocks ? stream->blocks->bytes : 0;
    }
    if (sample->workspace_bytes >= need) return URN_OK;
    return urn_fail(URN_E_WORKSPACE, "%s: %s has %zu bytes; wanted %zu for %lld rows of %lld", call,
                    p->workspace ? "workspace" : "the stream's scratch", sample->workspace_bytes, need,
                    (long long)p->logits.rows, (long long)p->logits.cols);
}

/* Everything that a call may be refused for; afterwards `sample` is what the backend gets. */
static urn_status plan_sample(const urn_stream *stream, const urn_sample_params *given, urnk_sample_call *sample) {
    static const urn_struct_sizes sizes = {URN_END_OF(urn_sample_params, ids), sizeof(urn_sample_params),
                                           sizeof(void *)};
    static const urn_slots_view no_state = {0};
    urn_sample_params *p = &sample->params;
    URN_TRY(urn_params_copy(call, "params", p, given, sizes));
    const urn_sampler *sampler = p->sampler ? p->sampler : stream->ctx->plain;
    URN_TRY(urn_check_same_ctx(call, "sampler", sampler->ctx, "stream", stream->ctx));
    if (p->state) URN_TRY(urn_check_same_ctx(call, "state", p->state->ctx, "stream", stream->ctx));
    URN_TRY(check_matrix(&p->logits));
    URN_TRY(check_arrays(p));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "draws", p->draws, 1, URN_MAX_DRAWS));
    URN_TRY(complete_slots(p));
    URN_TRY(check_lists(p, sampler));
    sample->lists = sampler->lists;
    sample->state = p->state ? p->state->view : no_state;
    return find_workspace(stream, sampler, sample);
}

urn_status urn_sample(urn_stream *stream, const urn_sample_params *params) {
    urnk_sample_call sample = {.params = URN_SAMPLE_PARAMS_INIT};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(plan_sample(stream, params, &sample));
    if (sample.params.logits.rows == 0) return URN_OK;
    URN_TRY(stream->ctx->backend->sample(stream->ctx, stream->handle, &sample));
    stream->launches += 1;
    return URN_OK;
}
