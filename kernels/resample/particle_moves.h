// particle_moves.h - copying particles of any size by a plan, in the widest words that sizes and addresses allow.
#ifndef URN_PARTICLE_MOVES_H
#define URN_PARTICLE_MOVES_H

#include "kernels/resample/weighed_row.h"

namespace urnd {

enum { FLAT_THREADS = 256 };

// A launch of one thread for each of `work` things, each thread taking every grid'th.
inline Shape flat(int64_t work) { return {grid_for(parts_of(work, FLAT_THREADS)), FLAT_THREADS, 1, 0}; }
URN_DEVICE int64_t flat_first() { return (int64_t)block_id() * FLAT_THREADS + thread_id(); }
URN_DEVICE int64_t flat_step() { return (int64_t)grid_blocks() * FLAT_THREADS; }

struct ZeroArgs {
    uint32_t *data;
    int64_t count;
};
template <int TAG> URN_KERNEL(FLAT_THREADS) zero_u32_kernel(URN_ARGS(ZeroArgs) a) {
    Global<uint32_t> data(a.data, a.count, TAG);
    URN_ROLLED
    for (int64_t i = flat_first(); i < a.count; i += flat_step()) data.store(i, 0);
}
template <int TAG> inline int enqueue_zero_u32(uint32_t *data, int64_t count, struct CUstream_st *stream) {
    ZeroArgs a = {data, count};
    return launch(zero_u32_kernel<TAG>, flat(count), stream, a);
}

// Particles by number in their arrays; from -1: none.
struct Move {
    int64_t from, to;
};

// plan.move(i) for i below `moves`.
template <class Plan> struct MoveArgs {
    Plan plan;
    const unsigned char *from;
    unsigned char *to;
    int64_t from_count, to_count; // particles
    int64_t moves, bytes;         // of a particle
    int64_t words, pieces;        // of a particle; pieces that different lanes take
    uint32_t lanes;               // of a piece
};

enum { PIECE_WORDS = 2048 }; // guess

template <int WORD> struct MoveWord { // a word of so many bytes, in elements of `each`
    typedef uint32_t T;
    enum { each = WORD / 4 };
    URN_DEVICE static void move(Global<T> to, int64_t at, Global<const T> from, int64_t i) {
        if (WORD == 16)
            to.store16(at * each, from.load16_once(i * each));
        else
            to.store(at, from.load_once(i));
    }
};
template <> struct MoveWord<1> {
    typedef uint8_t T;
    enum { each = 1 };
    URN_DEVICE static void move(Global<T> to, int64_t at, Global<const T> from, int64_t i) {
        to.store(at, from.load_once(i));
    }
};

template <int WORD, class Plan> URN_KERNEL(FLAT_THREADS) moves_kernel(URN_ARGS(MoveArgs<Plan>) a) {
    typedef MoveWord<WORD> Word;
    typedef typename Word::T T;
    Global<T> to((T *)a.to, a.to_count * a.words * Word::each, TAG_OUT);
    Global<const T> from((const T *)a.from, a.from_count * a.words * Word::each, TAG_LOGITS);
    int64_t lane = thread_id() % a.lanes;
    URN_ROLLED
    for (int64_t work = flat_first() / a.lanes; work < a.moves * a.pieces; work += flat_step() / a.lanes) {
        int64_t output = work / a.pieces, begin = (work - output * a.pieces) * PIECE_WORDS;
        int64_t end = begin + PIECE_WORDS < a.words ? begin + PIECE_WORDS : a.words;
        Move m = a.plan.move(output);
        if (m.from < 0) continue;
        URN_ROLLED
        for (int64_t w = begin + lane; w < end; w += a.lanes)
            Word::move(to, m.to * a.words + w, from, m.from * a.words + w);
    }
}

template <int WORD, class Plan> inline int enqueue_words(MoveArgs<Plan> a, struct CUstream_st *stream) {
    a.words = a.bytes / WORD;
    a.pieces = parts_of(a.words, PIECE_WORDS);
    a.lanes = 1;
    while (a.lanes < 32 && a.lanes < a.words) a.lanes *= 2;
    void (*kernel)(MoveArgs<Plan>) = moves_kernel<WORD, Plan>;
    return launch(kernel, flat(a.moves * a.pieces * a.lanes), stream, a);
}

template <class Plan> inline int enqueue_moves(const MoveArgs<Plan> &a, struct CUstream_st *stream) {
    if (a.moves == 0) return 0;
    uintptr_t together = (uintptr_t)a.from | (uintptr_t)a.to | (uintptr_t)a.bytes;
    if (together % 16 == 0) return enqueue_words<16>(a, stream);
    return together % 4 == 0 ? enqueue_words<4>(a, stream) : enqueue_words<1>(a, stream);
}

} // namespace urnd

#endif
