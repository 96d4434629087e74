/* cpu_outputs.c - what a row gives (bits.h section 6), part by part; what is not asked for is not computed. */
#include "host/cpu/cpu_outputs.h"

#include <string.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"

void urnc_outputs_drawn(urnc_row *row, const urnc_plan *plan, const urn_sample_params *p, int64_t r) {
    urnc_answer a = {.row = row, .plan = plan, .p = p, .r = r, .drawn = urnc_law_of(row)};
    if (p->entropy) p->entropy[r] = row->greedy ? 0.0f : urnc_entropy(urnc_entropy_sum(row), a.drawn.Z, a.drawn.L);
    if (p->kept_count) p->kept_count[r] = (int32_t)urnc_row_count(row);
    if (p->kept_logmass) {
        urnc_epoch_close(row);
        p->kept_logmass[r] = urnc_nats(row->A);
    }
    urnc_answer_draws(&a);
    /* from here on K's sums may give way to those of the raw law */
    urnc_answer_distinct(&a);
    urnc_answer_given(&a);
    urnc_answer_top(&a);
    if (p->lse) {
        const urnc_law *raw = urnc_answer_raw(&a);
        p->lse[r] = urnc_lse(raw->scale.M, raw->L);
    }
    urnc_answer_summary(&a);
    urnc_answer_whole(&a);
}

/* n values of an output from `first` on; nothing where the output is not asked for. */
static void put_f32(float *out, int64_t first, int64_t n, float value) {
    for (int64_t i = first; out && i < first + n; i++) out[i] = value;
}

static void put_i32(int32_t *out, int64_t first, int64_t n, int32_t value) {
    for (int64_t i = first; out && i < first + n; i++) out[i] = value;
}

void urnc_outputs_none(const urnc_plan *plan, const urn_sample_params *p, int64_t r, int status) {
    float nan = urnc_f32_of_bits(URN_NAN_BITS);
    int64_t first = plan->draw_first, n = plan->draws, cols = p->logits.cols;
    put_i32(p->ids, first, n, -1);
    put_i32(p->rank, first, n, -1);
    put_f32(p->logprob, first, n, nan);
    put_f32(p->logprob_raw, first, n, nan);
    for (int64_t j = first; p->codes_out && j < first + n; j++) p->codes_out[j] = p->codes[j];
    put_i32(p->distinct_id, first, n, -1);
    put_i32(p->distinct_count, first, n, 0);
    put_f32(p->distinct_weight, first, n, nan);
    put_i32(p->distinct, r, 1, 0);
    put_i32(p->kept_count, r, 1, 0);
    put_f32(p->lse, r, 1, nan);
    put_f32(p->entropy, r, 1, nan);
    put_f32(p->kept_logmass, r, 1, nan);
    put_f32(p->given_logprob, r * p->given_stride, p->given_stride, nan);
    put_f32(p->given_logprob_raw, r * p->given_stride, p->given_stride, nan);
    put_i32(p->given_rank, r * p->given_stride, p->given_stride, -1);
    put_i32(p->top_id, r * p->top_n, p->top_n, -1);
    put_f32(p->top_logprob, r * p->top_n, p->top_n, nan);
    if (p->summary) {
        memset(&p->summary[r], 0, sizeof p->summary[r]);
        p->summary[r].status = status;
    }
    if (p->kept_bits) memset(p->kept_bits + r * p->kept_bits_stride, 0, (size_t)(cols + 31) / 32 * sizeof(uint32_t));
    put_i32(p->kept_ids, plan->kept_first, plan->kept_room, -1);
    put_f32(p->probs, r * p->probs_stride, cols, nan);
    put_f32(p->processed, r * p->processed_stride, cols, nan);
}
