// step_mix.h - guidance: x2 + scale * (x - x2), x2 the id's logit in a second row.
#ifndef URN_STEP_MIX_H
#define URN_STEP_MIX_H

#include "kernels/row/values.h"

namespace urnd {

// Any thread calls for itself. -inf takes the id out; x2 = +inf is the walk's own error, a NaN its usual one.
URN_DEVICE NewValue mixed(float x, float x2, float scale) {
    float gap = x - x2, part = scale * gap;
    bool infinite = order_key(x2) == URN_KEY_PLUS_INF, out = order_key(x2) == URN_KEY_MINUS_INF;
    return {out || infinite ? bits_f32(Full::minus_inf) : fin(x2 + part), infinite};
}

} // namespace urnd

#endif
