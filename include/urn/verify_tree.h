/* verify_tree.h - verification of trees of drafts. */
#ifndef URN_VERIFY_TREE_H
#define URN_VERIFY_TREE_H

#include "urn/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The shape of each request's tree, by row; numbers are nodes within the request, -1: none. Either parent alone, or
 * first_child and next_sibling. Numbers must rise from parents to children and from a sibling to the next: what breaks
 * that, or is out of range, ends its list of siblings, and a node that nobody names is not there. */
typedef struct urn_draft_tree {
    const int32_t *parent;
    const int32_t *first_child;
    const int32_t *next_sibling;
} urn_draft_tree;

/* urn_verify_tree - as urn_verify, for trees; params->drafts holds a token a node.
 *
 *  in    tree  device arrays by row; siblings are tried in increasing order of their numbers
 *  work  urn_verify_workspace(params)
 *
 *  draws, bits, exact, traffic, sync, returns: as urn_verify. URN_E_NULL also for tree and for a tree with neither
 *  form; URN_E_VALUE for one with both.
 *
 *  paper   Chen et al. 2024 (Sequoia); Jeon et al. 2024 (recursive); Miao et al. 2024 (SpecInfer); Weng et al. 2025
 *          (traversal); Khisti et al. 2025 (importance); Cai et al. 2024 (Medusa) */
URN_API urn_status urn_verify_tree(urn_stream *stream, const urn_verify_params *params, const urn_draft_tree *tree);

#ifdef __cplusplus
}
#endif

#endif
