// value_change.h - what each value step and link makes of one id: the function of the one walk that changes values.
#ifndef URN_VALUE_CHANGE_H
#define URN_VALUE_CHANGE_H

#include "kernels/steps/link_values.h"
#include "kernels/steps/second_row.h"
#include "kernels/steps/step_dense.h"
#include "kernels/steps/step_mix.h"
#include "kernels/steps/step_penalties.h"
#include "kernels/steps/step_quadratic.h"

namespace urnd {

// Numbers of their own for the changes that are no op.
enum { CHANGE_NONE = 0, CHANGE_SETTLE = 100, CHANGE_PROMPT = 101 };

// One switch for all of them, because a kernel then holds one walk. `kind` is an op or one of the above; what the other
// members mean is said where they are used.
template <bool RESIDENT> struct ValueChange {
    const Row<Full, RESIDENT> &row;
    SecondRow second;
    Global<const uint32_t> prompt;
    uint32_t kind;
    uint32_t prompt_cols;
    float a, b, c;   // the step's parameters, or those of its search
    float max, max2; // largest of K, and of the second row over K
    uint32_t first;  // the place of the first of K
    float first_g;
    uint32_t t;
    uint64_t total1, total2;

    URN_DEVICE int64_t id_of(uint32_t place) const { return (int64_t)place - row.shift; }

    // A row's prompt set, where the outputs have not marked the id.
    URN_DEVICE bool only_in_prompt(uint32_t place) const {
        uint32_t at = place - row.begin, id = place - row.shift;
        return id < prompt_cols && !(row.marks(at / 32) >> (at % 32) & 1) && (prompt.load(id / 32) >> (id % 32) & 1);
    }

    // g of a link, but for its first id; of the mixture after both totals are known.
    URN_DEVICE float g(float x, uint32_t place) const {
        if (kind == URN_OP_SPARSEMAX) return sparsemax_g(sparsemax_gap(x, max), t);
        if (kind == URN_OP_INVERSE_GAP) return inverse_gap_g(x, max, a, b);
        if (kind == URN_OP_TSALLIS) return tsallis_g(x, max, a, b);
        float one = share_of(weight(x, max, URN_LOG2E), total1);
        return mixture_g(one, share_of(weight(second.at(id_of(place)), max2, URN_LOG2E), total2), a);
    }

    URN_DEVICE NewValue operator()(float x, uint32_t place) const {
        switch (kind) {
        case CHANGE_SETTLE:
            return {fin(x / a), false};
        case CHANGE_PROMPT:
            return {only_in_prompt(place) ? Penalties{a, 0.0f, 0.0f}.of(x, 0) : x, false};
        case URN_OP_DENSE_BIAS:
            return dense_biased(x, bits_f32(second.words.load(id_of(place))));
        case URN_OP_ID_TEMPERATURE:
            return id_tempered(x, bits_f32(second.words.load(id_of(place))));
        case URN_OP_MIX:
            return mixed(x, second.at(id_of(place)), a);
        case URN_OP_QUADRATIC:
            return {quadratic(x, max, a, b), false};
        case URN_OP_QUADRATIC_SCORE:
            return {quadratic_score(x, a, b, c), false};
        case URN_OP_SPARSEMAX: {
            float v = g(x, place);
            return {v == 0.0f ? bits_f32(Full::minus_inf) : v, false};
        }
        case URN_OP_INVERSE_GAP:
            return {place == first ? first_g : g(x, place), false};
        case URN_OP_TSALLIS:
        case URN_OP_MIXTURE:
            return {g(x, place), false};
        default:
            return {x, false};
        }
    }
};

} // namespace urnd

#endif
