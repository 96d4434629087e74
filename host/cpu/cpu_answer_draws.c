/* cpu_answer_draws.c - the draws of a row and what is said of each; then the same draws as (id, count, weight). */
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_wide.h"

static int64_t draw(const urnc_answer *a, int64_t at, uint32_t j) {
    const urnc_row *row = a->row;
    if (a->p->method == URN_DRAW_GUMBEL) return urnc_draw_gumbel(row, a->plan, j);
    if (!a->p->codes) return urnc_draw(row, a->plan->key, a->plan->position, j);
    uint64_t rest, i = (uint64_t)urnc_draw_code(row, a->p->codes[at], &rest);
    if (a->p->codes_out) a->p->codes_out[at] = rest;
    return (int64_t)i;
}

void urnc_answer_draws(urnc_answer *a) {
    const urn_sample_params *p = a->p;
    const urnc_row *row = a->row;
    int64_t first = a->plan->draw_first, n = a->plan->draws;
    int32_t *distinct = p->distinct_id;
    if (!(p->ids || p->logprob || p->logprob_raw || p->rank || p->codes_out || distinct)) return;
    urnc_draw_begin(a->row);
    for (int64_t j = 0; j < n; j++) {
        int64_t i = draw(a, first + j, (uint32_t)j);
        int32_t id = urnc_row_id(row, i);
        if (p->ids) p->ids[first + j] = id;
        if (distinct) distinct[first + j] = id; /* to be sorted and counted where they are */
        if (p->logprob) p->logprob[first + j] = urnc_law_logprob(&a->drawn, urnc_view_at(&row->kept, i));
        if (p->logprob_raw) p->logprob_raw[first + j] = urnc_view_at(&row->raw, id); /* until the raw law is known */
        if (p->rank) p->rank[first + j] = id;                                        /* to be ranked together */
    }
    if (p->rank) urnc_ranks(row, p->rank + first, n, p->rank + first);
    for (int64_t j = first; p->logprob_raw && j < first + n; j++)
        p->logprob_raw[j] = urnc_law_logprob(urnc_answer_raw(a), p->logprob_raw[j]);
}

static void sift(int32_t *heap, int64_t at, int64_t n) {
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1] > heap[child]) child++;
        if (heap[at] >= heap[child]) return;
        int32_t swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

/* In place, because there may be 2^20 of them and nowhere else to put them. */
static void sort_ids(int32_t *id, int64_t n) {
    for (int64_t i = n / 2; i-- > 0;) sift(id, i, n);
    for (int64_t end = n - 1; end > 0; end--) {
        int32_t swap = id[0];
        id[0] = id[end];
        id[end] = swap;
        sift(id, 0, end);
    }
}

static float weight_of(urnc_answer *a, int32_t id, int64_t count) {
    const urnc_row *row = a->row;
    const urnc_law *raw = urnc_answer_raw(a);
    float x = urnc_view_at(&row->kept, urnc_row_element(row, id)), raw_x = urnc_view_at(&row->raw, id);
    double drawn = a->drawn.greedy ? 0 : urnc_law_y(&a->drawn, x) - a->drawn.L;
    return (float)((double)count / (double)a->plan->draws * urnc_exp2_of(urnc_law_y(raw, raw_x) - raw->L - drawn));
}

void urnc_answer_distinct(urnc_answer *a) {
    const urn_sample_params *p = a->p;
    int64_t first = a->plan->draw_first, n = a->plan->draws, many = 0;
    if (!p->distinct_id) return;
    int32_t *id = p->distinct_id + first;
    sort_ids(id, n);
    for (int64_t j = 0, next; j < n; j = next, many++) {
        for (next = j + 1; next < n && id[next] == id[j];) next++;
        id[many] = id[j];
        if (p->distinct_count) p->distinct_count[first + many] = (int32_t)(next - j);
        if (p->distinct_weight) p->distinct_weight[first + many] = weight_of(a, id[j], next - j);
    }
    if (p->distinct) p->distinct[a->r] = (int32_t)many;
    for (int64_t j = many; j < n; j++) {
        id[j] = -1;
        if (p->distinct_count) p->distinct_count[first + j] = 0;
        if (p->distinct_weight) p->distinct_weight[first + j] = 0.0f;
    }
}
