/* oracle_tables.c - bits_resample.h section 5: alias tables, inverse transform, backward draws. */
#include <math.h>

#include "tests/oracle_resample.h"

void oracle_alias_build(const urn_alias_params *p) {
    for (int64_t r = 0; r < p->weights.rows; r++) {
        oracle_row_weights *row = oracle_weights_of(&p->weights, p->weights.data, r);
        int64_t n = row->n, lights = 0, heavies = 0, i = 0, j = 0;
        int64_t at = p->weights.offsets ? row->first : r * p->weights.items;
        int64_t *light = (int64_t *)ut_malloc(8 * (size_t)n), *heavy = (int64_t *)ut_malloc(8 * (size_t)n);
        oracle_wide t = row->t, left = 0, most = ((oracle_wide)1 << 64) - 1;
        for (int64_t k = 0; k < n && row->status != URN_ROW_INDEX; k++) {
            p->cut[at + k] = row->status ? 0 : UINT64_MAX;
            p->alias[at + k] = row->status ? -1 : (int32_t)k;
            if (row->status) continue;
            if ((oracle_wide)n * row->w[k] <= t)
                light[lights++] = k;
            else
                heavy[heavies++] = k;
        }
        if (heavies) left = (oracle_wide)n * row->w[heavy[0]];
        while (j < heavies) {
            int64_t item = heavy[j], to = -1;
            oracle_wide share = left;
            if (left > t) {
                UT_ASSERT(i < lights, "the sweep ran out of light items");
                item = light[i++], to = heavy[j];
                share = (oracle_wide)n * row->w[item];
                left -= t - share;
            } else if (++j < heavies) {
                to = heavy[j];
                left = left + (oracle_wide)n * row->w[to] - t;
            }
            if (to < 0 || (share << 64) / t > most) continue;
            p->cut[at + item] = (uint64_t)((share << 64) / t);
            p->alias[at + item] = (int32_t)to;
        }
        if (p->status) p->status[r] = row->status;
        free(light);
        free(heavy);
        oracle_weights_free(row);
    }
}

void oracle_alias_draw(const urn_alias_params *p) {
    for (int64_t r = 0; r < p->weights.rows; r++) {
        const int64_t *o = p->weights.offsets;
        int64_t at = r * p->weights.items, n = p->weights.items;
        int32_t status = 0;
        if (o && oracle_bad_offsets(o, r, p->weights.size)) status = URN_ROW_INDEX;
        if (o && !status) at = o[r], n = o[r + 1] - at;
        if (o && !status && n > p->weights.items) status = URN_ROW_INDEX;
        if (!status && (n == 0 || p->alias[at] == -1)) status = URN_ROW_EMPTY;
        uint64_t key = oracle_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
        uint32_t position = p->position ? p->position[r] : p->position_value;
        for (int64_t j = 0; j < p->draws; j++) {
            oracle_wide product =
                (oracle_wide)oracle_head(oracle_block(key, (uint32_t)j, 2, position, URN_STREAM_RESAMPLE)) *
                (uint64_t)n;
            int64_t k = (int64_t)(product >> 64);
            p->ids[r * p->draws + j] = -1;
            if (!status) p->ids[r * p->draws + j] = (uint64_t)product < p->cut[at + k] ? (int32_t)k : p->alias[at + k];
        }
        if (p->status) p->status[r] = status;
    }
}

static uint64_t point_of(const urn_inverse_params *p, int64_t r, uint64_t m) {
    uint64_t key = oracle_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
    uint32_t position = p->position ? p->position[r] : p->position_value;
    uint64_t outputs = (uint64_t)p->outputs;
    uint32_t index = p->points == URN_INVERSE_SYSTEMATIC ? 0 : (uint32_t)m;
    uint64_t u = oracle_head(oracle_block(key, index, 3, position, URN_STREAM_RESAMPLE));
    if (p->codes) return p->codes[r * p->outputs + (int64_t)m];
    if (p->points == URN_INVERSE_RANDOM) return u;
    if (p->points == URN_INVERSE_MIDPOINTS) return (uint64_t)(((oracle_wide)(2 * m + 1) << 63) / outputs);
    return (uint64_t)((((oracle_wide)m << 64) + u) / outputs);
}

