/* cpu_particles.c - a row of weights: largest, sums, prefix sums, one weight, one place (bits_resample.h section 1). */
#include "host/cpu/cpu_particles.h"

#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample_numbers.h"

size_t urnc_weight_bytes(int32_t type) { return type == URN_WEIGHT_LOG_F32 || type == URN_WEIGHT_F32 ? 4 : 8; }

int urnc_weight_is_log(int32_t type) { return type == URN_WEIGHT_LOG_F32 || type == URN_WEIGHT_LOG_F64; }

int urnc_place_row(const urn_weights *weights, int64_t r, urnc_place *place) {
    int64_t first = r * weights->stride, n = weights->items;
    if (weights->offsets) {
        int64_t end = weights->offsets[r + 1];
        first = weights->offsets[r];
        if (first < 0 || end < first || end > weights->size || end - first > weights->items) return URN_ROW_INDEX;
        n = end - first;
    }
    place->data = (const char *)weights->data + (size_t)first * urnc_weight_bytes(weights->type);
    place->first = first;
    place->flat = weights->offsets ? first : r * weights->items;
    place->n = n;
    return URN_ROW_OK;
}

static int64_t chunks_of(int64_t items) { return (items + URNC_CHUNK - 1) / URNC_CHUNK; }

size_t urnc_particles_bytes(int64_t items) { return (size_t)(chunks_of(items) + 1) * 2 * sizeof(urnc_u128); }

static double item_at(const urnc_crowd *crowd, int64_t i) {
    return urnc_weight_bytes(crowd->type) == 4 ? (double)((const float *)crowd->data)[i]
                                               : ((const double *)crowd->data)[i];
}

/* Bits that the largest and least alone would not tell apart. */
static int status_of_items(const urnc_crowd *crowd) {
    int status = URN_ROW_OK, negative = urnc_weight_is_log(crowd->type) ? 0 : URN_ROW_PARAM;
    for (int64_t i = 0; i < crowd->n; i++) {
        double x = item_at(crowd, i);
        if (isnan(x)) status |= URN_ROW_NAN;
        if (x == INFINITY) status |= URN_ROW_INF;
        if (x < 0) status |= negative;
    }
    return status;
}

typedef struct {
    urnc_particles *row;
    const urnc_resample_loops *loops;
    int squares;
    urnc_u128 *squared; /* [chunks] */
    uint64_t *prefix;
} pass;

/* Two orders a chunk, in the room that its sum will have. */
static void reach_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const pass *p = argument;
    urnc_reach found;
    p->loops->reach(&p->row->crowd, begin, end, &found);
    p->row->base[chunk] = (uint64_t)found.largest;
    p->row->spare[chunk] = (uint64_t)found.least;
}

static double value_of_order(int32_t type, int64_t order) {
    if (urnc_weight_bytes(type) == 4) return (double)urnc_f32_of_order((int32_t)order);
    uint64_t b = (uint64_t)order;
    return urnc_f64_of_bits(b ^ ((UINT64_C(0) - (b >> 63)) >> 1));
}

/* Of the row's largest weight, which is above 0: e, and a factor that makes it and what counts beside it normal. */
static void scale_linear(urnc_particles *row) {
    row->crowd.unit = row->top < 0x1p-900 ? 0x1p200 : 1.0;
    uint64_t b = urnc_bits_of_f64(row->top * row->crowd.unit);
    row->crowd.e = (int32_t)(b >> 52) - 1023 + ((b & 0xfffffffffffffu) != 0);
    row->e = row->crowd.e - (row->top < 0x1p-900 ? 200 : 0);
}

static int wide_F(int64_t n) {
    int F = 18;
    while (INT64_C(1) << (F - 18) < n) F++;
    return F;
}

void urnc_particles_begin(urnc_particles *row, const void *data, int32_t type, int64_t n, int team, void *room) {
    *row = (urnc_particles){.n = n, .chunks = chunks_of(n), .team = team, .wide = n > URN_MAX_COLS};
    row->crowd = (urnc_crowd){
        .data = data, .n = n, .type = type, .F = row->wide ? wide_F(n) : URN_F, .unit = 1.0, .most = UINT64_MAX};
    row->base = room;
    row->spare = row->base + row->chunks + 1;
    int is_log = urnc_weight_is_log(type);
    row->top = is_log ? -INFINITY : 0.0;
    if (n == 0) {
        row->status = URN_ROW_EMPTY;
        return;
    }
    pass p = {.row = row, .loops = urnc_loops_here()[0]->resample};
    urnc_over_chunks(n, team, reach_chunk, &p);
    int64_t largest = INT64_MIN, least = INT64_MAX;
    for (int64_t c = 0; c < row->chunks; c++) {
        int64_t high = (int64_t)row->base[c], low = (int64_t)row->spare[c];
        largest = high > largest ? high : largest;
        least = low < least ? low : least;
    }
    row->top = row->crowd.M = value_of_order(type, largest);
    double low = value_of_order(type, least);
    if (isnan(row->top) || row->top == INFINITY || isnan(low) || (!is_log && low < 0))
        row->status = status_of_items(&row->crowd);
    else if (is_log ? row->top == -INFINITY : row->top == 0)
        row->status = URN_ROW_EMPTY;
    else if (!is_log)
        scale_linear(row);
}

