/* cpu_row.h - one row on its way from logits to ids, and the steps that act on it.
 *
 * K, the kept set, is a view: bits over the caller's elements. When a keep step leaves few ids, they are copied out,
 * in id order, and K becomes a view of that short row (compact), so that later steps cost what is left and not what
 * was there. */
#ifndef URN_CPU_ROW_H
#define URN_CPU_ROW_H

#include "host/cpu/cpu_held.h"
#include "host/cpu/cpu_values.h"
#include "urn/bits.h"
#include "urn/sample.h"

#define URNC_MAX_TEAM 64 /* most threads that one call uses */

/* A step of one row, its parameters looked up; neutral steps are not in a plan. */
typedef struct urnc_act {
    int32_t op;     /* urn_op */
    uint32_t flags; /* URN_STEP_ */
    float f[4];
    int32_t i[4];
    const void *table;    /* the row of its table; NULL: none */
    urnc_list list;       /* or its list */
    urnc_sequences set;   /* or its set */
    int absent;           /* its map says that the row has none of these */
    const urn_step *step; /* where it came from */
} urnc_act;

/* All that a row is, before its logits are read. */
typedef struct urnc_plan {
    const void *data;
    int64_t n;
    uint64_t key; /* of the row */
    uint32_t position;
    /* where its context is, and what its slot has counted */
    const urn_sample_params *params;
    const urn_slots_view *state; /* NULL: none */
    int64_t r, slot;
    /* its places in arrays by draw, and in the list of kept ids; none where the caller's offsets are wrong */
    int64_t draw_first, draws, kept_first, kept_room;
    int32_t acts;
    urnc_act act[URN_MAX_STEPS];
} urnc_plan;

/* Fill `plan` for row r. Returns URN_ROW_OK, or the status (PADDING, INDEX, PARAM, STATE) with which the row ends here.
 */
int urnc_plan_row(const urn_sample_params *params, const urn_lists_view *lists, const urn_slots_view *state, int64_t r,
                  urnc_plan *plan);

/* The same once the row's slot is known and in range, but for its position and its places in outputs. */
int urnc_plan_slot(const urn_sample_params *params, const urn_lists_view *lists, const urn_slots_view *state, int64_t r,
                   int64_t slot, urnc_plan *plan);

/* cpu_tables.c: find the row of a step's table, list or set. Returns 0 if something is out of range. */
int urnc_table_find(const urn_step *step, int64_t r, int32_t dtype, urnc_act *act);

typedef struct urnc_row urnc_row;

struct urnc_row {
    const urnc_loops *loops;
    int team; /* threads that share this row; 1: the caller's only */
    const urnc_plan *plan;

    urnc_view raw;           /* all ids, as given */
    urnc_view kept;          /* K */
    int64_t count;           /* |K|, -1 where nobody has counted */
    int32_t top;             /* order of the largest in K, in raw at first */
    int top_stale;           /* a step may have taken that one out of K, or changed values */
    const int32_t *raw_top;  /* by group of raw: order of its largest */
    const int32_t *kept_top; /* by group of K: at least the order of its largest; NULL: unknown */

    /* the epoch */
    float T;
    int open, greedy;
    urnc_scale scale;
    uint64_t W;  /* weight of the first of K */
    uint64_t Z;  /* sum of weights over K, if weighed */
    int weighed; /* Z and sums are those of K */
    uint64_t Z_open;
    double A; /* log2 of the mass kept so far */

    /* scratch of this row */
    uint32_t *bits;
    int32_t *tops[2]; /* raw_top, and kept_top once top was stale */
    uint64_t *sums;   /* by group of K; prefix sums once the draw has begun */
    float *short_x;   /* compact */
    int32_t *short_id;
    int32_t *sort[2];  /* room for the orders of a row, twice (URN_NEEDS_SORT) */
    const int32_t *id; /* ids of K's elements; NULL: an element's own number */
    int64_t first;     /* id of element 0: not 0 in a part of a row (cpu_parts.h) */
    const float *M;    /* and the largest x of the whole of K; NULL: this is the whole */
    float *wide;       /* the row as f32, once values have changed (lists with URN_NEEDS_FULL) */
    urnc_idset set;    /* ids that a list or the context names (the same) */
    uint32_t *tally;   /* by id, for these (URN_NEEDS_STATE) */
};

