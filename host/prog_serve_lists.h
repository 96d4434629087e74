/* prog_serve_lists.h - the lists of steps of the serving simulation, and the masks that their requests bring. */
#ifndef PROG_SERVE_LISTS_H
#define PROG_SERVE_LISTS_H

#include "host/prog_device.h"
#include "host/prog_requests.h"

enum { PROG_SERVE_LISTS = 12 };

#define PROG_SERVE_TAU 4.0f /* Mirostat's aim, in bits, and its rate */
#define PROG_SERVE_ETA 0.2f

/* What the steps read in device memory, and where they find what differs from request to request: by slot and row in a
 * batch, one value alone. */
typedef struct prog_serve_inputs {
    urn_param temperature, mu;
    const uint32_t *masks; /* [PROG_GRAMMARS, mask_stride] */
    int64_t mask_stride;
    const int32_t *mask_map;    /* [rows] */
    const int32_t *ends;        /* [1] the id of </s> */
    const int64_t *end_offsets; /* [2] */
    const int32_t *end_map;     /* [rows] zeros */
} prog_serve_inputs;

/* prog_serve_text - list i as text, for the report. prog_serve_mirostat - 1 where list i has Mirostat. */
const char *prog_serve_text(int32_t list);
int prog_serve_mirostat(int32_t list);

/* prog_serve_steps - the steps of list i, with what every list has before them. steps has room for URN_MAX_STEPS.
 * Returns 0, or -1 with error. */
int prog_serve_steps(int32_t list, const prog_serve_inputs *inputs, urn_step *steps, int32_t *count, prog_error *error);

/* prog_serve_masks - the words of all grammars: a different fifth of the words is forbidden in each, markers in all,
 * </s> in none. bits: [PROG_GRAMMARS, stride] zeros. */
void prog_serve_masks(const prog_lm *lm, uint32_t *bits, int64_t stride);

#endif
