// record_buffer.h - a block's buffer of the first few records so far: what comes is appended if it passes the bound;
// when the buffer is nearly full it is cut to the first `need`, and the bound rises.
#ifndef URN_RECORD_BUFFER_H
#define URN_RECORD_BUFFER_H

#include "kernels/row/sort_ids.h"
#include "kernels/topk/long_items.h"

namespace urnd {

// A cut leaves at most `slack` more than it needs, which spares rounds of digits, and as much is free after one for
// rounds to come. Guesses.
enum { BUFFER_THREADS = 256, BUFFER_ROUND = BUFFER_THREADS * UNIT, BUFFER_SLACK = 1024 };

struct BufferRoom {
    TeamRoom team;
    SelectRoom select;        // where it may have to be cut
    Shared<uint64_t> key, id; // [size] keys are lifted
    Shared<uint32_t> now;     // [1] records held
};

// Records of a buffer that a round of any block fits after a cut: need up to URN_TOPK_K + 1 takes at most 98 KB, so
// that two blocks share a multiprocessor.
URN_HOST_DEVICE uint32_t buffer_size(uint32_t need) { return need + 2 * BUFFER_SLACK + BUFFER_ROUND; }

// cuts: false where all that comes fits.
URN_HOST_DEVICE BufferRoom buffer_room(Arena &arena, uint32_t size, bool cuts) {
    BufferRoom room;
    room.team = team_room<TEAM_BLOCK>(arena);
    room.key = arena.take<uint64_t>(size, "buffer.key");
    room.id = arena.take<uint64_t>(size, "buffer.id");
    room.now = arena.take<uint32_t>(1, "buffer.now");
    if (cuts) room.select = select_room<TEAM_BLOCK, true>(arena);
    return room;
}

struct Buffer {
    Team<TEAM_BLOCK> team;
    BufferRoom room;
    uint32_t need;
    uint32_t size; // of its room; 0: all that comes fits
    ItemBound bound;

    // Any thread calls for itself; key > 0.
    URN_DEVICE void append(uint64_t key, uint64_t id) const {
        uint32_t at = room.now.add(0, 1);
        room.key.store(at, key);
        room.id.store(at, id);
    }
    // A walk over what is held, between barriers.
    template <class F> URN_DEVICE void each(const F &f) const {
        uint32_t count = room.now.load(0);
        URN_ROLLED
        for (uint32_t i = team.thread; i < count; i += team.threads) f(room.key.load(i), room.id.load(i), 0.0f);
    }
};

// The whole block calls, before anything else: an empty buffer.
URN_DEVICE Buffer buffer_here(BufferRoom room, uint32_t need, uint32_t size) {
    Buffer b = {team_here<TEAM_BLOCK>(room.team), room, need, size, item_bound(URN_ALL_KEYS)};
    if (b.team.thread == 0) room.now.store(0, 0);
    block_sync();
    return b;
}

// The whole block calls, after a barrier: cut to the first `need` and at most `most`, in place. Returns behind a
// barrier.
URN_DEVICE void cut_buffer(Buffer &b, uint32_t most) {
    const uint32_t count = b.room.now.load(0);
    if (count <= most) return;
    Tally largest = {0, 0, 0}, smallest = {0, 0, 0};
    b.each([&](uint64_t key, uint64_t, float) {
        largest.sum = key > largest.sum ? key : largest.sum;
        smallest.sum = ~key > smallest.sum ? ~key : smallest.sum;
    });
    uint64_t top = team_reduce<PickBest>(b.team, largest).all.sum;
    uint64_t low = ~team_reduce<PickBest>(b.team, smallest).all.sum;
    Candidates all = take_first(
        b.team, b.room.select, b, {low, low, top}, URN_ITEM_IDS, b.need, most, count, [](uint64_t, uint64_t, float) {},
        false);
    b.bound = item_bound(all.cut);
    block_sync();
    if (b.team.thread == 0) b.room.now.store(0, 0);
    // what a round stores lies below what the next one reads
    URN_ROLLED
    for (uint32_t base = 0; base < count; base += b.team.threads) {
        uint32_t i = base + b.team.thread;
        uint64_t key = i < count ? b.room.key.load(i) : 0, id = i < count ? b.room.id.load(i) : 0;
        block_sync();
        if (i < count && all.cut.has(key, id)) b.append(key, id);
    }
    block_sync();
}

// The whole block calls, after each round: room for another.
URN_DEVICE void make_room(Buffer &b) {
    block_sync();
    if (b.size != 0 && b.room.now.load(0) > b.size - BUFFER_ROUND) cut_buffer(b, b.need + BUFFER_SLACK);
    block_sync(); // everyone has read the count before it grows
}

// The whole block calls: places [from, to) of a run, from a multiple of UNIT, pass through the buffer. seen: of the
// calling thread. drain(b) makes room after a round, or empties the buffer, and stands between two barriers.
template <class Type, class Drain>
URN_DEVICE void buffer_items(Buffer &b, const ItemLaw &law, const ItemRun<Type> &run, int64_t from, int64_t to,
                             Tally &seen, const Drain &drain) {
    URN_ROLLED
    for (int64_t base = from; base < to; base += (int64_t)b.team.threads * UNIT) {
        int64_t q = base + (int64_t)b.team.thread * UNIT;
        if (q < to) {
            typename Type::Value x[UNIT];
            uint32_t inside = run.load(q, x);
            int64_t i0 = run.first + q - run.shift;
            uint32_t pass = inside ? may_pass<Type>(law, b.bound, i0, inside, x, seen) : 0;
            // few get here: their f64 stands once, and x is picked by comparison, not by an index into registers
            URN_ROLLED
            for (uint32_t i = 0; pass >> i != 0; i++) {
                typename Type::Value v = x[0];
                URN_UNROLL
                for (uint32_t j = 1; j < UNIT; j++) v = j == i ? x[j] : v;
                if (!(pass >> i & 1)) continue;
                uint64_t id = (uint64_t)(i0 + i), key = item_key(law, (double)v, id);
                if (b.bound.cut.has(key, id)) b.append(key, id);
            }
        }
        drain(b);
    }
}

// The whole block calls: records in global memory pass through the buffer.
URN_DEVICE void buffer_records(Buffer &b, Global<const urn_topk_record> records, int64_t count) {
    URN_ROLLED
    for (int64_t base = 0; base < count; base += BUFFER_ROUND) {
        int64_t until = count - base < BUFFER_ROUND ? count : base + BUFFER_ROUND;
        URN_ROLLED
        for (int64_t i = base + b.team.thread; i < until; i += b.team.threads) {
            urn_topk_record r = records.load(i);
            uint64_t key = lift_item(r.key), id = (uint64_t)r.id & (URN_ITEM_IDS - 1);
            if (b.bound.cut.has(key, id)) b.append(key, id);
        }
        make_room(b);
    }
}

// The whole block calls, after a barrier: the buffer's records in order: by key and then id, or all by id.
URN_DEVICE void sort_buffer(const Buffer &b, uint32_t count, bool by_id) {
    uint32_t size = 2;
    while (size < count) size *= 2;
    sort_network(b.team, size, count, true, [&](uint32_t i, uint32_t j) {
        uint64_t ka = b.room.key.load(i), kb = b.room.key.load(j), ia = b.room.id.load(i), ib = b.room.id.load(j);
        if (by_id || ka == kb ? ia < ib : ka > kb) return;
        b.room.key.store(i, kb), b.room.id.store(i, ib);
        b.room.key.store(j, ka), b.room.id.store(j, ia);
    });
}

} // namespace urnd

#endif
