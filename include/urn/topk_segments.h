/* topk_segments.h - the first k of each of many segments of one array: strata, clusters, documents of a source. */
#ifndef URN_TOPK_SEGMENTS_H
#define URN_TOPK_SEGMENTS_H

#include "urn/topk_long.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One call's arguments. Start from URN_TOPK_SEGMENTS_PARAMS_INIT; offsets and one output are required. Arrays are
 * device memory (host memory on cpu), aligned to their elements. Segment s has its place in [out] arrays: with
 * out_offsets from out_offsets[s] to out_offsets[s + 1]; else k entries from s * k. */
typedef struct urn_topk_segments_params {
    uint32_t struct_size;
    int32_t by;               /* URN_TOPK_VALUE or URN_TOPK_GUMBEL */
    const void *values;       /* [size] log-weights; NULL: all equal (gumbel only) */
    int32_t type;             /* urn_item_type */
    uint32_t flags;           /* URN_TOPK_BY_ID, URN_TOPK_LOCAL */
    int64_t size;             /* items in all, 0 to 2^40 */
    int64_t segments;         /* 0 (does nothing) to 2^31 - 1 */
    int64_t longest;          /* no segment is longer: 1 to URN_TOPK_LONG_CHUNK; shapes the launch */
    const int64_t *offsets;   /* [segments + 1] segment s is items offsets[s] .. offsets[s + 1] */
    const int64_t *out_offsets; /* [segments + 1]; NULL: k each */
    int64_t out_size;         /* with out_offsets: elements that exist in [out] arrays */
    const int64_t *k_of_segment; /* [segments] 0 to the segment's room; NULL: its room */
    int64_t k;                /* room of each without out_offsets, with them of the largest: 1 to URN_TOPK_LONG_K */
    const float *temperature; /* [segments] gumbel: > 0, finite; NULL: temperature_value */
    float temperature_value;
    uint32_t position_value;
    const uint64_t *seed;     /* [segments]; NULL: seed_value */
    const uint64_t *label;    /* [segments]; NULL: the segment's number */
    uint64_t seed_value;

    int64_t *ids;       /* [out] places in values, with URN_TOPK_LOCAL in the segment; or -1 */
    int64_t *keys;      /* [out] or INT64_MIN */
    int64_t *found;     /* [segments] */
    int64_t *threshold; /* [segments] key of the first item that is not in, or INT64_MIN */
    int32_t *status;    /* [segments] URN_ROW_ bits */

    void *workspace; /* NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_topk_segments_params;

#define URN_TOPK_SEGMENTS_PARAMS_INIT \
    { (uint32_t)sizeof(urn_topk_segments_params), URN_TOPK_GUMBEL, NULL, URN_ITEM_F32, 0, 0, 0, 1, NULL, NULL, 0, \
      NULL, 1, NULL, 1.0f, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0 }

/* urn_topk_segments_workspace - scratch bytes, 256-aligned: for so many segments, none longer than `longest`, with
 * rooms of up to k and out entries in all (segments * k without out_offsets); pure, monotone. 0: refused. */
URN_API size_t urn_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out);

/* urn_topk_segments - the first k of every segment; each is a long row of its own (topk_long.h), whose items count
 * from 0, so that a segment's picks do not depend on where it lies or on its neighbours.
 *
 *  in    values, offsets, k_of_segment, temperature ... see urn_topk_segments_params
 *  out   ids ... status; outputs must not overlap inputs or each other
 *  work  urn_topk_segments_workspace(segments, longest, k, out) bytes
 *
 *  draws   gumbel: a block for two items {i / 2 (64 bits), position, URN_STREAM_LONG} under the segment's key
 *  bits    the same on every backend, GPU and launch shape; and as urn_topk_long_* for the segment alone
 *  exact   as urn_topk_long_push
 *  traffic values at least once; a segment with a large k at most a few times
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, offsets, values by value, no output at all) | URN_E_STRUCT
 *          | URN_E_SHAPE (size, segments, longest, k, out_size, segments * k) | URN_E_DTYPE (type)
 *          | URN_E_VALUE (by, flags, temperature_value, an array not aligned) | URN_E_WORKSPACE | URN_E_BACKEND
 *          | URN_E_CUDA
 *  paper   stratified sampling without replacement; Kool et al. 2019 */
URN_API urn_status urn_topk_segments(urn_stream *stream, const urn_topk_segments_params *params);

#ifdef __cplusplus
}
#endif

#endif
