/* oracle_value.c - the value steps of bits.h section 8, in f32 as they are written there, and dynamic temperature. */
#include <math.h>

#include "tests/oracle.h"

#define MOST 3.40282347e38f

/* What a list or table adds to an id of K: -inf takes it out, NaN and +inf spoil the row. */
static int may_add(oracle_run *run, int64_t id, float v) {
    if (v != v || v == INFINITY) run->status |= URN_ROW_PARAM;
    if (v == -INFINITY) run->kept[id] = 0;
    return isfinite(v);
}

static int listed_twice(const oracle_run *run, const oracle_step *step) {
    int twice = 0;
    unsigned char *seen = (unsigned char *)ut_malloc((size_t)run->n);
    memset(seen, 0, (size_t)run->n);
    for (int64_t j = 0; j < step->count; j++) {
        int32_t id = step->ids[j];
        if (id < 0 || id >= run->n || !run->kept[id]) continue;
        twice |= seen[id];
        seen[id] = 1;
    }
    free(seen);
    return twice;
}

/* bias (scale 1 and no mean) and values */
static void add_list(oracle_run *run, const oracle_step *step) {
    if (listed_twice(run, step)) {
        run->status |= URN_ROW_PARAM;
        return;
    }
    double sum = 0, how_many = 0;
    for (int64_t j = 0; j < step->count; j++) {
        if (step->ids[j] < 0 || step->ids[j] >= run->n || !isfinite(step->values[j])) continue;
        sum = sum + (double)step->values[j];
        how_many++;
    }
    float mean = step->flags & URN_STEP_CENTRE ? (float)(sum / how_many) : 0.0f;
    for (int64_t j = 0; j < step->count; j++) {
        int32_t id = step->ids[j];
        float v = step->values[j];
        if (id < 0 || id >= run->n || !run->kept[id] || !may_add(run, id, v)) continue;
        if (step->op == URN_OP_BIAS) run->x[id] = oracle_fin(run, run->x[id] + v);
        if (step->op == URN_OP_VALUES) run->x[id] = oracle_fin(run, run->x[id] + step->f[0] * (v - mean));
    }
}

static uint32_t count_in(const int32_t *ids, int64_t n, int64_t id) {
    uint32_t count = 0;
    for (int64_t j = 0; j < n; j++) count += ids[j] == id;
    return count;
}

static void penalties(oracle_run *run, const oracle_step *step) {
    const oracle_row *row = run->row;
    float r = step->f[0], f = step->f[1], s = step->f[2];
    int64_t back = step->i[3];
    for (int64_t i = 0; i < run->n; i++) {
        if (!run->kept[i]) continue;
        uint32_t count;
        int seen;
        if (back > 0) {
            int64_t from = row->context_count > back ? row->context_count - back : 0;
            count = count_in(row->context + from, row->context_count - from, i);
            seen = count > 0;
        } else {
            count = count_in(row->outputs, row->outputs_count, i);
            seen = count > 0;
            if (step->flags & URN_STEP_PROMPT && i < row->prompt_cols)
                seen |= count_in(row->prompt, row->prompt_count, i) > 0;
        }
        float x = run->x[i];
        if (seen) x = x > 0 ? x / r : x * r;
        if (count > 0) {
            x = x - f * (float)count;
            x = x - s;
        }
        run->x[i] = oracle_fin(run, x);
    }
}

static int is_breaker(const oracle_run *run, const oracle_step *list, int32_t id) {
    for (int64_t j = 0; j < list->count; j++) {
        if (list->ids[j] == id && id >= 0 && id < run->n) return 1;
    }
    return 0;
}