static void sum_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const pass *p = argument;
    urnc_totals totals = {0};
    uint64_t w[URNC_LOT];
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        p->loops->weigh(&p->row->crowd, at, w);
        p->loops->total(w, p->squares, &totals);
    }
    p->row->base[chunk] = totals.sum;
    p->row->spare[chunk] = ((urnc_u128)totals.square[0] << 48) + ((urnc_u128)totals.square[1] << 25) + totals.square[2];
    uint64_t seen = __atomic_load_n(&p->row->W, __ATOMIC_RELAXED);
    while (seen < totals.top &&
           !__atomic_compare_exchange_n(&p->row->W, &seen, totals.top, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

void urnc_particles_sum(urnc_particles *row, int squares) {
    pass p = {.row = row, .loops = urnc_loops_here()[0]->resample, .squares = squares};
    row->W = 0;
    urnc_over_chunks(row->n, row->team, sum_chunk, &p);
    urnc_u128 sum = 0, square = 0;
    for (int64_t c = 0; c < row->chunks; c++) {
        urnc_u128 own = row->base[c];
        row->base[c] = sum;
        sum += own;
        square += row->spare[c];
    }
    row->base[row->chunks] = row->T = sum;
    if (squares) row->Q = square;
    row->over_T = 1.0 / urnc_f64_of_wide(sum);
}

void urnc_particles_cut(urnc_particles *row, uint64_t most) {
    urnc_u128 Q = row->Q;
    row->crowd.most = most;
    urnc_particles_sum(row, 0);
    row->Q = Q;
}

static void scan_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const pass *p = argument;
    uint64_t w[URNC_LOT], sum = 0;
    (void)chunk;
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        p->loops->weigh(&p->row->crowd, at, w);
        int64_t n = end - at < URNC_LOT ? end - at : URNC_LOT;
        for (int64_t i = 0; i < n; i++) p->prefix[at + i] = sum += w[i];
    }
}

void urnc_particles_scan(urnc_particles *row, uint64_t *prefix) {
    pass p = {.row = row, .loops = urnc_loops_here()[0]->resample, .prefix = prefix};
    row->prefix = prefix;
    urnc_over_chunks(row->n, row->team, scan_chunk, &p);
}

uint64_t urnc_weight_at(const urnc_particles *row, int64_t i) {
    if (row->prefix) return row->prefix[i] - (i % URNC_CHUNK ? row->prefix[i - 1] : 0);
    return urnc_loops_here()[0]->resample->one(&row->crowd, i);
}

urnc_u128 urnc_sum_before(const urnc_particles *row, int64_t i) {
    if (i == 0) return 0;
    if (row->prefix) return urnc_sum_at(row, i - 1);
    urnc_u128 sum = row->base[i / URNC_CHUNK];
    uint64_t w[URNC_LOT];
    for (int64_t at = i - i % URNC_CHUNK; at < i; at += URNC_LOT) {
        urnc_loops_here()[0]->resample->weigh(&row->crowd, at, w);
        for (int64_t j = at; j < i && j < at + URNC_LOT; j++) sum += w[j - at];
    }
    return sum;
}

/* The last chunk whose base is at or below r. */
static int64_t chunk_of(const urnc_particles *row, urnc_u128 r) {
    int64_t low = 0, high = row->chunks - 1;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (row->base[middle] <= r)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

int64_t urnc_first_by_lots(const urnc_particles *row, urnc_u128 r) {
    const urnc_resample_loops *loops = urnc_loops_here()[0]->resample;
    int64_t chunk = chunk_of(row, r);
    uint64_t rest = (uint64_t)(r - row->base[chunk]), w[URNC_LOT], sum = 0;
    for (int64_t at = chunk * URNC_CHUNK;; at += URNC_LOT) {
        loops->weigh(&row->crowd, at, w);
        for (int64_t i = 0; i < URNC_LOT; i++)
            if ((sum += w[i]) > rest) return at + i;
    }
}

int64_t urnc_first_above(const urnc_particles *row, urnc_u128 r) {
    int64_t low = chunk_of(row, r);
    uint64_t rest = (uint64_t)(r - row->base[low]);
    int64_t first = low * URNC_CHUNK, end = first + URNC_CHUNK < row->n ? first + URNC_CHUNK : row->n;
    while (first < end) {
        int64_t middle = first + (end - first) / 2;
        if (row->prefix[middle] > rest)
            end = middle;
        else
            first = middle + 1;
    }
    return first;
}

static double nan_f64(void) { return urnc_f64_of_bits(URN_NAN_BITS_F64); }

urn_weight_stats urnc_particles_stats(const urnc_particles *row) {
    int is_log = urnc_weight_is_log(row->crowd.type);
    urn_weight_stats s = {0, -INFINITY, -INFINITY, row->top, 0, row->status, 0};
    if (row->status == URN_ROW_EMPTY) return s;
    if (row->status) {
        s.ess = s.log_sum = s.log_mean = s.max = s.ratio = nan_f64();
        return s;
    }
    double T = urnc_f64_of_wide(row->T), n = (double)row->n;
    double L = urnc_log2_wide(row->T) - (double)row->crowd.F;
    if (!is_log) L = L + (double)row->e;
    double l = L - urnc_log2_of(n);
    s.log_sum = is_log ? fma(L, URN_LN2, row->top) : L * URN_LN2;
    s.log_mean = is_log ? fma(l, URN_LN2, row->top) : l * URN_LN2;
    s.ess = T * T / urnc_f64_of_wide(row->Q);
    s.ratio = T / (n * (double)row->W);
    return s;
}
