// step_temperature.h - divide the logits by a temperature: only T changes, no element is touched.
#ifndef URN_STEP_TEMPERATURE_H
#define URN_STEP_TEMPERATURE_H

#include "kernels/row/epoch.h"

namespace urnd {

// The whole team calls.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void step_temperature(State<TEAM, Dtype, RESIDENT> &s, float temperature) {
    close_epoch(s);
    s.epoch.temperature = s.epoch.temperature * temperature;
}

} // namespace urnd

#endif
