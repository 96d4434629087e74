/* check_weights.c - views of weights, areas of rows: what every call of the resample family is checked for. */
#include "host/check_weights.h"

size_t urn_weight_size(int32_t type) {
    if (type == URN_WEIGHT_LOG_F32 || type == URN_WEIGHT_F32) return 4;
    return type == URN_WEIGHT_LOG_F64 || type == URN_WEIGHT_F64 ? 8 : 0;
}

urn_status urn_check_area(const char *call, const char *name, int64_t rows, int64_t width, int64_t size) {
    if (rows == 0 || width <= INT64_MAX / size / rows) return URN_OK;
    return urn_fail(URN_E_SHAPE, "%s: %lld rows of %s, %lld apart, pass 2^63 bytes", call, (long long)rows, name,
                    (long long)width);
}

urn_status urn_check_weights(const char *call, urn_weights *w, int64_t max_items) {
    int64_t size = (int64_t)urn_weight_size(w->type);
    if (!size)
        return urn_fail(URN_E_DTYPE, "%s: weights.type is %d; wanted URN_WEIGHT_LOG_F32, _LOG_F64, _F32 or _F64", call,
                        w->type);
    URN_TRY(urn_check_pointer(call, "weights.data", w->data));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "weights.rows", w->rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "weights.items", w->items, 1, max_items));
    const urn_named_array arrays[] = {{"weights.data", w->data, (size_t)size}, {"weights.offsets", w->offsets, 8}};
    URN_TRY(urn_check_aligned(call, arrays, 2));
    if (w->offsets) return urn_check_range(URN_E_SHAPE, call, "weights.size", w->size, 0, INT64_MAX / 8);
    if (w->stride == 0) w->stride = w->items;
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "weights.stride", w->stride, w->items, INT64_MAX));
    return urn_check_area(call, "weights", w->rows, w->stride, size);
}
