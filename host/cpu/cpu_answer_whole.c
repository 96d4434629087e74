/* cpu_answer_whole.c - K as bits and ids, the law and the logits of a whole row: each element is written once, and read
 * from K as it was left. */
#include <math.h>
#include <string.h>

#include "host/cpu/cpu_outputs.h"

typedef struct {
    const urnc_answer *answer;
    uint32_t *bits;
    float *probs, *processed;
    urnc_processing how;
    float T;
} whole_argument;

static void weigh_group(const urnc_row *row, int64_t g, uint64_t weight[URNC_GROUP]) {
    if (!row->greedy) {
        row->loops->weights(&row->kept, row->scale, g, weight);
        return;
    }
    memset(weight, 0, URNC_GROUP * sizeof *weight);
    weight[0] = UINT64_C(1) << URN_F; /* K is one element */
}

/* What is asked for of group g, in the order of K's elements. */
static void answer_group(const whole_argument *a, int64_t g, uint32_t words[URNC_WORDS], float *share, float *logit) {
    const urnc_row *row = a->answer->row;
    uint64_t weight[URNC_GROUP];
    if (a->bits || a->probs) weigh_group(row, g, weight);
    if (a->bits) row->loops->outputs->nonzero(weight, words);
    if (a->probs) row->loops->outputs->shares(weight, (double)a->answer->drawn.Z, share);
    if (a->processed) row->loops->outputs->process(&row->kept, a->how, a->T, g, logit);
}

/* K is a view of the row: its groups go where they came from. */
static void write_groups(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const whole_argument *a = argument;
    (void)tally;
    for (int64_t g = g0; g < g1; g++) {
        uint32_t words[URNC_WORDS];
        float share[URNC_GROUP], logit[URNC_GROUP];
        int64_t first = g * URNC_GROUP, n = row->kept.n - first < URNC_GROUP ? row->kept.n - first : URNC_GROUP;
        answer_group(a, g, words, share, logit);
        if (a->bits) memcpy(a->bits + first / 32, words, (size_t)(n + 31) / 32 * sizeof *words);
        if (a->probs) memcpy(a->probs + first, share, (size_t)n * sizeof *share);
        if (a->processed) memcpy(a->processed + first, logit, (size_t)n * sizeof *logit);
    }
}

/* K is short: its elements are sent to their ids. */
static void write_short(const urnc_row *row, const whole_argument *a) {
    for (int64_t g = 0; g < urnc_groups(&row->kept); g++) {
        uint32_t words[URNC_WORDS];
        float share[URNC_GROUP], logit[URNC_GROUP];
        answer_group(a, g, words, share, logit);
        for (int64_t i = 0; i < URNC_GROUP && g * URNC_GROUP + i < row->kept.n; i++) {
            int32_t id = row->id[g * URNC_GROUP + i];
            if (a->bits) a->bits[id / 32] |= (words[i / 32] >> (i % 32) & 1) << (id % 32);
            if (a->probs) a->probs[id] = share[i];
            if (a->processed) a->processed[id] = logit[i];
        }
    }
}

static void fill(float *out, int64_t from, int64_t to, float value) {
    for (int64_t i = from; out && i < to; i++) out[i] = value;
}

/* Ids that weigh something, in increasing order, as many as there is room for. */
static void list_ids(const urnc_row *row, int32_t *out, int64_t room) {
    int64_t count = 0;
    for (int64_t g = 0; g < urnc_groups(&row->kept) && count < room; g++) {
        uint64_t weight[URNC_GROUP];
        uint32_t words[URNC_WORDS];
        weigh_group(row, g, weight);
        row->loops->outputs->nonzero(weight, words);
        for (int w = 0; w < URNC_WORDS; w++)
            for (uint32_t word = words[w]; word && count < room; word &= word - 1)
                out[count++] = urnc_row_id(row, g * URNC_GROUP + 32 * w + __builtin_ctz(word));
    }
    for (; count < room; count++) out[count] = -1;
}

void urnc_answer_whole(urnc_answer *answer) {
    const urn_sample_params *p = answer->p;
    urnc_row *row = answer->row;
    int64_t cols = p->logits.cols, r = answer->r;
    whole_argument a = {.answer = answer, .T = row->T};
    if (p->kept_bits) a.bits = p->kept_bits + r * p->kept_bits_stride;
    if (p->probs) a.probs = p->probs + r * p->probs_stride;
    if (p->processed) a.processed = p->processed + r * p->processed_stride;
    if (p->kept_ids) list_ids(row, p->kept_ids + answer->plan->kept_first, answer->plan->kept_room);
    if (!a.bits && !a.probs && !a.processed) return;

    a.how = row->T == 0.0f || isinf(row->scale.c) ? URNC_PROCESS_COPY : URNC_PROCESS_DIVIDE;
    if (row->scale.linear && !row->greedy) a.how = URNC_PROCESS_LOG;
    /* processed may be the logits: what is filled first is what K's elements, if they are there, do not need */
    int64_t from = row->id ? 0 : row->raw.n;
    if (a.bits) memset(a.bits + from / 32, 0, (size_t)((cols + 31) / 32 - from / 32) * sizeof *a.bits);
    fill(a.probs, from, cols, 0.0f);
    fill(a.processed, from, cols, -INFINITY);
    if (row->id)
        write_short(row, &a);
    else
        urnc_over_groups(row, &row->kept, write_groups, &a);
}
