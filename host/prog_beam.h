/* prog_beam.h - `urn generate --beam`: sentences drawn without replacement from a language model. */
#ifndef PROG_BEAM_H
#define PROG_BEAM_H

#include "host/prog_decode.h"

/* prog_beam - draw params->rows different sentences (fewer where the model has fewer) by stochastic beam search and
 * print them. steps must not read what was said. Returns 0, or -1 with error. */
int prog_beam(prog_device *device, prog_lm *lm, const prog_decode_params *params, const char *prompt,
              prog_error *error);

#endif
