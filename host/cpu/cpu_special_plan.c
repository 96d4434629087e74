/* cpu_special_plan.c - a row of a special call is a row of urn_sample without slots. */
#include <string.h>

#include "host/cpu/cpu_parts.h"

int urnc_special_plan(const urn_matrix *logits, const urnc_labels *labels, const urn_step *steps, int32_t count,
                      int64_t r, urnc_plan *plan) {
    const int32_t begin[2] = {0, count};
    const urn_lists_view lists = {steps, begin, 1, 0};
    urn_sample_params p;
    memset(&p, 0, sizeof p);
    p.draws = 1;
    p.logits = *logits;
    p.slots = logits->rows;
    p.seed = labels->seed;
    p.label = labels->label;
    p.position = labels->position;
    p.seed_value = labels->seed_value;
    p.position_value = labels->position_value;
    int status = urnc_plan_row(&p, &lists, NULL, r, plan);
    plan->params = NULL; /* no step of these reads a context */
    return status;
}