static void dry(oracle_run *run, const oracle_step *step) {
    const oracle_row *row = run->row;
    int64_t n = row->context_count, allowed = step->i[2], limit = 0;
    if (step->i[3] >= 0 && step->i[3] < n) n = step->i[3];
    const int32_t *h = row->context + (row->context_count - n);
    while (limit < n && !is_breaker(run, step, h[n - 1 - limit])) limit++;
    int64_t *best = (int64_t *)ut_malloc(8 * (size_t)run->n);
    memset(best, 0, 8 * (size_t)run->n);
    for (int64_t i = 0; i + 1 < n; i++) {
        int64_t m = 0;
        while (m < limit && m < i + 1 && h[i - m] == h[n - 1 - m]) m++;
        int32_t next = h[i + 1];
        if (next >= 0 && next < run->n && m > best[next]) best[next] = m;
    }
    for (int64_t t = 0; t < run->n; t++) {
        if (!run->kept[t] || best[t] < allowed || is_breaker(run, step, (int32_t)t)) continue;
        float p = step->f[0];
        for (int64_t k = allowed; k < best[t] && p < MOST; k++) p = p * step->f[1];
        run->x[t] = oracle_fin(run, run->x[t] - p);
    }
    free(best);
}

static void mix(oracle_run *run, const oracle_step *step) {
    for (int64_t i = 0; i < run->n; i++) {
        if (!run->kept[i]) continue;
        float x = run->x[i], x2 = step->second[i];
        if (x2 != x2) run->status |= URN_ROW_NAN;
        if (x2 == INFINITY) run->status |= URN_ROW_INF;
        if (x2 == -INFINITY) run->kept[i] = 0;
        if (isfinite(x2)) run->x[i] = oracle_fin(run, x2 + step->f[0] * (x - x2));
    }
}

static void quadratic(oracle_run *run, const oracle_step *step) {
    int64_t top = oracle_first(run);
    if (top < 0) return;
    float m = run->x[top], f = step->f[0], curve = step->f[1], k = (3 - curve) / 2, g = (curve - 1) / 2;
    for (int64_t i = 0; i < run->n; i++) {
        float d = run->x[i] - m;
        if (run->kept[i]) run->x[i] = oracle_fin(run, m + f * ((d * d) * (g * d - k)));
    }
}

static void dynamic(oracle_run *run, const oracle_step *step) {
    if (!oracle_open(run)) return;
    int64_t n = 0;
    for (int64_t i = 0; i < run->n; i++) n += run->kept[i];
    if (!run->greedy && n > 1) {
        uint64_t z = oracle_mass(run);
        double bits = (double)oracle_surprise(run) / (double)z + (oracle_log2_of(z) - URN_F);
        double u = bits / oracle_log2((double)n);
        u = u > 0 ? u : 0;
        u = u < 1 ? u : 1;
        float low = step->f[0] - step->f[1], high = step->f[0] + step->f[1];
        low = low > 0 ? low : 0;
        float t = (float)((double)low + (double)(high - low) * oracle_pow(u, (double)step->f[2]));
        run->temperature = run->temperature * t;
        if (!isfinite(run->temperature)) run->status |= URN_ROW_PARAM;
    }
    oracle_close(run);
}

static void each(oracle_run *run, const oracle_step *step) {
    for (int64_t i = 0; i < run->n; i++) {
        if (!run->kept[i]) continue;
        float x = run->x[i];
        if (step->op == URN_OP_DENSE_BIAS && may_add(run, i, step->dense[i])) x = oracle_fin(run, x + step->dense[i]);
        if (step->op == URN_OP_ID_TEMPERATURE) {
            float t = step->dense[i];
            if (!(t > 0 && t <= MOST)) run->status |= URN_ROW_PARAM;
            if (t > 0 && t <= MOST) x = oracle_fin(run, x / t);
        }
        if (step->op == URN_OP_QUADRATIC_SCORE) {
            float e = (x - step->f[2]) - step->f[1];
            x = oracle_fin(run, -(step->f[0] * (e * e)));
        }
        run->x[i] = x;
    }
}

void oracle_value(oracle_run *run, const oracle_step *step) {
    switch (step->op) {
    case URN_OP_BIAS:
    case URN_OP_VALUES:
        add_list(run, step);
        break;
    case URN_OP_PENALTIES:
        penalties(run, step);
        break;
    case URN_OP_DRY:
        dry(run, step);
        break;
    case URN_OP_MIX:
        mix(run, step);
        break;
    case URN_OP_QUADRATIC:
        quadratic(run, step);
        break;
    case URN_OP_DYNAMIC_TEMPERATURE:
        dynamic(run, step);
        break;
    default:
        each(run, step);
        break;
    }
}
