/* prop_case.c - random jobs for the property tests. */
#include "tests/prop/prop_case.h"

void *prop_own(prop_case *c, size_t bytes) {
    UT_ASSERT(c->owns < 256, "a case owns too much");
    return c->owned[c->owns++] = ut_malloc(bytes);
}

void prop_case_free(prop_case *c) {
    for (int i = 0; i < c->owns; i++) free(c->owned[i]);
    free(c);
}

static const float temperatures[] = {1.0f, 0.0f, 0.001f, 0.3f, 0.7f, 1.3f, 2.0f, 40.0f};
static const float top_ps[] = {1.0f, 0.0f, 0.1f, 0.5f, 0.75f, 0.9f, 0.95f, 0.999f};
static const float min_ps[] = {0.0f, 1.0f, 0.01f, 0.02f, 0.1f, 0.3f, 0.5f, 0.05f};

static float pick_float(ut_rng *rng, int32_t op) {
    const float *table = op == URN_OP_TEMPERATURE ? temperatures : op == URN_OP_TOP_P ? top_ps : min_ps;
    return table[ut_below(rng, 8)];
}

static int32_t pick_k(ut_rng *rng, int64_t cols) {
    const int32_t table[] = {0, -1, 1, 2, 5, (int32_t)cols, (int32_t)cols + 7, 1 + (int32_t)ut_below(rng, cols)};
    return table[ut_below(rng, 8)];
}

