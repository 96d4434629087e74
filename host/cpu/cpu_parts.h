/* cpu_parts.h - a row read part by part, for calls that have no workspace: the scratch of one part is on the stack. */
#ifndef URN_CPU_PARTS_H
#define URN_CPU_PARTS_H

#include "host/cpu/cpu_row.h"

#define URNC_PART 4096        /* elements: as f32 they stay in the first-level cache */
#define URNC_PART_BYTES 22528 /* what the row engine wants for them, changed values included */
#define URNC_PART_MASKS 8     /* masks in a list of a row in parts */

/* A row, or a slice of one: its plan's acts are logit steps, temperatures and min-p. */
typedef struct urnc_parts {
    const urnc_plan *plan; /* tables are of the whole row */
    int32_t dtype;
    int64_t first;  /* id of its first element */
    const float *M; /* largest x of the whole row's K; NULL: not yet known, so no epoch opens */
} urnc_parts;

typedef struct urnc_part_room {
    urnc_plan plan;
    uint32_t words[URNC_PART_MASKS][URNC_PART / 32];
    uint64_t scratch[URNC_PART_BYTES / 8];
} urnc_part_room;

/* Run the plan on the part that begins at element `at`. With M the epoch drawn from is open and weighed. Returns a row
 * status. */
int urnc_part_run(const urnc_parts *parts, int64_t at, urnc_part_room *room, urnc_row *row);

/* Each part in turn, until one visit answers 0. row->first is the id of its element 0. Returns the row's status: of
 * NAN, INF and PARAM the first that is there. Parts with a status are not visited. */
typedef int (*urnc_part_visit)(void *argument, urnc_row *row);
int urnc_over_parts(const urnc_parts *parts, urnc_part_visit visit, void *argument);

/* cpu_over_rows.c: rows over threads, each with the arithmetic that it needs. `each`: elements that a row reads. */
typedef void (*urnc_row_work)(const void *argument, int64_t r);
void urnc_over_rows(int64_t rows, int64_t each, int threads, urnc_row_work work, const void *argument);

/* cpu_special_plan.c: what the special calls say of their rows, as urn_sample's params; rows by number, no slots. */
typedef struct urnc_labels {
    const uint64_t *seed, *label;
    const uint32_t *position;
    uint64_t seed_value;
    uint32_t position_value;
} urnc_labels;
int urnc_special_plan(const urn_matrix *logits, const urnc_labels *labels, const urn_step *steps, int32_t count,
                      int64_t r, urnc_plan *plan);

#endif
