/* parity_shard.c - rows cut into 1, 2, 3 and 8 shards give the bits of urn_sample on the whole row. */
#include <math.h>

#include "tests/urn_test.h"

enum { ROWS = 9, MOST_SHARDS = 8, LISTS = 14 };

typedef struct shard_case {
    float *x;             /* [ROWS, cols] values of the dtype */
    void *packed;         /* the same in the dtype */
    float *bias, *warmth; /* [3, cols + 3] tables */
    uint32_t *words;      /* [3, cols / 32 + 2] */
    int32_t map[ROWS], top_k[ROWS];
    float temperature[ROWS], min_p[ROWS], top_p[ROWS];
    uint64_t seed[ROWS], label[ROWS];
    uint32_t position[ROWS];
    int64_t cols;
    urn_dtype dtype;
    urn_step steps[LISTS][URN_SHARD_MAX_STEPS];
    int32_t count[LISTS];
} shard_case;

/* Every row another kind: flat, ties, holes, wide, few, none, NaN, +inf. */
static void fill_row(float *x, int64_t n, int row, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed);
    ut_fill(x, n, row == 1 ? UT_TIES : row == 2 ? UT_FLAT : UT_NORMAL, row == 3 ? 300 : 2, seed);
    if (row == 4) ut_punch(x, n, 0.9, seed);
    if (row == 5) ut_punch(x, n, 1.0, seed);
    for (int64_t i = 0; row == 6 && i < n; i++) x[i] = -INFINITY;
    if (row == 7) x[ut_below(&rng, n)] = NAN;
    if (row == 8 && seed % 2) x[ut_below(&rng, n)] = INFINITY;
}

static void make_lists(shard_case *c) {
    urn_step mask = urn_mask(c->words, 3, c->cols / 32 + 2, c->map);
    urn_step bias = urn_dense_bias(c->bias, 3, c->cols + 3, c->map);
    urn_step warm = urn_id_temperature(c->warmth, 3, c->cols + 3, c->map);
    urn_step t_row = urn_temperature(urn_f_by(URN_BY_ROW, c->temperature));
    urn_step m_row = urn_min_p(urn_f_by(URN_BY_ROW, c->min_p));
    urn_step k_row = urn_top_k(urn_i_by(URN_BY_ROW, c->top_k));
    urn_step p_row = urn_top_p(urn_f_by(URN_BY_ROW, c->top_p));
#define T(v) urn_temperature(urn_f(v))
#define K(v) urn_top_k(urn_i(v))
#define P(v) urn_top_p(urn_f(v))
#define M(v) urn_min_p(urn_f(v))
#define LIST(l, ...)                                                                                                   \
    do {                                                                                                               \
        const urn_step given[] = {__VA_ARGS__};                                                                        \
        memcpy(c->steps[l], given, sizeof given);                                                                      \
        c->count[l] = (int32_t)(sizeof given / sizeof *given);                                                         \
    } while (0)
    c->count[0] = 0;
    LIST(1, T(0.7f), M(0.05f), T(1.5f));
    LIST(2, T(0));
    LIST(3, mask, t_row, m_row);
    LIST(4, K(1));
    LIST(5, T(0.8f), K(50), P(0.5f), M(0.02f)); /* half of equal weights: a sum that meets its need exactly */
    LIST(6, mask, k_row, t_row, p_row, T(2), K(3));
    LIST(7, T(1e-40f), K(7), T(1e30f));
    LIST(8, M(0.5f), M(0.01f), T(0));
    LIST(9, K(128));
    LIST(10, T(0.5f), bias, T(0.9f), warm, T(1.1f));
    LIST(11, bias, mask, K(20), P(0.99f));
    LIST(12, K(100), urn_top_a(urn_f(0.3f)), T(3), urn_epsilon(urn_f(0.02f)));
    LIST(13, T(3e38f), T(3e38f));
#undef T
#undef K
#undef P
#undef M
#undef LIST
}

static shard_case *make_case(uint64_t seed, urn_dtype dtype, int64_t cols) {
    shard_case *c = (shard_case *)ut_malloc(sizeof *c);
    ut_rng rng = ut_rng_make(seed);
    size_t cells = (size_t)(ROWS * cols), table = (size_t)(3 * (cols + 3)), words = (size_t)(3 * (cols / 32 + 2));
    c->cols = cols, c->dtype = dtype;
    c->x = (float *)ut_malloc(4 * cells);
    c->packed = ut_malloc(4 * cells);
    c->bias = (float *)ut_malloc(4 * table);
    c->warmth = (float *)ut_malloc(4 * table);
    c->words = (uint32_t *)ut_malloc(4 * words);
    for (int r = 0; r < ROWS; r++) {
        fill_row(c->x + r * cols, cols, r, seed * 100 + (uint64_t)r);
        c->map[r] = (int32_t)ut_below(&rng, 4) - 1;
        c->top_k[r] = (int32_t)(1 + ut_below(&rng, 60));
        c->temperature[r] = ut_below(&rng, 4) ? (float)(0.3 + ut_uniform(&rng)) : (float)ut_below(&rng, 2);
        c->min_p[r] = ut_below(&rng, 3) ? (float)(0.2 * ut_uniform(&rng)) : 0;
        c->top_p[r] = ut_below(&rng, 3) ? (float)ut_uniform(&rng) : 1;
        c->seed[r] = ut_u64(&rng), c->label[r] = ut_u64(&rng), c->position[r] = (uint32_t)ut_u64(&rng);
    }
    ut_round(c->x, (int64_t)cells, dtype);
    ut_pack(c->x, (int64_t)cells, dtype, c->packed);
    for (size_t i = 0; i < table; i++)
        c->bias[i] = (float)ut_normal(&rng), c->warmth[i] = (float)(0.5 + ut_uniform(&rng));
    for (size_t i = 0; i < table; i += 11) c->bias[i] = i % 2 ? -INFINITY : -0.0f;
    for (size_t i = 0; i < words; i++) c->words[i] = (uint32_t)(ut_u64(&rng) | ut_u64(&rng));
    make_lists(c);
    return c;
}

