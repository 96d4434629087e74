/* cpu_cut.c - where an order must be cut so that its head reaches a measure: the search behind top-k and top-p.
 *
 * Radix selection on ordered keys: a pass adds every element's measure to the bin of its top 11 bits (of the range
 * still in question), the bin where the running total reaches the need becomes the range, and after at most three
 * passes (11 + 11 + 10 bits) the range is one key. One more pass pays for a hint that was too high. */
#include <string.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_weights.h"

typedef struct {
    urnc_digit digit;
    const int32_t *top;
    uint64_t *bin;
} digits_argument;

static void add_digits(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    digits_argument *a = argument;
    (void)tally;
    if (row->team <= 1) {
        row->loops->digits(&row->kept, row->scale, &a->digit, g0, g1, a->top, a->bin);
        return;
    }
    uint64_t own[URNC_BINS + 1];
    memset(own, 0, a->digit.bins * sizeof *own);
    row->loops->digits(&row->kept, row->scale, &a->digit, g0, g1, a->top, own);
#pragma omp critical(urnc_bins)
    for (uint32_t b = 0; b < a->digit.bins; b++) a->bin[b] += own[b];
}

static int bits_of(uint32_t range) {
    int bits = 0;
    while (bits < 32 && range >> bits) bits++;
    return bits;
}

const urnc_key_rule urnc_by_value = {URNC_BY_VALUE, 0, 0};

/* Where the range is one key. Equal values weigh the same, equal deviations need not. */
static void find_ties(const urnc_row *row, const digits_argument *a, uint64_t bin, uint64_t missing, urnc_cut *cut) {
    const urnc_digit *digit = &a->digit;
    if (digit->key.kind == URNC_BY_DEVIATION) {
        urnc_tally found = {0, 0, 0, 0, 0, 0};
        cut->ties_kept = row->loops->ties(&row->kept, row->scale, digit->key, cut->order, missing, &found);
        cut->ties = (uint64_t)found.count;
        return;
    }
    uint64_t each = digit->by_mass ? urnc_weight_of(row->scale, urnc_f32_of_order(cut->order)) : 1;
    cut->ties = bin / each;
    cut->ties_kept = (missing + each - 1) / each;
}

int urnc_cut_find(const urnc_row *row, int by_mass, uint64_t need, int32_t hint, urnc_cut *cut) {
    uint64_t bin[URNC_BINS + 1];
    uint64_t above = 0; /* measure of the elements above the range, all of which are in the prefix */
    int by_value = cut->key.kind == URNC_BY_VALUE;
    int32_t last = by_value ? row->top : -1; /* no deviation is less than 0, whose order as -0 is -1 */
    const int32_t *top = by_value ? row->kept_top : 0;
    int32_t first = hint > URNC_ORDER_LEAST ? hint : URNC_ORDER_LEAST;
    if (first > last) first = last;
    uint32_t range = (uint32_t)last - (uint32_t)first; /* its keys are first .. first + range */
    for (int pass = 0; pass < 4; pass++) {
        int bits = bits_of(range), shift = bits > 11 ? bits - 11 : 0;
        digits_argument a = {{first, (range >> shift) + 1, shift, by_mass, cut->key}, top, bin};
        memset(bin, 0, a.digit.bins * sizeof *bin);
        urnc_over_groups(row, &row->kept, add_digits, &a);
        uint64_t reached = above;
        int64_t b = a.digit.bins;
        while (b > 0 && reached < need) reached += bin[--b];
        if (reached < need) {
            if (first == URNC_ORDER_LEAST) return 0;
            first = URNC_ORDER_LEAST;
            range = (uint32_t)last - (uint32_t)first;
            continue;
        }
        above = reached - bin[b];
        first = (int32_t)((uint32_t)first + ((uint32_t)b << shift));
        if (shift == 0) {
            cut->order = first;
            find_ties(row, &a, bin[b], need - above, cut);
            return 1;
        }
        range = (UINT32_C(1) << shift) - 1;
    }
    return 0;
}

static void keep_order(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const urnc_cut *cut = argument;
    const int32_t *top = cut->key.kind == URNC_BY_VALUE ? row->kept_top : 0;
    row->loops->keep_order(&row->kept, row->scale, cut->key, cut->order, g0, g1, top, row->bits, tally);
}

void urnc_cut_keep(urnc_row *row, urnc_cut *cut) {
    uint64_t surplus = cut->ties - cut->ties_kept;
    int64_t count = urnc_over_groups(row, &row->kept, keep_order, cut).count;
    row->kept.bits = row->bits;
    /* equal values stay by smaller id */
    row->loops->drop_last(&row->kept, row->scale, cut->key, cut->order, surplus, row->bits);
    row->count = count - (int64_t)surplus;
    row->weighed = 0;
    urnc_row_compact(row);
}
