/* cpu_bans.c - allow, min-tokens, ban and no-repeat as sets of ids. */
#include "host/cpu/cpu_bans.h"

void urnc_allow(const urnc_idset *possible, const urnc_list *list) {
    urnc_idset_none(possible);
    for (int64_t i = 0; i < list->n; i++) urnc_idset_put(possible, list->ids[i]);
}

void urnc_forbid(const urnc_idset *possible, const urnc_list *list) {
    urnc_idset_all(possible);
    for (int64_t i = 0; i < list->n; i++) urnc_idset_drop(possible, list->ids[i]);
}

void urnc_ban(const urnc_idset *possible, const urnc_sequences *sequences, const urnc_context *h) {
    urnc_idset_all(possible);
    for (int64_t j = sequences->first; j < sequences->end; j++) {
        const int32_t *ids = sequences->ids + sequences->offsets[j];
        int64_t n = sequences->offsets[j + 1] - sequences->offsets[j];
        if (n > 0 && urnc_context_ends(h, ids, n - 1)) urnc_idset_drop(possible, ids[n - 1]);
    }
}

typedef struct {
    const urnc_idset *possible;
    int64_t wanted;
} repeat_argument;

static void forbid_repeat(void *argument, int32_t id, int64_t m) {
    const repeat_argument *a = argument;
    if (m >= a->wanted) urnc_idset_drop(a->possible, id);
}

/* What follows a place where the context's last n - 1 ids stood before. */
void urnc_no_repeat(const urnc_idset *possible, int32_t n, const urnc_context *h) {
    urnc_idset_all(possible);
    if (n == 1) {
        for (int64_t i = 0; i < urnc_context_size(h); i++) urnc_idset_drop(possible, urnc_context_at(h, i));
        return;
    }
    repeat_argument a = {possible, (int64_t)n - 1};
    urnc_context_matches(h, 0, a.wanted, forbid_repeat, &a);
}
