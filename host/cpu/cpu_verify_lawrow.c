/* cpu_verify_lawrow.c - a row of target or draft as a law of integers (bits_verify.h section 3).
 *
 * Logits go through the row engine as in urn_sample. Probabilities are a link's epoch that nothing came before: the
 * engine is handed x * 2^-e as f32. */
#include <math.h>
#include <string.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_verify.h"
#include "host/cpu/cpu_weights.h"

static int bad_probabilities(const urnc_view *view, float *largest) {
    int status = URN_ROW_OK, negative = 0;
    *largest = 0.0f;
    for (int64_t i = 0; i < view->n; i++) {
        float x = urnc_view_at(view, i);
        if (isnan(x)) status |= URN_ROW_NAN;
        if (x == INFINITY) status |= URN_ROW_INF;
        if (x < 0.0f) negative = 1;
        if (x > *largest) *largest = x;
    }
    if (status != URN_ROW_OK) return status;
    if (negative) return URN_ROW_PARAM;
    return *largest > 0.0f ? URN_ROW_OK : URN_ROW_EMPTY;
}

static int run_probabilities(urnc_lawrow *law) {
    urnc_row *row = &law->row;
    float largest;
    int e, status = bad_probabilities(&row->raw, &largest);
    if (status != URN_ROW_OK) return status;
    if (frexpf(largest, &e) == 0.5f) e--; /* 2^e, the least power not below it */
    for (int64_t i = 0; i < row->raw.n; i++) {
        float x = urnc_view_at(&row->raw, i);
        law->linear[i] = x > 0.0f ? ldexpf(x, -e) : -INFINITY;
    }
    urnc_view view = {law->linear, 0, row->raw.n, URN_F32};
    row->kept = view;
    row->top = urnc_order(ldexpf(largest, -e));
    row->scale.linear = 1;
    row->scale.c = 1.0f;
    row->open = 1;
    return URN_ROW_OK;
}

static const urn_lists_view *lists_of(const urnc_lawrow *law) {
    static const int32_t none[2] = {0, 0};
    static const urn_lists_view no_lists = {0, none, 1, 0};
    return law->side->lists && law->side->lists->count > 0 ? law->side->lists : &no_lists;
}

/* All that the row is before its logits are read. */
static int plan(urnc_lawrow *law, const urnc_verify_call *call, const urnc_lawplace *place) {
    const urn_sample_params *rows = law->side->rows;
    if (place->r < 0 || place->r >= rows->logits.rows) return URN_ROW_INDEX;
    law->own = *rows;
    law->own.position = NULL;
    int status = urnc_plan_slot(&law->own, lists_of(law), call->state, place->r, place->slot, &law->plan);
    if (status != URN_ROW_OK) return status;
    uint64_t seed = rows->seed ? rows->seed[place->slot] : rows->seed_value;
    law->plan.key = urnc_row_key(seed, rows->label ? rows->label[place->slot] : (uint64_t)place->request);
    law->plan.position = place->position;
    law->plan.r = 0; /* from here on only the overlay goes by row */
    law->own.overlay = place->overlay;
    law->own.overlay_count = NULL;
    law->own.overlay_stride = place->overlay_n;
    return URN_ROW_OK;
}

static int run(urnc_lawrow *law) {
    const urn_lists_view *lists = lists_of(law);
    urnc_row_begin(&law->row, &law->plan, law->own.logits.dtype, law->scratch, law->team);
    if (law->side->kind == URN_ROWS_PROBS) return run_probabilities(law);
    char *rest = (char *)law->scratch + urnc_row_bytes(law->plan.n);
    urnc_values_begin(&law->row, lists->needs, rest);
    urnc_sort_begin(&law->row, law->plan.n, lists->needs, rest + urnc_values_bytes(law->plan.n, lists->needs));
    int status = urnc_row_run(&law->row, &law->plan);
    if (status == URN_ROW_OK && !law->row.greedy) urnc_epoch_weigh(&law->row);
    return status;
}

/* A summary that tells every weight from the logit alone. */
static int is_enough(const urnc_lawrow *law, const urn_row_summary *s) {
    return s && law->side->kind == URN_ROWS_LOGITS && s->status == URN_ROW_OK && !(s->flags & ~URN_SUMMARY_GREEDY) &&
           s->mass > 0 && s->mass < UINT64_C(1) << 63;
}

