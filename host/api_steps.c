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

static urn_step plain_step(urn_op op) {
    urn_step step = {0};
    step.op = (int32_t)op;
    return step;
}

static urn_step step_of_one(urn_op op, urn_param first) {
    urn_step step = plain_step(op);
    step.param[0] = first;
    return step;
}

static urn_step step_of_two(urn_op op, urn_param first, urn_param second) {
    urn_step step = step_of_one(op, first);
    step.param[1] = second;
    return step;
}

static urn_step step_of_three(urn_op op, urn_param first, urn_param second, urn_param third) {
    urn_step step = step_of_two(op, first, second);
    step.param[2] = third;
    return step;
}

static urn_step with_table(urn_step step, const void *table, int64_t table_rows, int64_t stride, const int32_t *map) {
    step.table = table;
    step.map = map;
    step.table_rows = table_rows;
    step.table_stride = stride;
    return step;
}

static urn_step with_lists(urn_step step, urn_id_lists lists) {
    step = with_table(step, lists.ids, lists.rows, lists.size, lists.map);
    step.offsets = lists.offsets;
    step.values = lists.values;
    return step;
}

urn_step urn_temperature(urn_param temperature) { return step_of_one(URN_OP_TEMPERATURE, temperature); }

urn_step urn_dynamic_temperature(urn_param t, urn_param delta, urn_param power) {
    return step_of_three(URN_OP_DYNAMIC_TEMPERATURE, t, delta, power);
}

urn_step urn_top_k(urn_param k) { return step_of_one(URN_OP_TOP_K, k); }

urn_step urn_top_p(urn_param p) { return step_of_one(URN_OP_TOP_P, p); }

urn_step urn_min_p(urn_param m) { return step_of_one(URN_OP_MIN_P, m); }

urn_step urn_top_a(urn_param a) { return step_of_one(URN_OP_TOP_A, a); }

urn_step urn_epsilon(urn_param e) { return step_of_one(URN_OP_EPSILON, e); }

urn_step urn_eta(urn_param e) { return step_of_one(URN_OP_ETA, e); }

urn_step urn_typical(urn_param p) { return step_of_one(URN_OP_TYPICAL, p); }

urn_step urn_tail_free(urn_param z) { return step_of_one(URN_OP_TAIL_FREE, z); }

urn_step urn_top_n_sigma(urn_param n) { return step_of_one(URN_OP_TOP_N_SIGMA, n); }

urn_step urn_xtc(urn_param probability, urn_param threshold) { return step_of_two(URN_OP_XTC, probability, threshold); }

urn_step urn_mirostat(urn_param mu) { return step_of_one(URN_OP_MIROSTAT, mu); }

urn_step urn_mirostat_v1(urn_param mu) { return step_of_one(URN_OP_MIROSTAT_V1, mu); }

urn_step urn_mask(const uint32_t *words, int64_t table_rows, int64_t stride, const int32_t *map) {
    return with_table(plain_step(URN_OP_MASK), words, table_rows, stride, map);
}

urn_step urn_allow(urn_id_lists lists) { return with_lists(plain_step(URN_OP_ALLOW), lists); }

urn_step urn_min_tokens(urn_param n, urn_id_lists ends) { return with_lists(step_of_one(URN_OP_MIN_TOKENS, n), ends); }

urn_step urn_ban(urn_id_lists sequences, const int64_t *sets, int64_t sets_rows) {
    urn_step step = with_lists(plain_step(URN_OP_BAN), sequences);
    step.sets = sets;
    step.sets_rows = sets_rows;
    return step;
}

urn_step urn_no_repeat(urn_param n) { return step_of_one(URN_OP_NO_REPEAT, n); }

urn_step urn_bias(urn_id_lists lists) { return with_lists(plain_step(URN_OP_BIAS), lists); }

urn_step urn_dense_bias(const float *table, int64_t table_rows, int64_t stride, const int32_t *map) {
    return with_table(plain_step(URN_OP_DENSE_BIAS), table, table_rows, stride, map);
}

urn_step urn_penalties(urn_param repetition, urn_param frequency, urn_param presence, urn_param last_n) {
    urn_step step = step_of_three(URN_OP_PENALTIES, repetition, frequency, presence);
    step.param[3] = last_n;
    return step;
}

urn_step urn_dry(urn_param multiplier, urn_param base, urn_param allowed, urn_param last_n, urn_id_lists breakers) {
    urn_step step = step_of_three(URN_OP_DRY, multiplier, base, allowed);
    step.param[3] = last_n;
    return with_lists(step, breakers);
}

urn_step urn_id_temperature(const float *table, int64_t table_rows, int64_t stride, const int32_t *map) {
    return with_table(plain_step(URN_OP_ID_TEMPERATURE), table, table_rows, stride, map);
}

urn_step urn_values(urn_param beta, urn_id_lists lists) { return with_lists(step_of_one(URN_OP_VALUES, beta), lists); }

urn_step urn_mix(urn_param scale, const void *table, int64_t table_rows, int64_t stride, const int32_t *map) {
    return with_table(step_of_one(URN_OP_MIX, scale), table, table_rows, stride, map);
}

urn_step urn_quadratic(urn_param factor, urn_param curve) { return step_of_two(URN_OP_QUADRATIC, factor, curve); }

urn_step urn_quadratic_score(urn_param a, urn_param b, urn_param at) {
    return step_of_three(URN_OP_QUADRATIC_SCORE, a, b, at);
}

urn_step urn_sparsemax(void) { return plain_step(URN_OP_SPARSEMAX); }

urn_step urn_inverse_gap(urn_param gamma, urn_param a) { return step_of_two(URN_OP_INVERSE_GAP, gamma, a); }

urn_step urn_tsallis(urn_param eta) { return step_of_one(URN_OP_TSALLIS, eta); }

urn_step urn_mixture(urn_param share, const void *table, int64_t table_rows, int64_t stride, const int32_t *map) {
    return with_table(step_of_one(URN_OP_MIXTURE, share), table, table_rows, stride, map);
}
