/* resample_tables.h - many draws from the same weights: alias tables; and draws from a law given on a grid. */
#ifndef URN_RESAMPLE_TABLES_H
#define URN_RESAMPLE_TABLES_H

#include "urn/resample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arguments of both alias calls. Start from URN_ALIAS_PARAMS_INIT. Tables are placed as the weights are (dense: without
 * gaps): item k of a row keeps itself while a 64-bit code is below cut, else it is its alias. */
typedef struct urn_alias_params {
    uint32_t struct_size;
    uint32_t reserved;
    urn_weights weights; /* items at most URN_MAX_COLS. draw reads only rows, items, offsets and size */
    uint64_t *cut;       /* build: out; draw: in */
    int32_t *alias;      /* build: out; draw: in */

    int64_t draws;            /* draw: of each row, 0 to 2^31 - 1 */
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    uint32_t reserved2;
    int32_t *ids;    /* draw: [rows, draws] items, or -1 */
    int32_t *status; /* [rows] URN_ROW_ bits; or NULL */
    void *workspace; /* build; NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_alias_params;

#define URN_ALIAS_PARAMS_INIT \
    { (uint32_t)sizeof(urn_alias_params), 0, { NULL, 0, 0, 0, 0, 0, NULL, 0 }, NULL, NULL, 0, NULL, NULL, NULL, 0, 0, \
      0, NULL, NULL, NULL, 0 }

/* urn_alias_workspace - scratch bytes, 256-aligned, of urn_alias_build; pure, monotone; 0 for sizes that it refuses. */
URN_API size_t urn_alias_workspace(int64_t rows, int64_t items);

/* urn_alias_build - an alias table of every row.
 *
 *  in    params->weights
 *  out   params->cut, alias; 12 bytes an item
 *
 *  draws   none
 *  bits    the same on every backend, GPU and launch shape: the table is the one that a single sweep would build
 *  exact   shares of the integer weights to 2^-64 of 1 / n
 *  traffic weights up to five times, scratch once each way, the table once
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns as urn_resample; URN_E_NULL for cut, alias
 *  paper   Walker 1977, Vose 1991; parallel: Hubschle-Schneider, Sanders 2022 */
URN_API urn_status urn_alias_build(urn_stream *stream, const urn_alias_params *params);

/* urn_alias_draw - independent draws from tables of urn_alias_build.
 *
 *  in    params->cut, alias
 *  out   params->ids
 *
 *  draws   block {j, 2, position, URN_STREAM_RESAMPLE} for draw j
 *  bits    the same on every backend, GPU, launch shape and batch
 *  traffic 12 bytes of the table and 4 of the output a draw
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  A row whose table is empty (alias -1): ids -1, URN_ROW_EMPTY.
 *  returns as urn_resample; URN_E_NULL for cut, alias, ids; URN_E_SHAPE also for draws */
URN_API urn_status urn_alias_draw(urn_stream *stream, const urn_alias_params *params);

typedef enum urn_inverse_points {
    URN_INVERSE_RANDOM = 0,     /* independent points */
    URN_INVERSE_STRATIFIED = 1, /* one in each of M equal shares of the mass */
    URN_INVERSE_SYSTEMATIC = 2, /* the same place in each share */
    URN_INVERSE_MIDPOINTS = 3   /* the middle of each share: no randomness */
} urn_inverse_points;

/* Start from URN_INVERSE_PARAMS_INIT. A row is a histogram: bin i lies between edges i and i + 1. */
typedef struct urn_inverse_params {
    uint32_t struct_size;
    int32_t points;      /* urn_inverse_points */
    urn_weights weights; /* dense, items (bins) at most URN_MAX_COLS */
    const float *edges;  /* [rows, items + 1], or one row for all; increasing if values are to be */
    int64_t edges_stride; /* 0: one row for all; else at least items + 1 */
    int64_t outputs;     /* of each row, 0 to URN_RESAMPLE_MAX_ITEMS */
    const uint64_t *codes; /* [rows, outputs] the points as 64-bit fractions of the mass; NULL: by `points` */
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    uint32_t reserved;
    float *values;   /* [rows, outputs] */
    int32_t *bins;   /* [rows, outputs] */
    int32_t *status; /* [rows] URN_ROW_ bits; or NULL */
    void *workspace; /* NULL: the stream's scratch */
    size_t workspace_bytes; /* urn_resample_workspace(URN_RESAMPLE_MULTINOMIAL, rows, items, outputs) */
} urn_inverse_params;

#define URN_INVERSE_PARAMS_INIT \
    { (uint32_t)sizeof(urn_inverse_params), 0, { NULL, 0, 0, 0, 0, 0, NULL, 0 }, NULL, 0, 0, NULL, NULL, NULL, NULL, \
      0, 0, 0, NULL, NULL, NULL, NULL, 0 }

/* urn_inverse_grid - points of a piecewise uniform law by inverse transform, linear inside a bin.
 *
 *  in    params->weights (mass of each bin), edges, codes
 *  out   params->values, bins
 *
 *  draws   random, stratified: block {m, 3, position, URN_STREAM_RESAMPLE}; systematic: {0, 3, ...}; else none
 *  bits    the same on every backend, GPU and launch shape
 *  traffic weights three times, outputs once, log2 n steps a point
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  A bin of mass 0 holds no point. returns as urn_resample; URN_E_NULL for edges where values are wanted; URN_E_SHAPE
 *  also for edges_stride; URN_E_VALUE also for points */
URN_API urn_status urn_inverse_grid(urn_stream *stream, const urn_inverse_params *params);

#ifdef __cplusplus
}
#endif

#endif
