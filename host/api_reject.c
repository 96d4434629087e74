/* api_reject.c - urn_reject: check, enqueue; urn_reject_host: rounds between the device, which orders ids and adds up
 * weights, and the caller's predicate, which is asked as seldom as can be. */
#include "urn/reject.h"

#include "host/params.h"
#include "host/special_call.h"

size_t urn_reject_workspace(int64_t rows) {
    if (rows < 1 || rows > URN_MAX_ROWS) return 0;
    return urn_round_up(sizeof(urn_reject_round) * (size_t)rows);
}

static urn_status check_reject(const char *call, const urn_stream *stream, const urn_reject_params *given,
                               urn_reject_params *p) {
    static const urn_struct_sizes sizes = {sizeof(urn_reject_params), sizeof(urn_reject_params), sizeof(void *)};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", given));
    URN_TRY(urn_params_copy(call, "params", p, given, sizes));
    URN_TRY(urn_check_dense(call, &p->logits));
    if (!p->ids && !p->log_weight && !p->tried && !p->status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one of ids .. status", call);
    URN_TRY(urn_check_range(URN_E_VALUE, call, "estimator", p->estimator, URN_ESTIMATOR_RECURSIVE,
                            URN_ESTIMATOR_GEOMETRIC));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "accepts", p->accepts, 2, URN_REJECT_MAX_TRIALS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "rejects", p->rejects, 1, URN_REJECT_MAX_TRIALS));
    const urn_named_array arrays[] = {
        {"seed", p->seed, 8},         {"label", p->label, 8},   {"position", p->position, 4},
        {"accepted", p->accepted, 4}, {"ids", p->ids, 4},       {"log_weight", p->log_weight, 4},
        {"tried", p->tried, 4},       {"status", p->status, 4}, {"workspace", p->workspace, URN_ALIGNMENT},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_reject(urn_stream *stream, const urn_reject_params *params) {
    static const char call[] = "urn_reject";
    urn_reject_params p = URN_REJECT_PARAMS_INIT;
    URN_TRY(check_reject(call, stream, params, &p));
    URN_TRY(urn_check_pointer(call, "accepted", p.accepted));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "accepted_stride", p.accepted_stride, (p.logits.cols + 31) / 32,
                            INT64_MAX / 4 / (p.logits.rows + 1)));
    if (p.logits.rows == 0) return URN_OK;
    if (!stream->ctx->backend->reject) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->reject(stream->ctx, stream->handle, &p));
    stream->launches += 1;
    return URN_OK;
}

/* The host's side of a row. Trials are drawn with replacement, so the predicate's latest answers are kept. */
enum { ASKED = 32 };
typedef struct walk {
    uint64_t rejected, weight; /* sum of w rejected so far; w of the answer */
    int32_t answer, tried, in, out;
    int32_t asked[ASKED]; /* id + 1 */
    uint8_t said[ASKED];
} walk;

typedef struct predicate {
    urn_accept accept;
    void *user;
} predicate;

static int accepts(const predicate *asking, walk *w, int64_t row, int32_t id, int again) {
    int place = id % ASKED;
    if (again && w->asked[place] == id + 1) return w->said[place];
    int answer = asking->accept(asking->user, row, id) != 0;
    w->asked[place] = id + 1, w->said[place] = (uint8_t)answer;
    return answer;
}

/* The row has ended with the weight q / of: the backend makes the logarithm. */
static void end_walk(urn_reject_round *r, uint64_t q, uint64_t of) {
    r->weight[0] = q, r->mass = of;
    r->next = q ? URN_REJECT_LOG : URN_REJECT_ENDED;
}

/* Ids in order: the first accepted one is the answer, one more is looked at. */
static void walk_recursive(const predicate *asking, walk *w, int64_t row, urn_reject_round *r) {
    for (int32_t i = 0; i < r->count; i++) {
        int good = accepts(asking, w, row, r->ids[i], 0);
        w->tried++;
        if (w->answer >= 0) {
            end_walk(r, good ? r->mass - w->rejected : w->weight, r->mass);
            return;
        }
        if (good)
            w->answer = r->ids[i], w->weight = r->weight[i];
        else
            w->rejected += r->weight[i];
    }
    r->next += r->count;
    if (r->count == URN_REJECT_ROUND) return;
    if (w->answer < 0) r->status = URN_ROW_EMPTY;
    end_walk(r, w->answer < 0 ? 0 : r->mass - w->rejected, r->mass);
}

