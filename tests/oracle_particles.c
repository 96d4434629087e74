/* oracle_particles.c - bits_resample.h section 4: counts and ancestors, in place, moving particles, moments. */
#include <math.h>

#include "tests/oracle_resample.h"

void oracle_offspring_from_ancestors(const urn_ancestors_params *p) {
    for (int64_t r = 0; r < p->rows; r++) {
        int32_t status = 0, *o = p->offspring + r * p->items;
        for (int64_t i = 0; i < p->items; i++) o[i] = 0;
        for (int64_t m = 0; m < p->outputs; m++) {
            int32_t a = p->ancestors[r * p->outputs + m];
            if (a < -1 || a >= p->items)
                status = URN_ROW_INDEX;
            else if (a >= 0)
                o[a]++;
        }
        if (p->status) p->status[r] = status;
    }
}

void oracle_ancestors_from_offspring(const urn_ancestors_params *p) {
    for (int64_t r = 0; r < p->rows; r++) {
        int32_t status = 0, *a = p->ancestors + r * p->outputs;
        const int32_t *o = p->offspring + r * p->items;
        int64_t at = 0;
        for (int64_t i = 0; i < p->items; i++) status |= o[i] < 0 ? URN_ROW_PARAM : 0;
        for (int64_t i = 0; i < p->items && !status; i++) {
            for (int32_t k = 0; k < o[i] && at < p->outputs; k++) a[at++] = (int32_t)i;
        }
        while (at < p->outputs) a[at++] = -1;
        if (p->status) p->status[r] = status;
    }
}

void oracle_ancestors_permute(const urn_ancestors_params *p) {
    int64_t n = p->items, *d = (int64_t *)ut_malloc(8 * (size_t)n);
    int32_t *out = (int32_t *)ut_malloc(4 * (size_t)n);
    for (int64_t r = 0; r < p->rows; r++) {
        int32_t *a = p->ancestors + r * n, status = 0;
        for (int64_t j = 0; j < n; j++) {
            d[j] = n;
            if (a[j] < 0 || a[j] >= n) status = URN_ROW_INDEX;
        }
        for (int64_t m = n - 1; m >= 0 && !status; m--) d[a[m]] = m;
        for (int64_t m = 0; m < n && !status; m++) {
            int64_t place = a[m];
            if (d[place] != m) {
                place = m;
                while (d[place] < n) place = d[place];
            }
            out[place] = a[m];
        }
        if (!status) memcpy(a, out, 4 * (size_t)n);
        if (p->status) p->status[r] = status;
    }
    free(d);
    free(out);
}

void oracle_particles_gather(const urn_particles_gather_params *p) {
    size_t each = (size_t)p->particle_bytes;
    int in_place = p->to == p->from;
    for (int64_t r = 0; r < p->rows; r++) {
        const char *from = (const char *)p->from + (size_t)(r * p->items) * each;
        char *to = (char *)p->to + (size_t)(r * p->outputs) * each;
        const int32_t *a = p->ancestors + r * p->outputs;
        int32_t status = 0;
        int copies = p->resampled && !p->resampled[r];
        for (int64_t m = 0; m < p->outputs; m++) {
            if (copies) {
                if (!in_place && m < p->items) memcpy(to + (size_t)m * each, from + (size_t)m * each, each);
                continue;
            }
            if (a[m] < -1 || a[m] >= p->items || (in_place && a[m] >= 0 && a[a[m]] != a[m]))
                status = URN_ROW_INDEX;
            else if (a[m] >= 0 && !(in_place && a[m] == m))
                memcpy(to + (size_t)m * each, from + (size_t)a[m] * each, each);
        }
        if (p->status) p->status[r] = status;
    }
}

/* ---- moments ---- */

__extension__ typedef __int128 whole;

static double f64_of(whole v) {
    if (v < 0) return -f64_of(-v);
    return (double)(uint64_t)(v >> 64) * 0x1p64 + (double)(uint64_t)v;
}

static void put_moments(const urn_segments_moments_params *p, const oracle_row_weights *w, int64_t r, int32_t k) {
    uint32_t bits = URN_NAN_BITS;
    float mean, variance, nan;
    memcpy(&nan, &bits, 4);
    mean = variance = nan;
    double largest = 0;
    int finite = w->status == 0, e;
    for (int64_t i = 0; i < w->n && finite; i++) {
        float x = p->values[(w->first + i) * p->dims + k];
        if (w->w[i] == 0) continue;
        if (!isfinite(x))
            finite = 0;
        else if (fabs((double)x) > largest)
            largest = fabs((double)x);
    }
    if (finite) mean = variance = 0;
    if (finite && largest > 0) {
        if (frexp(largest, &e) == 0.5) e--;
        whole a = 0, y = 0, t = (whole)w->t;
        for (int pass = 0; pass < 2; pass++) {
            whole g = a / t - (a % t < 0);
            for (int64_t i = 0; i < w->n; i++) {
                if (w->w[i] == 0) continue;
                whole q = (whole)floor(ldexp((double)p->values[(w->first + i) * p->dims + k], 30 - e));
                if (pass == 0) a += (whole)w->w[i] * q;
                if (pass == 1) y += (whole)w->w[i] * ((q - g) * (q - g));
            }
        }
        mean = (float)ldexp(f64_of(a) / f64_of(t), e - 30);
        variance = (float)ldexp(f64_of(y) / f64_of(t), 2 * e - 60);
    }
    p->mean[r * p->dims + k] = mean;
    if (p->variance) p->variance[r * p->dims + k] = variance;
}

void oracle_segments_moments(const urn_segments_moments_params *p) {
    for (int64_t r = 0; r < p->weights.rows; r++) {
        oracle_row_weights *w = oracle_weights_of(&p->weights, p->weights.data, r);
        for (int32_t k = 0; k < p->dims; k++) put_moments(p, w, r, k);
        if (p->stats) p->stats[r] = w->stats;
        if (p->status) p->status[r] = w->status;
        oracle_weights_free(w);
    }
}
