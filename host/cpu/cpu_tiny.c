/* cpu_tiny.c - Gumbel-softmax over very many short rows (bits.h section 10): strips of 128 rows over threads. */
#include "host/cpu/cpu_tiny.h"

#include <math.h>
#include <string.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_philox.h"

typedef struct {
    const urn_tiny_params *p;
    uint64_t key;
    uint8_t patterns[URN_TINY_MAX_WIDTH];
    const urnc_loops *loops;
} tiny_call;

typedef struct {
    int64_t first;
    int n; /* real ones */
    int32_t status[URNC_TINY_ROWS];
    urnc_tiny_rows rows;
} strip;

/* The logits turned to stand by id; rows past the end, and bad ones, as rows of zeros. */
static void load_strip(const urn_tiny_params *p, strip *s) {
    urnc_tiny_rows *rows = &s->rows;
    int64_t size = p->dtype == URN_F32 ? 4 : 2;
    urnc_view view = {(const char *)p->logits + s->first * p->width * size, 0, s->n * p->width, p->dtype};
    for (int i = 0; i < URNC_TINY_ROWS; i++) {
        int32_t status = URN_ROW_OK;
        float M = -INFINITY;
        for (int32_t id = 0; id < p->width; id++) {
            float x = i < s->n ? urnc_view_at(&view, (int64_t)i * p->width + id) : 0.0f;
            if (isnan(x)) status |= URN_ROW_NAN;
            if (x == INFINITY) status |= URN_ROW_INF;
            if (x > M) M = x;
            rows->x[id][i] = x;
        }
        if (!status && M == -INFINITY) status = URN_ROW_EMPTY;
        for (int32_t id = 0; status && id < p->width; id++) rows->x[id][i] = 0.0f;
        rows->M[i] = status ? 0.0f : M;
        rows->best[i] = -1;
        rows->top[i] = 0.0f;
        s->status[i] = status;
    }
}

/* Rounded to nearest even; v is at least 0 and at most a little above 1. In units of 2^-24, the last place of 0.5,
 * f16's subnormals are integers. */
static uint16_t f16_of_f32(float v) {
    uint32_t b = urnc_bits_of_f32(v);
    if (isnan(v)) return 0x7e00;
    if (v < 0x1p-14f) return (uint16_t)(urnc_bits_of_f32(v + 0.5f) - urnc_bits_of_f32(0.5f));
    return (uint16_t)(((b + 0xfffu + (b >> 13 & 1)) >> 13) - (112u << 10));
}

static uint16_t bf16_of_f32(float v) {
    uint32_t b = urnc_bits_of_f32(v);
    return isnan(v) ? 0x7fc0 : (uint16_t)((b + 0x7fffu + (b >> 16 & 1)) >> 16);
}

static void store(void *out, int32_t dtype, int64_t at, float v) {
    if (dtype == URN_F32)
        ((float *)out)[at] = v;
    else
        ((uint16_t *)out)[at] = dtype == URN_F16 ? f16_of_f32(v) : bf16_of_f32(v);
}

static void give_soft(const urn_tiny_params *p, const strip *s) {
    for (int i = 0; i < s->n; i++)
        for (int32_t id = 0; id < p->width; id++) {
            float share = s->status[i] ? urnc_f32_of_bits(URN_NAN_BITS) : s->rows.x[id][i];
            store(p->soft, p->soft_dtype, (s->first + i) * p->width + id, share);
        }
}

static void give_blend(const tiny_call *call, const strip *s) {
    const urn_tiny_params *p = call->p;
    for (int i = 0; i < s->n; i++)
        for (int32_t j = 0; j < p->pattern_bits; j++) {
            float sum = 0.0f;
            for (int32_t id = 0; id < p->width; id++)
                if (call->patterns[id] >> j & 1) sum = sum + s->rows.x[id][i];
            if (s->status[i]) sum = urnc_f32_of_bits(URN_NAN_BITS);
            store(p->blend, p->soft_dtype, (s->first + i) * p->pattern_bits + j, sum);
        }
}

/* A strip's bits are whole words, but for the last strip's. */
static void give_mask(const tiny_call *call, const strip *s) {
    const urn_tiny_params *p = call->p;
    uint32_t words[URNC_TINY_ROWS / 4] = {0}, bits = (uint32_t)p->pattern_bits, all = (1u << bits) - 1;
    for (int i = 0; i < s->n; i++) {
        uint32_t at = (uint32_t)i * bits;
        if (!s->status[i]) words[at / 32] |= (call->patterns[s->rows.best[i]] & all) << at % 32;
    }
    size_t used = ((size_t)s->n * bits + 31) / 32;
    memcpy(p->mask + s->first / 32 * p->pattern_bits, words, used * sizeof *words);
}

static void run_strip(const void *argument, int64_t number) {
    const tiny_call *call = argument;
    const urn_tiny_params *p = call->p;
    strip s;
    s.first = number * URNC_TINY_ROWS;
    s.n = (int)(p->rows - s.first < URNC_TINY_ROWS ? p->rows - s.first : URNC_TINY_ROWS);
    load_strip(p, &s);
    urnc_tiny_noise noise = {call->key, (uint64_t)p->first_row + (uint64_t)s.first, p->position};
    call->loops->tiny->scores(&noise, p->width, p->scale * URN_LOG2E, &s.rows);
    if (p->soft || p->blend) call->loops->tiny->shares(p->width, 1.0f / p->tau, &s.rows);
    for (int i = 0; p->choice && i < s.n; i++) p->choice[s.first + i] = s.status[i] ? 255 : (uint8_t)s.rows.best[i];
    for (int i = 0; p->status && i < s.n; i++) p->status[s.first + i] = (uint8_t)s.status[i];
    if (p->soft) give_soft(p, &s);
    if (p->blend) give_blend(call, &s);
    if (p->mask) give_mask(call, &s);
}

void urnc_tiny(const urn_tiny_params *params, int threads) {
    static const uint8_t pairs[] = {3, 5, 9, 6, 10, 12};
    tiny_call call = {params, urnc_row_key(params->seed, params->label), {0}, urnc_loops_here()[0]};
    if (params->patterns)
        memcpy(call.patterns, params->patterns, (size_t)params->width);
    else
        memcpy(call.patterns, pairs, sizeof pairs);
    int64_t strips = (params->rows + URNC_TINY_ROWS - 1) / URNC_TINY_ROWS;
    urnc_over_rows(strips, URNC_TINY_ROWS * params->width, threads, run_strip, &call);
}
