// unmask.cu - masked diffusion: which masked positions of a sequence open, and which of the drawn ids are written.
// shapes   tokens [sequences, length], length to 8,192; slot, ids, confidence an opening each (a row, or a sequence)
// idea     a block a sequence. choose: STEP and ALL decide each position for itself; ONE counts the masked positions
// and
//          finds the r-th by a prefix sum over threads that each own a stretch. settle: the k-th largest (score, then
//          smaller position) by six digits of 8 bits over scores in shared memory, then one walk that writes
// minimum  tokens and openings once                  this kernel: the same; ONE reads tokens twice, the second time
// from L1 bound    latency: microseconds at the sizes of a batch launch   grid sequences, block 256, shared 4*length +
// 3 KB at most (settle) bits     integers; factor, time and jitter in f64, by one thread each tail     positions at and
// past lengths[sequence] neither open nor count
// ptxas    2 kernels, no spill, no stack frame: sm_90 30 and 53 registers (nvcc 13.0)
#include "kernels/bits/dev_gumbel.h"
#include "kernels/bits/dev_order.h"
#include "kernels/launch.h"
#include "kernels/row/team.h"

namespace urnd {

struct UnmaskPolicy {
    enum { threads = 256, bins = 256 }; // guess
};

struct UnmaskArgs {
    urn_unmask_params p;
};

struct UnmaskRoom {
    TeamRoom team;
    Shared<uint32_t> score; // [length] settle: order keys, 0 where the position takes no part
    Shared<uint32_t> bins;  // [bins]
    Shared<uint32_t> found; // [2] a digit, and what is above it
};

URN_HOST_DEVICE UnmaskRoom unmask_room(Arena &arena, uint32_t scores) {
    UnmaskRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<uint32_t>(scores, "unmask.score"),
                       arena.take<uint32_t>(scores ? +UnmaskPolicy::bins : 0, "unmask.bins"),
                       arena.take<uint32_t>(2, "unmask.found")};
    return room;
}

// What every thread of a block knows of its sequence.
struct Sequence {
    int64_t number, first; // its first row
    uint32_t length;       // positions in use
    uint32_t position;
    uint64_t key;
    Global<int32_t> tokens; // of the sequence
};

URN_DEVICE Sequence sequence_here(const urn_unmask_params &p) {
    int64_t s = block_id();
    int32_t length = p.lengths ? Global<const int32_t>(p.lengths, p.sequences, TAG_INDEX).load(s) : p.length;
    uint64_t seed = p.seed ? Global<const uint64_t>(p.seed, p.sequences, TAG_INDEX).load(s) : p.seed_value;
    uint64_t label = p.label ? Global<const uint64_t>(p.label, p.sequences, TAG_INDEX).load(s) : (uint64_t)s;
    uint32_t at = p.position ? Global<const uint32_t>(p.position, p.sequences, TAG_INDEX).load(s) : p.position_value;
    length = length < 0 ? 0 : length > p.length ? p.length : length;
    return {s,  s * p.length,         (uint32_t)length,
            at, row_key(seed, label), Global<int32_t>(p.tokens + s * p.length, p.length, TAG_STATE)};
}

URN_DEVICE Random4 unmask_block(const Sequence &s, uint32_t index, uint32_t draw) {
    return philox(s.key, {index, draw, s.position, URN_STREAM_UNMASK});
}

URN_DEVICE bool is_masked(const urn_unmask_params &p, const Sequence &s, uint32_t i) {
    return i < s.length && s.tokens.load(i) == p.mask_id;
}

// ceil(stay * 2^53) for stay in [0, 1]: the product is exact, and so is its conversion.
URN_DEVICE uint64_t stay_limit(double stay) {
    double scaled = stay * 0x1p53;
    uint64_t floor = (uint64_t)scaled;
    return floor + ((double)floor < scaled ? 1 : 0);
}

struct Openings {
    Global<int32_t> slot, row_index, map;
    URN_DEVICE explicit Openings(const urn_unmask_params &p, int64_t n)
        : slot(p.slot, n, TAG_OUT), row_index(p.row_index, n, TAG_OUT), map(p.map, n, TAG_OUT) {}
    // row < 0: this opening stays closed
    URN_DEVICE void write(int64_t opening, int64_t row) const {
        slot.store(opening, (int32_t)row);
        if (!row_index.null()) row_index.store(opening, row < 0 ? 0 : (int32_t)row);
        if (!map.null()) map.store(opening, row < 0 ? -1 : 0);
    }
};

URN_DEVICE void choose_done(const urn_unmask_params &p, int64_t s, uint32_t masked, int32_t status) {
    if (p.masked) Global<int32_t>(p.masked, p.sequences, TAG_OUT).store(s, (int32_t)masked);
    if (p.status) Global<int32_t>(p.status, p.sequences, TAG_OUT).store(s, status);
}

