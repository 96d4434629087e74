// step_dynamic_temperature.h - a temperature between t - delta and t + delta by the law's entropy.
#ifndef URN_STEP_DYNAMIC_TEMPERATURE_H
#define URN_STEP_DYNAMIC_TEMPERATURE_H

#include "kernels/steps/step_room.h"

namespace urnd {

// The team's threads of each block call, in an open epoch that is not greedy and whose mass is known; `terms` is its E.
// The new T.
template <int TEAM, bool RESIDENT>
URN_DEVICE float step_dynamic_temperature(const FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here,
                                          const FullStep &step, uint64_t terms) {
    const Epoch &e = s.epoch;
    if (e.count == 1) return e.temperature;
    return bits_f32((uint32_t)from_one(s.team, here.room.scalar, [&]() -> uint64_t {
        double u = entropy_log2(terms, e.mass.all.sum) / log2_f64((double)e.count);
        u = u < 0.0 ? 0.0 : u > 1.0 ? 1.0 : u;
        float low = step.f(0) - step.f(1), high = step.f(0) + step.f(1);
        if (low < 0.0f) low = 0.0f;
        return f32_bits(e.temperature * (float)((double)low + (double)(high - low) * pow_f64(u, (double)step.f(2))));
    }));
}

} // namespace urnd

#endif
