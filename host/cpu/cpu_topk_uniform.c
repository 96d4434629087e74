/* cpu_topk_uniform.c - permutations without an array, resamples, fields of bits (bits_topk.h T9). */
#include <string.h>

#include "host/cpu/cpu_calls_topk.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_wide.h"

enum { DRAW_RESAMPLE = 16, DRAW_FIELD = 32 };
#define PIECE 16384 /* elements of a piece of work */

/* A permutation of words of `left` + `right` bits. */
typedef struct {
    uint64_t key;
    uint32_t position;
    int left, right;
    int64_t n;
} permutation;

static uint64_t cut(uint64_t word, int bits) { return word & ((UINT64_C(1) << bits) - 1); }

static uint64_t f(const permutation *a, uint64_t v, int round) {
    return urnc_row_block(a->key, (uint32_t)v, (uint32_t)round, a->position, URN_STREAM_UNIFORM).word[0];
}

static uint64_t once(const permutation *a, uint64_t x, int inverse) {
    uint64_t A = x >> a->right, B = cut(x, a->right);
    for (int i = 0; i < URN_PERMUTE_ROUNDS; i++) {
        int round = inverse ? URN_PERMUTE_ROUNDS - 1 - i : i;
        if (round % 2 == 0)
            A ^= cut(f(a, B, round), a->left);
        else
            B ^= cut(f(a, A, round), a->right);
    }
    return A << a->right | B;
}

/* The cycle that x is on comes back below n, at x itself if not before. */
static int64_t element(const permutation *a, int64_t x, int inverse) {
    uint64_t at = (uint64_t)x;
    if (x < 0 || x >= a->n) return -1;
    do at = once(a, at, inverse);
    while (at >= (uint64_t)a->n);
    return (int64_t)at;
}

typedef struct {
    const urn_permute_params *params;
    permutation of;
} permute_call;

static void permute_piece(const void *argument, int64_t piece) {
    const permute_call *call = argument;
    const urn_permute_params *p = call->params;
    int64_t end = (piece + 1) * PIECE < p->count ? (piece + 1) * PIECE : p->count;
    for (int64_t i = piece * PIECE; i < end; i++)
        p->out[i] = element(&call->of, p->index ? p->index[i] : p->first + i, p->inverse);
}

void urnc_permute(const urn_permute_params *params, int threads) {
    int bits = 2;
    while (INT64_C(1) << bits < params->n) bits++;
    permute_call call = {
        params, {urnc_row_key(params->seed, params->label), params->position, bits - bits / 2, bits / 2, params->n}};
    urnc_over_rows((params->count + PIECE - 1) / PIECE, PIECE, threads, permute_piece, &call);
}

static void bootstrap_row(const void *argument, int64_t r) {
    const urn_bootstrap_params *p = argument;
    uint64_t key = urnc_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
    uint32_t position = p->position ? p->position[r] : p->position_value;
    if (p->counts) memset(p->counts + r * p->n, 0, (size_t)p->n * 4);
    urnc_block B = {{0, 0, 0, 0}};
    for (int64_t j = 0; j < p->draws; j++) {
        if (j % 2 == 0) B = urnc_row_block(key, (uint32_t)(j >> 1), DRAW_RESAMPLE, position, URN_STREAM_UNIFORM);
        uint64_t U = B.word[j % 2 * 2] | (uint64_t)B.word[j % 2 * 2 + 1] << 32;
        int32_t id = (int32_t)((urnc_u128)U * (uint64_t)p->n >> 64);
        if (p->ids) p->ids[r * p->draws + j] = id;
        if (p->counts) p->counts[r * p->n + id]++;
    }
}

void urnc_bootstrap(const urn_bootstrap_params *params, int threads) {
    urnc_over_rows(params->rows, params->draws, threads, bootstrap_row, params);
}

/* The eight blocks of a word's bits. */
static uint32_t field_word(uint64_t key, uint32_t position, int64_t word, uint64_t p) {
    uint32_t bits = 0;
    for (uint32_t b = 0; b < 8; b++) {
        urnc_block B = urnc_row_block(key, (uint32_t)word * 8 + b, DRAW_FIELD, position, URN_STREAM_UNIFORM);
        for (uint32_t i = 0; i < 4; i++) bits |= (uint32_t)(B.word[i] < p) << (4 * b + i);
    }
    return bits;
}

static void field_row(const void *argument, int64_t r) {
    const urn_field_params *a = argument;
    uint64_t key = urnc_row_key(a->seed ? a->seed[r] : a->seed_value, a->label ? a->label[r] : (uint64_t)r);
    uint64_t p = a->p ? a->p[r] : a->p_value;
    uint32_t position = a->position ? a->position[r] : a->position_value, *bits = a->bits + r * a->bits_stride;
    int64_t words = (a->n + 31) / 32;
    int bad = p > UINT64_C(1) << 32;
    for (int64_t w = 0; w < words; w++) bits[w] = bad ? 0 : field_word(key, position, w, p);
    if (a->n % 32) bits[words - 1] &= (UINT32_C(1) << (a->n % 32)) - 1;
    if (a->status) a->status[r] = bad ? URN_ROW_PARAM : URN_ROW_OK;
}

void urnc_field(const urn_field_params *params, int threads) {
    urnc_over_rows(params->rows, params->n, threads, field_row, params);
}
