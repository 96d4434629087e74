/* verify.h - speculative decoding: which drafted tokens are accepted, and which token follows them.
 *
 * A request has nodes: node 0 is the last committed token, the others are drafts, a chain (urn_verify) or a tree
 * (urn_verify_tree, verify_tree.h). Row t of the target's logits is the law of the token after a node; row t of the
 * draft's is the law that the node's children were drawn from. Both laws are those that urn_sample would draw from with
 * the same sampler, slot and position: steps are not applied beforehand, but here.
 *
 * A drafter must not use the words of the target's own draws: give urn_sample the seed URN_DRAFT_SEED(seed) for drafts.
 * Only with URN_VERIFY_MATCH may both use one seed, which with URN_DRAW_GUMBEL makes them agree often. */
#ifndef URN_VERIFY_H
#define URN_VERIFY_H

#include "urn/bits_verify.h"
#include "urn/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A verifier is lossless if what is emitted has the target's law, whatever the drafts are, drawn as its line says. */
typedef enum urn_verifier {
    URN_VERIFY_MATCH = 0,         /* lossless, bit for bit: the target's own draws decide; any drafts */
    URN_VERIFY_GREEDY = 1,        /* greedy decoding, whatever the temperature; any drafts */
    URN_VERIFY_RECURSIVE = 2,     /* lossless: siblings drawn without replacement, in order (Sequoia, EAGLE, RSD) */
    URN_VERIFY_CHAIN = 2,         /* the same rule where every node has one child */
    URN_VERIFY_BLOCK = 3,         /* lossless: block verification; of a tree: traversal */
    URN_VERIFY_TRAVERSAL = 3,     /* lossless: leaf to root; siblings drawn without replacement, in order */
    URN_VERIFY_MULTISTEP = 4,     /* lossless: siblings drawn with replacement (SpecInfer) */
    URN_VERIFY_KSEQ = 5,          /* lossless: siblings drawn with replacement (SpecTr) */
    URN_VERIFY_GREEDY_DRAFTS = 6, /* lossless: the likeliest k - 1 ids and one draw from the rest, in this order */
    URN_VERIFY_IMPORTANCE = 7,    /* lossless: siblings drawn with replacement; one is selected, then tested */
    URN_VERIFY_TARGET_ONLY = 8,   /* lossless iff both thresholds are 1; draft rows are not read; any distinct drafts */
    URN_VERIFY_TYPICAL = 9,       /* LOSSY: all that are likely enough (Medusa) */
    URN_VERIFY_SYNTHETIC = 10     /* LOSSY: coins of a given rate, to benchmark servers */
} urn_verifier;

/* What the rows of target or draft are. */
typedef enum urn_rows_kind {
    URN_ROWS_LOGITS = 0,
    URN_ROWS_PROBS = 1 /* probabilities, not negative, of any sum; without a sampler */
} urn_rows_kind;

/* The seed for a drafter's urn_sample. */
#define URN_DRAFT_SEED(seed) ((uint64_t)(seed) ^ UINT64_C(0x9E3779B97F4A7C15))

#define URN_VERIFY_DEPTHS 64

/* Counters in device memory, zeroed by the caller; calls add to them. */
typedef struct urn_verify_stats {
    uint64_t requests, drafted, accepted, emitted;
    uint64_t tried[URN_VERIFY_DEPTHS]; /* requests that came to this depth */
    uint64_t taken[URN_VERIFY_DEPTHS]; /* and accepted a draft there: taken / tried is the rate */
} urn_verify_stats;

/* One call's arguments. Start from URN_VERIFY_PARAMS_INIT. Arrays are device memory (host memory on cpu), aligned to
 * their elements. The nodes of request b are rows first .. first + count - 1 of the target, first = b * nodes or
 * node_offsets[b]; arrays "by row" have an element for each. */