static void walk_geometric(const predicate *asking, const urn_reject_params *p, walk *w, int64_t row,
                           urn_reject_round *r) {
    for (int32_t i = 0; i < r->count; i++) {
        int good = accepts(asking, w, row, r->ids[i], 1);
        w->tried++;
        if (good && w->answer < 0) w->answer = r->ids[i];
        w->in += good, w->out += !good;
        if (w->in < p->accepts && w->out < p->rejects) continue;
        int32_t most = p->accepts - 1;
        end_walk(r, (uint64_t)(w->in < most ? w->in : most), (uint64_t)(w->in + w->out - 1));
        return;
    }
    r->next += r->count;
}

/* One round there and back; afterwards the records are here. */
static urn_status run_round(urn_stream *stream, const urn_reject_params *p, urn_reject_round *device,
                            urn_reject_round *rounds) {
    urn_ctx *ctx = stream->ctx;
    size_t bytes = sizeof *rounds * (size_t)p->logits.rows;
    URN_TRY(ctx->backend->copy(ctx, stream->handle, device, rounds, bytes));
    URN_TRY(ctx->backend->reject_round(ctx, stream->handle, p, device));
    stream->launches += 1;
    URN_TRY(ctx->backend->copy(ctx, stream->handle, rounds, device, bytes));
    return ctx->backend->stream_sync(ctx, stream->handle);
}

static urn_status walk_rows(urn_stream *stream, const urn_reject_params *p, const predicate *asking,
                            urn_reject_round *device, urn_reject_round *rounds, walk *walks) {
    int64_t rows = p->logits.rows, left = rows;
    for (int64_t r = 0; r < rows; r++) rounds[r].id = walks[r].answer = -1;
    while (left > 0) {
        URN_TRY(run_round(stream, p, device, rounds));
        for (int64_t r = 0; r < rows; r++) {
            urn_reject_round *record = &rounds[r];
            if (record->next < 0) continue;
            if (record->status)
                record->next = URN_REJECT_ENDED;
            else if (p->estimator == URN_ESTIMATOR_RECURSIVE)
                walk_recursive(asking, &walks[r], r, record);
            else
                walk_geometric(asking, p, &walks[r], r, record);
            left -= record->next < 0;
        }
    }
    return run_round(stream, p, device, rounds); /* the logarithms */
}

static void give_results(const urn_reject_params *p, const urn_reject_round *rounds, const walk *walks) {
    const union {
        uint32_t bits;
        float value;
    } nan = {0x7fc00000u}, minus_inf = {0xff800000u};
    for (int64_t r = 0; r < p->logits.rows; r++) {
        const urn_reject_round *record = &rounds[r];
        int bad = record->status != 0 && walks[r].tried == 0;
        if (p->ids) p->ids[r] = walks[r].answer;
        if (p->tried) p->tried[r] = walks[r].tried;
        if (p->status) p->status[r] = record->status;
        if (p->log_weight)
            p->log_weight[r] = bad ? nan.value : record->next == URN_REJECT_LOG ? record->log_weight : minus_inf.value;
    }
}

urn_status urn_reject_host(urn_stream *stream, const urn_reject_params *params, urn_accept accept, void *user) {
    static const char call[] = "urn_reject_host";
    urn_reject_params p = URN_REJECT_PARAMS_INIT;
    URN_TRY(check_reject(call, stream, params, &p));
    if (!accept) return urn_fail_null(call, "accept");
    if (p.logits.rows == 0) return URN_OK;
    if (!stream->ctx->backend->reject_round) return urn_fail_absent(call, stream);
    URN_TRY(urn_check_not_capturing(call, stream));
    size_t need = urn_reject_workspace(p.logits.rows), rows = (size_t)p.logits.rows;
    void *device = p.workspace ? p.workspace : stream->blocks ? stream->blocks->pointer : NULL;
    size_t bytes = p.workspace ? p.workspace_bytes : stream->blocks ? stream->blocks->bytes : 0;
    if (bytes < need)
        return urn_fail(URN_E_WORKSPACE, "%s: %s has %zu bytes; wanted %zu for %zu rows", call,
                        p.workspace ? "workspace" : "the stream's scratch", bytes, need, rows);
    const urn_allocator *allocator = &stream->ctx->allocator;
    urn_reject_round *rounds = urn_get(allocator, sizeof *rounds * rows);
    walk *walks = rounds ? urn_get(allocator, sizeof *walks * rows) : NULL;
    predicate asking = {accept, user};
    urn_status status = walks ? walk_rows(stream, &p, &asking, device, rounds, walks)
                              : urn_fail_memory("the rows' walks", (sizeof *rounds + sizeof *walks) * rows);
    if (status == URN_OK) give_results(&p, rounds, walks);
    urn_put(allocator, walks);
    urn_put(allocator, rounds);
    return status;
}
