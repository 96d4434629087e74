// resample_least.cu - the cap, and minimum error's R largest fractions: each sees a whole row again and again.
// shapes   records of resample_law.cu, weights [rows, n] -> a row's limit; counts [rows, n]
// idea     a block a row finds a number by digits of 8 bits over histograms in shared memory. cap: the largest t with
//          M t <= cap * sum of min(w, t); a pass counts and sums what lies in each of 256 stretches of t. Minimum
//          error: the R-th largest fraction, then a walk in order that gives its equals to the first
// minimum  n*e a row, twice; this kernel: 7 n*e (cap), 9 n*e (minimum error; 11 n*e past 2^22 items)
// bound    one multiprocessor's reads: long rows are slow here, a GPU full of rows is not
// launch   1; block 256, shared 7.5 KB
// bits     integers
// tail     rows without a cap's or a remainder's work leave at once
// ptxas    2 kernels, no spill, no stack frame: sm_90 72 and 122 registers (nvcc 13.0)
#include "kernels/resample/resample_room.h"

namespace urnd {

struct LeastRoom {
    TeamRoom team;
    Shared<uint32_t> count;               // [256]
    Shared<unsigned long long> low, high; // [256] sums of weights: their lower 32 bits, and the rest
    Shared<uint64_t> found;               // [2]
};

enum { DIGITS = 256 };

URN_HOST_DEVICE LeastRoom least_room(Arena &arena) {
    LeastRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<uint32_t>(DIGITS, "least.count"),
                      arena.take<unsigned long long>(DIGITS, "least.low"),
                      arena.take<unsigned long long>(DIGITS, "least.high"), arena.take<uint64_t>(2, "least.found")};
    return room;
}

URN_DEVICE LeastRoom least_here() {
    Arena arena(true);
    return least_room(arena);
}

// t of the row's cap. The block calls; every thread gets it.
URN_DEVICE uint64_t cap_limit(const ResampleArgs &a, Block &team, LeastRoom room, const RowLaw &row) {
    uint64_t t = 0, above = 0; // above: items that weigh more than the stretch that is looked into
    Wide below = {0, 0};       // sum of those that weigh less than t
    URN_ROLLED
    for (int shift = 48; shift >= 0; shift -= 8) {
        room.count.store(team.thread, 0), room.low.store(team.thread, 0), room.high.store(team.thread, 0);
        block_sync();
        URN_ROLLED
        for (int64_t i = team.thread; i < row.n; i += DIGITS) {
            uint64_t w = weight_at(a.law, row, i);
            if (w < t || (w - t) >> shift >= DIGITS) continue;
            uint32_t bin = (uint32_t)((w - t) >> shift);
            room.count.add(bin, 1);
            room.low.add(bin, w & 0xffffffffu);
            room.high.add(bin, w >> 32);
        }
        block_sync();
        uint32_t j = team.thread;
        uint64_t count = room.count.load(j), all = team_tally(team, {count, 0, 0}).all.sum;
        Wide sum = wide_sum(wide(room.low.load(j)), {room.high.load(j) >> 32, room.high.load(j) << 32});
        uint64_t lower = block_before(team, count);
        Wide less = wide_sum(below, block_before_wide(team, sum)); // sum of w < here
        uint64_t here = t + ((uint64_t)j << shift);
        Wide capped = wide_sum(less, wide_product(here, above + all - lower));
        bool fits = here <= row.largest &&
                    !wide_less(wide_times(capped, (uint64_t)a.p.cap), wide_product(here, (uint64_t)row.m));
        uint32_t last = (uint32_t)team_tally(team, {fits ? 1u : 0u, 0, 0}).all.sum - 1; // 0 always fits
        // what lies before and after the digit
        Tally before = {0, 0, 0};
        before.sum = j > last ? count : 0;
        above += team_tally(team, before).all.sum;
        below = wide_sum(below, block_sum_wide(team, j < last ? sum : wide(0)));
        t += (uint64_t)last << shift;
    }
    return t;
}