static void free_case(shard_case *c) {
    free(c->x), free(c->packed), free(c->bias), free(c->warmth), free(c->words), free(c);
}

static const void *by_row(ut_bed *bed, const void *host) { return host ? ut_upload(bed, host, 4 * ROWS) : NULL; }

/* The list with its arrays and tables on the device. */
static void upload_steps(ut_bed *bed, const shard_case *c, int list, urn_step *steps) {
    memcpy(steps, c->steps[list], sizeof c->steps[list]);
    for (int i = 0; i < c->count[list]; i++) {
        size_t row = (size_t)steps[i].table_stride * 4;
        steps[i].param[0].array = by_row(bed, steps[i].param[0].array);
        steps[i].map = (const int32_t *)by_row(bed, steps[i].map);
        if (steps[i].table) steps[i].table = ut_upload(bed, steps[i].table, row * (size_t)steps[i].table_rows);
    }
}

typedef struct results {
    int32_t ids[ROWS], kept[ROWS], status[ROWS];
    float logprob[ROWS], lse[ROWS], entropy[ROWS];
    uint64_t messages[2]; /* a hash of all bytes of each round */
} results;

static uint64_t hash_of(ut_bed *bed, const void *device, size_t bytes) {
    uint8_t *host = (uint8_t *)ut_malloc(bytes);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    ut_download(bed, device, host, bytes);
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ host[i]) * UINT64_C(0x100000001b3);
    free(host);
    return hash;
}

/* Three rounds over `shards` uneven slices; every shard must say the same, but for ids that one shard alone finds. 0
 * where the backend does not have the calls. */
static int run_shards(ut_bed *bed, const shard_case *c, int list, int method, int shards, results *out) {
    size_t element = urn_dtype_size(c->dtype);
    urn_step steps[URN_SHARD_MAX_STEPS];
    urn_shard_params p = URN_SHARD_PARAMS_INIT;
    const char *x = (const char *)ut_upload_at(bed, c->packed, element * (size_t)(ROWS * c->cols), 8);
    urn_shard_message1 *all1 = (urn_shard_message1 *)ut_output(bed, sizeof *all1 * (size_t)(shards * ROWS));
    urn_shard_message2 *all2 = (urn_shard_message2 *)ut_output(bed, sizeof *all2 * (size_t)(shards * ROWS));
    upload_steps(bed, c, list, steps);
    p.method = method, p.total = c->cols, p.shards = shards, p.steps = steps, p.count = c->count[list];
    p.seed = (const uint64_t *)ut_upload(bed, c->seed, sizeof c->seed);
    p.label = (const uint64_t *)ut_upload(bed, c->label, sizeof c->label);
    p.position = (const uint32_t *)ut_upload(bed, c->position, sizeof c->position);
    for (int round = 1; round <= 3; round++) {
        for (int s = 0; s < shards; s++) {
            /* uneven: the first shard gets one id where there are enough */
            int64_t first = s == 0 ? 0 : 1 + (c->cols - 1) * (s - 1) / (shards - 1);
            int64_t last = s == shards - 1 ? c->cols : s == 0 ? 1 : 1 + (c->cols - 1) * s / (shards - 1);
            if (shards == 1) last = c->cols;
            p.first = first, p.shard = s;
            p.logits = urn_matrix_dense(x + element * (size_t)first, c->dtype, ROWS, last - first, c->cols);
            results one;
            p.ids = (int32_t *)ut_output(bed, sizeof one.ids);
            p.logprob = (float *)ut_output(bed, sizeof one.logprob);
            p.lse = (float *)ut_output(bed, sizeof one.lse);
            p.entropy = (float *)ut_output(bed, sizeof one.entropy);
            p.kept_count = (int32_t *)ut_output(bed, sizeof one.kept);
            p.status = (int32_t *)ut_output(bed, sizeof one.status);
            urn_status status = URN_OK;
            if (round == 1) status = urn_shard_first(bed->stream, &p, all1 + s * ROWS);
            if (status == URN_E_BACKEND) return 0;
            if (round == 2) status = urn_shard_second(bed->stream, &p, all1, all2 + s * ROWS);
            if (round == 3) status = urn_shard_finish(bed->stream, &p, all1, all2);
            UT_OK(status);
            if (round < 3) continue;
            ut_download(bed, p.ids, one.ids, sizeof one.ids);
            ut_download(bed, p.logprob, one.logprob, sizeof one.logprob);
            ut_download(bed, p.lse, one.lse, sizeof one.lse);
            ut_download(bed, p.entropy, one.entropy, sizeof one.entropy);
            ut_download(bed, p.kept_count, one.kept, sizeof one.kept);
            ut_download(bed, p.status, one.status, sizeof one.status);
            if (s == 0) *out = one;
            UT_SAME_BITS(one.lse, out->lse, ROWS, "shards' lse");
            UT_SAME_BITS(one.entropy, out->entropy, ROWS, "shards' entropy");
            UT_SAME_BITS(one.kept, out->kept, ROWS, "shards' counts");
            UT_SAME_BITS(one.status, out->status, ROWS, "shards' status");
            for (int r = 0; r < ROWS; r++) {
                if (one.ids[r] >= 0 && out->ids[r] < 0) out->ids[r] = one.ids[r], out->logprob[r] = one.logprob[r];
                UT_ASSERT(one.ids[r] < 0 || one.ids[r] == out->ids[r], "row %d: ids %d and %d", r, one.ids[r],
                          out->ids[r]);
                UT_ASSERT(one.ids[r] >= 0 || s > 0 || shards > 1 || one.status[r], "row %d has no id", r);
            }
        }
    }
    out->messages[0] = hash_of(bed, all1, sizeof *all1 * (size_t)(shards * ROWS));
    out->messages[1] = hash_of(bed, all2, sizeof *all2 * (size_t)(shards * ROWS));
    ut_clear(bed);
    return 1;
}

