/* steps.h - what happens to a row's law before the draw: lists of steps, compiled into a sampler.
 *
 * A step changes logits (temperature, mask) or keeps part of the ids (top-k, top-p, min-p). A list runs in the
 * caller's order; the same steps in another order are another law: {min_p, temperature} cuts the model's own law,
 * {temperature, min_p} cuts the tempered one. bits.h sections 2 and 3 say exactly what each does.
 *
 * A parameter is one value for all rows, or an array by slot, or an array by row. Every step has a neutral value
 * with which it does not exist for that row: same bits, no cost. */
#ifndef URN_STEPS_H
#define URN_STEPS_H

#include "urn/ctx.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum urn_by { URN_SCALAR = 0, URN_BY_SLOT = 1, URN_BY_ROW = 2 } urn_by;

/* A step's parameter. Floats use f, integers use i; arrays hold float or int32_t in device memory and stay the
 * caller's: they are read when a call runs, so their values may change between calls and graph replays. */
typedef struct urn_param {
    int32_t by; /* urn_by */
    float f;
    int32_t i;
    int32_t reserved;
    const void *array;
} urn_param;

typedef enum urn_op {
    URN_OP_TEMPERATURE = 1,
    URN_OP_MASK = 2,
    URN_OP_TOP_K = 16,
    URN_OP_TOP_P = 17,
    URN_OP_MIN_P = 18
} urn_op;

typedef struct urn_step {
    int32_t op; /* urn_op */
    uint32_t flags; /* 0 */
    urn_param param[4];
    const void *table;    /* mask: uint32 words, device */
    const int32_t *map;   /* mask: [rows] row of the table for each row, -1 none, device; NULL: table row = row */
    int64_t table_rows;   /* mask: rows that exist */
    int64_t table_stride; /* mask: words between rows */
} urn_step;

/* urn_f, urn_i - a parameter with one value. urn_f_by, urn_i_by - a parameter with an array. */
URN_API urn_param urn_f(float value);
URN_API urn_param urn_i(int32_t value);
URN_API urn_param urn_f_by(urn_by by, const float *array);
URN_API urn_param urn_i_by(urn_by by, const int32_t *array);

/* urn_temperature - divide the logits by a float in [0, inf). Neutral 1; 0 is greedy: the first id in the order. */
URN_API urn_step urn_temperature(urn_param temperature);

/* urn_top_k - keep the k largest, exactly k: equal logits go by smaller id. int >= -1; 0 and -1 are neutral. */
URN_API urn_step urn_top_k(urn_param k);

/* urn_top_p - keep the shortest prefix of the order whose mass reaches p, a float in [0, 1]. Neutral 1; 0 keeps one. */
URN_API urn_step urn_top_p(urn_param p);

/* urn_min_p - keep ids at least m times as likely as the likeliest, a float in [0, 1]. Neutral 0; 1 keeps the ties of
 * the maximum. */
URN_API urn_step urn_min_p(urn_param m);

/* urn_mask - only ids whose bit is 1 are possible.
 *
 *  words  [table_rows, stride] uint32, device: bit id % 32 of word id / 32 (xgrammar's layout). stride in words, at
 *         least ceil(cols / 32). Ids past 32 * stride do not arise; bits at and past cols are ignored.
 *  map    [rows] int32, device: the table row of each row; -1 is neutral; NULL: table row = row. Other values outside
 *         [0, table_rows) give URN_ROW_INDEX. */
URN_API urn_step urn_mask(const uint32_t *words, int64_t table_rows, int64_t stride, const int32_t *map);

/* An ordered list of steps. */
typedef struct urn_list {
    const urn_step *steps;
    int32_t count; /* 0 to URN_MAX_STEPS; 0 draws from the softmax of the logits */
} urn_list;

#define URN_MAX_STEPS 32
#define URN_MAX_LISTS 4096

typedef struct urn_sampler urn_sampler;

/* urn_sampler_create - check and compile lists; a row chooses its list by number. The lists are copied.
 *
 *  in    lists  [count] count 1 to URN_MAX_LISTS
 *  out   sampler  NULL when the call fails; immutable, shared by threads and streams of ctx
 *
 *  sync    may wait for the device; not capturable
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE (count, a list's count) | URN_E_STEP (unknown op, flags, a scalar out of
 *          its range, an array that is NULL or not aligned, a mask without words) | URN_E_MEMORY | URN_E_CUDA */
URN_API urn_status urn_sampler_create(urn_ctx *ctx, const urn_list *lists, int32_t count, urn_sampler **sampler);

/* urn_sampler_destroy - free it; work that uses it must be done. NULL is fine. */
URN_API void urn_sampler_destroy(urn_sampler *sampler);

/* urn_steps_parse - steps from text such as "temperature=0.8,top_k=50,top_p=0.95,min_p=0.02", in the text's order.
 * "" and "none" give none. For programs and tests; scalars only.
 *
 *  out   steps  [URN_MAX_STEPS]
 *  out   count  how many
 *
 *  returns URN_OK | URN_E_NULL | URN_E_STEP (the detail has the position in the text and the names known) */
URN_API urn_status urn_steps_parse(const char *text, urn_step *steps, int32_t *count);

/* Compiled lists, as backends see them: list l is steps[begin[l]] .. steps[begin[l + 1] - 1]. */
typedef struct urn_lists_view {
    const urn_step *steps;
    const int32_t *begin; /* [count + 1] */
    int32_t count;
    int32_t keeps; /* 1: some list has a keep step */
} urn_lists_view;

#ifdef __cplusplus
}
#endif

#endif
