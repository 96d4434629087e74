// output_room.h - shared memory of the outputs of the full form.
#ifndef URN_OUTPUT_ROOM_H
#define URN_OUTPUT_ROOM_H

#include "kernels/row/team.h"
#include "kernels/steps/rank_count.h"

namespace urnd {

struct OutputRoom {
    Shared<Drawn> first;        // [URN_MAX_TOP_N] in block 0: the first of K, in no order
    Shared<uint32_t> first_now; // [1] how many of them are there
};

template <int TEAM> URN_HOST_DEVICE OutputRoom output_room(Arena &arena) {
    OutputRoom room = {arena.take<Drawn>(URN_MAX_TOP_N, "output.first"), arena.take<uint32_t>(1, "output.first_now")};
    return room;
}

} // namespace urnd

#endif
