// tiny.cu - Gumbel noise on very many short rows: the noisy maximum, the soft law, and patterns such as 2:4 masks.
// shapes   logits [rows, width] f32|f16|bf16, width 2 to 32 -> choice [rows], soft [rows, width], mask bits, blend
// idea     a block takes tiles of 256 rows: it loads a tile in whole lines into shared memory, a thread works on its
// own
//          row there, and the tile leaves in whole lines. One Philox block is two ids' noise
// minimum  width*e + what is asked for, a row         this kernel: the same
// bound    issue slots: an id costs about 80 instructions for its noise, 45 for half a Philox block and 60 for the rest
//          (counted in PTX); a row of width 6 in f32 with its soft law 1,100 for 48 bytes, about twice what an H100
//          issues in the time its memory takes. Not measured
// launch   grid min(tiles, 8 a multiprocessor), block 256, shared 1056*width bytes and 1056*pattern_bits with blend
// bits     f32 operations in a fixed order by one thread a row
// tail     the last tile is shorter; 2-byte outputs leave as 2-byte stores, 64 bytes a warp
// ptxas    3 kernels, no spill, no stack frame: sm_90 63 registers (nvcc 13.0)
#include "kernels/bits/dev_exp2.h"
#include "kernels/bits/dev_order.h"
#include "kernels/bits/dev_philox.h"
#include "kernels/bits/dev_tiny_noise.h"
#include "kernels/launch.h"

