/* steps.h - what happens to a row's law before the draw: lists of steps, compiled into a sampler.
 *
 * A step changes logits, takes ids out, or keeps part of the ids. A list runs in the caller's order; the same steps in
 * another order are another law: {min_p, temperature} cuts the model's own law, {temperature, min_p} cuts the tempered
 * one. bits.h sections 2, 3 and 7 to 9 say exactly what each does; presets.h has the orders of other stacks.
 *
 * A parameter is one value for all rows, or an array by slot, or an array by row. Every step but the links has neutral
 * values with which it does not exist for that row: same bits, no cost. */
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
    /* logit steps */
    URN_OP_TEMPERATURE = 1,
    URN_OP_MASK = 2,
    URN_OP_ALLOW = 3,
    URN_OP_MIN_TOKENS = 4,
    URN_OP_BAN = 5,
    URN_OP_NO_REPEAT = 6,
    URN_OP_DYNAMIC_TEMPERATURE = 7,
    URN_OP_BIAS = 8,
    URN_OP_DENSE_BIAS = 9,
    URN_OP_PENALTIES = 10,
    URN_OP_DRY = 11,
    URN_OP_ID_TEMPERATURE = 12,
    URN_OP_VALUES = 13,
    URN_OP_MIX = 14,
    URN_OP_QUADRATIC = 15,
    /* keep steps */
    URN_OP_TOP_K = 16,
    URN_OP_TOP_P = 17,
    URN_OP_MIN_P = 18,
    URN_OP_TOP_A = 19,
    URN_OP_EPSILON = 20,
    URN_OP_ETA = 21,
    URN_OP_TYPICAL = 22,
    URN_OP_TAIL_FREE = 23,
    URN_OP_TOP_N_SIGMA = 24,
    URN_OP_XTC = 25,
    URN_OP_MIROSTAT = 26,
    URN_OP_MIROSTAT_V1 = 27,
    /* more logit steps */
    URN_OP_QUADRATIC_SCORE = 32,
    /* links */
    URN_OP_SPARSEMAX = 40,
    URN_OP_INVERSE_GAP = 41,
    URN_OP_TSALLIS = 42,
    URN_OP_MIXTURE = 43
} urn_op;

#define URN_STEP_TIES 1u   /* top-k, top-p: ids that tie with the last one kept stay too */
#define URN_STEP_PROMPT 2u /* penalties: repetition sees the prompt's ids as well */
#define URN_STEP_CENTRE 4u /* values: less their mean over the list */

/* Lists of ids by row, as CSR in device memory: list i is ids[offsets[i] .. offsets[i + 1]), i = map[row] (-1: none,
 * the step is neutral; map NULL: i = row). An offset that runs backwards or past `size`, or a map outside [-1, rows),
 * gives URN_ROW_INDEX. Ids outside [0, cols) are skipped. With size 0, ids and values may be NULL. */
typedef struct urn_id_lists {
    const int32_t *ids;     /* [size] */
    const float *values;    /* [size], where the step wants values */
    const int64_t *offsets; /* [rows + 1] */
    const int32_t *map;     /* [rows of the call] */
    int64_t rows, size;
} urn_id_lists;

typedef struct urn_step {
    int32_t op;     /* urn_op */
    uint32_t flags; /* URN_STEP_ bits that the step knows */
    urn_param param[4];
    const void *table;      /* mask: uint32 words; dense bias, per-id temperature: f32; mix, mixture: the logits' dtype;
                               lists: the ids */
    const int32_t *map;     /* row of the table (or list) for each row, -1 none; NULL: table row = row */
    int64_t table_rows;     /* rows (or lists) that exist */
    int64_t table_stride;   /* mask: words between rows; dense: elements; lists: how many ids exist in all */
    const int64_t *offsets; /* lists: [table_rows + 1] */
    const float *values;    /* lists: beside the ids */
    const int64_t *sets;    /* ban: [sets_rows + 1] the sequences of each set; table_rows is then how many sequences */
    int64_t sets_rows;
} urn_step;

/* urn_f, urn_i - a parameter with one value. urn_f_by, urn_i_by - a parameter with an array. */
URN_API urn_param urn_f(float value);
URN_API urn_param urn_i(int32_t value);
URN_API urn_param urn_f_by(urn_by by, const float *array);
URN_API urn_param urn_i_by(urn_by by, const int32_t *array);

/* Temperatures. */

/* urn_temperature - divide the logits by a float in [0, inf). Neutral 1; 0 is greedy: the first id in the order. */
URN_API urn_step urn_temperature(urn_param temperature);

/* urn_dynamic_temperature - a temperature between t - delta and t + delta by the law's entropy over its largest, to a
 * power (llama.cpp's dynatemp). t, delta, power floats in [0, inf). Neutral t = 1 with delta = 0. */
URN_API urn_step urn_dynamic_temperature(urn_param t, urn_param delta, urn_param power);

/* Keep steps. */

/* urn_top_k - keep the k largest, exactly k: equal logits go by smaller id. int >= -1; 0 and -1 are neutral. Set
 * .flags = URN_STEP_TIES for the value rule of Hugging Face and vLLM. (Fan et al. 2018) */
