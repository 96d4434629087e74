/* oracle_mask.c - the masks of bits.h section 7: which ids leave K before any value changes. */
#include "tests/oracle.h"

int oracle_mask_knows(int32_t op) { return op >= URN_OP_MASK && op <= URN_OP_NO_REPEAT; }

static void leave(oracle_run *run, int32_t id) {
    if (id >= 0 && id < run->n) run->kept[id] = 0;
}

/* The context ends with the sequence but its last id. */
static int about_to_end(const oracle_row *row, const int32_t *ids, int64_t length) {
    if (length - 1 > row->context_count) return 0;
    for (int64_t j = 0; j + 1 < length; j++) {
        if (row->context[row->context_count - (length - 1) + j] != ids[j]) return 0;
    }
    return 1;
}

static void no_repeat(oracle_run *run, int64_t n) {
    const int32_t *h = run->row->context;
    int64_t count = run->row->context_count;
    for (int64_t i = 0; i + n <= count; i++) {
        int same = 1;
        for (int64_t j = 0; j < n - 1; j++) same &= h[i + j] == h[count - n + 1 + j];
        if (same) leave(run, h[i + n - 1]);
    }
}

void oracle_mask(oracle_run *run, const oracle_step *step) {
    if (step->op == URN_OP_MASK) {
        for (int64_t i = 0; i < run->n; i++) run->kept[i] &= step->words[i / 32] >> (i % 32) & 1;
    }
    if (step->op == URN_OP_ALLOW) {
        unsigned char *listed = (unsigned char *)ut_malloc((size_t)run->n);
        memset(listed, 0, (size_t)run->n);
        for (int64_t j = 0; j < step->count; j++) {
            if (step->ids[j] >= 0 && step->ids[j] < run->n) listed[step->ids[j]] = 1;
        }
        for (int64_t i = 0; i < run->n; i++) run->kept[i] &= listed[i];
        free(listed);
    }
    if (step->op == URN_OP_MIN_TOKENS && run->row->position < (uint32_t)step->i[0]) {
        for (int64_t j = 0; j < step->count; j++) leave(run, step->ids[j]);
    }
    for (int64_t s = 0; step->op == URN_OP_BAN && s < step->sequences; s++) {
        const int32_t *ids = step->ids + step->ends[s];
        int64_t length = step->ends[s + 1] - step->ends[s];
        if (length > 0 && about_to_end(run->row, ids, length)) leave(run, ids[length - 1]);
    }
    if (step->op == URN_OP_NO_REPEAT) no_repeat(run, step->i[0]);
}