namespace urnd {

struct TinyPolicy {
    enum { tile = 256 };         // rows, a thread each; a multiple of 32, so that tiles start at whole mask words
    enum { blocks_a_multi = 8 }; // guess
};

struct TinyArgs {
    urn_tiny_params p;
};

// A word more every 32: threads that walk rows of any width side by side then meet few equal banks.
URN_HOST_DEVICE uint32_t tiny_skew(uint32_t i) { return i + (i >> 5); }

struct TinyRoom {
    Shared<float> held;        // [skewed tile * width] x, then s, then e, then p
    Shared<float> blend;       // [skewed tile * pattern_bits]
    Shared<uint32_t> words;    // [tile * pattern_bits / 32]
    Shared<uint32_t> patterns; // [32]
};

URN_HOST_DEVICE TinyRoom tiny_room(Arena &arena, const urn_tiny_params &p) {
    uint32_t tile = TinyPolicy::tile, bits = (uint32_t)p.pattern_bits;
    TinyRoom room = {arena.take<float>(tiny_skew(tile * (uint32_t)p.width), "tiny.held"),
                     arena.take<float>(p.blend ? tiny_skew(tile * bits) : 0, "tiny.blend"),
                     arena.take<uint32_t>(p.mask ? tile * bits / 32 : 0, "tiny.words"),
                     arena.take<uint32_t>(URN_TINY_MAX_WIDTH, "tiny.patterns")};
    return room;
}

// The block calls: the patterns come into shared memory. 0xca6953 holds the six ways to keep two of four.
URN_DEVICE void tiny_patterns(const urn_tiny_params &p, TinyRoom room) {
    uint32_t i = thread_id();
    if (i >= (uint32_t)p.width || !(p.mask || p.blend)) return;
    uint32_t bits = p.patterns ? Global<const uint8_t>(p.patterns, p.width, TAG_PARAM).load(i) : 0xca6953u >> (4 * i);
    room.patterns.store(i, bits & ((1u << p.pattern_bits) - 1));
}

// An array of `each` numbers a row as the caller stores it; f16 and bf16 by nearest even.
struct TinyOut {
    int32_t dtype;
    Global<uint32_t> wide;
    Global<uint16_t> narrow;
    URN_DEVICE TinyOut(void *data, int32_t type, int64_t count)
        : dtype(type), wide((uint32_t *)(type == URN_F32 ? data : nullptr), type == URN_F32 ? count : 0, TAG_OUT),
          narrow((uint16_t *)(type == URN_F32 ? nullptr : data), type == URN_F32 ? 0 : count, TAG_OUT) {}
    // 0 <= v < 2, or NaN
    URN_DEVICE void store(int64_t i, float v) const {
        uint32_t b = f32_bits(v);
        if (dtype == URN_F32) {
            wide.store(i, b);
            return;
        }
        uint32_t to_bf16 = (b + 0x7fffu + (b >> 16 & 1u)) >> 16;
        // 2^-14 is f16's least normal number; 1/2 has the last place of the numbers below it
        uint32_t small = f32_bits(v + 0.5f) - 0x3f000000u;
        uint32_t normal = (b - 0x38000000u + 0xfffu + (b >> 13 & 1u)) >> 13;
        uint32_t to_f16 = b > 0x7f800000u ? 0x7e00u : b < 0x38800000u ? small : normal;
        narrow.store(i, (uint16_t)(dtype == URN_F16 ? to_f16 : to_bf16));
    }
};

// What one thread finds in its row before there is noise.
struct TinyLook {
    float max;
    uint32_t status;
};

URN_DEVICE TinyLook tiny_look(Shared<float> held, uint32_t at, uint32_t width) {
    uint32_t largest = 0, status = 0;
    URN_ROLLED
    for (uint32_t i = 0; i < width; i++) {
        uint32_t key = order_key(held.load(tiny_skew(at + i)));
        if (key < URN_KEY_MINUS_INF || key > URN_KEY_PLUS_INF) status |= URN_ROW_NAN;
        if (key == URN_KEY_PLUS_INF) status |= URN_ROW_INF;
        largest = key > largest ? key : largest;
    }
    if (status == 0 && largest <= URN_KEY_MINUS_INF) status = URN_ROW_EMPTY;
    return {key_value(largest), status};
}

struct TinyChoice {
    uint32_t id;
    float s;
};

// The row's x become s; the first id by larger s.
URN_DEVICE TinyChoice tiny_noise(const urn_tiny_params &p, Shared<float> held, uint32_t at, float max, float scale,
                                 uint64_t key, uint64_t row) {
    TinyChoice best = {0, 0.0f};
    uint32_t best_key = 0, width = (uint32_t)p.width;
    URN_ROLLED
    for (uint32_t pair = 0; 2 * pair < width; pair++) {
        Random4 noise = philox(key, {(uint32_t)row, (uint32_t)(row >> 32) * 16 + pair, p.position, URN_STREAM_TINY});
        URN_ROLLED
        for (uint32_t half = 0; half < 2; half++) {
            uint32_t id = 2 * pair + half;
            if (id >= width) break;
            float x = held.load(tiny_skew(at + id));
            float g = tiny_gumbel(half ? noise.word[2] : noise.word[0], half ? noise.word[3] : noise.word[1]);
            bool possible = f32_bits(x) != 0xff800000u;
            float s = possible ? fma_f32(x - max, scale, g) + 0.0f : x;
            uint32_t k = order_key(s);
            if (possible && k > best_key) best_key = k, best = {id, s};
            held.store(tiny_skew(at + id), s);
        }
    }
    return best;
}

// The row's s become p.
URN_DEVICE void tiny_soften(const urn_tiny_params &p, Shared<float> held, uint32_t at, float largest) {
    float c = 1.0f / p.tau, sum = 0.0f;
    uint32_t width = (uint32_t)p.width;
    URN_ROLLED
    for (uint32_t i = 0; i < width; i++) {
        Power w = power(held.load(tiny_skew(at + i)) - largest, c);
        // n >= -40 and v >= 1/2: the exponent moves by n without leaving the normal numbers
        float e = w.live ? bits_f32(f32_bits(w.v) + ((uint32_t)w.n << 23)) : 0.0f;
        sum = sum + e;
        held.store(tiny_skew(at + i), e);
    }
    float share = 1.0f / sum;
    URN_ROLLED
    for (uint32_t i = 0; i < width; i++) held.store(tiny_skew(at + i), held.load(tiny_skew(at + i)) * share);
}

URN_DEVICE void tiny_blend(const urn_tiny_params &p, TinyRoom room, uint32_t row, bool good) {
    URN_ROLLED
    for (uint32_t j = 0; j < (uint32_t)p.pattern_bits; j++) {
        float sum = good ? 0.0f : bits_f32(URN_NAN_BITS);
        URN_ROLLED
        for (uint32_t i = 0; i < (uint32_t)p.width && good; i++)
            if (room.patterns.load(i) >> j & 1) sum = sum + room.held.load(tiny_skew(row * (uint32_t)p.width + i));
        room.blend.store(tiny_skew(row * (uint32_t)p.pattern_bits + j), sum);
    }
}

// A thread's own row of the tile.
URN_DEVICE void tiny_row(const urn_tiny_params &p, TinyRoom room, int64_t row, float scale, uint64_t key) {
    uint32_t mine = thread_id(), at = mine * (uint32_t)p.width;
    TinyLook look = tiny_look(room.held, at, (uint32_t)p.width);
    bool good = look.status == 0;
    TinyChoice choice = {255, 0.0f};
    if (good) choice = tiny_noise(p, room.held, at, look.max, scale, key, (uint64_t)(p.first_row + row));
    if (p.choice) Global<uint8_t>(p.choice, p.rows, TAG_OUT).store(row, (uint8_t)choice.id);
    if (p.status) Global<uint8_t>(p.status, p.rows, TAG_OUT).store(row, (uint8_t)look.status);
    if (p.mask && good) {
        uint32_t bit = mine * (uint32_t)p.pattern_bits;
        room.words.or_(bit / 32, room.patterns.load(choice.id) << (bit % 32));
    }
    if (!p.soft && !p.blend) return;
    if (good) tiny_soften(p, room.held, at, choice.s);
    for (uint32_t i = 0; !good && i < (uint32_t)p.width; i++)
        room.held.store(tiny_skew(at + i), bits_f32(URN_NAN_BITS));
    if (p.blend) tiny_blend(p, room, mine, good);
}

template <class Dtype> URN_KERNEL(TinyPolicy::tile) tiny_kernel(URN_ARGS(TinyArgs) args) {
    typedef typename Dtype::Stored Stored;
    const urn_tiny_params &p = args.p;
    Arena arena(true);
    TinyRoom room = tiny_room(arena, p);
    uint32_t width = (uint32_t)p.width, bits = (uint32_t)p.pattern_bits;
    Global<const Stored> logits((const Stored *)p.logits, p.rows * p.width, TAG_LOGITS);
    TinyOut soft(p.soft, p.soft_dtype, p.rows * p.width), blend(p.blend, p.soft_dtype, p.rows * p.pattern_bits);
    Global<uint32_t> mask(p.mask, (p.rows * p.pattern_bits + 31) / 32, TAG_OUT);
    const float scale = p.scale * URN_LOG2E;
    const uint64_t key = row_key(p.seed, p.label);
    tiny_patterns(p, room);
    for (int64_t first = (int64_t)block_id() * TinyPolicy::tile; first < p.rows;
         first += (int64_t)grid_blocks() * TinyPolicy::tile) {
        int64_t left = p.rows - first;
        uint32_t rows = left < TinyPolicy::tile ? (uint32_t)left : (uint32_t)TinyPolicy::tile;
        // neighbours load neighbours: each line of the tile once
        for (uint32_t i = thread_id(); i < rows * width; i += TinyPolicy::tile)
            room.held.store(tiny_skew(i), logit<Dtype>(logits.load_once(first * width + i)));
        if (p.mask)
            for (uint32_t i = thread_id(); i < TinyPolicy::tile * bits / 32; i += TinyPolicy::tile)
                room.words.store(i, 0);
        block_sync();
        if (thread_id() < rows) tiny_row(p, room, first + thread_id(), scale, key);
        block_sync();
        if (p.soft)
            for (uint32_t i = thread_id(); i < rows * width; i += TinyPolicy::tile)
                soft.store(first * width + i, room.held.load(tiny_skew(i)));
        if (p.blend)
            for (uint32_t i = thread_id(); i < rows * bits; i += TinyPolicy::tile)
                blend.store(first * bits + i, room.blend.load(tiny_skew(i)));
        if (p.mask)
            for (uint32_t i = thread_id(); i < (rows * bits + 31) / 32; i += TinyPolicy::tile)
                mask.store(first * bits / 32 + i, room.words.load(i));
        block_sync(); // the next tile is loaded over this one
    }
}

inline int launch_tiny(const urnk_device *d, const urn_tiny_params *p, struct CUstream_st *stream) {
    TinyArgs args = {*p};
    Arena arena(false);
    tiny_room(arena, *p);
    int64_t tiles = (p->rows + TinyPolicy::tile - 1) / TinyPolicy::tile;
    int64_t most = (int64_t)d->multiprocessors * TinyPolicy::blocks_a_multi;
    Shape shape = {(uint32_t)(tiles < most ? tiles : most), TinyPolicy::tile, 1, arena.used};
    if (p->dtype == URN_F32) return launch(tiny_kernel<F32>, shape, stream, args);
    if (p->dtype == URN_F16) return launch(tiny_kernel<F16>, shape, stream, args);
    return launch(tiny_kernel<Bf16>, shape, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(tiny)(const urnk_device *device, const urn_tiny_params *params, struct CUstream_st *stream) {
    urnd::set_launch_options(device);
    return urnd::launch_tiny(device, params, stream);
}
