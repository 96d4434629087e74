// step_quadratic.h - quadratic smoothing around the largest value, and the quadratic score around a chosen one.
#ifndef URN_STEP_QUADRATIC_H
#define URN_STEP_QUADRATIC_H

#include "kernels/row/values.h"

namespace urnd {

// Any thread calls for itself. max: the largest of K.
URN_DEVICE float quadratic(float x, float max, float factor, float curve) {
    float d = x - max, k = (3.0f - curve) / 2.0f, g = (curve - 1.0f) / 2.0f;
    float square = d * d, cubic = g * d;
    float shape = square * (cubic - k), add = factor * shape;
    return fin(max + add);
}

URN_DEVICE float quadratic_score(float x, float a, float b, float at) {
    float far = x - at, e = far - b;
    float square = e * e, score = a * square;
    return fin(-score);
}

} // namespace urnd

#endif
