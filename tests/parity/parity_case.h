/* parity_case.h - one generated call of urn_sample with everything mixed: lists, slots, bad rows, masks, views. */
#ifndef URN_PARITY_CASE_H
#define URN_PARITY_CASE_H

#include "tests/urn_test.h"

enum { PC_LISTS = 20, PC_STEPS = 8 };

typedef enum pc_view { PC_DENSE, PC_ODD_STRIDE, PC_INDEXED, PC_RAGGED, PC_VIEWS } pc_view;

typedef struct pc_case {
    ut_job job;
    urn_list lists[PC_LISTS];
    urn_step steps[PC_LISTS][PC_STEPS];
    void *packed;
    uint32_t *words;
    float *temperature, *top_p, *min_p;
    int32_t *top_k, *map, *slot, *list, *row_index;
    uint64_t *seed, *label;
    uint32_t *position;
    int64_t *offsets;
} pc_case;

/* Everything follows from the arguments. plain: lists without keep steps only, so that the other kernels run. */
pc_case *pc_make(uint64_t seed, urn_dtype dtype, int64_t rows, int64_t cols, pc_view view, int32_t draws, int plain);
void pc_free(pc_case *c);

#endif
