/* oracle_verify.h - bits_verify.h by brute force: whole laws in arrays, every rule a loop. Params' arrays are host
 * memory but for target and draft, which are jobs: their `rows` are rows of the matrix, their slot, position, row_count
 * and done by request. */
#ifndef URN_ORACLE_VERIFY_H
#define URN_ORACLE_VERIFY_H

#include "tests/oracle.h"

typedef struct oracle_drafts {
    urn_verify_params *p;         /* target and draft are not looked at */
    const urn_draft_tree *tree;   /* NULL: a chain */
    const ut_job *target, *draft; /* draft NULL: none */
} oracle_drafts;

void oracle_verify(const oracle_drafts *call);
/* Section 13; the arguments are those of the calls. */
void oracle_tree_shape(const urn_tree_shape_params *p);
void oracle_tree_compact(const int32_t *path, const int32_t *used, int64_t requests, int32_t nodes, int32_t depth,
                         const int64_t *node_offsets, int32_t *rows, int64_t rows_size, int64_t *offsets);
void oracle_recycle_draft(const urn_recycle *recycle, const int32_t *root, int64_t requests, int32_t *tokens);
void oracle_recycle_update(const urn_recycle *recycle, const int32_t *tokens, const int32_t *top, int64_t rows);
void oracle_draft_invert(const int32_t *map, int64_t n, int64_t cols, int32_t *draft_of, int32_t *status);

void oracle_verify_bound(const urn_verify_bound_params *p, const ut_job *target, const ut_job *draft);

/* ---- between its files ---- */

/* The law of a row: P and T of section 3, of target ids. */
typedef struct oracle_vlaw {
    int32_t status;
    int64_t n; /* columns of the row */
    oracle_row *row;
    oracle_run *run;
    uint64_t z, t, *p; /* p: [cols of the target] */
} oracle_vlaw;

/* A node's P and Q while a rule works on them. */
typedef struct oracle_pair {
    int64_t n;    /* elements of p and q */
    int64_t cols; /* of the target row */
    uint64_t *p, *q, t, s;
    int one_hot;
} oracle_pair;

typedef struct oracle_node {
    int32_t token, parent, depth;
    int present;
    int32_t child[URN_VERIFY_MAX_CHILDREN];
    int children, left; /* left: TRAVERSAL, children that left it */
    uint64_t v;
    oracle_vlaw *target, *draft; /* NULL: not looked at yet */
    oracle_pair *pair;           /* TRAVERSAL: as it stands now */
} oracle_node;

typedef struct oracle_request {
    const oracle_drafts *call;
    int64_t b, first, count, slot;
    uint64_t key;
    uint32_t position; /* P0 */
    int32_t status;
    oracle_node *node; /* [count] */
    int64_t emitted, accepted;
    int ended;
} oracle_request;

void oracle_read_nodes(oracle_request *r);      /* parents, presence, depths, children */
int32_t oracle_find_request(oracle_request *r); /* its slot and nodes, or a status */
void oracle_vlaw_free(oracle_vlaw *law);
oracle_vlaw *oracle_target_law(oracle_request *r, int32_t i);
oracle_vlaw *oracle_draft_law(oracle_request *r, int32_t i); /* NULL: the node has no draft row */
uint64_t oracle_coin(const oracle_request *r, int32_t i);
int64_t oracle_own_draw(oracle_request *r, int32_t i);
int64_t oracle_end_draw(const oracle_request *r, int32_t i, const oracle_pair *pair);

oracle_pair *oracle_pair_of(oracle_request *r, int32_t i);
void oracle_pair_free(oracle_pair *pair);
uint64_t oracle_q(const oracle_pair *pair, int64_t i, int64_t x); /* q of id i; x: the child in hand */
void oracle_lift(uint64_t *p, int64_t n, uint64_t *t);
uint64_t oracle_high(uint64_t a, uint64_t b);                  /* mulhi */
void oracle_residual_of(oracle_pair *pair, const uint64_t *d); /* P, T = D, W lifted; W = 0: as it is */

int64_t oracle_rule(oracle_request *r, int32_t i); /* oracle_verify_rules.c: y at a node with children */
void oracle_traversal(oracle_request *r);          /* oracle_verify_paths.c */
void oracle_typical(oracle_request *r);
void oracle_synthetic(oracle_request *r);

void oracle_emit(oracle_request *r, int64_t token, int32_t node, int accepted);
void oracle_emit_path(oracle_request *r, int32_t to);        /* the accepted tokens down to a node, up to a stop id */
void oracle_finish(oracle_request *r, int32_t i, int64_t y); /* y, or the status of node i's row */

#endif