URN_KERNEL(DIGITS) cap_kernel(URN_ARGS(ResampleArgs) a) {
    LeastRoom room = least_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t number = block_id(); number < a.law.weights.rows; number += grid_blocks()) {
        RowLaw row = row_record(a.law, number);
        if (row.status || !row.resampled || row.m == 0) continue;
        uint64_t t = cap_limit(a, team, room, row);
        if (team.thread != 0) continue;
        row.limit = t;
        row.largest = row.largest < t ? row.largest : t;
        if (t == 0) {
            row.status = URN_ROW_PARAM;
            row.resampled = 0;
            row = with_statistics(a.law, row);
        }
        row_records(a.law).store(number, row);
    }
}

int enqueue_cap(const ResampleArgs &a, struct CUstream_st *stream) {
    Arena arena(false);
    least_room(arena);
    int error = launch(cap_kernel, {grid_for(a.law.weights.rows), DIGITS, 1, arena.used}, stream, a);
    return error ? error : enqueue_law(a.law, true, stream);
}

// ---- minimum error

// A byte of a fraction, the highest first.
URN_DEVICE uint32_t digit_of(Wide f, int shift) {
    return (uint32_t)((shift >= 64 ? f.high >> (shift - 64) : f.low >> shift) & 0xffu);
}
// Whether f has the bits of `least` above shift + 8.
URN_DEVICE bool same_above(Wide f, Wide least, int shift) {
    int s = shift + 8;
    if (s >= 64) return s >= 128 || f.high >> (s - 64) == least.high >> (s - 64);
    return f.high == least.high && f.low >> s == least.low >> s;
}

URN_KERNEL(DIGITS) least_kernel(URN_ARGS(ResampleArgs) a) {
    LeastRoom room = least_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t number = block_id(); number < a.law.weights.rows; number += grid_blocks()) {
        RowLaw row = row_record(a.law, number);
        if (row.status || !row.resampled || row.rest == 0) continue; // its counts are its whole shares
        Divisor total = divisor(row.total);
        Wide least = {0, 0};
        uint64_t left = (uint64_t)row.rest; // of those with the digits so far, how many are among the R
        URN_ROLLED
        for (int shift = row.narrow() ? 56 : 72; shift >= 0; shift -= 8) {
            room.count.store(team.thread, 0);
            block_sync();
            URN_ROLLED
            for (int64_t i = team.thread; i < row.n; i += DIGITS) {
                Wide f = share(row, total, weight_at(a.law, row, i)).rest;
                if (same_above(f, least, shift)) room.count.add(digit_of(f, shift), 1);
            }
            block_sync();
            uint32_t digit = DIGITS - 1 - team.thread;
            uint64_t inside = room.count.load(digit), larger = block_before(team, inside);
            if (larger < left && left - larger <= inside) // one thread
                room.found.store(0, digit), room.found.store(1, larger);
            block_sync();
            uint64_t found = room.found.load(0);
            left -= room.found.load(1);
            if (shift >= 64)
                least.high |= found << (shift - 64);
            else
                least.low |= found << shift;
            block_sync(); // before the next digit's counts and finds
        }
        Global<uint32_t> counts = row_u32(a, a.counts, number);
        uint64_t equals = 0; // seen so far
        URN_ROLLED
        for (int64_t first = 0; first < row.n; first += DIGITS) {
            int64_t i = first + team.thread;
            bool inside = i < row.n;
            Wide f = inside ? share(row, total, weight_at(a.law, row, i)).rest : wide(0);
            bool equal = inside && !wide_less(f, least) && !wide_less(least, f), more = inside && wide_less(least, f);
            uint64_t before = equals + block_before(team, equal ? 1 : 0);
            equals += team_tally(team, {equal ? 1u : 0u, 0, 0}).all.sum;
            if (more || (equal && before < left)) counts.store(i, counts.load(i) + 1);
        }
    }
}

int enqueue_minimum_error(const ResampleArgs &a, struct CUstream_st *stream) {
    Arena arena(false);
    least_room(arena);
    return launch(least_kernel, {grid_for(a.law.weights.rows), DIGITS, 1, arena.used}, stream, a);
}

} // namespace urnd