// STEP and ALL: each thread decides its own positions.
URN_DEVICE void choose_each(const urn_unmask_params &p, const Sequence &s, Team<TEAM_BLOCK> &team) {
    Openings out(p, p.sequences * p.length);
    double stay = 0.0;
    if (p.rule == URN_UNMASK_STEP)
        stay = p.stay ? Global<const double>(p.stay, p.sequences, TAG_PARAM).load(s.number) : p.stay_value;
    bool good = stay >= 0.0 && stay <= 1.0;
    uint64_t limit = good ? stay_limit(stay) : 0;
    Tally mine = {0, 0, 0};
    for (uint32_t i = thread_id(); i < (uint32_t)p.length; i += UnmaskPolicy::threads) {
        bool masked = is_masked(p, s, i), opens = masked && good;
        if (masked) mine.sum++;
        if (opens && p.rule == URN_UNMASK_STEP) opens = unmask_block(s, i, 0).low64() >> 11 >= limit;
        out.write(s.first + i, opens ? s.first + i : -1);
    }
    uint32_t masked = (uint32_t)team_tally(team, mine).all.sum;
    if (thread_id() == 0) choose_done(p, s.number, masked, !good ? URN_ROW_PARAM : masked == 0 ? URN_ROW_EMPTY : 0);
}

// ONE: candidate number (V n) >> 64; a uniform to the power 1 / n for the time.
URN_DEVICE void choose_one(const urn_unmask_params &p, const Sequence &s, Team<TEAM_BLOCK> &team) {
    uint32_t each = (s.length + UnmaskPolicy::threads - 1) / UnmaskPolicy::threads, first = thread_id() * each;
    uint32_t mine = 0;
    for (uint32_t i = first; i < first + each; i++) mine += is_masked(p, s, i) ? 1 : 0;
    uint64_t before = block_before(team, mine);
    uint64_t n = team_tally(team, {mine, 0, 0}).all.sum;
    Random4 words = unmask_block(s, 0, 1);
    uint64_t r = mulhi_u64((uint64_t)words.word[3] << 32 | words.word[2], n);
    if (n != 0 && before <= r && r - before < mine) { // one thread
        uint64_t left = r - before;
        uint32_t i = first;
        while (!(is_masked(p, s, i) && left-- == 0)) i++;
        Openings(p, p.sequences).write(s.number, s.first + i);
    }
    if (thread_id() != 0) return;
    if (n == 0) Openings(p, p.sequences).write(s.number, -1);
    choose_done(p, s.number, (uint32_t)n, n == 0 ? URN_ROW_EMPTY : 0);
    if (!p.factor && !p.time) return;
    double factor = n == 0 ? 1.0 : exp2_f64(-exponential_bits(words.low64()) / (double)n);
    if (p.factor) Global<double>(p.factor, p.sequences, TAG_OUT).store(s.number, factor);
    Global<double> time(p.time, p.sequences, TAG_STATE);
    if (p.time) time.store(s.number, time.load(s.number) * factor);
}

URN_KERNEL(UnmaskPolicy::threads) unmask_choose_kernel(URN_ARGS(UnmaskArgs) args) {
    Arena arena(true);
    UnmaskRoom room = unmask_room(arena, 0);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    Sequence s = sequence_here(args.p);
    if (args.p.rule == URN_UNMASK_ONE)
        choose_one(args.p, s, team);
    else
        choose_each(args.p, s, team);
}

// settle

// opening: whose slot names position i. A negative id, or the mask id, leaves the position masked.
URN_DEVICE int32_t settled_id(const urn_unmask_params &p, const Sequence &s, uint32_t i, int64_t opening, int64_t n) {
    if (Global<const int32_t>(p.slot, n, TAG_INDEX).load(opening) != s.first + i || !is_masked(p, s, i)) return -1;
    int32_t id = Global<const int32_t>(p.ids, n, TAG_INDEX).load(opening);
    return id == p.mask_id ? -1 : id;
}

// Order key of the score, never 0.
URN_DEVICE uint32_t score_key(const urn_unmask_params &p, const Sequence &s, uint32_t i, int64_t opening, int64_t n) {
    float score = Global<const float>(p.confidence, n, TAG_PARAM).load(opening);
    if (p.jitter != 0.0f) {
        double gumbel = -log2_f64(exponential_bits(unmask_block(s, i, 2).low64())) * URN_LN2 - URN_LN_LN2;
        score = (float)((double)score + (double)p.jitter * gumbel);
    }
    bool nan = (f32_bits(score) & 0x7fffffffu) > 0x7f800000u;
    return nan ? URN_KEY_MINUS_INF : order_key(score + 0.0f);
}

