/* cpu_draw.c - the inverse of the cumulated weights, in id order (bits.h section 4).
 *
 * Weights have been summed by group, so a draw searches the prefix sums of groups and weighs one group again. */
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_wide.h"

void urnc_draw_begin(urnc_row *row) {
    if (row->greedy) return;
    int64_t groups = urnc_groups(&row->kept);
    for (int64_t g = 1; g < groups; g++) row->sums[g] += row->sums[g - 1];
}

/* The first group whose prefix sum is above r. r < Z, so there is one. */
static int64_t find_group(const urnc_row *row, uint64_t r) {
    int64_t low = 0, high = urnc_groups(&row->kept) - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (row->sums[middle] > r)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int64_t urnc_draw_find(const urnc_row *row, uint64_t r, uint64_t *before, uint64_t *w) {
    int64_t g = find_group(row, r), n = row->kept.n - g * URNC_GROUP, i = 0;
    uint64_t weight[URNC_GROUP], S = g > 0 ? row->sums[g - 1] : 0;
    row->loops->weights(&row->kept, row->scale, g, weight);
    if (n > URNC_GROUP) n = URNC_GROUP;
    while (S + weight[i] <= r && i < n - 1) S += weight[i++];
    *before = S;
    *w = weight[i];
    return g * URNC_GROUP + i;
}

int64_t urnc_draw_at(const urnc_row *row, uint64_t r) {
    uint64_t before, w;
    return urnc_draw_find(row, r, &before, &w);
}

int64_t urnc_draw(const urnc_row *row, uint64_t row_key, uint32_t position, uint32_t j) {
    if (row->greedy) return 0;
    uint64_t U = urnc_block_u64(urnc_row_block(row_key, 0, j, position, URN_STREAM_DRAW));
    return urnc_draw_at(row, (uint64_t)((urnc_u128)U * row->Z >> 64));
}

/* Both terms are below 2^127. */
int64_t urnc_draw_code(const urnc_row *row, uint64_t code, uint64_t *rest) {
    uint64_t before, w;
    *rest = code;
    if (row->greedy) return 0;
    urnc_u128 product = (urnc_u128)code * row->Z;
    int64_t i = urnc_draw_find(row, (uint64_t)(product >> 64), &before, &w);
    *rest = (uint64_t)((product - ((urnc_u128)before << 64)) / w);
    return i;
}
