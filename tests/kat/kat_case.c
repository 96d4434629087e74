/* kat_case.c - a line of rules.txt as a call of urn_sample: steps, a list, a context. */
#include "tests/kat/kat_case.h"

int kat_floats(const kat_case *c, const char *key, float *to) {
    uint64_t values[KAT_WIDE];
    int n = kat_list(c, key, values, KAT_WIDE);
    for (int i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)values[i];
        memcpy(to + i, &bits, 4);
    }
    return n;
}

int kat_ints(const kat_case *c, const char *key, int32_t *to) {
    uint64_t values[KAT_WIDE];
    int n = kat_list(c, key, values, KAT_WIDE);
    for (int i = 0; i < n; i++) to[i] = (int32_t)values[i];
    return n;
}

void kat_job_read(const kat_case *c, kat_job *r) {
    int32_t op[8], flags[8];
    uint64_t param[32];
    memset(r, 0, sizeof *r);
    int n = kat_floats(c, "x", r->x), steps = kat_ints(c, "op", op), listed = kat_ints(c, "ids", r->ids);
    kat_floats(c, "values", r->values);
    kat_ints(c, "flags", flags);
    UT_ASSERT(kat_list(c, "param", param, 32) == 4 * steps, "rules.txt:%d: parameters", c->line);
    for (int s = 0; s < steps; s++) {
        urn_step *step = r->steps + s;
        step->op = op[s];
        step->flags = (uint32_t)flags[s];
        for (int k = 0; k < 4; k++) {
            uint32_t bits = (uint32_t)param[4 * s + k];
            memcpy(&step->param[k].f, &bits, 4);
            memcpy(&step->param[k].i, &bits, 4);
        }
        if (op[s] != URN_OP_VALUES) continue;
        step->table = r->ids, step->values = r->values, step->offsets = r->list_offsets;
        step->table_rows = 1, step->table_stride = listed;
    }
    r->list_offsets[1] = listed;
    r->list.steps = r->steps, r->list.count = steps;
    r->job.logits = r->x, r->job.rows = 1, r->job.cols = n;
    r->job.lists = &r->list, r->job.list_count = 1;
    r->output_offsets[1] = kat_ints(c, "outputs", r->outputs);
    if (!r->output_offsets[1]) return;
    r->state.slots = 1, r->state.history = KAT_MOST, r->state.counts = KAT_MOST, r->state.prompt_cols = 8;
    r->state.output = r->outputs, r->state.output_offsets = r->output_offsets;
    r->job.held = &r->state;
}
