// topk_beam.cu - which children of a group's beams go on: urn_beam_select, in one launch.
// shapes   ids, beam_keys [groups * beams, k] -> parent, ids, key, logprob [groups, width]
// idea     a block a group: its candidates pass through the buffer of record_buffer.h as records of key and number,
//          which is cut to the first `width` and sorted
// minimum  beams * k * 12 bytes and 24 a beam that goes on     this kernel: the same; the chosen ones' once more
// bound    latency: a group is small
// launch   grid groups, block 256, shared up to 106 KB
// bits     keys are integers
// tail     any number of candidates
// ptxas    1 kernel, no spill, no stack frame (nvcc 13.0, --Ofast-compile=min)
#include "kernels/launch_topk.h"
#include "kernels/topk/record_buffer.h"

namespace urnd {

struct BeamArgs {
    urn_beam_select_params p;
    uint32_t size; // of the buffer
    bool cuts;
};

URN_KERNEL(BUFFER_THREADS) beam_kernel(URN_ARGS(BeamArgs) args) {
    const urn_beam_select_params &p = args.p;
    const int64_t group = block_id(), each = (int64_t)p.beams * p.k;
    Arena arena(true);
    Buffer b = buffer_here(buffer_room(arena, args.size, args.cuts), (uint32_t)p.width, args.cuts ? args.size : 0);
    Global<const int32_t> ids(p.ids + group * each, each, TAG_INDEX);
    Global<const int64_t> keys(p.beam_keys + group * each, each, TAG_INDEX);
    URN_ROLLED
    for (int64_t base = 0; base < each; base += BUFFER_ROUND) {
        int64_t until = each - base < BUFFER_ROUND ? each : base + BUFFER_ROUND;
        URN_ROLLED
        for (int64_t i = base + b.team.thread; i < until; i += b.team.threads) {
            if (ids.load(i) == -1) continue;
            uint64_t key = lift_item(keys.load(i));
            key += key == 0 ? 1 : 0; // 0 is none
            if (b.bound.cut.has(key, (uint64_t)i)) b.append(key, (uint64_t)i);
        }
        make_room(b);
    }
    if (args.cuts) cut_buffer(b, b.need);
    const uint32_t held = b.room.now.load(0);
    sort_buffer(b, held, false);
    const int64_t found = held < b.need ? held : b.need, size = p.groups * p.width;
    URN_ROLLED
    for (int64_t j = b.team.thread; j < p.width; j += b.team.threads) {
        int64_t at = group * p.width + j, from = j < found ? (int64_t)b.room.id.load((size_t)j) : -1;
        if (p.parent) Global<int32_t>(p.parent, size, TAG_OUT).store(at, from < 0 ? -1 : (int32_t)(from / p.k));
        if (p.next_ids) Global<int32_t>(p.next_ids, size, TAG_OUT).store(at, from < 0 ? -1 : ids.load(from));
        if (p.key) Global<int64_t>(p.key, size, TAG_OUT).store(at, from < 0 ? INT64_MIN : keys.load(from));
        if (!p.logprob) continue;
        double logprob = bits_f64(URN_NAN_BITS_F64);
        if (from >= 0) logprob = Global<const double>(p.beam_logprob + group * each, each, TAG_INDEX).load(from);
        Global<double>(p.logprob, size, TAG_OUT).store(at, logprob);
    }
    if (p.found && b.team.thread == 0) Global<int32_t>(p.found, p.groups, TAG_OUT).store(group, (int32_t)found);
}

} // namespace urnd

extern "C" int URN_SIDE(beam_select)(const urnk_device *device, const urn_beam_select_params *params,
                                     struct CUstream_st *stream) {
    if (params->groups == 0) return 0;
    urnd::set_launch_options(device);
    int64_t each = (int64_t)params->beams * params->k;
    uint32_t most = urnd::buffer_size((uint32_t)params->width);
    bool cuts = each > most;
    urnd::BeamArgs args = {*params, cuts ? most : (uint32_t)each, cuts};
    urnd::Arena arena(false);
    urnd::buffer_room(arena, args.size, cuts);
    urnd::Shape shape = {(uint32_t)params->groups, urnd::BUFFER_THREADS, 1, arena.used};
    int error = urnd::prepare(urnd::beam_kernel, shape.shared);
    return error ? error : urnd::launch(urnd::beam_kernel, shape, stream, args);
}
