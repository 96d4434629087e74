// step_dense.h - a value of the row's own table for every id: added (dense bias), or divided by (per-id temperature).
#ifndef URN_STEP_DENSE_H
#define URN_STEP_DENSE_H

#include "kernels/row/values.h"

namespace urnd {

// Any thread calls for itself. b = -inf takes the id out; NaN and +inf are errors.
URN_DEVICE NewValue dense_biased(float x, float b) {
    bool bad = !(b <= URN_FLT_MAX);
    return {bad || b < -URN_FLT_MAX ? bits_f32(Full::minus_inf) : fin(x + b), bad};
}

// t in (0, inf), else an error.
URN_DEVICE NewValue id_tempered(float x, float t) {
    bool bad = !(t > 0.0f && t <= URN_FLT_MAX);
    return {bad ? x : fin(x / t), bad};
}

} // namespace urnd

#endif