void urnc_lawrow_open(urnc_lawrow *law, const urnc_verify_call *call, const urnc_lawplace *place) {
    law->begun = 0;
    law->team = call->params->requests == 1 ? call->threads : 1;
    law->status = plan(law, call, place);
    if (law->status != URN_ROW_OK) return;
    law->n = law->plan.n;
    law->summary = is_enough(law, place->summary) ? place->summary : NULL;
    uint64_t Z = UINT64_C(1) << URN_F;
    if (law->summary) {
        const urnc_view raw = {law->plan.data, 0, law->n, law->own.logits.dtype};
        law->row.raw = raw;
        Z = law->summary->mass;
    } else {
        law->status = run(law);
        if (law->status != URN_ROW_OK) return;
        if (law->side->kind == URN_ROWS_PROBS) urnc_epoch_weigh(&law->row);
        if (!law->row.greedy) Z = law->row.Z;
    }
    law->shift = __builtin_clzll(Z) - 1;
    law->T = Z << law->shift;
}

void urnc_lawrow_full(urnc_lawrow *law) {
    if (!law->summary) return;
    law->summary = NULL;
    (void)run(law); /* a row that had a summary has no status */
}

static uint64_t weight_by_summary(const urnc_lawrow *law, int64_t id) {
    const urn_row_summary *s = law->summary;
    float x = urnc_view_at(&law->row.raw, id);
    uint32_t key = urnc_key(x);
    if (s->flags & URN_SUMMARY_GREEDY) return id == s->cut_id ? UINT64_C(1) << URN_F : 0;
    return key > s->cut_key || (key == s->cut_key && id <= s->cut_id) ? urnc_weight(x, s->max, s->c) : 0;
}

uint64_t urnc_lawrow_weight(const urnc_lawrow *law, int64_t id) {
    const urnc_row *row = &law->row;
    if (id < 0 || id >= law->n) return 0;
    if (law->summary) return weight_by_summary(law, id) << law->shift;
    int64_t i = urnc_row_element(row, id);
    if (i < 0) return 0;
    uint64_t w = row->greedy ? UINT64_C(1) << URN_F : urnc_weight_of(row->scale, urnc_view_at(&row->kept, i));
    return w << law->shift;
}

void urnc_lawrow_fill(urnc_lawrow *law, uint64_t *weights, int64_t n) {
    const urnc_row *row = &law->row;
    uint64_t w[URNC_GROUP];
    urnc_lawrow_full(law);
    memset(weights, 0, sizeof *weights * (size_t)n);
    if (row->greedy) {
        if (urnc_row_id(row, 0) < n) weights[urnc_row_id(row, 0)] = law->T;
        return;
    }
    for (int64_t g = 0; g < urnc_groups(&row->kept); g++) {
        int64_t at = g * URNC_GROUP, end = row->kept.n - at < URNC_GROUP ? row->kept.n - at : URNC_GROUP;
        row->loops->weights(&row->kept, row->scale, g, w);
        for (int64_t i = 0; i < end; i++) {
            int64_t id = urnc_row_id(row, at + i);
            if (id < n) weights[id] = w[i] << law->shift;
        }
    }
}

int32_t urnc_lawrow_draw(urnc_lawrow *law, int method, const uint64_t *code) {
    urnc_row *row = &law->row;
    urnc_lawrow_full(law);
    if (row->greedy) return urnc_row_id(row, 0);
    if (method == URN_DRAW_GUMBEL && !code) return urnc_row_id(row, urnc_draw_gumbel(row, &law->plan, 0));
    if (!law->begun) {
        urnc_epoch_weigh(row);
        urnc_draw_begin(row);
        law->begun = 1;
    }
    int64_t i =
        code ? urnc_draw_at(row, urnc_mulhi(*code, row->Z)) : urnc_draw(row, law->plan.key, law->plan.position, 0);
    return urnc_row_id(row, i);
}

int32_t urnc_lawrow_first(urnc_lawrow *law) {
    urnc_row *row = &law->row;
    urnc_lawrow_full(law);
    if (row->greedy) return urnc_row_id(row, 0);
    urnc_epoch_largest(row);
    return urnc_row_id(row, urnc_row_first(row, row->top));
}

float urnc_lawrow_logprob(urnc_lawrow *law, int64_t id) {
    if (!urnc_lawrow_weight(law, id)) return -INFINITY;
    const urn_row_summary *s = law->summary;
    if (s) {
        const urnc_law by_summary = {{s->max, s->c, 0}, s->mass, urnc_log2_mass(s->mass), s->flags != 0};
        return urnc_law_logprob(&by_summary, urnc_view_at(&law->row.raw, id));
    }
    urnc_law of = urnc_law_of(&law->row);
    return urnc_law_logprob(&of, urnc_view_at(&law->row.kept, urnc_row_element(&law->row, id)));
}