URN_API urn_step urn_top_k(urn_param k);

/* urn_top_p - keep the shortest prefix of the order whose mass reaches p, a float in [0, 1]. Neutral 1; 0 keeps one.
 * (Holtzman et al. 2020) */
URN_API urn_step urn_top_p(urn_param p);

/* urn_min_p - keep ids at least m times as likely as the likeliest, a float in [0, 1]. Neutral 0; 1 keeps the ties of
 * the maximum. (Nguyen et al. 2024) */
URN_API urn_step urn_min_p(urn_param m);

/* urn_top_a - keep ids with p >= a * (largest p)^2, a float in [0, 1]. Neutral 0. */
URN_API urn_step urn_top_a(urn_param a);

/* urn_epsilon - keep ids with p >= e, or the first; a float in [0, 1]. Neutral 0. (Hewitt et al. 2022) */
URN_API urn_step urn_epsilon(urn_param e);

/* urn_eta - keep ids with p >= min(e, sqrt(e) * exp(-entropy)), or the first; a float in [0, 1]. Neutral 0. (Hewitt et
 * al. 2022) */
URN_API urn_step urn_eta(urn_param e);

/* urn_typical - keep the ids whose surprise is nearest to the entropy until their mass reaches p, a float in [0, 1].
 * Neutral 1. The likeliest id may go. (Meister et al. 2023) */
URN_API urn_step urn_typical(urn_param p);

/* urn_tail_free - cut where the second differences of the sorted law have spent their share z, a float in [0, 1].
 * Neutral 1. (Phoenix 2019) */
URN_API urn_step urn_tail_free(urn_param z);

/* urn_top_n_sigma - keep logits within n standard deviations of the largest; a finite float, <= 0 neutral. The same
 * set at every temperature. (Tang et al. 2024) */
URN_API urn_step urn_top_n_sigma(urn_param n);

/* urn_xtc - with this probability, of the ids with p >= threshold all leave but the least likely. Floats in [0, 1].
 * Neutral probability 0. Uses one block of stream XTC at the row's position. */
URN_API urn_step urn_xtc(urn_param probability, urn_param threshold);

/* urn_mirostat - keep ids of surprise at most mu bits, or the first: version 2 of Basu et al. 2021. mu a float, not
 * NaN; +inf neutral; usually urn_f_by(URN_BY_SLOT, view.mu) of urn_slots, which urn_slots_mirostat moves.
 * urn_mirostat_v1 - keep the k that a Zipf fit of the 100 likeliest gives for mu: version 1. */
URN_API urn_step urn_mirostat(urn_param mu);
URN_API urn_step urn_mirostat_v1(urn_param mu);

/* Masks: logit steps that take ids out and change no value. */

/* urn_mask - only ids whose bit is 1 are possible.
 *
 *  words  [table_rows, stride] uint32, device: bit id % 32 of word id / 32 (xgrammar's layout). stride in words, at
 *         least ceil(cols / 32). Ids past 32 * stride do not arise; bits at and past cols are ignored.
 *  map    [rows] int32, device: the table row of each row; -1 is neutral; NULL: table row = row. Other values outside
 *         [0, table_rows) give URN_ROW_INDEX. */
URN_API urn_step urn_mask(const uint32_t *words, int64_t table_rows, int64_t stride, const int32_t *map);

/* urn_allow - only the ids of the row's list are possible. urn_min_tokens - the ids of the row's list (those that end a
 * text) are not possible while the row's position is below n, an int >= 0, neutral 0. */
URN_API urn_step urn_allow(urn_id_lists lists);
URN_API urn_step urn_min_tokens(urn_param n, urn_id_lists ends);

/* urn_ban - no sequence of the row's set is completed (Hugging Face's bad words). Sequence j is ids[offsets[j] ..
 * offsets[j + 1]) of `sequences` (rows of them); set i is sequences [sets[i], sets[i + 1]), i = map[row] as in
 * urn_id_lists. Reads the context of the row's slot. */
URN_API urn_step urn_ban(urn_id_lists sequences, const int64_t *sets, int64_t sets_rows);

/* urn_no_repeat - no n-gram of the context comes again; an int >= 0, neutral 0. (Paulus et al. 2018) */
URN_API urn_step urn_no_repeat(urn_param n);

/* Value steps: logit steps that change the x of ids. Rows are held as f32 where a list has one. */

/* urn_bias - add a value to each id of the row's list; -inf bans the id. urn_dense_bias - add a table's row.
 *  table  [table_rows, stride] f32, device, stride >= cols; map as in urn_mask */
URN_API urn_step urn_bias(urn_id_lists lists);
URN_API urn_step urn_dense_bias(const float *table, int64_t table_rows, int64_t stride, const int32_t *map);

/* urn_penalties - repetition (Keskar et al. 2019: divide what is > 0, multiply what is not; float in (0, inf), neutral
 * 1), then frequency (times the count) and presence (finite floats, neutral 0) are subtracted. last_n an int >= 0: how
 * far back; 0 is all outputs since reset, as vLLM has it; 64 is llama.cpp's default. Needs urn_slots with counts where
 * last_n is 0. Set .flags = URN_STEP_PROMPT to let repetition see the prompt. */
