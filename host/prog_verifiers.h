/* prog_verifiers.h - verifiers by name, and trees of drafts as text. */
#ifndef PROG_VERIFIERS_H
#define PROG_VERIFIERS_H

#include "host/prog_npy.h"
#include "urn/urn.h"

/* How siblings of a tree must have been drawn for the rule to be lossless. */
typedef enum prog_siblings {
    PROG_ANY,     /* however */
    PROG_WITH,    /* with replacement */
    PROG_WITHOUT, /* without */
    PROG_LIKELIEST
} prog_siblings;

typedef struct prog_verifier {
    const char *name;
    int32_t verifier;
    prog_siblings siblings;
    int lossless; /* 0: what is emitted has another law; 2: that of greedy decoding */
    const char *text, *paper;
} prog_verifier;

/* The names in the order of the table, for a PROG_CHOICE. */
#define PROG_VERIFIERS                                                                                                 \
    "match|greedy|chain|recursive|block|traversal|multistep|kseq|greedy_drafts|importance|target_only|typical|"        \
    "synthetic"

/* prog_verifier_at - row `at` of the table; NULL behind its end. prog_help_verifiers - `urn help verifiers`. */
const prog_verifier *prog_verifier_at(int64_t at);
void prog_help_verifiers(void);

/* A tree of which every node of depth d has the same number of children. */
typedef struct prog_tree {
    int32_t nodes, depth;
    int32_t width[16]; /* children of a node of depth 0, 1, ... */
    int32_t parent[URN_VERIFY_MAX_NODES];
} prog_tree;

/* prog_tree_parse - "4x2x1": four children of the root, two of each, one of each. Levels follow one another, and the
 * children of a node its elder siblings'. Returns 0, or -1 with error. */
int prog_tree_parse(const char *text, prog_tree *tree, prog_error *error);
void prog_tree_chain(int32_t length, prog_tree *tree); /* 1x1x..., to 15 */

#endif
