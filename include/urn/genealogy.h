/* genealogy.h - the paths of particles, without those that died out.
 *
 * All particles of all steps are nodes of a tree; a node without living descendants is freed and used again. So n
 * particles need about n log n nodes whatever the number of steps (Jacob, Murray, Rubenthaler 2015), and a path of any
 * length can be read back: a trajectory for particle Gibbs, a smoothed mean. */
#ifndef URN_GENEALOGY_H
#define URN_GENEALOGY_H

#include "urn/particles.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arguments of both calls. Start from URN_GENEALOGY_PARAMS_INIT. The tree is the caller's device memory; what it holds
 * before a row's first step does not matter. */
typedef struct urn_genealogy_params {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t rows;    /* 0 to 2^31 - 1 */
    int64_t items;   /* n particles of a row, 1 to URN_RESAMPLE_MAX_ITEMS */
    int64_t nodes;   /* S of a row, n to 2^31 - 1; urn_genealogy_nodes says how many will do */
    int32_t *parent; /* [rows, nodes] */
    int32_t *count;  /* [rows, nodes] */
    int32_t *leaf;   /* [rows, items] node of each particle */

    const int32_t *ancestors; /* step: [rows, items]; NULL: the first step */
    int64_t particle_bytes;   /* of a particle's state, 1 to 2^31 - 1; 0: none is kept */
    const void *particles;    /* step: [rows, items, particle_bytes] */
    void *states;             /* [rows, nodes, particle_bytes] of every node; step writes, trace reads */

    int64_t paths;          /* trace: of each row, 0 (does nothing) to 2^31 - 1 */
    int64_t length;         /* trace: places of a path, 1 to 2^31 - 1 */
    const int32_t *path_of; /* trace: [rows, paths] particles; NULL: 0, 1, .. */
    int32_t *path;          /* trace: [rows, paths, length] nodes, the particle's own last; -1 before the first */
    void *path_states;      /* trace: [rows, paths, length, particle_bytes]; not written where path is -1; or NULL */

    int32_t *status; /* [rows] URN_ROW_ bits; or NULL */
    void *workspace; /* step; NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_genealogy_params;

#define URN_GENEALOGY_PARAMS_INIT \
    { (uint32_t)sizeof(urn_genealogy_params), 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, 0, NULL, NULL, \
      NULL, NULL, NULL, 0 }

/* urn_genealogy_nodes - nodes that n particles over `steps` steps will not outgrow but by bad luck: the least of
 * n * steps and 4 n (2 + log2 n), rounded up (a guess: trees of systematic filters measured half of it). Pure. */
URN_API int64_t urn_genealogy_nodes(int64_t items, int64_t steps);

/* urn_genealogy_workspace - scratch bytes, 256-aligned, of urn_genealogy_step; pure, monotone; 0 for refused sizes. */
URN_API size_t urn_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes);

/* urn_genealogy_step - the particles of a new step become leaves; branches without a leaf are freed.
 *
 *  in      params->ancestors, particles
 *  in, out params->parent, count, leaf
 *  out     params->states of the new leaves
 *  work    urn_genealogy_workspace(rows, items, nodes) bytes
 *
 *  draws   none
 *  bits    the same on every backend, GPU and launch shape (bits_resample.h section 6)
 *  traffic count once or twice, ancestors and leaves twice, a particle's state once each way
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  A tree that is full gives its row URN_ROW_STATE, a bad ancestor URN_ROW_INDEX; the row's tree is then empty.
 *  returns URN_OK | URN_E_NULL (stream, params, parent, count, leaf; particles or states where particle_bytes is not 0)
 *          | URN_E_STRUCT | URN_E_SHAPE (rows, items, nodes, particle_bytes) | URN_E_VALUE (an array not aligned,
 *          workspace not to 256) | URN_E_WORKSPACE | URN_E_CUDA
 *  paper   Jacob, Murray, Rubenthaler 2015 */
URN_API urn_status urn_genealogy_step(urn_stream *stream, const urn_genealogy_params *params);

/* urn_genealogy_trace - the path of some particles, back to the first step.
 *
 *  in    params->parent, leaf, states, path_of
 *  out   params->path (required), path_states
 *
 *  draws none.  bits  the same everywhere.  traffic  a parent a step of each path, its state if asked for
 *  sync  enqueued on stream: one launch, one more for status and one for states, no allocation, no wait; capturable
 *
 *  returns as urn_genealogy_step; URN_E_NULL for path, not for count; URN_E_SHAPE also for paths, length */
URN_API urn_status urn_genealogy_trace(urn_stream *stream, const urn_genealogy_params *params);

#ifdef __cplusplus
}
#endif

#endif
