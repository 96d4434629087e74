/* prog_speculate_report.h - what `urn generate --speculate` prints. */
#ifndef PROG_SPECULATE_REPORT_H
#define PROG_SPECULATE_REPORT_H

#include "host/prog_speculate.h"

/* prog_speculate_run - decode with verifier number `verifier` and print its sentences and numbers; -1: with each
 * lossless one in turn, and print how they compare. Returns 0, or -1 with error. */
int prog_speculate_run(prog_device *device, prog_lm *lm, const prog_decode_params *params, const prog_tree *tree,
                       int64_t verifier, prog_error *error);

#endif
