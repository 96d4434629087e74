/* cpu_answer_ids.c - of given ids, of the likeliest ids, and of the row as a whole. */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_outputs.h"

static int in_k(const urnc_view *view, int64_t i) {
    return (!view->bits || (view->bits[i / 32] >> (i % 32) & 1)) && urnc_view_at(view, i) > -INFINITY;
}

int64_t urnc_row_element(const urnc_row *row, int64_t id) {
    int64_t low = 0, high = row->kept.n;
    if (!row->id) return in_k(&row->kept, id) ? id : -1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (row->id[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < row->kept.n && row->id[low] == id && in_k(&row->kept, low) ? low : -1;
}

static float logprob_of(const urnc_answer *a, int64_t id) {
    int64_t i = urnc_row_element(a->row, id);
    return i < 0 ? -INFINITY : urnc_law_logprob(&a->drawn, urnc_view_at(&a->row->kept, i));
}

void urnc_answer_given(urnc_answer *a) {
    const urn_sample_params *p = a->p;
    int64_t first = a->r * p->given_stride;
    float nan = urnc_f32_of_bits(URN_NAN_BITS);
    if (!p->given) return;
    for (int64_t j = first; j < first + p->given_stride; j++) {
        int64_t id = p->given[j];
        int there = id >= 0 && id < a->row->raw.n;
        if (p->given_logprob) p->given_logprob[j] = there ? logprob_of(a, id) : nan;
        if (!p->given_logprob_raw) continue;
        p->given_logprob_raw[j] = there ? urnc_law_logprob(urnc_answer_raw(a), urnc_view_at(&a->row->raw, id)) : nan;
    }
    if (p->given_rank) urnc_ranks(a->row, p->given + first, p->given_stride, p->given_rank + first);
}

/* The raw row, as a row whose K is all of it. */
static urnc_row raw_row(const urnc_answer *a) {
    urnc_row row = *a->row;
    row.kept = row.raw;
    row.kept_top = row.raw_top;
    row.id = 0;
    row.count = -1;
    row.top = INT32_MIN;
    for (int64_t g = 0; g < urnc_groups(&row.raw); g++) row.top = row.raw_top[g] > row.top ? row.raw_top[g] : row.top;
    return row;
}

void urnc_answer_top(urnc_answer *a) {
    const urn_sample_params *p = a->p;
    int32_t order[URNC_FIRST_MOST], at[URNC_FIRST_MOST];
    if (p->top_n < 1) return;
    int is_raw = p->top_of == URN_LAW_RAW;
    urnc_row row = is_raw ? raw_row(a) : *a->row;
    int n = urnc_first(&row, p->top_n, order, at);
    const urnc_law *law = is_raw && p->top_logprob ? urnc_answer_raw(a) : &a->drawn;
    for (int i = 0; i < p->top_n; i++) {
        int64_t to = a->r * p->top_n + i;
        if (p->top_id) p->top_id[to] = i < n ? urnc_row_id(&row, at[i]) : -1;
        if (!p->top_logprob) continue;
        p->top_logprob[to] =
            i < n ? urnc_law_logprob(law, urnc_f32_of_order(order[i])) : urnc_f32_of_bits(URN_NAN_BITS);
    }
}

/* Those that change x, or what x means. */
static int changes_values(int32_t op) {
    return (op >= URN_OP_BIAS && op <= URN_OP_QUADRATIC) || op == URN_OP_QUADRATIC_SCORE || op >= URN_OP_SPARSEMAX;
}

/* Asked by the call, not by what the row had to look up. */
static int wants_raw_law(const urn_sample_params *p) {
    return p->lse || p->logprob_raw || p->given_logprob_raw || p->distinct_weight ||
           (p->top_logprob && p->top_of == URN_LAW_RAW);
}

void urnc_answer_summary(urnc_answer *a) {
    urnc_row *row = a->row;
    if (!a->p->summary) return;
    urn_row_summary *summary = &a->p->summary[a->r];
    urnc_tally all = urnc_row_census(row);
    int64_t last = row->loops->find(&row->kept, all.least, 1, row->kept_top);
    float x = urnc_f32_of_order(all.least);
    summary->mass = a->drawn.Z;
    summary->raw_mass = wants_raw_law(a->p) ? urnc_answer_raw(a)->Z : 0;
    summary->max = row->scale.M;
    summary->c = row->scale.c;
    summary->raw_max = urnc_f32_of_order(raw_row(a).top);
    summary->cut_key = urnc_key(x);
    summary->cut_id = urnc_row_id(row, last);
    summary->kept = (int32_t)all.count;
    summary->status = URN_ROW_OK;
    summary->flags = row->greedy ? URN_SUMMARY_GREEDY : 0;
    for (int32_t s = 0; s < a->plan->acts; s++)
        if (changes_values(a->plan->act[s].op)) summary->flags |= URN_SUMMARY_VALUES | URN_SUMMARY_SET;
    if (summary->flags & URN_SUMMARY_VALUES) return;
    if (urnc_rank_of(row, all.least, summary->cut_id) + 1 != summary->kept) summary->flags |= URN_SUMMARY_SET;
}
