/* prog_verifiers.c - the table of verifiers, its page, and "4x2x1". */
#include "host/prog_verifiers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/prog_args.h"

static const prog_verifier VERIFIERS[] = {
    {"match", URN_VERIFY_MATCH, PROG_ANY, 1,
     "the target's own draw decides: the ids are those of decoding without drafts, byte for byte", "llama.cpp"},
    {"greedy", URN_VERIFY_GREEDY, PROG_ANY, 2, "accepts while a draft is the likeliest id after the steps",
     "Stern et al. 2018"},
    {"chain", URN_VERIFY_CHAIN, PROG_WITHOUT, 1, "accepts a draft with chance p / q, or draws from what p has over q",
     "Leviathan et al. 2023; Chen et al. 2023"},
    {"recursive", URN_VERIFY_RECURSIVE, PROG_WITHOUT, 1, "the chain's rule for one sibling after the other",
     "Jeon et al. 2024; Chen et al. 2024 (Sequoia)"},
    {"block", URN_VERIFY_BLOCK, PROG_WITHOUT, 1, "decides about a whole chain from its end: never accepts less",
     "Sun et al. 2024"},
    {"traversal", URN_VERIFY_TRAVERSAL, PROG_WITHOUT, 1, "block verification of a tree, from its leaves to its root",
     "Weng et al. 2025"},
    {"multistep", URN_VERIFY_MULTISTEP, PROG_WITH, 1, "the chain's rule for one sibling after the other, q unchanged",
     "Miao et al. 2024 (SpecInfer)"},
    {"kseq", URN_VERIFY_KSEQ, PROG_WITH, 1, "tests all siblings against p / rho, rho as small as it may be",
     "Sun et al. 2023 (SpecTr)"},
    {"greedy_drafts", URN_VERIFY_GREEDY_DRAFTS, PROG_LIKELIEST, 1,
     "siblings are the likeliest ids of the draft and one draw from the rest", "Hu et al. 2025"},
    {"importance", URN_VERIFY_IMPORTANCE, PROG_WITH, 1, "selects a sibling by weights, then tests it by its own law",
     "Khisti et al. 2025"},
    {"target_only", URN_VERIFY_TARGET_ONLY, PROG_ANY, 1,
     "accepts a draft with its chance under the target; lossless while both thresholds are 1", "SGLang"},
    {"typical", URN_VERIFY_TYPICAL, PROG_ANY, 0, "accepts what is likely enough, and of that the longest path",
     "Cai et al. 2024 (Medusa)"},
    {"synthetic", URN_VERIFY_SYNTHETIC, PROG_ANY, 0, "accepts by coins of a given rate, to benchmark servers", "vLLM"},
};

enum { COUNT = sizeof VERIFIERS / sizeof VERIFIERS[0], LEFT = 6 };

const prog_verifier *prog_verifier_at(int64_t at) { return at >= 0 && at < COUNT ? &VERIFIERS[at] : NULL; }

void prog_help_verifiers(void) {
    static const char *const LOSSLESS[] = {"LOSSY", "lossless", "lossless for greedy decoding"};
    static const char *const SIBLINGS[] = {"any drafts", "siblings drawn with replacement",
                                           "siblings drawn without replacement, in order",
                                           "siblings: the likeliest, then one draw from the rest"};
    char line[256];
    int i;
    printf("What --verifier takes: which drafts are accepted, and what follows them. Lossless: what comes out has the\n"
           "target's law, steps included, whatever the drafts are, drawn as said.\n\n");
    for (i = 0; i < COUNT; i++) {
        const prog_verifier *v = &VERIFIERS[i];
        printf("  %s\n", v->name);
        prog_help_text(v->text, LEFT, 0);
        snprintf(line, sizeof line, "%s; %s. %s", LOSSLESS[v->lossless], SIBLINGS[v->siblings], v->paper);
        prog_help_text(line, LEFT, 0);
    }
}

static int build(prog_tree *tree) {
    int32_t first = 0, count = 1, d, n, c;
    tree->parent[0] = -1;
    tree->nodes = 1;
    for (d = 0; d < tree->depth; d++) {
        if ((int64_t)tree->nodes + (int64_t)count * tree->width[d] > URN_VERIFY_MAX_NODES) return -1;
        for (n = first; n < first + count; n++)
            for (c = 0; c < tree->width[d]; c++) tree->parent[tree->nodes++] = n;
        first += count;
        count *= tree->width[d];
    }
    return 0;
}

int prog_tree_parse(const char *text, prog_tree *tree, prog_error *error) {
    const char *at = text;
    char *end;
    memset(tree, 0, sizeof *tree);
    do {
        const long width = strtol(at, &end, 10);
        if (end == at || width < 1 || width > URN_VERIFY_MAX_CHILDREN || tree->depth == 16) break;
        tree->width[tree->depth++] = (int32_t)width;
        at = end + 1;
    } while (*end == 'x');
    if (*end != 0 || tree->depth == 0)
        return prog_fail(error, "--tree takes widths such as 4x2x1, each 1 to %d, 16 at most, not '%s'",
                         URN_VERIFY_MAX_CHILDREN, text);
    if (build(tree) != 0) return prog_fail(error, "--tree %s has more than %d nodes", text, URN_VERIFY_MAX_NODES);
    return 0;
}

void prog_tree_chain(int32_t length, prog_tree *tree) {
    int32_t d;
    memset(tree, 0, sizeof *tree);
    tree->depth = length;
    for (d = 0; d < length; d++) tree->width[d] = 1;
    build(tree);
}
