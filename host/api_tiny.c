/* api_tiny.c - urn_tiny: check, complete the params, enqueue. */
#include "urn/tiny.h"

#include "host/params.h"
#include "host/special_call.h"

static const char call[] = "urn_tiny";

#define URN_TINY_MAX_ROWS (INT64_C(1) << 38)
#define URN_TINY_MAX_FIRST (INT64_C(1) << 58)

/* [2^-20, 2^20]; a NaN is outside */
static urn_status check_factor(const char *name, float value) {
    if (value >= 0x1p-20f && value <= 0x1p+20f) return URN_OK;
    return urn_fail(URN_E_VALUE, "%s: %s is %g; wanted 2^-20 to 2^20", call, name, (double)value);
}

static urn_status check_dtype(const char *name, int32_t dtype, size_t *size) {
    *size = urn_dtype_size((urn_dtype)dtype);
    if (*size) return URN_OK;
    return urn_fail(URN_E_DTYPE, "%s: %s is %d; wanted URN_F32, URN_F16 or URN_BF16", call, name, dtype);
}

static urn_status check_patterns(urn_tiny_params *p) {
    if (!p->pattern_bits) p->pattern_bits = 4;
    URN_TRY(urn_check_range(URN_E_VALUE, call, "pattern_bits", p->pattern_bits, 1, 8));
    if (!p->mask && !p->blend) return URN_OK;
    if (p->mask && 32 % p->pattern_bits)
        return urn_fail(URN_E_VALUE, "%s: mask with pattern_bits %d; wanted 1, 2, 4 or 8", call, p->pattern_bits);
    if (!p->patterns && (p->width != 6 || p->pattern_bits != 4))
        return urn_fail(URN_E_NULL,
                        "%s: patterns is NULL, width is %d and pattern_bits %d; wanted 6 and 4, or patterns", call,
                        p->width, p->pattern_bits);
    return URN_OK;
}

static urn_status plan_tiny(urn_tiny_params *p, const urn_tiny_params *given) {
    static const urn_struct_sizes sizes = {sizeof(urn_tiny_params), sizeof(urn_tiny_params), sizeof(void *)};
    size_t in, out;
    URN_TRY(urn_params_copy(call, "params", p, given, sizes));
    URN_TRY(urn_check_pointer(call, "logits", p->logits));
    if (!p->choice && !p->soft && !p->mask && !p->blend && !p->status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one of choice .. status", call);
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p->rows, 0, URN_TINY_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "width", p->width, 2, URN_TINY_MAX_WIDTH));
    URN_TRY(check_dtype("dtype", p->dtype, &in));
    URN_TRY(check_dtype("soft_dtype", p->soft_dtype, &out));
    URN_TRY(check_factor("scale", p->scale));
    URN_TRY(check_factor("tau", p->tau));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "first_row", p->first_row, 0, URN_TINY_MAX_FIRST));
    URN_TRY(check_patterns(p));
    const urn_named_array arrays[] = {
        {"logits", p->logits, in}, {"soft", p->soft, out}, {"blend", p->blend, out}, {"mask", p->mask, 4}};
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_tiny(urn_stream *stream, const urn_tiny_params *params) {
    urn_tiny_params p = URN_TINY_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(plan_tiny(&p, params));
    if (p.rows == 0) return URN_OK;
    if (!stream->ctx->backend->tiny) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->tiny(stream->ctx, stream->handle, &p));
    stream->launches += 1;
    return URN_OK;
}