static urn_param pick_param(prop_case *c, ut_rng *rng, int32_t op) {
    urn_by by = (urn_by)ut_below(rng, 3);
    int64_t n = by == URN_BY_ROW || !c->job.slots ? c->job.rows : c->job.slots;
    if (by == URN_SCALAR) return op == URN_OP_TOP_K ? urn_i(pick_k(rng, c->job.cols)) : urn_f(pick_float(rng, op));
    float *f = (float *)prop_own(c, 4 * (size_t)n);
    int32_t *k = (int32_t *)prop_own(c, 4 * (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        if (op == URN_OP_TOP_K) k[i] = pick_k(rng, c->job.cols);
        if (op != URN_OP_TOP_K) f[i] = pick_float(rng, op);
    }
    return op == URN_OP_TOP_K ? urn_i_by(by, k) : urn_f_by(by, f);
}

static urn_step pick_mask(prop_case *c, ut_rng *rng) {
    int64_t stride = (c->job.cols + 31) / 32 + ut_below(rng, 3), rows = c->job.rows, table_rows = rows;
    int32_t *map = NULL;
    if (ut_below(rng, 2)) {
        table_rows = 1 + ut_below(rng, 3);
        map = (int32_t *)prop_own(c, 4 * (size_t)rows);
        for (int64_t r = 0; r < rows; r++) map[r] = (int32_t)ut_below(rng, table_rows + 1) - 1;
    }
    uint32_t *words = (uint32_t *)prop_own(c, 4 * (size_t)(table_rows * stride));
    int dense = ut_below(rng, 4) > 0;
    for (int64_t i = 0; i < table_rows * stride; i++) {
        words[i] = (uint32_t)ut_u64(rng);
        if (dense) words[i] |= (uint32_t)ut_u64(rng) | (uint32_t)ut_u64(rng);
    }
    return urn_mask(words, table_rows, stride, map);
}

static void pick_lists(prop_case *c, ut_rng *rng) {
    static const int32_t ops[] = {URN_OP_TEMPERATURE, URN_OP_MASK, URN_OP_TOP_K, URN_OP_TOP_P, URN_OP_MIN_P};
    int32_t count = 1 + (int32_t)ut_below(rng, 3);
    urn_list *lists = (urn_list *)prop_own(c, sizeof *lists * (size_t)count);
    for (int32_t l = 0; l < count; l++) {
        urn_step *steps = (urn_step *)prop_own(c, sizeof *steps * 6);
        lists[l].steps = steps;
        lists[l].count = (int32_t)ut_below(rng, 6);
        for (int32_t i = 0; i < lists[l].count; i++) {
            int32_t op = ops[ut_below(rng, 5)];
            if (op == URN_OP_TEMPERATURE) steps[i] = urn_temperature(pick_param(c, rng, op));
            if (op == URN_OP_MASK) steps[i] = pick_mask(c, rng);
            if (op == URN_OP_TOP_K) steps[i] = urn_top_k(pick_param(c, rng, op));
            if (op == URN_OP_TOP_P) steps[i] = urn_top_p(pick_param(c, rng, op));
            if (op == URN_OP_MIN_P) steps[i] = urn_min_p(pick_param(c, rng, op));
        }
    }
    c->job.lists = lists;
    c->job.list_count = count;
}

static void pick_slots(prop_case *c, ut_rng *rng) {
    ut_job *job = &c->job;
    job->slots = job->rows + ut_below(rng, 4);
    int32_t *slot = (int32_t *)prop_own(c, 4 * (size_t)job->rows), *list;
    for (int64_t r = 0; r < job->rows; r++) slot[r] = (int32_t)ut_below(rng, job->slots + 1) - 1;
    list = (int32_t *)prop_own(c, 4 * (size_t)job->slots);
    uint64_t *seed = (uint64_t *)prop_own(c, 8 * (size_t)job->slots);
    uint64_t *label = (uint64_t *)prop_own(c, 8 * (size_t)job->slots);
    uint32_t *position = (uint32_t *)prop_own(c, 4 * (size_t)job->rows);
    for (int64_t s = 0; s < job->slots; s++) {
        list[s] = (int32_t)ut_u64(rng) & 0xffff; /* brought into range when the lists are known */
        seed[s] = ut_u64(rng);
        label[s] = ut_u64(rng);
    }
    for (int64_t r = 0; r < job->rows; r++) position[r] = (uint32_t)ut_u64(rng);
    job->slot = ut_below(rng, 3) ? slot : NULL;
    job->list = list;
    job->seed = ut_below(rng, 3) ? seed : NULL;
    job->label = ut_below(rng, 3) ? label : NULL;
    job->position = ut_below(rng, 3) ? position : NULL;
}

/* Where rows lie: dense, through an index, or ragged. Returns how many elements exist. */
static int64_t pick_layout(prop_case *c, ut_rng *rng) {
    ut_job *job = &c->job;
    int kind = (int)ut_below(rng, 4);
    job->row_stride = job->cols + (ut_below(rng, 2) ? ut_below(rng, 10) : 0);
    if (kind == 1) {
        job->data_rows = 1 + ut_below(rng, job->rows + 2);
        int32_t *index = (int32_t *)prop_own(c, 4 * (size_t)job->rows);
        for (int64_t r = 0; r < job->rows; r++) index[r] = (int32_t)ut_below(rng, job->data_rows);
        job->row_index = index;
        return (job->data_rows - 1) * job->row_stride + job->cols;
    }
    if (kind == 2) {
        int64_t *offsets = (int64_t *)prop_own(c, 8 * (size_t)(job->rows + 1));
        offsets[0] = ut_below(rng, 5);
        for (int64_t r = 0; r < job->rows; r++) {
            offsets[r + 1] = offsets[r] + (ut_below(rng, 8) ? 1 + ut_below(rng, job->cols) : 0);
        }
        job->offsets = offsets;
        return job->data_size = offsets[job->rows] + 1 + ut_below(rng, 5);
    }
    return (job->rows - 1) * job->row_stride + job->cols;
}

prop_case *prop_case_make(uint64_t seed, int64_t rows, int64_t cols) {
    static const double scales[] = {0.5, 1, 3, 10, 60};
    static const double holes[] = {0, 0, 0.3, 0.9};
    static const int64_t edges[] = {1, 2, 31, 32, 33, 64, 255, 257};
    prop_case *c = (prop_case *)ut_malloc(sizeof *c);
    memset(c, 0, sizeof *c);
    ut_rng rng = ut_rng_make(seed);
    ut_job *job = &c->job;
    c->seed = seed;
    job->rows = 1 + ut_below(&rng, rows);
    int64_t edge = edges[ut_below(&rng, 8)];
    job->cols = ut_below(&rng, 2) && edge <= cols ? edge : 1 + ut_below(&rng, cols);
    job->dtype = (urn_dtype)ut_below(&rng, 3);
    job->draws = 1 + (int32_t)ut_below(&rng, 6);
    job->misalign = urn_dtype_size(job->dtype) * (size_t)ut_below(&rng, 9);
    job->seed_value = ut_u64(&rng);
    job->position_value = (uint32_t)ut_below(&rng, 1000);
    ut_note("case seed %llu, %lld rows of %lld, dtype %d", (unsigned long long)seed, (long long)job->rows,
            (long long)job->cols, (int)job->dtype);
    int64_t n = pick_layout(c, &rng);
    float *x = (float *)prop_own(c, 4 * (size_t)n);
    void *packed = prop_own(c, 4 * (size_t)n);
    ut_fill(x, n, (ut_shape)ut_below(&rng, 4), scales[ut_below(&rng, 5)], ut_u64(&rng));
    ut_punch(x, n, holes[ut_below(&rng, 4)], ut_u64(&rng));
    ut_pack(x, n, job->dtype, packed);
    job->logits = packed;
    if (ut_below(&rng, 2)) pick_slots(c, &rng);
    if (ut_below(&rng, 6)) pick_lists(c, &rng);
    for (int64_t s = 0; job->list && s < job->slots; s++) {
        ((int32_t *)job->list)[s] = job->list_count ? job->list[s] % job->list_count : 0;
    }
    return c;
}

prop_case *prop_case_alone(const ut_job *job, int64_t r) {
    prop_case *c = (prop_case *)ut_malloc(sizeof *c);
    memset(c, 0, sizeof *c);
    oracle_row *row = oracle_row_of(job, r);
    UT_ASSERT(!(row->status & (URN_ROW_INDEX | URN_ROW_PADDING | URN_ROW_PARAM)) && row->n > 0, "row %lld cannot run",
              (long long)r);
    float *x = (float *)prop_own(c, 4 * (size_t)row->n);
    memcpy(x, row->x, 4 * (size_t)row->n);
    urn_step *steps = (urn_step *)prop_own(c, sizeof *steps * URN_MAX_STEPS);
    urn_list *list = (urn_list *)prop_own(c, sizeof *list);
    for (int32_t i = 0; i < row->count; i++) {
        const oracle_step *s = row->steps + i;
        if (s->op == URN_OP_MASK) steps[i] = urn_mask(s->words, 1, (row->n + 31) / 32, NULL);
        if (s->op == URN_OP_TEMPERATURE) steps[i] = urn_temperature(urn_f(s->f[0]));
        if (s->op == URN_OP_TOP_K) steps[i] = urn_top_k(urn_i(s->i[0]));
        if (s->op == URN_OP_TOP_P) steps[i] = urn_top_p(urn_f(s->f[0]));
        if (s->op == URN_OP_MIN_P) steps[i] = urn_min_p(urn_f(s->f[0]));
    }
    list->steps = steps;
    list->count = row->count;
    uint64_t *label = (uint64_t *)prop_own(c, 8);
    *label = row->label;
    c->job.logits = x;
    c->job.rows = 1;
    c->job.cols = row->n;
    c->job.misalign = 4 * (size_t)(r % 7);
    c->job.lists = list;
    c->job.list_count = 1;
    c->job.label = label;
    c->job.seed_value = row->seed;
    c->job.position_value = row->position;
    c->job.draws = job->draws;
    oracle_row_free(row);
    return c;
}