void oracle_inverse_grid(const urn_inverse_params *p) {
    for (int64_t r = 0; r < p->weights.rows; r++) {
        oracle_row_weights *w = oracle_weights_of(&p->weights, p->weights.data, r);
        for (int64_t m = 0; m < p->outputs; m++) {
            int64_t at = r * p->outputs + m;
            uint32_t nan = URN_NAN_BITS;
            if (p->bins) p->bins[at] = -1;
            if (p->values) memcpy(p->values + at, &nan, 4);
            if (w->status) continue;
            oracle_wide product = (oracle_wide)point_of(p, r, (uint64_t)m) * (uint64_t)w->t, before = 0;
            int64_t i = oracle_first_above(w, product >> 64);
            for (int64_t k = 0; k < i; k++) before += w->w[k];
            uint64_t rest = (uint64_t)((product - (before << 64)) / w->w[i]);
            if (p->bins) p->bins[at] = (int32_t)i;
            if (!p->values) continue;
            const float *edge = p->edges + r * p->edges_stride + i;
            double y = (double)(rest >> 11) * 0x1p-53;
            float v = (float)oracle_fma64(y, (double)edge[1] - (double)edge[0], edge[0]);
            if (!isnan(v)) p->values[at] = v;
        }
        if (p->status) p->status[r] = w->status;
        oracle_weights_free(w);
    }
}

/* ---- backward draws ---- */

static double log_weight_at(const urn_weights *w, int64_t i) {
    return w->type == URN_WEIGHT_LOG_F32 ? (double)((const float *)w->data)[i] : ((const double *)w->data)[i];
}

/* The child's row, x_i = weights_i + log_m_i in the dtype of weights. */
static oracle_row_weights *child_row(const urn_backward_params *p, const oracle_row_weights *w, const float *log_m) {
    double *x = (double *)ut_malloc(8 * (size_t)w->n);
    for (int64_t i = 0; i < w->n; i++) {
        double a = log_weight_at(&p->weights, w->first + i), b = log_m[i];
        x[i] = a + b;
        if (p->weights.type == URN_WEIGHT_LOG_F32) x[i] = (float)a + (float)b;
        if (a == -INFINITY || b == -INFINITY) x[i] = -INFINITY;
    }
    oracle_row_weights *row = oracle_weights_from(x, p->weights.type, w->n);
    free(x);
    return row;
}

/* floor(2^40 e^d), as the weight of a row of two ids, of which the other is 0 below nothing. */
static uint64_t coin_of(float d) {
    double x[2] = {0, d};
    oracle_row_weights *row = oracle_weights_from(x, URN_WEIGHT_LOG_F32, 2);
    uint64_t w = row->w[1];
    oracle_weights_free(row);
    return w;
}

static int32_t draw_back(const urn_backward_params *p, const oracle_row_weights *w, int64_t r, int64_t c, int32_t j,
                         int32_t *status) {
    int64_t stride = p->log_m_stride ? p->log_m_stride : p->weights.items;
    const float *log_m = p->log_m + (r * p->children + c) * stride;
    uint64_t key = oracle_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
    uint32_t position = p->position ? p->position[r] : p->position_value, index = (uint32_t)(c * p->draws + j);
    float bound = p->bound ? p->bound[r] : p->bound_value;
    for (int32_t b = 0; b < p->trials; b++) {
        oracle_philox words = oracle_block(key, index, 2 * (uint32_t)b, position, URN_STREAM_BACKWARD);
        int64_t i = oracle_first_above(w, oracle_times(oracle_head(words), (uint64_t)w->t));
        float d = log_m[i] - bound;
        if (!(d <= 0)) {
            *status |= URN_ROW_PARAM;
            return -1;
        }
        if (oracle_tail(words) >> 24 < coin_of(d)) return (int32_t)i;
    }
    oracle_row_weights *row = child_row(p, w, log_m);
    int32_t answer = -1;
    *status |= row->status;
    if (!row->status) {
        uint64_t u = oracle_head(oracle_block(key, index, 1, position, URN_STREAM_BACKWARD));
        answer = (int32_t)oracle_first_above(row, oracle_times(u, (uint64_t)row->t));
    }
    if (row->status == URN_ROW_EMPTY && p->fallback) {
        answer = p->fallback[r * p->children + c];
        if (answer < 0 || answer >= w->n) answer = -1, *status |= URN_ROW_INDEX;
    }
    oracle_weights_free(row);
    return answer;
}

void oracle_backward_draws(const urn_backward_params *p) {
    for (int64_t r = 0; r < p->weights.rows; r++) {
        oracle_row_weights *w = oracle_weights_of(&p->weights, p->weights.data, r);
        for (int64_t c = 0; c < p->children; c++) {
            int32_t status = w->status;
            for (int32_t j = 0; j < p->draws; j++) {
                int64_t at = (r * p->children + c) * p->draws + j;
                p->ancestors[at] = w->status ? -1 : draw_back(p, w, r, c, j, &status);
            }
            if (p->status) p->status[r * p->children + c] = status;
        }
        oracle_weights_free(w);
    }
}
