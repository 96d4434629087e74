/* api_steps.c - constructors of parameters and steps. */
#include "urn/steps.h"

urn_param urn_f(float value) {
    urn_param param = {URN_SCALAR, value, 0, 0, NULL};
    return param;
}

urn_param urn_i(int32_t value) {
    urn_param param = {URN_SCALAR, 0.0f, value, 0, NULL};
    return param;
}

urn_param urn_f_by(urn_by by, const float *array) {
    urn_param param = {(int32_t)by, 0.0f, 0, 0, array};
    return param;
}

urn_param urn_i_by(urn_by by, const int32_t *array) {
    urn_param param = {(int32_t)by, 0.0f, 0, 0, array};
    return param;
}

static urn_step step_with(urn_op op, urn_param first) {
    urn_step step = {0};
    step.op = (int32_t)op;
    step.param[0] = first;
    return step;
}

urn_step urn_temperature(urn_param temperature) { return step_with(URN_OP_TEMPERATURE, temperature); }

urn_step urn_top_k(urn_param k) { return step_with(URN_OP_TOP_K, k); }

urn_step urn_top_p(urn_param p) { return step_with(URN_OP_TOP_P, p); }

urn_step urn_min_p(urn_param m) { return step_with(URN_OP_MIN_P, m); }

urn_step urn_mask(const uint32_t *words, int64_t table_rows, int64_t stride, const int32_t *map) {
    urn_step step = step_with(URN_OP_MASK, urn_i(0));
    step.table = words;
    step.map = map;
    step.table_rows = table_rows;
    step.table_stride = stride;
    return step;
}
