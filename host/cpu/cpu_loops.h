/* cpu_loops.h - the loops over a row's elements, compiled once an instruction set.
 *
 * A row is walked by groups of 256 ids: one group is converted into a buffer in the first-level cache, with ids that
 * are not in K as -inf, and everything else works on that buffer in f32. So dtype and mask cost a pass nothing but the
 * conversion, and a group whose ids are all gone costs eight words.
 *
 * The table exists three times (cpu_loops_v4.c, _v3.c, _default.c) from one source (cpu_loops_body.h). A table and not
 * gcc's target_clones, because a test can then call every clone the machine has, and because an ifunc resolver runs
 * before the sanitizers are ready. */
#ifndef URN_CPU_LOOPS_H
#define URN_CPU_LOOPS_H

#include <stdint.h>

#define URNC_GROUP 256
#define URNC_WORDS (URNC_GROUP / 32) /* words of bits a group */
#define URNC_BINS 2048

/* A row, and which of its ids are in K: those whose bit is set and whose value is above -inf. */
typedef struct urnc_view {
    const void *data;
    const uint32_t *bits; /* bit id % 32 of word id / 32, URNC_WORDS a group; NULL: all set */
    int64_t n;
    int32_t dtype;
} urnc_view;

typedef struct urnc_scale { /* of an epoch */
    float M, c;
    int linear; /* a link's epoch: weights are floor(x * 2^F) */
} urnc_scale;

/* What elements are ordered by, larger first: their value; or how near their surprise is to `centre` (typical), where
 * values below `least` weigh nothing and come last. */
typedef enum urnc_key_kind { URNC_BY_VALUE = 0, URNC_BY_DEVIATION = 1 } urnc_key_kind;
typedef struct urnc_key_rule {
    urnc_key_kind kind;
    float centre, least;
} urnc_key_rule;

/* What a pass over some groups found; tallies of disjoint groups merge in any order. */
typedef struct urnc_tally {
    uint64_t sum, squares;
    int64_t count;
    int32_t largest, least; /* orders */
    int32_t status;         /* URN_ROW_ bits of values found */
} urnc_tally;

/* The bins of one level of a search by digits: element x belongs to bin (order(x) - first) >> shift if that is below
 * `bins`, else to none. */
typedef struct urnc_digit {
    int32_t first;
    uint32_t bins;
    int shift;
    int by_mass; /* bins add weights; else 1 an element */
    urnc_key_rule key;
} urnc_digit;

struct urnc_output_loops;

typedef struct urnc_loops {
    const char *name;
    /* orders' extremes -> largest, least; the largest of each group -> top[g] */
    void (*extremes)(const urnc_view *view, int64_t g0, int64_t g1, int32_t *top, urnc_tally *tally);
    /* weights' sum -> sum; of each group -> sums[g] */
    void (*weigh)(const urnc_view *view, urnc_scale scale, int64_t g0, int64_t g1, uint64_t *sums, urnc_tally *tally);
    /* the sum behind entropy -> sum */
    void (*entropy)(const urnc_view *view, urnc_scale scale, int64_t g0, int64_t g1, urnc_tally *tally);
    /* the weights of one group */
    void (*weights)(const urnc_view *view, urnc_scale scale, int64_t g, uint64_t weight[URNC_GROUP]);
    /* adds to bin[0 .. digit->bins), and anything to bin[URNC_BINS]; skips groups with top[g] < digit->first (top NULL:
     * none) */
    void (*digits)(const urnc_view *view, urnc_scale scale, const urnc_digit *digit, int64_t g0, int64_t g1,
                   const int32_t *top, uint64_t *bin);
    /* K's bits -> bits: those in K with order >= cut; how many -> count. bits may be view->bits */
    void (*keep_order)(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t cut, int64_t g0, int64_t g1,
                       const int32_t *top, uint32_t *bits, urnc_tally *tally);
    /* clears the bits of the last `surplus` elements of this order, which K has */
    void (*drop_last)(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, uint64_t surplus,
                      uint32_t *bits);
    /* the elements of this order: how many -> count; and how many of them, from the first on, it takes until their
     * weights reach `need` -> returned */
    uint64_t (*ties)(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, uint64_t need,
                     urnc_tally *tally);
    /* K's bits -> bits: those in K with weight >= least; how many -> count, their weights -> sum and by group ->
     * sums[g]. Groups with top[g] < floor_order have none */
    void (*keep_weight)(const urnc_view *view, urnc_scale scale, uint64_t least, int32_t floor_order, int64_t g0,
                        int64_t g1, const int32_t *top, uint32_t *bits, uint64_t *sums, urnc_tally *tally);
    /* K's bits -> bits: those in K with weight < below; how many -> count */
    void (*keep_light)(const urnc_view *view, urnc_scale scale, uint64_t below, int64_t g0, int64_t g1, uint32_t *bits,
                       urnc_tally *tally);
    /* those in K with weight >= least: how many -> count, their least order -> least. Groups with top[g] < floor_order
     * have none */
    void (*heavy)(const urnc_view *view, urnc_scale scale, uint64_t least, int32_t floor_order, int64_t g0, int64_t g1,
                  const int32_t *top, urnc_tally *tally);
    /* of K: how many -> count, the least order -> least */
    void (*census)(const urnc_view *view, int64_t g0, int64_t g1, urnc_tally *tally);
    /* over K, i = floor((M - x) * unit), below 2^20: sum of i -> sum, of i * i -> squares */
    void (*spread)(const urnc_view *view, float M, double unit, int64_t g0, int64_t g1, urnc_tally *tally);
    /* the first element of K with this order, or from_end the last; -1: none */
    int64_t (*find)(const urnc_view *view, int32_t order, int from_end, const int32_t *top);
    /* order and number (at NULL: not wanted) of the elements of K with order in [low, high], the first `limit` of them;
     * how many -> returned */
    int64_t (*gather)(const urnc_view *view, int32_t low, int32_t high, int64_t limit, const int32_t *top,
                      int32_t *order, int32_t *at);
    const struct urnc_value_loops *values;   /* cpu_values.h */
    const struct urnc_output_loops *outputs; /* cpu_outputs.h */
    const struct urnc_tiny_loops *tiny;      /* cpu_tiny.h */
    const struct urnc_topk_loops *topk;      /* cpu_topk.h */
    const struct urnc_resample_loops *resample; /* cpu_resample_loops.h */
} urnc_loops;

extern const urnc_loops urnc_loops_default;
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define URNC_HAS_X86_CLONES 1
extern const urnc_loops urnc_loops_v3, urnc_loops_v4;
#else
#define URNC_HAS_X86_CLONES 0
#endif

/* The tables that this processor can run, best first, ended by NULL; the first is the one used. */
const urnc_loops *const *urnc_loops_here(void);

#endif