/* property  every list that shards know, by both methods, over 1, 2, 3 and 8 uneven shards: ids, log-probabilities,
 * lse, entropy, counts and status of urn_sample on the whole row, bit for bit; and every backend's messages are the
 * same bytes, so that shards may be of different kinds
 * shapes    rows of 9 to 3,001 ids, on cpu to 10,001, three dtypes; rows with ties, holes, NaN, +inf, nothing possible
 */
START_TEST(shards_give_the_bits_of_the_whole_row) {
    static const int64_t cols[] = {9, 130, 700, 2051, 3001, 10001};
    static const int shards[] = {1, 2, 3, 8};
    int64_t n = cols[_i];
    ut_bed *whole = ut_open(URN_BACKEND_CPU);
    static uint64_t messages[LISTS][2][4][2];
    FOR_EACH_BACKEND(kind) {
        if (_i == 5 && kind != URN_BACKEND_CPU) continue; /* rows that cpu reads in parts */
        urn_ctx_params ctx = URN_CTX_PARAMS_INIT;
        ctx.backend = (int32_t)kind, ctx.threads = 2, ctx.lane_order = _i % 3;
        ut_bed *bed = ut_open_with(&ctx);
        shard_case *c = make_case(7 + (uint64_t)_i, (urn_dtype)(_i % 3), n);
        for (int list = 0; list < LISTS; list++)
            for (int method = 0; method < 2; method++) {
                ut_job job = {.logits = c->packed, .dtype = c->dtype, .rows = ROWS, .cols = n};
                job.seed = c->seed, job.label = c->label, job.position = c->position, job.method = method;
                ut_note("backend %s cols %d list %d method %d", urn_backend_name(kind), (int)n, list, method);
                ut_draws *wanted = ut_sample_steps(whole, &job, c->steps[list], c->count[list]);
                for (int s = 0; s < 4; s++) {
                    results found;
                    ut_note("backend %s cols %d list %d method %d shards %d", urn_backend_name(kind), (int)n, list,
                            method, shards[s]);
                    if (!run_shards(bed, c, list, method, shards[s], &found)) continue;
                    if (kind == URN_BACKEND_CPU) memcpy(messages[list][method][s], found.messages, 16);
                    UT_SAME_BITS(messages[list][method][s], found.messages, 2, "messages");
                    UT_SAME_BITS(found.status, wanted->status, ROWS, "status");
                    UT_SAME_BITS(found.kept, wanted->kept_count, ROWS, "kept_count");
                    UT_SAME_BITS(found.ids, wanted->ids, ROWS, "ids");
                    UT_SAME_BITS(found.logprob, wanted->logprob, ROWS, "logprob");
                    UT_SAME_BITS(found.entropy, wanted->entropy, ROWS, "entropy");
                    UT_SAME_BITS(found.lse, wanted->lse, ROWS, "lse");
                }
                ut_draws_free(wanted);
            }
        free_case(c);
        ut_close(bed);
    }
    ut_close(whole);
}
END_TEST

Suite *parity_shard_suite(void);
Suite *parity_shard_suite(void) {
    Suite *suite = suite_create("parity_shard");
    TCase *tcase = tcase_create("shards");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, shards_give_the_bits_of_the_whole_row, 0, 6);
    suite_add_tcase(suite, tcase);
    return suite;
}
