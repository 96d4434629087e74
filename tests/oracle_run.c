/* oracle_run.c - a row while its steps run: the order, epochs, weights, what has been kept. */
#include <math.h>

#include "tests/oracle.h"

int oracle_is_keep(int32_t op) { return op >= URN_OP_TOP_K && op <= URN_OP_MIROSTAT_V1; }
int oracle_is_link(int32_t op) { return op >= URN_OP_SPARSEMAX && op <= URN_OP_MIXTURE; }

float oracle_reciprocal(float temperature) { return URN_LOG2E / temperature; }

int64_t oracle_first(const oracle_run *run) {
    int64_t best = -1;
    for (int64_t i = 0; i < run->n; i++) {
        if (run->kept[i] && (best < 0 || run->x[i] > run->x[best])) best = i;
    }
    return best;
}

int32_t *oracle_kept_order(const oracle_run *run, int64_t *count) {
    int32_t *order = oracle_order(run->x, run->n);
    *count = 0;
    for (int64_t j = 0; j < run->n; j++) {
        if (run->kept[order[j]]) order[(*count)++] = order[j];
    }
    return order;
}

uint64_t oracle_mass(const oracle_run *run) {
    uint64_t z = 0;
    for (int64_t i = 0; i < run->n; i++) z += run->kept[i] ? run->w[i] : 0;
    return z;
}

oracle_term oracle_term_of(const oracle_run *run, int64_t id) {
    oracle_term term = {0, 0, 0};
    if (run->link) {
        float g = run->x[id];
        term.w = oracle_scaled(g, URN_F, 0);
        term.a = g > 0 ? (float)-oracle_log2((double)g) : INFINITY;
        /* g near 1 has a = -0 at most: the product's sign is of no account */
        if (g > 0) term.e = oracle_scaled(fabsf(g * term.a), URN_F, 0);
        return term;
    }
    float d = run->x[id] - run->top, t = oracle_fma32(d, run->c, URN_ROUND_MAGIC), n = t - URN_ROUND_MAGIC;
    term.a = -(d * run->c);
    if (!(n >= -(float)URN_F)) return term;
    float f = oracle_fma32(d, run->c, -n), v = URN_EXP2_E5;
    static const float p[] = {URN_EXP2_E4, URN_EXP2_E3, URN_EXP2_E2, URN_EXP2_E1, 1.0f};
    for (int k = 0; k < 5; k++) v = oracle_fma32(v, f, p[k]);
    term.w = oracle_scaled(v, URN_F + (int)n, 0);
    term.e = oracle_scaled(fabsf(v * term.a), URN_F + (int)n, 0); /* never below -0 */
    return term;
}

uint64_t oracle_surprise(const oracle_run *run) {
    uint64_t e = 0;
    for (int64_t i = 0; i < run->n; i++) e += run->kept[i] ? oracle_term_of(run, i).e : 0;
    return e;
}

double oracle_y(const oracle_run *run, int64_t id, int capped) {
    if (run->link) {
        double y = run->x[id] > 0 ? oracle_log2((double)run->x[id]) : -0x1p20;
        return y > -0x1p20 ? y : -0x1p20;
    }
    double y = (double)(run->x[id] - run->top) * (double)run->c;
    return capped && !(y > -0x1p20) ? -0x1p20 : y;
}

int oracle_open(oracle_run *run) {
    if (run->open || run->status) return run->status == 0;
    int64_t top = oracle_first(run);
    if (top < 0) {
        run->status |= URN_ROW_EMPTY;
        return 0;
    }
    run->peak = run->x[top];
    if (!run->link) {
        run->top = run->x[top];
        run->c = oracle_reciprocal(run->temperature);
        run->greedy = run->temperature == 0 || isinf(run->c);
    }
    for (int64_t i = 0; i < run->n; i++) {
        if (run->greedy) run->kept[i] = i == top;
        run->w[i] = 0;
        if (run->kept[i]) run->w[i] = run->greedy ? UINT64_C(1) << URN_F : oracle_term_of(run, i).w;
    }
    run->open = 1;
    run->opened = oracle_log2_of(oracle_mass(run));
    return 1;
}