// A digit of (score, inverted position): four of the score, then two of the position.
URN_DEVICE uint32_t settle_digit(uint32_t key, uint32_t i, uint32_t level) {
    return level < 4 ? key >> (24 - 8 * level) & 0xffu : ~i >> (40 - 8 * level) & 0xffu;
}

// The block calls. The k-th of the positions in order, as (score, position): those up to it are written. 1 <= k <= how
// many take part.
struct Last {
    uint32_t key, i;
};
URN_DEVICE Last kth_position(Team<TEAM_BLOCK> &team, UnmaskRoom room, uint32_t length, uint32_t k) {
    uint32_t prefix = 0, tail = 0; // digits found so far, of the score and of the inverted position
    URN_ROLLED
    for (uint32_t level = 0; level < 6; level++) {
        room.bins.store(thread_id(), 0);
        block_sync();
        URN_ROLLED
        for (uint32_t i = thread_id(); i < length; i += UnmaskPolicy::threads) {
            uint32_t key = room.score.load(i);
            bool same = level < 4 ? level == 0 || key >> (32 - 8 * level) == prefix
                                  : key == prefix && (level == 4 || (~i >> 8 & 0xffu) == tail);
            if (key != 0 && same) room.bins.add(settle_digit(key, i, level), 1);
        }
        block_sync();
        uint32_t bin = UnmaskPolicy::bins - 1 - thread_id(), inside = room.bins.load(bin);
        uint32_t above = (uint32_t)block_before(team, inside);
        if (above < k && k - above <= inside) room.found.store(0, bin), room.found.store(1, above); // one thread
        block_sync();
        uint32_t digit = room.found.load(0);
        k -= room.found.load(1);
        if (level < 4)
            prefix = prefix << 8 | digit;
        else
            tail = tail << 8 | digit;
        block_sync(); // before the next round stores over what was found
    }
    return {prefix, ~tail & 0xffffu};
}

URN_KERNEL(UnmaskPolicy::threads) unmask_settle_kernel(URN_ARGS(UnmaskArgs) args) {
    const urn_unmask_params &p = args.p;
    Arena arena(true);
    bool one = p.rule == URN_UNMASK_ONE, ranked = p.confidence != nullptr;
    UnmaskRoom room = unmask_room(arena, (uint32_t)p.length);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    Sequence s = sequence_here(p);
    int64_t n = one ? p.sequences : p.sequences * p.length;
    int64_t keep = p.keep ? Global<const int32_t>(p.keep, p.sequences, TAG_PARAM).load(s.number) : p.keep_value;
    int32_t status = ranked && keep < 0 ? URN_ROW_PARAM : 0;
    Tally mine = {0, 0, 0};
    for (uint32_t i = thread_id(); i < s.length && status == 0; i += UnmaskPolicy::threads) {
        int64_t opening = one ? s.number : s.first + i;
        uint32_t key = 0;
        if (settled_id(p, s, i, opening, n) >= 0) key = ranked ? score_key(p, s, i, opening, n) : 1, mine.sum++;
        room.score.store(i, key);
    }
    uint64_t found = team_tally(team, mine).all.sum,
             written = ranked && (uint64_t)keep < found ? (uint64_t)keep : found;
    if (status) written = 0;
    Last last = {0, 0xffffffffu};
    if (written != 0 && written < found) last = kth_position(team, room, s.length, (uint32_t)written);
    for (uint32_t i = thread_id(); i < s.length && written != 0; i += UnmaskPolicy::threads) {
        uint32_t key = room.score.load(i);
        if (key == 0 || key < last.key || (key == last.key && i > last.i)) continue;
        s.tokens.store(i, Global<const int32_t>(p.ids, n, TAG_INDEX).load(one ? s.number : s.first + i));
    }
    if (thread_id() != 0) return;
    if (p.settled) Global<int32_t>(p.settled, p.sequences, TAG_OUT).store(s.number, (int32_t)written);
    if (p.status) Global<int32_t>(p.status, p.sequences, TAG_OUT).store(s.number, status);
}

inline int launch_unmask(void (*kernel)(UnmaskArgs), const urnk_device *device, const urn_unmask_params *p,
                         uint32_t scores, struct CUstream_st *stream) {
    Arena arena(false);
    unmask_room(arena, scores);
    UnmaskArgs args = {*p};
    set_launch_options(device);
    return launch(kernel, {(uint32_t)p->sequences, UnmaskPolicy::threads, 1, arena.used}, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(unmask_choose)(const urnk_device *device, const urn_unmask_params *params,
                                       struct CUstream_st *stream) {
    return urnd::launch_unmask(urnd::unmask_choose_kernel, device, params, 0, stream);
}

extern "C" int URN_SIDE(unmask_settle)(const urnk_device *device, const urn_unmask_params *params,
                                       struct CUstream_st *stream) {
    return urnd::launch_unmask(urnd::unmask_settle_kernel, device, params, (uint32_t)params->length, stream);
}
