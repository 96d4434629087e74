/* prog_serve_lists.c - twelve lists: orders of several stacks, and one of every kind of step. */
#include "host/prog_serve_lists.h"

#include <string.h>

/* temperature=1 and mirostat=1 stand for the request's own. A link's temperature has to come before it. */
static const char *const LISTS[PROG_SERVE_LISTS] = {
    "temperature=1",
    "temperature=1,top_k=40,top_p=0.95",
    "min_p=0.05,temperature=1",
    "temperature=1,min_p=0.05",
    "penalties=1.2:0.3:0.1:64,temperature=1,top_p=0.9",
    "dry=0.8,top_k=50,typical=0.95,top_p=0.95,min_p=0.05,xtc=0.5:0.1,temperature=1",
    "no_repeat=3,temperature=1,epsilon=0.0003",
    "top_n_sigma=1.5,temperature=1,eta=0.001",
    "temperature=1,mirostat=1",
    "dynamic_temperature=1:0.5,temperature=1,top_a=0.1,tail_free=0.97",
    "penalties=1.1:0:0.5:0,quadratic=0.3,temperature=1,top_k=100",
    "temperature=1,sparsemax,top_p=0.9",
};

enum { MIN_TOKENS = 3 };

const char *prog_serve_text(int32_t list) { return LISTS[list]; }

int prog_serve_mirostat(int32_t list) { return strstr(LISTS[list], "mirostat") != NULL; }

/* The mask first, then, in every third list, no </s> among the first tokens. */
int prog_serve_steps(int32_t list, const prog_serve_inputs *in, urn_step *steps, int32_t *count, prog_error *error) {
    urn_step said[URN_MAX_STEPS];
    urn_id_lists ends;
    int32_t n, s;
    if (urn_steps_parse(LISTS[list], said, &n) != URN_OK)
        return prog_fail(error, "list %d: %s", list, urn_last_error());
    memset(&ends, 0, sizeof ends);
    ends.ids = in->ends;
    ends.offsets = in->end_offsets;
    ends.map = in->end_map;
    ends.rows = ends.size = 1;
    *count = 0;
    steps[(*count)++] = urn_mask(in->masks, PROG_GRAMMARS, in->mask_stride, in->mask_map);
    if (list % 3 == 0) steps[(*count)++] = urn_min_tokens(urn_i(MIN_TOKENS), ends);
    for (s = 0; s < n; s++) {
        if (said[s].op == URN_OP_TEMPERATURE) said[s].param[0] = in->temperature;
        if (said[s].op == URN_OP_MIROSTAT) said[s].param[0] = in->mu;
        steps[(*count)++] = said[s];
    }
    return 0;
}

void prog_serve_masks(const prog_lm *lm, uint32_t *bits, int64_t stride) {
    const prog_lm_info model = prog_lm_get_info(lm);
    int32_t g, id;
    for (g = 0; g < PROG_GRAMMARS; g++)
        for (id = 0; id < model.words; id++) {
            const int forbidden = (int)(prog_hash(0, (uint64_t)id, 0) % PROG_GRAMMARS) == g;
            if (id == model.end || (!prog_lm_is_marker(lm, id) && !forbidden))
                bits[g * stride + id / 32] |= UINT32_C(1) << id % 32;
        }
}
