/* cpu_entropy.c - the sum behind the entropy of the open epoch's law (bits.h section 6). */
#include "host/cpu/cpu_row.h"

static void sum_entropy(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    (void)argument;
    row->loops->entropy(&row->kept, row->scale, g0, g1, tally);
}

uint64_t urnc_entropy_sum(const urnc_row *row) { return urnc_over_groups(row, &row->kept, sum_entropy, 0).sum; }
