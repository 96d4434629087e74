/* prog_speculate.h - sentences decoded with drafts: the trigram model is the target, its bigrams are the drafter. */
#ifndef PROG_SPECULATE_H
#define PROG_SPECULATE_H

#include "host/prog_decode.h"
#include "host/prog_verifiers.h"

/* What one verifier came to. */
typedef struct prog_speculated {
    urn_verify_stats stats;
    double bound, overlap; /* means over rounds, of the first draft position; NaN where there is no bound */
    double model_seconds, urn_seconds;
    int64_t tokens, passes;
    uint64_t digest;
} prog_speculated;

/* prog_speculate - decode `params` (steps that read no context, no Mirostat, no dump) with trees of drafts. The
 * sentences are written to `sentences` ([rows], freed by prog_speculate_free) when it is not NULL. Returns 0, or -1
 * with error. */
int prog_speculate(prog_device *device, prog_lm *lm, const prog_decode_params *params, const prog_tree *tree,
                   const prog_verifier *verifier, prog_sentence *sentences, prog_speculated *result, prog_error *error);
void prog_speculate_free(prog_sentence *sentences, int32_t rows);

#endif
