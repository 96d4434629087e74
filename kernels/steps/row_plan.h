// row_plan.h - which team takes rows of a size, with how many threads and how much shared memory: one policy for every
// family that holds rows of logits.
#ifndef URN_ROW_PLAN_H
#define URN_ROW_PLAN_H

#include "kernels/launch.h"
#include "kernels/row/select.h"

namespace urnd {

// By who takes a row.
enum Form { FORM_WARP, FORM_BLOCK, FORM_CLUSTER, FORM_STREAMED, FORMS };

struct RowPolicy {
    enum { most_warp_threads = 256 }; // of blocks whose warps hold rows: room for more registers on sm_80
    enum { warp_cols = 1024 };        // longest row of a warp
    enum { warp_threads = 128 };      // four rows a block; guess
    enum { threads = 512 };           // one block a multiprocessor; guess
    enum { half_threads = 256 };      // where two blocks fit; guess
};

inline size_t element_of(int32_t dtype) { return dtype == URN_F32 ? 4 : 2; }

inline uint32_t threads_of(const urn_launch_hint &hint, uint32_t most, uint32_t choice) {
    if (hint.threads <= 0) return min_of(choice, most);
    uint32_t t = (uint32_t)hint.threads / 32 * 32;
    return t < 32 ? 32 : min_of(t, most);
}

template <class Kernel> struct RowPlan {
    Kernel kernel;
    Shape shape;
    uint32_t groups; // of a slice; 0: streamed
};

// Which team takes rows of this size. The smallest cluster whose slices leave room for a second block on their
// multiprocessor, so that one loads while the other computes; else the smallest that fits; twice that, as long as
// multiprocessors would stand idle. Streamed where none fits. kernel_of(form) is a family's kernel of a form, whose
// shared(groups) is what a team of a slice of so many groups needs in a block; most: threads of a block.
template <class KernelOf>
auto plan_rows(const urnk_device &d, int64_t rows, int64_t cols, int32_t dtype, uint32_t most_threads,
               const KernelOf &kernel_of) -> RowPlan<decltype(kernel_of(0))> {
    const urn_launch_hint &hint = d.hint;
    const size_t limit = (size_t)d.shared_per_block, half = limit / 2;
    uint32_t all = row_groups(cols, element_of(dtype)), most = d.max_cluster > 1 ? (uint32_t)d.max_cluster : 1;
    bool warp = cols <= RowPolicy::warp_cols && !hint.streamed && (hint.team == 0 || hint.team == TEAM_WARP);
    if (warp) {
        auto k = kernel_of(FORM_WARP);
        uint32_t warps =
            min_of(threads_of(hint, most_threads, RowPolicy::warp_threads), RowPolicy::most_warp_threads) / 32;
        size_t one = k.shared(all);
        while (warps > 1 && warps * one > limit) warps /= 2;
        return {k, {(uint32_t)((rows + warps - 1) / warps), warps * 32, 1, warps * one}, all};
    }
    auto slice = [&](uint32_t cluster) { return (all + cluster - 1) / cluster; };
    // a block alone is a cluster of one only where the hint says so
    auto form_of = [&](uint32_t cluster) {
        return cluster == 1 && hint.team != TEAM_CLUSTER ? FORM_BLOCK : FORM_CLUSTER;
    };
    auto bytes = [&](uint32_t cluster) { return kernel_of(form_of(cluster)).shared(slice(cluster)); };
    auto fits = [&](uint32_t cluster, size_t room) { return slice(cluster) <= FOLD && bytes(cluster) <= room; };
    uint32_t cluster = 1;
    while (cluster < most && !fits(cluster, half)) cluster *= 2;
    if (!fits(cluster, half)) {
        cluster = 1;
        while (cluster < most && !fits(cluster, limit)) cluster *= 2;
    }
    while (cluster < most && slice(cluster) > 16 && rows * cluster * 2 <= d.multiprocessors) cluster *= 2;
    if (hint.cluster > 0) {
        cluster = 1;
        while (cluster * 2 <= (uint32_t)hint.cluster && cluster < most) cluster *= 2;
        while (cluster < most && !fits(cluster, limit)) cluster *= 2;
    }
    if (hint.team == TEAM_BLOCK && (hint.streamed || fits(1, limit))) cluster = 1;
    while (cluster > 1 && rows > (int64_t)(0x7fffffff / cluster)) cluster /= 2; // the grid's first dimension
    bool streamed = hint.streamed || !fits(cluster, limit);
    auto k = kernel_of(streamed ? FORM_STREAMED : form_of(cluster));
    size_t shared = k.shared(streamed ? 0 : slice(cluster));
    uint32_t threads = threads_of(hint, most_threads,
                                  shared <= half ? (uint32_t)RowPolicy::half_threads : (uint32_t)RowPolicy::threads);
    return {k, {(uint32_t)(rows * cluster), threads, cluster, shared}, streamed ? 0 : slice(cluster)};
}

} // namespace urnd

#endif
