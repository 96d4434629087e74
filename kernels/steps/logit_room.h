// logit_room.h - shared memory of logit steps in the full form.
#ifndef URN_LOGIT_ROOM_H
#define URN_LOGIT_ROOM_H

#include "kernels/row/team.h"

namespace urnd {

struct LogitRoom {};

template <int TEAM> URN_HOST_DEVICE LogitRoom logit_room(Arena &) { return {}; }

} // namespace urnd

#endif