URN_API urn_step urn_penalties(urn_param repetition, urn_param frequency, urn_param presence, urn_param last_n);

/* urn_dry - "don't repeat yourself": an id that would lengthen a repetition of m >= allowed ids loses multiplier *
 * base^(m - allowed). multiplier in [0, inf), neutral 0; base in [1, inf); allowed an int >= 1; last_n an int >= -1, -1
 * all. breakers: ids that no repetition crosses; with 0 lists (all zeros) there are none, and map is not read. */
URN_API urn_step urn_dry(urn_param multiplier, urn_param base, urn_param allowed, urn_param last_n,
                         urn_id_lists breakers);

/* urn_id_temperature - divide each id's logit by its own temperature, in (0, inf). Table as in urn_dense_bias. */
URN_API urn_step urn_id_temperature(const float *table, int64_t table_rows, int64_t stride, const int32_t *map);

/* urn_values - add beta times a value to the ids of the row's list, say the base law's top-k (value-augmented sampling,
 * Han et al. 2024). beta finite, neutral 0. Set .flags = URN_STEP_CENTRE to subtract the values' mean first. */
URN_API urn_step urn_values(urn_param beta, urn_id_lists lists);

/* urn_mix - guidance without a classifier: x2 + scale * (x - x2), x2 a second row of the logits' dtype; scale finite,
 * neutral 1. (Ho and Salimans 2022; Sanchez et al. 2023) */
URN_API urn_step urn_mix(urn_param scale, const void *table, int64_t table_rows, int64_t stride, const int32_t *map);

/* urn_quadratic - quadratic smoothing around the largest: factor in [0, inf), neutral 0; curve finite, 1 is plain.
 * urn_quadratic_score - -a * (x - at - b)^2: ids with x nearest to at + b (SimANS, Zhou et al. 2022). Finite. */
URN_API urn_step urn_quadratic(urn_param factor, urn_param curve);
URN_API urn_step urn_quadratic_score(urn_param a, urn_param b, urn_param at);

/* Links: another map from values to probabilities than softmax. At most one in a list, then only keep steps. */

/* urn_sparsemax - the nearest point of the simplex (Martins and Astudillo 2016).
 * urn_inverse_gap - 1 / (a + gamma * gap), the rest to the first (Foster and Rakhlin 2020); gamma in [0, inf); a in {0}
 * and [1, inf), 0 meaning as many as possible ids.
 * urn_tsallis - 4 / (eta * gap + z)^2, z making it a law (Zimmert and Seldin 2019); eta in [0, inf).
 * urn_mixture - (1 - share) softmax(x) + share softmax(x2); share in [0, 1]; table as in urn_mix. */
URN_API urn_step urn_sparsemax(void);
URN_API urn_step urn_inverse_gap(urn_param gamma, urn_param a);
URN_API urn_step urn_tsallis(urn_param eta);
URN_API urn_step urn_mixture(urn_param share, const void *table, int64_t table_rows, int64_t stride,
                             const int32_t *map);

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
 *          its range, an array that is NULL or not aligned, a table or list without memory, a link that is
 *          followed by another step than a keep step) | URN_E_MEMORY | URN_E_CUDA */
URN_API urn_status urn_sampler_create(urn_ctx *ctx, const urn_list *lists, int32_t count, urn_sampler **sampler);

/* urn_sampler_destroy - free it; work that uses it must be done. NULL is fine. */
URN_API void urn_sampler_destroy(urn_sampler *sampler);

/* urn_steps_parse - steps from text such as "temperature=0.8,top_k=50,xtc=0.5:0.1", in the text's order: name=value, or
 * name=value:value... for steps of several parameters (those left out have their usual values), or a name alone where
 * there are none. "" and "none" give none. For programs and tests; scalars only, so steps with tables are not known.
 *
 *  out   steps  [URN_MAX_STEPS]
 *  out   count  how many
 *
 *  returns URN_OK | URN_E_NULL | URN_E_STEP (the detail has the position in the text and the names known) */
URN_API urn_status urn_steps_parse(const char *text, urn_step *steps, int32_t *count);

#define URN_NEEDS_KEEP 1   /* a keep step */
#define URN_NEEDS_FULL 2   /* any step but temperature, mask, top-k, top-p, min-p without flags: rows are held as f32 */
#define URN_NEEDS_STATE 4  /* a step that reads a slot's context, counts or prompt */
#define URN_NEEDS_COUNTS 8 /* penalties over all outputs */
#define URN_NEEDS_SORT 16  /* tail-free: workspace to sort a row */

/* Compiled lists, as backends see them: list l is steps[begin[l]] .. steps[begin[l + 1] - 1]. */
typedef struct urn_lists_view {
    const urn_step *steps;
    const int32_t *begin; /* [count + 1] */
    int32_t count;
    int32_t needs; /* URN_NEEDS_ bits over all lists */
} urn_lists_view;

#ifdef __cplusplus
}
#endif

#endif
