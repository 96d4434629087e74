// full_params.h - the parameters of every step for one row: ranges, neutral values, tables, lists (steps.h).
#ifndef URN_FULL_PARAMS_H
#define URN_FULL_PARAMS_H

#include "kernels/row/row_params.h"

namespace urnd {

// What a parameter may be. Ranges are written so that NaN is outside.
enum ParamKind {
    PARAM_NONE,
    PARAM_SHARE,    // [0, 1]
    PARAM_POSITIVE, // (0, inf)
    PARAM_SIZE,     // [0, inf)
    PARAM_FINITE,
    PARAM_NUMBER,  // not NaN
    PARAM_BASE,    // [1, inf)
    PARAM_GAP,     // 0 and [1, inf)
    PARAM_INT,     // from here on integers: 0 and more
    PARAM_INT_ONE, // 1 and more
    PARAM_INT_ALL  // -1 and more
};

URN_DEVICE bool param_good(ParamKind kind, uint32_t bits) {
    float f = bits_f32(bits), most = 0x1.fffffep+127f;
    int32_t i = (int32_t)bits;
    switch (kind) {
    case PARAM_SHARE:
        return f >= 0.0f && f <= 1.0f;
    case PARAM_POSITIVE:
        return f > 0.0f && f <= most;
    case PARAM_SIZE:
        return f >= 0.0f && f <= most;
    case PARAM_FINITE:
        return f >= -most && f <= most;
    case PARAM_NUMBER:
        return f == f;
    case PARAM_BASE:
        return f >= 1.0f && f <= most;
    case PARAM_GAP:
        return f == 0.0f || (f >= 1.0f && f <= most);
    case PARAM_INT:
        return i >= 0;
    case PARAM_INT_ONE:
        return i >= 1;
    case PARAM_INT_ALL:
        return i >= -1;
    default:
        return true;
    }
}

enum StepTable { TABLE_NONE, TABLE_ROWS, TABLE_LISTS, TABLE_SETS };

struct StepRule {
    ParamKind param[4];
    StepTable table;
};

URN_DEVICE StepRule step_rule(uint32_t op) {
    const ParamKind none = PARAM_NONE;
    switch (op) {
    case URN_OP_TEMPERATURE:
        return {{PARAM_SIZE, none, none, none}, TABLE_NONE};
    case URN_OP_MASK:
    case URN_OP_DENSE_BIAS:
    case URN_OP_ID_TEMPERATURE:
        return {{none, none, none, none}, TABLE_ROWS};
    case URN_OP_ALLOW:
    case URN_OP_BIAS:
        return {{none, none, none, none}, TABLE_LISTS};
    case URN_OP_MIN_TOKENS:
        return {{PARAM_INT, none, none, none}, TABLE_LISTS};
    case URN_OP_BAN:
        return {{none, none, none, none}, TABLE_SETS};
    case URN_OP_NO_REPEAT:
        return {{PARAM_INT, none, none, none}, TABLE_NONE};
    case URN_OP_DYNAMIC_TEMPERATURE:
        return {{PARAM_SIZE, PARAM_SIZE, PARAM_SIZE, none}, TABLE_NONE};
    case URN_OP_PENALTIES:
        return {{PARAM_POSITIVE, PARAM_FINITE, PARAM_FINITE, PARAM_INT}, TABLE_NONE};
    case URN_OP_DRY:
        return {{PARAM_SIZE, PARAM_BASE, PARAM_INT_ONE, PARAM_INT_ALL}, TABLE_LISTS};
    case URN_OP_VALUES:
        return {{PARAM_FINITE, none, none, none}, TABLE_LISTS};
    case URN_OP_MIX:
        return {{PARAM_FINITE, none, none, none}, TABLE_ROWS};
    case URN_OP_QUADRATIC:
        return {{PARAM_SIZE, PARAM_FINITE, none, none}, TABLE_NONE};
    case URN_OP_QUADRATIC_SCORE:
        return {{PARAM_FINITE, PARAM_FINITE, PARAM_FINITE, none}, TABLE_NONE};
    case URN_OP_TOP_K:
        return {{PARAM_INT_ALL, none, none, none}, TABLE_NONE};
    case URN_OP_TOP_N_SIGMA:
        return {{PARAM_FINITE, none, none, none}, TABLE_NONE};
    case URN_OP_XTC:
        return {{PARAM_SHARE, PARAM_SHARE, none, none}, TABLE_NONE};
    case URN_OP_MIROSTAT:
    case URN_OP_MIROSTAT_V1:
        return {{PARAM_NUMBER, none, none, none}, TABLE_NONE};
    case URN_OP_SPARSEMAX:
        return {{none, none, none, none}, TABLE_NONE};
    case URN_OP_INVERSE_GAP:
        return {{PARAM_SIZE, PARAM_GAP, none, none}, TABLE_NONE};
    case URN_OP_TSALLIS:
        return {{PARAM_SIZE, none, none, none}, TABLE_NONE};
    case URN_OP_MIXTURE:
        return {{PARAM_SHARE, none, none, none}, TABLE_ROWS};
    default: // top-p, min-p, top-a, epsilon, eta, typical, tail-free
        return {{PARAM_SHARE, none, none, none}, TABLE_NONE};
    }
}

// Whether a step with good parameters does not exist.
URN_DEVICE bool step_neutral(const FullStep &s) {
    switch (s.op) {
    case URN_OP_TEMPERATURE:
    case URN_OP_TOP_P:
    case URN_OP_TYPICAL:
    case URN_OP_TAIL_FREE:
    case URN_OP_MIX:
        return s.f(0) == 1.0f;
    case URN_OP_TOP_K:
        return s.i(0) <= 0;
    case URN_OP_TOP_N_SIGMA:
        return s.f(0) <= 0.0f;
    case URN_OP_MIROSTAT:
    case URN_OP_MIROSTAT_V1:
        return s.value[0] == 0x7f800000u;
    case URN_OP_DYNAMIC_TEMPERATURE:
        return s.f(0) == 1.0f && s.f(1) == 0.0f;
    case URN_OP_PENALTIES:
        return s.f(0) == 1.0f && s.f(1) == 0.0f && s.f(2) == 0.0f;
    case URN_OP_MIN_TOKENS:
    case URN_OP_NO_REPEAT:
        return s.i(0) == 0;
    case URN_OP_MIN_P:
    case URN_OP_TOP_A:
    case URN_OP_EPSILON:
    case URN_OP_ETA:
    case URN_OP_XTC:
    case URN_OP_DRY:
    case URN_OP_VALUES:
    case URN_OP_QUADRATIC:
        return s.f(0) == 0.0f;
    default: // masks, biases, per-id temperatures, quadratic score, links
        return false;
    }
}

// The row's list, or set, whose offsets must run forwards and end within `size`.
URN_DEVICE void find_list(const int64_t *offsets, int64_t lists, int64_t size, FullStep &now, int32_t &status) {
    Global<const int64_t> at(offsets, lists + 1, TAG_PARAM);
    int64_t first = at.load(now.row), end = at.load(now.row + 1);
    if (first < 0 || end < first || end > size) {
        status |= URN_ROW_INDEX;
        return;
    }
    now.first = first;
    now.count = end - first;
}

// The row's set of sequences, each of which must be a list as well.
URN_DEVICE void find_set(const urn_step &step, FullStep &now, int32_t &status) {
    find_list(step.sets, step.sets_rows, step.table_rows, now, status);
    FullStep sequence = {};
    URN_ROLLED
    for (int64_t j = 0; j < now.count && !(status & URN_ROW_INDEX); j++) {
        sequence.row = (int32_t)(now.first + j);
        find_list(step.offsets, step.table_rows, step.table_stride, sequence, status);
    }
}

URN_DEVICE void step_now(const urn_step &step, const urn_sample_params &p, const urn_slots_view &state,
                         const RowPlace &at, FullStep &now, int32_t &status) {
    StepRule rule = step_rule(now.op);
    int64_t rows = p.logits.rows;
    now.flag_bits = step.flags;
    URN_UNROLL
    for (int j = 0; j < 4; j++) {
        uint32_t scalar = rule.param[j] >= PARAM_INT ? (uint32_t)step.param[j].i : f32_bits(step.param[j].f);
        if (rule.param[j] == PARAM_NONE) continue;
        now.value[j] = param_bits(step.param[j], at, p.slots, rows, scalar);
        if (!param_good(rule.param[j], now.value[j])) status |= URN_ROW_PARAM;
    }
    bool neutral = step_neutral(now);
    // a step that is neutral by its parameters does not look at its lists
    bool table =
        !neutral && rule.table != TABLE_NONE && !(now.op == URN_OP_DRY && step.table_rows == 0); // no list of breakers
    if (table) {
        int64_t m = table_row(step, at, rows, rule.table == TABLE_SETS ? step.sets_rows : step.table_rows, status);
        now.row = (int32_t)m;
        if (m == -1)
            neutral = true;
        else if (!(status & URN_ROW_INDEX) && rule.table == TABLE_LISTS)
            find_list(step.offsets, step.table_rows, step.table_stride, now, status);
        else if (!(status & URN_ROW_INDEX) && rule.table == TABLE_SETS)
            find_set(step, now, status);
    }
    if (now.op == URN_OP_DYNAMIC_TEMPERATURE && now.f(1) == 0.0f) now.op = URN_OP_TEMPERATURE;
    if (now.op == URN_OP_PENALTIES && now.i(3) == 0 && !neutral &&
        Global<uint32_t>(state.now.overflow, state.slots, TAG_STATE).load(at.slot) != 0)
        status |= URN_ROW_STATE;
    if (neutral) now.op = 0;
}

} // namespace urnd

#endif
