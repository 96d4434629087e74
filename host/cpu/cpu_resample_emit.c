/* cpu_resample_emit.c - ancestors from counts: each item's run of outputs; prefix sums of counts. */
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample.h"

#include <string.h>

size_t urnc_birth_bytes(int32_t scheme, int64_t items) {
    int searched = scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_MULTINOMIAL_SORTED ||
                   scheme == URN_RESAMPLE_RESIDUAL || scheme == URN_RESAMPLE_KILLING ||
                   scheme == URN_RESAMPLE_REJECTION;
    int counted = scheme == URN_RESAMPLE_MULTINOMIAL_SORTED || scheme == URN_RESAMPLE_RESIDUAL ||
                  (scheme >= URN_RESAMPLE_SSP && scheme <= URN_RESAMPLE_MINIMUM_ERROR);
    size_t n = (size_t)(items + 3) / 4 * 4;
    return n * ((searched ? 8u : 0u) + (counted ? 4u : 0u) + (scheme == URN_RESAMPLE_RESIDUAL ? 4u : 0u));
}

void urnc_birth_room(urnc_birth *b, char *room) {
    size_t n = (size_t)(b->p->weights.items + 3) / 4 * 4;
    int32_t scheme = b->p->scheme;
    int searched = scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_MULTINOMIAL_SORTED ||
                   scheme == URN_RESAMPLE_RESIDUAL || scheme == URN_RESAMPLE_KILLING ||
                   scheme == URN_RESAMPLE_REJECTION;
    b->prefix = (uint64_t *)room;
    b->counts = (int32_t *)(room + (searched ? n * 8 : 0));
    b->floors = b->counts + n;
}

/* Every item with offspring writes its first output; one without writes where the next item will, if there is one:
 * cheaper than a question that is answered either way a third of the time. */
static void emit_runs(int32_t *out, int64_t end, int64_t begin, int64_t n, int64_t before, const int64_t *C) {
    int64_t at = before;
    for (int64_t i = 0; i < n; i++) {
        int64_t next = C[i] < end ? C[i] : end;
        if (at < end) out[at] = (int32_t)(begin + i);
        for (int64_t m = at + 1; m < next; m++) out[m] = (int32_t)(begin + i);
        at = next;
    }
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
    if (!b->out) return;
    if (b->turn)
        emit_turned(b, begin, n, before, C);
    else
        emit_runs(b->out, C[n - 1] < b->M ? C[n - 1] : b->M, begin, n, before, C);
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
