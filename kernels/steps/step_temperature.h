// step_temperature.h - divide the logits by a temperature: only T changes, no element is touched.
#ifndef URN_STEP_TEMPERATURE_H
#define URN_STEP_TEMPERATURE_H

#include "kernels/row/epoch.h"

namespace urnd {

// Between epochs. T may pass through 0 and denormals: the next epoch is greedy then.
URN_DEVICE void step_temperature(Epoch &e, float temperature) { e.temperature = e.temperature * temperature; }

} // namespace urnd

#endif