typedef struct urn_verify_params {
    uint32_t struct_size;
    int32_t verifier; /* urn_verifier */
    int64_t requests; /* 0 to 2^31 - 1 */
    int32_t nodes;    /* most nodes of a request, its root among them: 1 to URN_VERIFY_MAX_NODES */
    int32_t depth;    /* most drafts on a path, 0 to nodes - 1: outputs have depth + 1 columns */
    const int64_t *node_offsets; /* [requests + 1] flattened rows; NULL: `nodes` each */
    const int32_t *node_count;   /* [requests] nodes in use, root included; NULL: all */
    const int32_t *drafts;       /* urn_verify: the n_b drafts of request b, one after the other: [requests, nodes - 1],
                                    or flattened with node_offsets, n_b = node_offsets[b+1] - node_offsets[b] - 1.
                                    urn_verify_tree: by row, the nodes' tokens; a root's is not read. Negative: none */

    /* The rows and how they become laws. Of these structs' members count: logits, sampler, list, list_value, seed,
     * seed_value, label; of the target also slot, position (both [requests]), position_value, row_count (of requests),
     * state, slots, done, method, overlay (rows: those of logits). Outputs must be NULL; all else is ignored.
     * The draft's slots, positions and drafts in flight are the target's. */
    const urn_sample_params *target;
    const urn_sample_params *draft; /* NULL: drafts without laws (n-grams, greedy drafters): q is 1 at the draft */
    int32_t target_rows;            /* urn_rows_kind */
    int32_t draft_rows;             /* urn_rows_kind */
    const int32_t *draft_row;       /* by row: the node's row of the draft, -1: none; NULL: t - b, in a tree t */
    const int32_t *draft_of;        /* [target cols] the draft's id for each id, -1: not in its vocabulary; injective;
                                       NULL: the same ids */
    const urn_row_summary *target_summary; /* by row: what urn_sample wrote of these rows under the same list, slot and
                                              position; spares a pass over rows whose flags are 0 or GREEDY; or NULL */
    const urn_row_summary *draft_summary;  /* [draft rows] */

    const int32_t *stop; /* [stops] ids after which nothing is emitted */
    int32_t stops;       /* 0 to URN_VERIFY_MAX_STOPS */

    /* TARGET_ONLY, TYPICAL, SYNTHETIC */
    float threshold;        /* in [0, 1], of accumulated probability */
    float threshold_single; /* in [0, 1], of one draft's */
    float epsilon;          /* TYPICAL: in [0, 1] */
    float alpha;            /* TYPICAL: at least 0, finite: accepted above min(epsilon, alpha * exp(-entropy)) */
    float rate;             /* SYNTHETIC: in [0, 1] */
    const float *rates;     /* SYNTHETIC: [depth] by depth from 1 on; NULL: rate */

    /* uniform 64-bit words in place of Philox's, for tests and replays */
    const uint64_t *coins; /* by row: of the node as a draft; NULL: Philox */
    const uint64_t *draws; /* by row: of the draw that ends at the node; NULL: Philox */

    int32_t *ids;      /* [requests, depth + 1] accepted drafts, then one more id; then -1. Required */
    int32_t *accepted; /* [requests] how many of them are drafts */
    int32_t *emitted;  /* [requests] how many ids: accepted + 1, but after a stop id or a bad row: for
                          urn_slots_commit */
    int32_t *path;     /* [requests, depth + 1] the node whose row gave each id: 0, then accepted nodes; then -1 */
    float *logprob;    /* [requests, depth + 1] ln of the ids' probabilities in the target's law; then NaN. More of
                          sample's outputs: urn_sample over an indexed view of the rows in path, ids as `given` */
    int32_t *status;   /* [requests] URN_ROW_ bits; URN_ROW_DRAFT alone does not spoil the ids */
    urn_verify_stats *stats; /* [1] */

    void *workspace; /* NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_verify_params;

#define URN_VERIFY_PARAMS_INIT                                                                                         \
    {                                                                                                                  \
        (uint32_t)sizeof(urn_verify_params), 0, 0, 1, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL,   \
            NULL, 0, 1.0f, 1.0f, 0.09f, 0.3f, 0.0f, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,  \
            0                                                                                                          \
    }

/* urn_verify_workspace - scratch bytes, 256-aligned, that urn_verify and urn_verify_tree need for such params: pure,
 * reads sizes and samplers only, monotone in them. 0 for sizes that the calls refuse. */
URN_API size_t urn_verify_workspace(const urn_verify_params *params);

/* urn_verify - verify a chain of drafts for every request.
 *
 *  in    target->logits   [rows, cols] a row a node: dense [requests * nodes, cols], or flattened with node_offsets
 *        draft->logits    [.., cols] a row a draft: dense [requests * (nodes - 1), cols], or flattened likewise
 *        drafts           ends at its first negative id, which is never an index
 *  out   params->ids ...  see urn_verify_params; outputs must not overlap inputs or each other
 *  work  urn_verify_workspace(params) bytes, 256-aligned
 *
 *  draws   coins: block {node, 0, root's position, URN_STREAM_COIN}; residuals: the same of URN_STREAM_RESIDUAL; the
 *          token after the last accepted draft: urn_sample's draw 0 at its position (bits_verify.h section 2)
 *  bits    the same on every backend, launch shape and batch
 *  exact   lossless verifiers: cols * 2^-61 of total variation for each round of a node, beside what urn_sample says
 *  traffic target rows up to the first rejection once each, and the draft's rows; rows behind it where a kernel takes
 *          all rows at once (kernels/verify says when); KSEQ reads a row 10 + log2(children) times more
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, target, drafts, ids; state as in urn_sample) | URN_E_STRUCT
 *          | URN_E_SHAPE (requests, nodes, depth, stops; rows fewer than requests * nodes; columns that differ without
 *            draft_of; what urn_sample says of target and draft)
 *          | URN_E_DTYPE | URN_E_VALUE (verifier, a rows kind, a threshold, epsilon, alpha, rate; a sampler with
 *            probabilities; an array not aligned) | URN_E_MISMATCH | URN_E_WORKSPACE | URN_E_BACKEND | URN_E_CUDA
 *
 *  paper   Leviathan et al. 2023; Chen et al. 2023; Sun et al. 2024 (block); Sun et al. 2023 (K-SEQ) */
URN_API urn_status urn_verify(urn_stream *stream, const urn_verify_params *params);

/* One call's arguments of urn_verify_bound. Start from URN_VERIFY_BOUND_PARAMS_INIT. */
typedef struct urn_verify_bound_params {
    uint32_t struct_size;
    int32_t drafts;                 /* k, 1 to URN_VERIFY_MAX_CHILDREN */
    int32_t replacement;            /* 1: drafts drawn independently; 0: without replacement, drafts 1 or 2 */
    int32_t target_rows, draft_rows; /* urn_rows_kind */
    int32_t reserved;
    const urn_sample_params *target; /* as in urn_verify_params; row r with row r, a request a row */
    const urn_sample_params *draft;
    const int32_t *draft_of;
    float *bound;   /* [rows] */
    float *overlap; /* [rows] sum of min(p, q) */
    int32_t *status; /* [rows] */
    void *workspace; /* NULL: the stream's scratch; urn_verify_bound_workspace bytes */
    size_t workspace_bytes;
} urn_verify_bound_params;

#define URN_VERIFY_BOUND_PARAMS_INIT                                                                                   \
    { (uint32_t)sizeof(urn_verify_bound_params), 1, 1, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 }

URN_API size_t urn_verify_bound_workspace(const urn_verify_bound_params *params);

/* urn_verify_bound - the best acceptance that any verifier can have: the chance, over k drafts from the draft's law,
 * that the token emitted is among them, at most. A diagnostic, and a bound that measured rates must keep.
 *
 *  in    target, draft  rows of equal number
 *  out   bound, overlap, status (a row's: the target's, or URN_ROW_DRAFT where the draft's row has one); NaN with a
 *        status
 *
 *  draws   none (XTC steps: as in urn_sample)
 *  bits    the same on every backend
 *  exact   from above: tokens whose q / p agree to 6 bits count as alike, which costs about 2^-12 of the mass they have
 *  traffic each row once, and a histogram
 *  sync    enqueued on stream; capturable
 *  returns as urn_verify; URN_E_VALUE also for drafts, replacement
 *  paper   Hu et al. 2025 (optimal multi-draft speculative decoding) */
URN_API urn_status urn_verify_bound(urn_stream *stream, const urn_verify_bound_params *params);

#ifdef __cplusplus
}
#endif

#endif
