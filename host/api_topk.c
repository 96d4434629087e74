/* api_topk.c - urn_topk: check, complete, find the workspace, enqueue. */
#include "urn/topk.h"

#include "host/backend_topk.h"
#include "host/check_sample.h"
#include "host/params.h"
#include "host/special_call.h"

static const char call[] = "urn_topk";

size_t urn_topk_workspace(const urn_sampler *sampler, int64_t rows, int64_t cols, int32_t k) {
    if (rows < 1 || rows > URN_MAX_ROWS || cols < 1 || cols > URN_MAX_COLS || k < 1 || k > URN_TOPK_K) return 0;
    return urn_round_up(urn_backend_topk_workspace(rows, cols, k, sampler ? sampler->lists.needs : 0));
}

/* An output that only some of the ways of choosing have. */
typedef struct owned_output {
    urn_named_array array;
    int32_t least_by;
    const char *wanted;
} owned_output;

static urn_status check_outputs(const urn_topk_params *p) {
    const owned_output owned[] = {
        {{"logprob", p->logprob, 4}, URN_TOPK_VALUE, "any other than URN_TOPK_PLAIN"},
        {{"logmass", p->logmass, 4}, URN_TOPK_VALUE, "any other than URN_TOPK_PLAIN"},
        {{"inclusion_logprob", p->inclusion_logprob, 4}, URN_TOPK_GUMBEL, "URN_TOPK_GUMBEL or URN_TOPK_RACE"},
        {{"ordered_logprob", p->ordered_logprob, 4}, URN_TOPK_GUMBEL, "URN_TOPK_GUMBEL or URN_TOPK_RACE"},
        {{"set_logprob", p->set_logprob, 4}, URN_TOPK_GUMBEL, "URN_TOPK_GUMBEL or URN_TOPK_RACE"},
        {{"threshold", p->threshold, 8}, URN_TOPK_GUMBEL, "URN_TOPK_GUMBEL or URN_TOPK_RACE"},
        {{"beam_keys", p->beam_keys, 8}, URN_TOPK_GUMBEL, "URN_TOPK_GUMBEL or URN_TOPK_RACE"},
        {{"beam_logprob", p->beam_logprob, 8}, URN_TOPK_GUMBEL, "URN_TOPK_GUMBEL or URN_TOPK_RACE"},
    };
    const urn_named_array others[] = {
        {"k_of_row", p->k_of_row, 4},
        {"offsets", p->offsets, 8},
        {"ids", p->ids, 4},
        {"values", p->values, 4},
        {"keys", p->keys, 8},
        {"found", p->found, 4},
        {"status", p->status, 4},
        {"workspace", p->workspace, URN_ALIGNMENT},
        {"parent_key", p->parent_key, 8},
        {"parent_logprob", p->parent_logprob, 8},
    };
    if (p->beam_keys) URN_TRY(urn_check_pointer(call, "parent_key", p->parent_key));
    if (p->beam_keys || p->beam_logprob) URN_TRY(urn_check_pointer(call, "parent_logprob", p->parent_logprob));
    int any = p->ids || p->values || p->keys || p->found || p->status;
    URN_TRY(urn_check_aligned(call, others, sizeof others / sizeof others[0]));
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        if (!owned[i].array.pointer) continue;
        any = 1;
        URN_TRY(urn_check_aligned(call, &owned[i].array, 1));
        if (p->by < owned[i].least_by)
            return urn_fail(URN_E_VALUE, "%s: %s is given and by is %d; wanted %s", call, owned[i].array.name, p->by,
                            owned[i].wanted);
    }
    return any ? URN_OK : urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one, such as ids", call);
}

static urn_status check_choice(const urn_topk_params *p) {
    const uint32_t plain = URN_TOPK_SMALLEST | URN_TOPK_NANS;
    URN_TRY(urn_check_range(URN_E_VALUE, call, "by", p->by, URN_TOPK_PLAIN, URN_TOPK_RACE));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "k", p->k, 1, p->by == URN_TOPK_RACE ? URN_TOPK_RACE_K : URN_TOPK_K));
    if (p->flags & ~(URN_TOPK_BY_ID | (p->by == URN_TOPK_PLAIN ? plain : 0)))
        return urn_fail(URN_E_VALUE, "%s: flags is %u; wanted URN_TOPK_BY_ID%s", call, p->flags,
                        p->by == URN_TOPK_PLAIN ? ", URN_TOPK_SMALLEST, URN_TOPK_NANS" : " or 0");
    if (!p->offsets) return URN_OK;
    if (p->k_of_row) return urn_fail(URN_E_VALUE, "%s: offsets and k_of_row are given; wanted one of them", call);
    return urn_check_range(URN_E_SHAPE, call, "out_size", p->out_size, 0, INT64_MAX / 8);
}

/* The rows as the engine takes them: their places in the outputs are those of draws. */
static urn_status check_rows(const urn_stream *stream, urnk_topk_call *topk) {
    static const urn_slots_view no_state = {0};
    const urn_topk_params *p = &topk->params;
    urn_sample_params *rows = &topk->rows;
    URN_TRY(urn_sample_copy(call, rows, p->rows));
    const urn_sampler *sampler = rows->sampler ? rows->sampler : stream->ctx->plain;
    if (p->by == URN_TOPK_PLAIN && rows->sampler)
        return urn_fail(URN_E_VALUE, "%s: rows->sampler is given and by is URN_TOPK_PLAIN; wanted NULL", call);
    URN_TRY(urn_check_same_ctx(call, "sampler", sampler->ctx, "stream", stream->ctx));
    if (rows->state) URN_TRY(urn_check_same_ctx(call, "state", rows->state->ctx, "stream", stream->ctx));
    URN_TRY(urn_check_sample_inputs(call, rows, sampler));
    rows->draws = p->k;
    rows->draw_offsets = p->offsets;
    rows->draws_size = p->out_size;
    topk->lists = sampler->lists;
    topk->state = rows->state ? rows->state->view : no_state;
    return urn_find_workspace(call, stream, p->workspace, p->workspace_bytes,
                              urn_topk_workspace(sampler, rows->logits.rows, rows->logits.cols, p->k), &topk->workspace,
                              &topk->workspace_bytes);
}

urn_status urn_topk(urn_stream *stream, const urn_topk_params *params) {
    static const urn_struct_sizes sizes = {sizeof(urn_topk_params), sizeof(urn_topk_params), sizeof(void *)};
    urnk_topk_call topk = {.params = URN_TOPK_PARAMS_INIT};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &topk.params, params, sizes));
    URN_TRY(urn_check_pointer(call, "rows", topk.params.rows));
    URN_TRY(check_choice(&topk.params));
    URN_TRY(check_outputs(&topk.params));
    URN_TRY(check_rows(stream, &topk));
    if (topk.rows.logits.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->topk, &topk);
}
