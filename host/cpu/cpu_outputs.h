/* cpu_outputs.h - what a row gives, part by part (bits.h sections 4 and 6), and the loops behind that, compiled once an
 * instruction set like those of cpu_loops.h. */
#ifndef URN_CPU_OUTPUTS_H
#define URN_CPU_OUTPUTS_H

#include "host/cpu/cpu_row.h"

/* A law that ids have a probability in. */
typedef struct urnc_law {
    urnc_scale scale;
    uint64_t Z;
    double L; /* the log2 of Z, less F */
    int greedy;
} urnc_law;

/* Of an open epoch; y of an id with value x; ln of its probability. */
urnc_law urnc_law_of(urnc_row *row);
double urnc_law_y(const urnc_law *law, float x);
float urnc_law_logprob(const urnc_law *law, float x);

/* What the parts share. The raw law is found when first asked for: a pass that takes the place of K's sums. */
typedef struct urnc_answer {
    urnc_row *row;
    const urnc_plan *plan;
    const urn_sample_params *p;
    int64_t r;
    urnc_law drawn, raw;
    int has_raw;
} urnc_answer;

const urnc_law *urnc_answer_raw(urnc_answer *answer);

/* Draws into every [rows, draws] array but distinct_*; then those. */
void urnc_answer_draws(urnc_answer *answer);
void urnc_answer_distinct(urnc_answer *answer);
void urnc_answer_given(urnc_answer *answer);
void urnc_answer_top(urnc_answer *answer);
void urnc_answer_summary(urnc_answer *answer);
void urnc_answer_whole(urnc_answer *answer); /* may write over the logits: the last */

/* How many ids come before each of these in the raw order; -1 for ids outside [0, n). */
void urnc_ranks(const urnc_row *row, const int32_t *id, int64_t n, int32_t *rank);
int32_t urnc_rank_of(const urnc_row *row, int32_t order, int32_t id);

/* The element of K that an id is, -1 if it is not in K. */
int64_t urnc_row_element(const urnc_row *row, int64_t id);

/* The noise of one draw. */
typedef struct urnc_noise {
    uint64_t key; /* of the row */
    uint32_t draw, position;
    float least;       /* values below it weigh nothing */
    int64_t first;     /* id of element 0 */
    const int32_t *id; /* elements' ids less that; NULL: their numbers */
} urnc_noise;

typedef struct urnc_best {
    int64_t key, at; /* at -1: none yet */
} urnc_best;

/* cpu_gumbel.c: the element of K with the largest key, in an epoch that is not greedy; the one that a draw takes. */
urnc_noise urnc_noise_of(const urnc_row *row, const urnc_plan *plan, uint32_t j);
urnc_best urnc_gumbel_best(const urnc_row *row, const urnc_plan *plan, uint32_t j);
int64_t urnc_draw_gumbel(const urnc_row *row, const urnc_plan *plan, uint32_t j);

/* Ids that ranks are wanted of: at least one, in the order. */
typedef struct urnc_queries {
    const int32_t *order, *id;
    int n;
} urnc_queries;

typedef enum urnc_processing { URNC_PROCESS_DIVIDE, URNC_PROCESS_COPY, URNC_PROCESS_LOG } urnc_processing;

struct urnc_output_loops {
    /* the keys of one group, INT64_MIN where an element is not in K or weighs nothing; 0: all of them so, none written
     */
    int (*keys)(const urnc_view *view, urnc_scale scale, const urnc_noise *noise, int64_t g, const int32_t *top,
                int64_t key[URNC_GROUP]);
    /* the first element by larger key, then smaller number, of these groups and what `best` has */
    void (*gumbel)(const urnc_view *view, urnc_scale scale, const urnc_noise *noise, int64_t g0, int64_t g1,
                   const int32_t *top, urnc_best *best);
    /* adds to before[q] the elements that come before query q; groups with top[g] below all queries are skipped */
    void (*ranks)(const urnc_view *view, const urnc_queries *queries, int64_t g0, int64_t g1, const int32_t *top,
                  uint32_t *before);
    /* w / Z of one group's weights */
    void (*shares)(const uint64_t weight[URNC_GROUP], double Z, float share[URNC_GROUP]);
    /* the bits of weights above 0 */
    void (*nonzero)(const uint64_t weight[URNC_GROUP], uint32_t words[URNC_WORDS]);
    /* processed logits of one group, -inf outside K */
    void (*process)(const urnc_view *view, urnc_processing how, float T, int64_t g, float out[URNC_GROUP]);
};

#endif
