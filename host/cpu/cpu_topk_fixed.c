/* cpu_topk_fixed.c - choices with given inclusion probabilities, and the probabilities for given weights (bits_topk.h
 * T8). */
#include <string.h>

#include "host/cpu/cpu_calls_topk.h"
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_wide.h"

#define ONE URN_FIXED_ONE
enum { DRAW_ROOT = 63, DRAW_POISSON = 64, DRAW_SYSTEMATIC = 65 };

/* A row's randomness, and its bits in the workspace. */
typedef struct {
    const uint64_t *p;
    int64_t n;
    uint64_t key;
    uint32_t position;
    uint32_t *bits;
} fixed_row;

/* What a node hands up; p = 0: nothing. */
typedef struct {
    uint64_t p;
    int64_t id;
} node;

static void choose(const fixed_row *row, int64_t id) { row->bits[id / 32] |= UINT32_C(1) << (id % 32); }

static uint64_t uniform(const fixed_row *row, int64_t j, uint32_t draw, int half) {
    urnc_block B = urnc_row_block(row->key, (uint32_t)j, draw, row->position, URN_STREAM_FIXED);
    return B.word[2 * half] | (uint64_t)B.word[2 * half + 1] << 32;
}

static uint64_t high(uint64_t a, uint64_t b) { return (uint64_t)((urnc_u128)a * b >> 64); }

static node meet(const fixed_row *row, node i, node k, int64_t j, uint32_t level) {
    const node nothing = {0, 0};
    if (i.p == 0) return k;
    if (k.p == 0) return i;
    uint64_t s = i.p + k.p, U = uniform(row, j, level, 0);
    if (s > ONE) {
        int first = high(U, 2 * ONE - s) < ONE - k.p;
        choose(row, first ? i.id : k.id);
        node other = {s - ONE, first ? k.id : i.id};
        return other;
    }
    node winner = {s, high(U, s) < i.p ? i.id : k.id};
    if (s < ONE) return winner;
    choose(row, winner.id);
    return nothing;
}

/* A stack of subtrees that are complete, as digits of a binary counter: level h is at stack[h]. */
static void pivotal(const fixed_row *row) {
    node stack[64];
    int64_t n = row->n;
    uint32_t H = 0;
    while (H < 62 && INT64_C(1) << H < n) H++;
    for (int64_t i = 0; i < n; i++) {
        node up = {row->p[i], i};
        if (up.p == ONE) {
            choose(row, i);
            up.p = 0;
        }
        uint32_t h = 0;
        for (; i >> h & 1; h++) up = meet(row, stack[h], up, i >> (h + 1), h + 1);
        stack[h] = up;
    }
    /* what is left are the digits of n; a node without a right half hands its left half on */
    node up = {0, 0};
    for (uint32_t h = 0; h <= H; h++)
        if (n >> h & 1) up = up.p ? meet(row, stack[h], up, (n - 1) >> (h + 1), h + 1) : stack[h];
    if (up.p && uniform(row, 0, DRAW_ROOT, 0) >> 2 < up.p) choose(row, up.id);
}

static void poisson(const fixed_row *row) {
    for (int64_t i = 0; i < row->n; i++)
        if (uniform(row, i >> 1, DRAW_POISSON, (int)(i & 1)) >> 2 < row->p[i]) choose(row, i);
}

static void systematic(const fixed_row *row) {
    uint64_t S = uniform(row, 0, DRAW_SYSTEMATIC, 0) >> 2;
    for (int64_t i = 0; i < row->n; i++) {
        uint64_t before = S;
        S += row->p[i];
        if (S >> 62 != before >> 62) choose(row, i);
    }
}

static int64_t words_of(int64_t cols) { return (cols + 31) / 32; }
size_t urnc_fixed_workspace(int64_t rows, int64_t cols) { return (size_t)rows * (size_t)words_of(cols) * 4; }

typedef struct {
    const urn_fixed_params *params;
    uint32_t *bits;
} fixed_call;

static void put_chosen(const urn_fixed_params *p, int64_t r, const fixed_row *row) {
    int32_t found = 0;
    int64_t first = r * p->room;
    for (int64_t w = 0; w < words_of(row->n); w++)
        for (uint32_t left = row->bits[w]; left; left &= left - 1, found++) {
            int64_t id = 32 * w + __builtin_ctz(left);
            if (found >= p->room) continue;
            if (p->ids) p->ids[first + found] = (int32_t)id;
            if (p->weight) p->weight[first + found] = (float)(0x1p62 / (double)row->p[id]);
        }
    for (int64_t i = found; i < p->room; i++) {
        if (p->ids) p->ids[first + i] = -1;
        if (p->weight) p->weight[first + i] = urnc_f32_of_bits(URN_NAN_BITS);
    }
    if (p->found) p->found[r] = found;
    if (p->bits) memcpy(p->bits + r * p->bits_stride, row->bits, (size_t)words_of(row->n) * 4);
}

static void fixed_row_of(const void *argument, int64_t r) {
    const fixed_call *call = argument;
    const urn_fixed_params *p = call->params;
    uint64_t seed = p->seed ? p->seed[r] : p->seed_value, label = p->label ? p->label[r] : (uint64_t)r;
    fixed_row row = {p->p + r * p->p_stride, p->cols, urnc_row_key(seed, label),
                     p->position ? p->position[r] : p->position_value, call->bits + r * words_of(p->cols)};
    int status = URN_ROW_OK;
    for (int64_t i = 0; i < row.n; i++)
        if (row.p[i] > ONE) status = URN_ROW_PARAM;
    memset(row.bits, 0, (size_t)words_of(row.n) * 4);
    if (status == URN_ROW_OK && p->method == URN_FIXED_PIVOTAL) pivotal(&row);
    if (status == URN_ROW_OK && p->method == URN_FIXED_SYSTEMATIC) systematic(&row);
    if (status == URN_ROW_OK && p->method == URN_FIXED_POISSON) poisson(&row);
    put_chosen(p, r, &row);
    if (p->status) p->status[r] = status;
}

void urnc_fixed(const urn_fixed_params *params, void *workspace, int threads) {
    fixed_call call = {params, workspace};
    urnc_over_rows(params->rows, params->cols, threads, fixed_row_of, &call);
}
