/* oracle_keep.c - the keep rules of bits.h section 3, one after the other, over fully sorted rows. */
#include <math.h>

#include "tests/oracle.h"

typedef struct by_dev {
    float dev;
    int32_t id;
} by_dev;

static int nearer(const void *a, const void *b) {
    const by_dev *x = (const by_dev *)a, *y = (const by_dev *)b;
    if (x->dev != y->dev) return x->dev < y->dev ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

static uint64_t at_least_one(oracle_wide need) { return need ? (uint64_t)need : 1; }

/* Keep the first `count` of `order`; with ties also those of the last one's value. */
static void keep_first(oracle_run *run, const int32_t *order, int64_t size, int64_t count, int ties) {
    if (count > size) count = size;
    while (ties && count < size && run->x[order[count]] == run->x[order[count - 1]]) count++;
    for (int64_t j = count; j < size; j++) run->kept[order[j]] = 0;
}

/* How many of `order` it takes to hold `need`. */
static int64_t prefix_of(const oracle_run *run, const int32_t *order, int64_t size, uint64_t need) {
    uint64_t sum = 0;
    int64_t count = 0;
    while (count < size && sum < need) sum += run->w[order[count++]];
    return count;
}

/* Keep w >= least; if no id has it, the first of K. */
static void keep_heavy(oracle_run *run, oracle_wide least, int64_t first) {
    int any = 0;
    for (int64_t i = 0; i < run->n; i++) any |= run->kept[i] && run->w[i] >= least;
    for (int64_t i = 0; i < run->n; i++) {
        if (any && run->w[i] < least) run->kept[i] = 0;
        if (!any && i != first) run->kept[i] = 0;
    }
}

static void typical(oracle_run *run, float p, uint64_t z) {
    float s = (float)((double)oracle_surprise(run) / (double)z);
    by_dev *row = (by_dev *)ut_malloc(sizeof *row * (size_t)run->n);
    int32_t *order = (int32_t *)ut_malloc(4 * (size_t)run->n);
    int64_t size = 0;
    for (int64_t i = 0; i < run->n; i++) {
        if (!run->kept[i]) continue;
        oracle_term term = oracle_term_of(run, i);
        row[size].id = (int32_t)i;
        row[size++].dev = term.w ? fabsf(term.a - s) : INFINITY;
    }
    qsort(row, (size_t)size, sizeof *row, nearer);
    for (int64_t j = 0; j < size; j++) order[j] = row[j].id;
    keep_first(run, order, size, prefix_of(run, order, size, at_least_one(oracle_share(p, z, 1))), 0);
    free(row);
    free(order);
}

static void tail_free(oracle_run *run, float share, const int32_t *order, int64_t size) {
    if (size < 3) return;
    uint64_t *d = (uint64_t *)ut_malloc(8 * (size_t)size), sum = 0, before = 0;
    for (int64_t i = 0; i + 2 < size; i++) {
        int64_t curve = (int64_t)run->w[order[i]] - 2 * (int64_t)run->w[order[i + 1]] + (int64_t)run->w[order[i + 2]];
        d[i] = (uint64_t)(curve < 0 ? -curve : curve);
        sum += d[i];
    }
    int64_t count = 1;
    for (int64_t j = 1; j <= size - 2; j++) {
        before += d[j - 1];
        count += before <= oracle_share(share, sum, 0);
    }
    if (sum) keep_first(run, order, size, count, 0);
    free(d);
}

static void top_n_sigma(oracle_run *run, float sigmas) {
    const float most = 3.40282347e38f;
    float top = run->peak, r = 0;
    float *q = (float *)ut_malloc(4 * (size_t)run->n);
    int64_t size = 0;
    for (int64_t i = 0; i < run->n; i++) {
        q[i] = top - run->x[i];
        if (q[i] > most) q[i] = most;
        if (!run->kept[i]) continue;
        size++;
        if (q[i] > r) r = q[i];
    }
    if (r > 0) {
        int e = 19 - ilogbf(r);
        oracle_wide s1 = 0, s2 = 0;
        for (int64_t i = 0; i < run->n; i++) {
            uint64_t part = run->kept[i] ? oracle_scaled(q[i], e, 0) : 0;
            s1 += part;
            s2 += part * part;
        }
        oracle_wide v = (oracle_wide)size * s2 - s1 * s1;
        double wide = (double)(uint64_t)(v >> 64) * 0x1p64 + (double)(uint64_t)v;
        double sd = ldexp(sqrt(wide) / (double)size, -e);
        float bound = (float)((double)sigmas * sd);
        for (int64_t i = 0; i < run->n; i++) run->kept[i] &= q[i] <= bound;
    }
    free(q);
}

static void xtc(oracle_run *run, const oracle_step *step, uint64_t z, const int32_t *order, int64_t size) {
    const oracle_row *row = run->row;
    oracle_philox b = oracle_block(oracle_row_key(row->seed, row->label), 0, 0, row->position, URN_STREAM_XTC);
    uint64_t u = b.word[0] | (uint64_t)b.word[1] << 32;
    if (!(u >> 24 < oracle_scaled(step->f[0], 40, 1))) return;
    int64_t above = 0;
    uint64_t least = at_least_one(oracle_share(step->f[1], z, 1));
    while (above < size && run->w[order[above]] >= least) above++;
    for (int64_t j = 0; above >= 2 && j < above - 1; j++) run->kept[order[j]] = 0;
    oracle_close(run);
}

static void mirostat_v1(oracle_run *run, float mu, const int32_t *order, int64_t size) {
    double up = 0, down = 0, n = (double)run->n;
    int64_t m = size < 100 ? size : 100;
    for (int64_t i = 1; i < m; i++) {
        float a = oracle_term_of(run, order[i - 1]).a, next = oracle_term_of(run, order[i]).a;
        if (!isfinite(next)) break;
        double b = (double)next - (double)a, t = oracle_log2((double)(i + 1) / (double)i);
        up = up + t * b;
        down = down + t * t;
    }
    double s = up / down, g = s - 1;
    if (down == 0 || !(s > 0) || run->n == 1) return;
    double r = fabs(g) < 1e-9 ? oracle_exp2((double)mu) / (URN_LN2 * oracle_log2(n))
                              : g * oracle_exp2((double)mu) / (1 - oracle_pow(n, -g));
    if (!isfinite(r) || !(r > 0)) return;
    double k = oracle_pow(r, 1 / s);
    keep_first(run, order, size, k >= (double)size ? size : k < 1 ? 1 : (int64_t)k, 0);
}

void oracle_keep(oracle_run *run, const oracle_step *step) {
    int64_t size;
    int32_t *order = oracle_kept_order(run, &size);
    uint64_t z = oracle_mass(run), first_weight = run->w[order[0]];
    float p = step->f[0];
    int ties = (step->flags & URN_STEP_TIES) != 0;
    double bits = (double)oracle_surprise(run) / (double)z + (oracle_log2_of(z) - URN_F), t;
    switch (step->op) {
    case URN_OP_TOP_K:
        keep_first(run, order, size, step->i[0], ties);
        break;
    case URN_OP_TOP_P:
        keep_first(run, order, size, prefix_of(run, order, size, at_least_one(oracle_share(p, z, 1))), ties);
        break;
    case URN_OP_MIN_P:
        keep_heavy(run, oracle_share(p, first_weight, 1), order[0]);
        break;
    case URN_OP_TOP_A: {
        oracle_wide least = oracle_share(p, (oracle_wide)first_weight * first_weight, 1);
        for (int64_t j = 0; j < size; j++) run->kept[order[j]] = (oracle_wide)run->w[order[j]] * z >= least;
        break;
    }
    case URN_OP_EPSILON:
        keep_heavy(run, oracle_share(p, z, 1), order[0]);
        break;
    case URN_OP_ETA:
        t = sqrt((double)p) * oracle_exp2(-bits);
        keep_heavy(run, oracle_share((float)((double)p < t ? (double)p : t), z, 1), order[0]);
        break;
    case URN_OP_TYPICAL:
        typical(run, p, z);
        oracle_close(run);
        break;
    case URN_OP_TAIL_FREE:
        tail_free(run, p, order, size);
        break;
    case URN_OP_TOP_N_SIGMA:
        top_n_sigma(run, p);
        break;
    case URN_OP_XTC:
        xtc(run, step, z, order, size);
        break;
    case URN_OP_MIROSTAT:
        t = oracle_exp2(-(double)p);
        keep_heavy(run, oracle_share((float)(t < 1 ? t : 1), z, 1), order[0]);
        break;
    default:
        mirostat_v1(run, p, order, size);
        break;
    }
    free(order);
}