size_t urnc_row_bytes(int64_t cols);
void urnc_row_begin(urnc_row *row, const urnc_plan *plan, int32_t dtype, void *scratch, int team);

/* cpu_settle.c: room for rows whose values change, beside urnc_row_bytes. */
size_t urnc_values_bytes(int64_t cols, int32_t needs);
void urnc_values_begin(urnc_row *row, int32_t needs, void *scratch);

/* K's values become f32 that may be written, -inf outside K, and change by a formula. Returns a row status. */
int urnc_values_change(urnc_row *row, const urnc_change *change);
void urnc_values_settle(urnc_row *row);    /* bits.h section 8: x / T, unless there is nothing to do */
urnc_held urnc_values_hold(urnc_row *row); /* settled first; single ids may then change */
const void *urnc_values_other(urnc_row *row, const void *table, int32_t *dtype); /* a table's row, by element of K */

/* cpu_keep_tailfree.c: room to sort a row, where lists need it (URN_NEEDS_SORT). */
size_t urnc_sort_bytes(int64_t cols, int32_t needs);
void urnc_sort_begin(urnc_row *row, int64_t cols, int32_t needs, void *scratch);

/* Read the row once and run the plan's steps; or one of them; or all, and open the epoch that is drawn from. Each
 * returns a row status. */
int urnc_row_steps(urnc_row *row, const urnc_plan *plan);
int urnc_row_act(urnc_row *row, const urnc_act *act);
int urnc_row_run(urnc_row *row, const urnc_plan *plan);

/* cpu_groups.c: run a pass over all groups of a view, shared over the row's team, and merge what it found. */
typedef void (*urnc_pass)(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally);
urnc_tally urnc_over_groups(const urnc_row *row, const urnc_view *view, urnc_pass pass, void *argument);
static inline int64_t urnc_groups(const urnc_view *view) { return (view->n + URNC_GROUP - 1) / URNC_GROUP; }

/* cpu_view.c: single elements, and the copying out of a small K. */
float urnc_view_at(const urnc_view *view, int64_t i);
static inline int32_t urnc_row_id(const urnc_row *row, int64_t i) { return row->id ? row->id[i] : (int32_t)i; }
void urnc_row_compact(urnc_row *row);                       /* if K has been counted and is small enough */
int64_t urnc_row_count(urnc_row *row);                      /* |K| */
urnc_tally urnc_row_census(const urnc_row *row);            /* count, and the least order */
int64_t urnc_row_first(const urnc_row *row, int32_t order); /* element of the first of K with this order */
void urnc_row_only(urnc_row *row, int32_t order);           /* K = the first of K with this order */

/* cpu_scan.c: read the raw row once: its largest, and NaN or inf as a row status. */
int urnc_row_scan(urnc_row *row);

/* cpu_epoch.c */
void urnc_epoch_largest(urnc_row *row); /* make top that of K */
int urnc_epoch_open(urnc_row *row);     /* returns a row status; nothing happens if one is open */
void urnc_epoch_close(urnc_row *row);
void urnc_epoch_weigh(urnc_row *row); /* make Z and sums those of K */
urnc_tally urnc_weigh_view(const urnc_row *row, const urnc_view *view, urnc_scale scale, uint64_t *sums);

/* cpu_cut.c: the shortest prefix of K's order whose measure (mass, or number of ids) reaches `need`. `hint` is an order
 * that the prefix probably does not go below; a wrong one costs a pass. */
typedef struct urnc_cut {
    urnc_key_rule key;  /* what orders K: set it first, by value unless said */
    int32_t order;      /* of the last id of the prefix */
    uint64_t ties;      /* ids of that order in K */
    uint64_t ties_kept; /* and in the prefix */
} urnc_cut;
int urnc_cut_find(const urnc_row *row, int by_mass, uint64_t need, int32_t hint, urnc_cut *cut); /* 0: no such prefix */
void urnc_cut_keep(urnc_row *row, urnc_cut *cut);
extern const urnc_key_rule urnc_by_value;

