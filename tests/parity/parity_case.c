/* parity_case.c - one generated call of urn_sample with everything mixed: lists, slots, bad rows, masks, views. */
#include "tests/parity/parity_case.h"

#include <math.h>

static void fill_row(float *x, int64_t n, int64_t kind, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed ^ 0x51);
    ut_fill(x, n, UT_NORMAL, 3, seed);
    switch (kind) {
    case 1:
        ut_fill(x, n, UT_GUMBEL, 1.5, seed);
        break;
    case 2:
        ut_fill(x, n, UT_TIES, 2, seed);
        break;
    case 3:
        ut_fill(x, n, UT_FLAT, -1.25, seed);
        break;
    case 4:
        ut_punch(x, n, 0.6, seed);
        break;
    case 5: /* one possible id */
        ut_punch(x, n, 1.0, seed);
        break;
    case 6: /* none */
        for (int64_t i = 0; i < n; i++) x[i] = -INFINITY;
        break;
    case 7:
        x[ut_below(&rng, n)] = NAN;
        break;
    case 8:
        x[ut_below(&rng, n)] = INFINITY;
        x[ut_below(&rng, n)] = -NAN;
        break;
    case 9: /* wide: most weights are 0, differences overflow */
        for (int64_t i = 0; i < n; i++) x[i] *= i % 3 == 0 ? 1e38f : i % 3 == 1 ? 1.0f : 1e-38f;
        break;
    case 10: /* a head over a flat tail, zeros of both signs */
        for (int64_t i = 0; i < n; i++) x[i] = i % 2 ? 0.0f : -0.0f;
        x[ut_below(&rng, n)] = 12;
        break;
    case 11: /* a large scale */
        for (int64_t i = 0; i < n; i++) x[i] = 516 + x[i] * 1e-3f;
        break;
    default:
        break;
    }
}

/* Mixed lists, in orders that people use and in orders that open several epochs. */
static void make_lists(pc_case *c, ut_rng *rng, int64_t cols, int plain) {
    int32_t k = (int32_t)(1 + ut_below(rng, cols)), small = (int32_t)(1 + ut_below(rng, 40));
    urn_step mask = urn_mask(c->words, 5, (cols + 31) / 32 + 1, c->map), own = mask;
    urn_param t_row = urn_f_by(URN_BY_ROW, c->temperature), t_slot = urn_f_by(URN_BY_SLOT, c->temperature);
    own.map = NULL;
    own.table_rows = c->job.rows < 5 ? c->job.rows : 5;
#define LIST(l, ...)                                                                                                   \
    do {                                                                                                               \
        const urn_step steps[] = {__VA_ARGS__};                                                                        \
        memcpy(c->steps[l], steps, sizeof steps);                                                                      \
        c->lists[l].count = (int32_t)(sizeof steps / sizeof *steps);                                                   \
    } while (0)
#define T(x) urn_temperature(urn_f(x))
#define K(x) urn_top_k(urn_i(x))
#define P(x) urn_top_p(urn_f(x))
#define M(x) urn_min_p(urn_f(x))
    for (int l = 0; l < PC_LISTS; l++) c->lists[l].steps = c->steps[l], c->lists[l].count = 0;
    LIST(1, T(0.7f));
    LIST(2, T(0));
    LIST(3, mask, T(1.3f));
    LIST(4, T(1e-40f), mask, T(1e30f), T(1e10f));
    LIST(5, T(3e38f), T(3e38f));
    LIST(6, urn_temperature(t_row), mask, urn_temperature(t_slot));
    if (!plain) {
        LIST(7, K(small));
        LIST(8, P(0.9f));
        LIST(9, M(0.05f));
        LIST(10, T(0.8f), K(50), P(0.95f), M(0.02f));
        LIST(11, M(0.1f), T(2), P(0.5f), T(0.5f), K(3));
        LIST(12, mask, P(0.8f), own, T(0.5f), K(k));
        LIST(13, urn_temperature(t_row), urn_top_k(urn_i_by(URN_BY_SLOT, c->top_k)),
             urn_top_p(urn_f_by(URN_BY_ROW, c->top_p)), urn_min_p(urn_f_by(URN_BY_SLOT, c->min_p)));
        LIST(14, K(k), P(0), K(0));
        LIST(15, P(1), K(-1), M(1));
        LIST(16, T(1e-40f), K(3), T(1e10f), T(1e29f), P(0.5f));
        LIST(17, P(0.99f), mask, K(1));
        LIST(18, T(0), K(2), mask, P(0.5f), M(0.5f));
        LIST(19, urn_top_p(urn_f_by(URN_BY_ROW, c->top_p)), T(30), urn_top_k(urn_i_by(URN_BY_ROW, c->top_k)),
             M(1e-12f));
    }
#undef LIST
#undef T
#undef K
#undef P
#undef M
}

static float pick(ut_rng *rng, const float *values, int64_t n) { return values[ut_below(rng, n)]; }