void oracle_close(oracle_run *run) {
    if (run->open && !run->greedy) run->logmass += oracle_log2_of(oracle_mass(run)) - run->opened;
    run->open = 0;
}

float oracle_fin(oracle_run *run, float v) {
    const float most = 3.40282347e38f;
    v = v + 0.0f;
    if (v != v) run->status |= URN_ROW_NAN;
    return v > most ? most : v < -most ? -most : v;
}

void oracle_settle(oracle_run *run) {
    if (run->temperature == 1 || run->temperature == 0 || isinf(oracle_reciprocal(run->temperature))) return;
    for (int64_t i = 0; i < run->n; i++) {
        if (run->kept[i]) run->x[i] = oracle_fin(run, run->x[i] / run->temperature);
    }
    run->temperature = 1;
}

static void run_step(oracle_run *run, const oracle_step *step) {
    if (oracle_is_keep(step->op)) {
        if (oracle_open(run) && !run->greedy) oracle_keep(run, step);
        return;
    }
    if (step->op == URN_OP_DYNAMIC_TEMPERATURE && step->f[1] != 0) {
        oracle_value(run, step); /* looks at the open epoch, then closes it */
        return;
    }
    oracle_close(run);
    if (step->op == URN_OP_TEMPERATURE || step->op == URN_OP_DYNAMIC_TEMPERATURE) {
        run->temperature = run->temperature * step->f[0];
    } else if (oracle_mask_knows(step->op)) {
        oracle_mask(run, step);
    } else if (oracle_is_link(step->op)) {
        oracle_link(run, step);
    } else {
        oracle_settle(run);
        run->valued = 1;
        if (!run->status) oracle_value(run, step);
    }
}

oracle_run *oracle_run_begin(const oracle_row *row) {
    oracle_run *run = (oracle_run *)ut_malloc(sizeof *run);
    memset(run, 0, sizeof *run);
    size_t n = (size_t)row->n;
    run->row = row;
    run->n = row->n;
    run->x = (float *)ut_malloc(4 * n);
    run->kept = (unsigned char *)ut_malloc(n);
    run->w = (uint64_t *)ut_malloc(8 * n);
    run->temperature = 1;
    run->status = row->status;
    for (size_t i = 0; i < n; i++) {
        run->x[i] = row->x[i];
        run->kept[i] = row->x[i] > -INFINITY;
        run->w[i] = 0;
    }
    return run;
}

oracle_run *oracle_run_of(const oracle_row *row) {
    oracle_run *run = oracle_run_begin(row);
    for (int32_t s = 0; s < row->count && !run->status; s++) run_step(run, row->steps + s);
    oracle_open(run);
    for (int64_t i = 0; i < run->n; i++) run->w[i] = run->kept[i] ? run->w[i] : 0;
    if (!run->status && !run->greedy) run->logmass += oracle_log2_of(oracle_mass(run)) - run->opened;
    return run;
}

void oracle_run_free(oracle_run *run) {
    free(run->x);
    free(run->kept);
    free(run->w);
    free(run);
}

uint64_t oracle_weights(const float *x, int64_t n, const unsigned char *kept, float temperature, uint64_t *w) {
    oracle_row row;
    memset(&row, 0, sizeof row);
    row.x = (float *)ut_malloc(4 * (size_t)n);
    row.n = n;
    for (int64_t i = 0; i < n; i++) row.x[i] = kept[i] ? x[i] : -INFINITY;
    oracle_run *run = oracle_run_begin(&row);
    run->temperature = temperature;
    uint64_t z = oracle_open(run) ? oracle_mass(run) : 0;
    memcpy(w, run->w, 8 * (size_t)n);
    oracle_run_free(run);
    free(row.x);
    return z;
}