/* One step each; cpu_rules.c says in what epoch. They return a row status. */
int urnc_temperature(urnc_row *row, const urnc_act *act);
int urnc_mask(urnc_row *row, const urnc_act *act);
int urnc_mask_allow(urnc_row *row, const urnc_act *act);
int urnc_mask_min_tokens(urnc_row *row, const urnc_act *act);
int urnc_mask_ban(urnc_row *row, const urnc_act *act);
int urnc_mask_no_repeat(urnc_row *row, const urnc_act *act);
int urnc_value_bias(urnc_row *row, const urnc_act *act);
int urnc_value_dense_bias(urnc_row *row, const urnc_act *act);
int urnc_value_penalties(urnc_row *row, const urnc_act *act);
int urnc_value_dry(urnc_row *row, const urnc_act *act);
int urnc_value_id_temperature(urnc_row *row, const urnc_act *act);
int urnc_value_values(urnc_row *row, const urnc_act *act);
int urnc_value_mix(urnc_row *row, const urnc_act *act);
int urnc_value_quadratic(urnc_row *row, const urnc_act *act);
int urnc_value_quadratic_score(urnc_row *row, const urnc_act *act);
int urnc_dynamic_temperature(urnc_row *row, const urnc_act *act);
int urnc_link_sparsemax(urnc_row *row, const urnc_act *act);
int urnc_link_inverse_gap(urnc_row *row, const urnc_act *act);
int urnc_link_tsallis(urnc_row *row, const urnc_act *act);
int urnc_link_mixture(urnc_row *row, const urnc_act *act);
int urnc_keep_topk(urnc_row *row, const urnc_act *act);
int urnc_keep_topp(urnc_row *row, const urnc_act *act);
int urnc_keep_minp(urnc_row *row, const urnc_act *act);
int urnc_keep_topa(urnc_row *row, const urnc_act *act);
int urnc_keep_epsilon(urnc_row *row, const urnc_act *act);
int urnc_keep_eta(urnc_row *row, const urnc_act *act);
int urnc_keep_typical(urnc_row *row, const urnc_act *act);
int urnc_keep_tailfree(urnc_row *row, const urnc_act *act);
int urnc_keep_nsigma(urnc_row *row, const urnc_act *act);
int urnc_keep_xtc(urnc_row *row, const urnc_act *act);
int urnc_keep_mirostat(urnc_row *row, const urnc_act *act);
int urnc_keep_mirostat_v1(urnc_row *row, const urnc_act *act);

/* ceil(p * Z) and ceil(m * W), exact: floats in [0, 1] as their significands. */
uint64_t urnc_ceil_product(float p, uint64_t Z);

/* cpu_keep_weight.c: keep w >= least, or the first of K. urnc_floor_order: no value below it has a weight of `least`.
 */
void urnc_keep_heavy(urnc_row *row, uint64_t least);
int32_t urnc_floor_order(const urnc_row *row, uint64_t least);

/* The order of the least value that weighs something: weights near 2^-F rise with x (for f >= 0 the polynomial is at
 * least 1, below it at most 1), so halving finds it, and a loop need not weigh. */
int32_t urnc_least_heavy(const urnc_row *row);

/* cpu_keep_topk.c: keep the first k of K; and an order that at least k elements of K probably reach. */
void urnc_keep_first(urnc_row *row, int64_t k, int with_ties);
int32_t urnc_order_hint(const urnc_row *row, int64_t k);

/* cpu_first.c: the first `most` (to URNC_FIRST_MOST) of K in the order: their orders and elements; how many. */
#define URNC_FIRST_MOST 128
int urnc_first(const urnc_row *row, int most, int32_t *order, int32_t *at);

/* cpu_entropy.c: E of the open epoch's law. */
uint64_t urnc_entropy_sum(const urnc_row *row);

/* cpu_draw.c: the element of K (not the id) that draw j takes. urnc_draw_begin first,
 * on a weighed row. */
void urnc_draw_begin(urnc_row *row);
int64_t urnc_draw_at(const urnc_row *row, uint64_t r); /* the first with S_i > r, for r < Z */
/* the same; the sum of weights before it, and its own */
int64_t urnc_draw_find(const urnc_row *row, uint64_t r, uint64_t *before, uint64_t *w);
int64_t urnc_draw(const urnc_row *row, uint64_t row_key, uint32_t position, uint32_t j);
int64_t urnc_draw_code(const urnc_row *row, uint64_t code, uint64_t *rest); /* and what the draw leaves of the code */

/* cpu_outputs.c: ids and whatever else is asked for, of row r; or, for a status other than 0, the values of a row that
 * draws nothing. */
void urnc_outputs_drawn(urnc_row *row, const urnc_plan *plan, const urn_sample_params *params, int64_t r);
void urnc_outputs_none(const urnc_plan *plan, const urn_sample_params *params, int64_t r, int status);

#endif
