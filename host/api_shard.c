/* api_shard.c - the three rounds of a row that is cut over shards: check the list and the slice, enqueue. */
#include "urn/shard.h"

#include "host/check_step.h"
#include "host/params.h"
#include "host/special_call.h"

/* Which steps may come next: logit steps; min-p and temperatures; what may follow a top-k. */
typedef enum list_part { PART_LOGIT, PART_MIN_P, PART_TOP_K } list_part;

static int may_follow(list_part part, int32_t op) {
    switch (op) {
    case URN_OP_TEMPERATURE:
    case URN_OP_MIN_P:
        return 1;
    case URN_OP_MASK:
    case URN_OP_DENSE_BIAS:
    case URN_OP_ID_TEMPERATURE:
        return part == PART_LOGIT;
    case URN_OP_TOP_K:
        return part != PART_MIN_P;
    case URN_OP_TOP_P:
    case URN_OP_TOP_A:
    case URN_OP_EPSILON:
        return part == PART_TOP_K;
    default:
        return 0;
    }
}

static urn_status check_table(const char *call, int32_t at, const urn_step *step, int64_t total) {
    int64_t wanted = step->op == URN_OP_MASK ? (total + 31) / 32 : total;
    if (step->op != URN_OP_MASK && step->op != URN_OP_DENSE_BIAS && step->op != URN_OP_ID_TEMPERATURE) return URN_OK;
    if (step->table_stride >= wanted) return URN_OK;
    return urn_fail(URN_E_SHAPE, "%s: steps[%d]: table_stride is %lld; wanted %lld or more for total %lld", call, at,
                    (long long)step->table_stride, (long long)wanted, (long long)total);
}

static urn_status check_list(const char *call, const urn_shard_params *p) {
    list_part part = PART_LOGIT;
    for (int32_t i = 0; i < p->count; i++) {
        const urn_step *step = &p->steps[i];
        urn_step_place place = {call, 0, i};
        URN_TRY(urn_check_step(place, step));
        if (!may_follow(part, step->op) || step->flags)
            return urn_fail(URN_E_STEP, "%s: steps[%d]: op %d with flags %u can not stand there over shards", call, i,
                            step->op, step->flags);
        for (int k = 0; k < 4; k++)
            if (step->param[k].by == URN_BY_SLOT)
                return urn_fail(URN_E_STEP, "%s: steps[%d]: param[%d] is by slot; wanted a scalar or by row", call, i,
                                k);
        URN_TRY(check_table(call, i, step, p->total));
        if (step->op == URN_OP_TOP_K && part == PART_LOGIT) {
            int32_t k = step->param[0].i;
            if (step->param[0].by == URN_SCALAR && (k < 1 || k > URN_SHARD_K))
                return urn_fail(URN_E_STEP, "%s: steps[%d]: the first top-k is %d; wanted 1 to %d", call, i, k,
                                URN_SHARD_K);
            part = PART_TOP_K;
        }
        if (step->op == URN_OP_MIN_P && part == PART_LOGIT) part = PART_MIN_P;
    }
    return URN_OK;
}

static urn_status check_shard(const char *call, const urn_stream *stream, const urn_shard_params *given,
                              urn_shard_params *p) {
    static const urn_struct_sizes sizes = {sizeof(urn_shard_params), sizeof(urn_shard_params), sizeof(void *)};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", given));
    URN_TRY(urn_params_copy(call, "params", p, given, sizes));
    URN_TRY(urn_check_dense(call, &p->logits));
    if (!p->ids && !p->logprob && !p->lse && !p->entropy && !p->kept_count && !p->status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one of ids .. status", call);
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "total", p->total, p->logits.cols, URN_MAX_COLS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "first", p->first, 0, p->total - p->logits.cols));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "shards", p->shards, 1, URN_SHARD_MAX));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "shard", p->shard, 0, p->shards - 1));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "count", p->count, 0, URN_SHARD_MAX_STEPS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "method", p->method, URN_DRAW_INVERSE, URN_DRAW_GUMBEL));
    if (p->count) URN_TRY(urn_check_pointer(call, "steps", p->steps));
    URN_TRY(check_list(call, p));
    const urn_named_array arrays[] = {
        {"seed", p->seed, 8},       {"label", p->label, 8},           {"position", p->position, 4},
        {"ids", p->ids, 4},         {"logprob", p->logprob, 4},       {"lse", p->lse, 4},
        {"entropy", p->entropy, 4}, {"kept_count", p->kept_count, 4}, {"status", p->status, 4},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

static urn_status check_message(const char *call, const char *name, const void *message, size_t element) {
    URN_TRY(urn_check_pointer(call, name, message));
    const urn_named_array array = {name, message, element};
    return urn_check_aligned(call, &array, 1);
}

urn_status urn_shard_first(urn_stream *stream, const urn_shard_params *params, urn_shard_message1 *mine) {
    static const char call[] = "urn_shard_first";
    urn_shard_params p = URN_SHARD_PARAMS_INIT;
    URN_TRY(check_shard(call, stream, params, &p));
    URN_TRY(check_message(call, "mine", mine, 4));
    if (p.logits.rows == 0) return URN_OK;
    if (!stream->ctx->backend->shard_first) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->shard_first(stream->ctx, stream->handle, &p, mine));
    stream->launches += 1;
    return URN_OK;
}

urn_status urn_shard_second(urn_stream *stream, const urn_shard_params *params, const urn_shard_message1 *all,
                            urn_shard_message2 *mine) {
    static const char call[] = "urn_shard_second";
    urn_shard_params p = URN_SHARD_PARAMS_INIT;
    URN_TRY(check_shard(call, stream, params, &p));
    URN_TRY(check_message(call, "all", all, 4));
    URN_TRY(check_message(call, "mine", mine, 8));
    if (p.logits.rows == 0) return URN_OK;
    if (!stream->ctx->backend->shard_second) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->shard_second(stream->ctx, stream->handle, &p, all, mine));
    stream->launches += 1;
    return URN_OK;
}

urn_status urn_shard_finish(urn_stream *stream, const urn_shard_params *params, const urn_shard_message1 *all1,
                            const urn_shard_message2 *all2) {
    static const char call[] = "urn_shard_finish";
    urn_shard_params p = URN_SHARD_PARAMS_INIT;
    URN_TRY(check_shard(call, stream, params, &p));
    URN_TRY(check_message(call, "all1", all1, 4));
    URN_TRY(check_message(call, "all2", all2, 8));
    if (p.logits.rows == 0) return URN_OK;
    if (!stream->ctx->backend->shard_finish) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->shard_finish(stream->ctx, stream->handle, &p, all1, all2));
    stream->launches += 1;
    return URN_OK;
}