pc_case *pc_make(uint64_t seed, urn_dtype dtype, int64_t rows, int64_t cols, pc_view view, int32_t draws, int plain) {
    static const float temperatures[] = {1, 0.5f, 0, 1, 2, 1e-30f, 0.9f, 1, NAN, -1, INFINITY};
    static const float ps[] = {1, 0.9f, 0.5f, 0, 0.999f, 0x1p-30f, 0.3f, NAN, 1.5f, -0.0f};
    static const float ms[] = {0, 0.1f, 1, 1e-6f, 0.02f, 0x1p-140f, -0.5f, NAN};
    static const int32_t ks[] = {0, -1, 1, 2, 7, 64, 1000, INT32_MAX, -2};
    ut_rng rng = ut_rng_make(seed);
    pc_case *c = (pc_case *)calloc(1, sizeof *c);
    int64_t slots = rows + 3, stride = view == PC_ODD_STRIDE ? cols + 3 : cols;
    int64_t data_rows = view == PC_INDEXED ? rows / 2 + 1 : rows, elements = data_rows * stride + 16;
    ut_job *job = &c->job;
    job->dtype = dtype, job->rows = rows, job->cols = cols, job->row_stride = stride, job->draws = draws;
    job->misalign = view == PC_DENSE ? 0 : (size_t)ut_below(&rng, 9) * urn_dtype_size(dtype);
    job->seed_value = seed, job->position_value = 77;

    float *x = (float *)ut_malloc(4 * (size_t)elements);
    ut_fill(x, elements, UT_NORMAL, 3, seed);
    for (int64_t r = 0; r < data_rows; r++)
        fill_row(x + r * stride, cols, ut_below(&rng, 2) ? 0 : ut_below(&rng, 12), seed + 1000 * (uint64_t)(r + 1));
    c->packed = ut_malloc((size_t)elements * urn_dtype_size(dtype));
    ut_pack(x, elements, dtype, c->packed);
    free(x);
    job->logits = c->packed;

#define ARRAY(field, n) c->field = ut_malloc(sizeof *c->field * (size_t)(n))
    if (view == PC_INDEXED) {
        ARRAY(row_index, rows);
        for (int64_t r = 0; r < rows; r++) c->row_index[r] = (int32_t)ut_below(&rng, data_rows);
        if (rows > 4) c->row_index[3] = (int32_t)data_rows, c->row_index[4] = -1;
        job->row_index = c->row_index, job->data_rows = data_rows;
    }
    if (view == PC_RAGGED) { /* lengths from 0 to cols; one that goes backwards */
        ARRAY(offsets, rows + 1);
        c->offsets[0] = 0;
        for (int64_t r = 0; r < rows; r++) {
            int64_t length = r % 7 == 5 ? 0 : 1 + ut_below(&rng, cols);
            c->offsets[r + 1] = c->offsets[r] + length;
        }
        if (rows > 6) c->offsets[3] = c->offsets[2] > 0 ? c->offsets[2] - 1 : -1;
        job->offsets = c->offsets, job->data_size = data_rows * stride + (seed % 2 ? 0 : -cols / 2);
    }
    ARRAY(words, 5 * ((cols + 31) / 32 + 1));
    for (int64_t i = 0; i < 5 * ((cols + 31) / 32 + 1); i++) c->words[i] = (uint32_t)(ut_u64(&rng) & ut_u64(&rng));
    memset(c->words, 0, 4 * (size_t)((cols + 31) / 32 + 1)); /* table row 0 allows nothing */
    ARRAY(map, rows);
    ARRAY(slot, rows);
    ARRAY(position, rows);
    ARRAY(list, slots);
    ARRAY(seed, slots);
    ARRAY(label, slots);
    ARRAY(temperature, slots);
    ARRAY(top_p, slots);
    ARRAY(min_p, slots);
    ARRAY(top_k, slots);
#undef ARRAY
    for (int64_t r = 0; r < rows; r++) {
        c->map[r] = (int32_t)ut_below(&rng, 40) - 1;
        if (c->map[r] > 5) c->map[r] = c->map[r] % 4 + 1;
        c->slot[r] = (int32_t)((r * 7 + 3) % slots); /* repeats are allowed: sampling only reads */
        if (ut_below(&rng, 16) == 0) c->slot[r] = ut_below(&rng, 2) ? -1 : (int32_t)slots;
        c->position[r] = (uint32_t)ut_u64(&rng);
    }
    for (int64_t s = 0; s < slots; s++) {
        c->list[s] = (int32_t)ut_below(&rng, plain ? 7 : PC_LISTS);
        if (ut_below(&rng, 30) == 0) c->list[s] = ut_below(&rng, 2) ? -1 : PC_LISTS;
        c->seed[s] = ut_u64(&rng);
        c->label[s] = ut_u64(&rng);
        c->temperature[s] = pick(&rng, temperatures, ut_below(&rng, 4) ? 8 : 11);
        c->top_p[s] = pick(&rng, ps, ut_below(&rng, 4) ? 7 : 10);
        c->min_p[s] = pick(&rng, ms, ut_below(&rng, 4) ? 6 : 8);
        c->top_k[s] = ks[ut_below(&rng, ut_below(&rng, 4) ? 8 : 9)];
    }
    make_lists(c, &rng, cols, plain);
    job->lists = c->lists;
    job->list_count = plain ? 7 : PC_LISTS;
    job->list = c->list;
    job->slot = c->slot;
    job->slots = slots;
    if (seed % 3) job->seed = c->seed;
    if (seed % 2) job->label = c->label;
    if (seed % 5) job->position = c->position;
    return c;
}

void pc_free(pc_case *c) {
    free(c->packed);
    free(c->words);
    free(c->temperature);
    free(c->top_p);
    free(c->min_p);
    free(c->top_k);
    free(c->map);
    free(c->slot);
    free(c->list);
    free(c->row_index);
    free(c->seed);
    free(c->label);
    free(c->position);
    free(c->offsets);
    free(c);
}
