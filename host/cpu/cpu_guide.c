/* cpu_guide.c - a table of where searches begin. */
#include "host/cpu/cpu_guide.h"

#include "host/cpu/cpu_particles.h"
#include "host/cpu/cpu_resample_numbers.h"

#define ITEMS_A_CELL 8

static int64_t cells_of(int64_t n) { return n / ITEMS_A_CELL + 1; }

size_t urnc_guide_bytes(int64_t n) { return ((size_t)cells_of(n) + 4) / 4 * 16; }

/* Conversion and product are monotone, so cells are: that is all that the search needs of them. */
static int64_t cell_of(const urnc_guide *guide, urnc_u128 v) {
    int64_t cell = (int64_t)(urnc_f64_of_wide(v) * guide->scale);
    return cell < guide->cells - 1 ? cell : guide->cells - 1;
}

/* first[g] is the first item whose cell is g or later. */
static void fill_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const urnc_guide *guide = argument;
    int64_t next = begin ? cell_of(guide, guide->sums(guide->argument, begin - 1)) + 1 : 0;
    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        int64_t cell = cell_of(guide, guide->sums(guide->argument, i));
        for (; next <= cell; next++) guide->first[next] = (int32_t)i;
    }
    for (; end == guide->n && next <= guide->cells; next++) guide->first[next] = (int32_t)(end - 1);
}

void urnc_guide_make(urnc_guide *guide, void *room, urnc_u128 total, int team) {
    guide->first = room;
    guide->cells = cells_of(guide->n);
    guide->scale = (double)guide->cells / urnc_f64_of_wide(total);
    urnc_over_chunks(guide->n, team, fill_chunk, guide);
}

/* Items before first[cell] have an earlier cell, so a smaller sum; first[cell + 1] has a later one, or is the last. */
void urnc_guide_find(const urnc_guide *guide, const urnc_u128 *y, int count, int64_t *found) {
    int64_t cell[URNC_ABREAST];
    for (int k = 0; k < count; k++) {
        cell[k] = cell_of(guide, y[k]);
        __builtin_prefetch(guide->first + cell[k]);
    }
    for (int k = 0; k < count; k++) {
        found[k] = guide->first[cell[k]];
        guide->touch(guide->argument, found[k]);
    }
    for (int k = 0; k < count; k++) {
        int64_t low = found[k], high = guide->first[cell[k] + 1];
        while (low < high) {
            int64_t middle = low + (high - low) / 2;
            if (guide->sums(guide->argument, middle) > y[k])
                high = middle;
            else
                low = middle + 1;
        }
        found[k] = low;
    }
}
