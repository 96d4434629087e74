/* cpu_resample_emit.c - ancestors from counts: each item's run of outputs; prefix sums of counts. */
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample.h"

#include <string.h>

static int is_searched(int32_t scheme) {
    return scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_MULTINOMIAL_SORTED ||
           scheme == URN_RESAMPLE_RESIDUAL || scheme == URN_RESAMPLE_KILLING || scheme == URN_RESAMPLE_REJECTION;
}

static size_t rounded(int64_t items) { return (size_t)(items + 3) / 4 * 4; }

size_t urnc_birth_bytes(int32_t scheme, int64_t items) {
    int counted = scheme == URN_RESAMPLE_MULTINOMIAL_SORTED || scheme == URN_RESAMPLE_RESIDUAL ||
                  (scheme >= URN_RESAMPLE_SSP && scheme <= URN_RESAMPLE_MINIMUM_ERROR);
    size_t bytes = rounded(items) * ((counted ? 4u : 0u) + (scheme == URN_RESAMPLE_RESIDUAL ? 4u : 0u));
    return bytes + (is_searched(scheme) ? rounded(items) * 8 + urnc_guide_bytes(items) : 0);
}

void urnc_birth_room(urnc_birth *b, char *room) {
    int64_t items = b->p->weights.items;
    b->prefix = (uint64_t *)room;
    b->guide_room = room + rounded(items) * 8;
    if (is_searched(b->p->scheme)) room += rounded(items) * 8 + urnc_guide_bytes(items);
    b->counts = (int32_t *)room;
    b->floors = b->counts + rounded(items);
}

#define FEW_OUTPUTS 1024

/* Every item marks the output where it begins: of several items at one place the last one stays, which is the one that
 * has offspring. Then each output belongs to the last mark before it. No question is asked of an item, which would be
 * answered either way a third of the time. */
static void emit_marked(int32_t *out, int64_t begin, int64_t n, int64_t before, const int64_t *C) {
    int64_t total = C[n - 1] - before;
    int32_t mark[FEW_OUTPUTS + 1], last = 0;
    memset(mark, 0, (size_t)total * sizeof *mark);
    mark[0] = 0;
    for (int64_t i = 1; i < n; i++) mark[C[i - 1] - before] = (int32_t)i;
    for (int64_t m = 0; m < total; m++) {
        last = mark[m] > last ? mark[m] : last;
        out[before + m] = (int32_t)begin + last;
    }
}

/* Item by item, nothing at or past `end`. */
static void emit_runs(int32_t *out, int64_t end, int64_t begin, int64_t n, int64_t before, const int64_t *C) {
    int64_t at = before;
    for (int64_t i = 0; i < n; i++)
        for (; at < C[i] && at < end; at++) out[at] = (int32_t)(begin + i);
}

static void emit_turned(urnc_birth *b, int64_t begin, int64_t n, int64_t before, const int64_t *C) {
    int64_t at = before;
    for (int64_t i = 0; i < n; i++)
        for (; at < C[i]; at++) {
            int64_t m = at + b->turn;
            b->out[m < b->M ? m : m - b->M] = (int32_t)(begin + i);
        }
}

void urnc_birth_emit(urnc_birth *b, int64_t begin, int64_t n, int64_t before, const int64_t *C) {
    if (b->offspring) {
        int64_t at = before;
        for (int64_t i = 0; i < n; i++) {
            b->offspring[begin + i] = (int32_t)(C[i] - at);
            at = C[i];
        }
    }
    if (!b->out || C[n - 1] == before) return;
    if (b->turn)
        emit_turned(b, begin, n, before, C);
    else if (C[n - 1] <= b->M && C[n - 1] - before <= FEW_OUTPUTS)
        emit_marked(b->out, begin, n, before, C);
    else
        emit_runs(b->out, b->M, begin, n, before, C);
}

static void add_counts(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    urnc_birth *b = argument;
    int64_t sum = 0;
    for (int64_t i = begin; i < end; i++) sum += b->counts[i];
    b->row.spare[chunk] = (urnc_u128)sum;
}

static void emit_counts(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    urnc_birth *b = argument;
    int64_t C[URNC_LOT], before = (int64_t)b->row.spare[chunk];
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        int64_t n = end - at < URNC_LOT ? end - at : URNC_LOT, sum = before;
        for (int64_t i = 0; i < n; i++) C[i] = sum += b->counts[at + i];
        urnc_birth_emit(b, at, n, before, C);
        before = sum;
    }
}

int urnc_birth_counted(urnc_birth *b) {
    b->produced = urnc_fill_counts(b);
    urnc_over_chunks(b->row.n, b->row.team, add_counts, b);
    urnc_u128 sum = 0;
    for (int64_t c = 0; c < b->row.chunks; c++) {
        urnc_u128 own = b->row.spare[c];
        b->row.spare[c] = sum;
        sum += own;
    }
    urnc_over_chunks(b->row.n, b->row.team, emit_counts, b);
    return URN_ROW_OK;
}
