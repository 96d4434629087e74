// item_walk.h - walks for take_first over items and records in global memory, shared out over a team's blocks; and one
// over a sample of the items.
#ifndef URN_ITEM_WALK_H
#define URN_ITEM_WALK_H

#include "kernels/topk/long_items.h"

namespace urnd {

// Possible items of a run, every one with its key: each walk reads the values once.
template <int TEAM, class Type> struct ItemWalk {
    const Team<TEAM> &team;
    const ItemLaw &law;
    const ItemRun<Type> &run;

    template <class F> URN_DEVICE void each(const F &f) const {
        const int64_t stride = (int64_t)team.ranks * team.threads;
        URN_ROLLED
        for (int64_t i = (int64_t)team.rank * team.threads + team.thread; i < run.count; i += stride) {
            double x = run.values ? (double)Type::value(run.view.load(i)) : 0.0;
            if (x - x != 0) continue; // NaN, infinities
            uint64_t id = (uint64_t)(run.first + i);
            f(item_key(law, x, id), id, 0.0f);
        }
    }
};

// The place of item number j of a sample of m: one in each of m stretches of the run, chosen by a hash.
URN_DEVICE int64_t sample_place(int64_t j, int64_t m, int64_t n) {
    uint64_t z = ((uint64_t)j + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    int64_t width = n / m, start = j * width;
    return start + (int64_t)mulhi_u64(z, (uint64_t)(j == m - 1 ? n - start : width));
}

// The same of a sample of m items, 1 <= m <= count < 2^41.
template <int TEAM, class Type> struct SampleWalk {
    const Team<TEAM> &team;
    const ItemLaw &law;
    const ItemRun<Type> &run;
    int64_t m;

    template <class F> URN_DEVICE void each(const F &f) const {
        const int64_t stride = (int64_t)team.ranks * team.threads;
        URN_ROLLED
        for (int64_t j = (int64_t)team.rank * team.threads + team.thread; j < m; j += stride) {
            int64_t i = sample_place(j, m, run.count);
            double x = run.values ? (double)Type::value(run.view.load(i)) : 0.0;
            if (x - x != 0) continue;
            uint64_t id = (uint64_t)(run.first + i);
            f(item_key(law, x, id), id, 0.0f);
        }
    }
};

// Records of two arrays.
template <int TEAM> struct RecordWalk {
    const Team<TEAM> &team;
    Global<const urn_topk_record> a, b;
    int64_t count_a, count_b;

    template <class F> URN_DEVICE void each(const F &f) const {
        const int64_t stride = (int64_t)team.ranks * team.threads, count = count_a + count_b;
        URN_ROLLED
        for (int64_t i = (int64_t)team.rank * team.threads + team.thread; i < count; i += stride) {
            urn_topk_record r = i < count_a ? a.load(i) : b.load(i - count_a);
            f(lift_item(r.key), (uint64_t)r.id & (URN_ITEM_IDS - 1), 0.0f);
        }
    }
};

// Keys of which nothing is known.
URN_DEVICE KeySpan every_key() { return {1, 1, UINT64_C(0xffffffffffffffff)}; }

} // namespace urnd

#endif
