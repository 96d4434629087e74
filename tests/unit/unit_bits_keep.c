/* unit_bits_keep.c - keep steps on rows of many groups, where the search takes its short cuts, against plain sorting.
 */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_rules.h"
#include "host/cpu/cpu_weights.h"
#include "tests/unit/unit_bits_plain.h"
#include "tests/urn_test.h"

#define N 20011 /* 79 groups, the last one partial */

typedef struct {
    float *x; /* as f32, -inf where masked */
    void *packed;
    uint32_t *words; /* a mask, or NULL */
    uint32_t *bits;  /* its room */
    void *scratch;
    int32_t *sorted; /* possible ids in the order */
    int32_t possible;
    unsigned char *wanted, *found;
} bench;

static const float *sort_x;

static int by_order(const void *a, const void *b) {
    int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    if (sort_x[i] != sort_x[j]) return sort_x[i] > sort_x[j] ? -1 : 1;
    return i < j ? -1 : 1;
}

static void sort_ids(bench *b) {
    b->possible = 0;
    for (int32_t i = 0; i < N; i++)
        if (b->x[i] > -INFINITY) b->sorted[b->possible++] = i;
    sort_x = b->x;
    qsort(b->sorted, (size_t)b->possible, sizeof *b->sorted, by_order);
}

static void list_found(const urnc_row *row, unsigned char *found) {
    memset(found, 0, N);
    for (int64_t i = 0; i < row->kept.n; i++)
        if ((!row->kept.bits || row->kept.bits[i / 32] >> (i % 32) & 1) && urnc_view_at(&row->kept, i) > -INFINITY)
            found[urnc_row_id(row, i)] = 1;
}

/* What the draw will search: the weights of K by group, and their sum. */
static void check_sums(urnc_row *row, const bench *b, float M, float c) {
    uint64_t Z = 0, weight[URNC_GROUP];
    for (int32_t i = 0; i < N; i++)
        if (b->wanted[i]) Z += urnc_weight(b->x[i], M, c);
    urnc_epoch_weigh(row);
    UT_ASSERT(row->Z == Z, "Z is %llu, not %llu", (unsigned long long)row->Z, (unsigned long long)Z);
    for (int64_t g = 0; g < urnc_groups(&row->kept); g++) {
        uint64_t sum = 0;
        row->loops->weights(&row->kept, row->scale, g, weight);
        for (int i = 0; i < URNC_GROUP; i++) sum += weight[i];
        UT_ASSERT(row->sums[g] == sum, "the sum of group %d", (int)g);
    }
}

static urnc_act act(int32_t op, float f, int32_t i) {
    urnc_act a;
    memset(&a, 0, sizeof a);
    a.op = op;
    a.f[0] = f;
    a.i[0] = i;
    return a;
}

/* Run acts on one epoch at temperature T, both ways. */
static void check(bench *b, int32_t dtype, int team, float T, const urnc_act *acts, int count) {
    urnc_row row;
    urnc_plan plan;
    memset(&plan, 0, sizeof plan);
    plan.data = b->packed;
    plan.n = N;
    plan.key = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(1 + count);
    plan.position = 7;
    urnc_row_begin(&row, &plan, dtype, b->scratch, team);
    urnc_sort_begin(&row, N, URN_NEEDS_SORT, (char *)b->scratch + urnc_row_bytes(N));
    UT_ASSERT(urnc_row_scan(&row) == URN_ROW_OK, "scan");
    row.T = T;
    urnc_act masking = act(URN_OP_MASK, 0, 0);
    masking.table = b->words;
    if (b->words) urnc_mask(&row, &masking);
    UT_ASSERT(urnc_epoch_open(&row) == URN_ROW_OK, "open");
    float M = b->x[b->sorted[0]], c = URN_LOG2E / T;
    UT_ASSERT(row.scale.M == M && row.scale.c == c, "M %a c %a, not M %a c %a", (double)row.scale.M,
              (double)row.scale.c, (double)M, (double)c);
    memset(b->wanted, 0, N);
    for (int32_t s = 0; s < b->possible; s++) b->wanted[b->sorted[s]] = 1;
    plain_law law = {b->x, b->sorted, b->possible, N, b->wanted, T, plan.key, plan.position, 0, 0, 0};
    plain_open(&law);
    for (int a = 0; a < count; a++) {
        plain_step(&law, &acts[a]);
        UT_ASSERT(urnc_epoch_open(&row) == URN_ROW_OK, "open again");
        UT_ASSERT(urnc_rule_of(acts[a].op)->run(&row, &acts[a]) == URN_ROW_OK, "step");
        list_found(&row, b->found);
        UT_SAME_BITS(b->found, b->wanted, N, "ids kept");
        int64_t kept = 0;
        for (int32_t i = 0; i < N; i++) kept += b->found[i];
        UT_ASSERT(row.count < 0 || row.count == kept, "count %lld, not %lld", (long long)row.count, (long long)kept);
    }
    UT_ASSERT(urnc_epoch_open(&row) == URN_ROW_OK, "open at last");
    check_sums(&row, b, plain_largest(&law), c);
    UT_ASSERT(row.A == law.A, "A is %a, not %a", row.A, law.A);
}

static const float temperatures[] = {1.0f, 0.05f, 40.0f};

static bench make_bench(void) {
    bench b = {ut_malloc(N * sizeof(float)),
               ut_malloc(N * sizeof(float)),
               NULL,
               ut_malloc((N + 31) / 32 * sizeof(uint32_t)),
               ut_malloc(urnc_row_bytes(N) + urnc_sort_bytes(N, URN_NEEDS_SORT)),
               ut_malloc(N * sizeof(int32_t)),
               0,
               ut_malloc(N),
               ut_malloc(N)};
    return b;
}

static void free_bench(bench *b) {
    free(b->x), free(b->packed), free(b->bits), free(b->scratch), free(b->sorted), free(b->wanted), free(b->found);
}

/* Values by seed: spread, flat, tied, sorted; a half left out; a mask. */
static void fill_bench(bench *b, uint64_t seed) {
    int32_t dtype = (int32_t)(seed % 3);
    ut_rng rng = ut_rng_make(seed);
    ut_fill(b->x, N, seed % 4 == 3 ? UT_TIES : seed % 4 == 2 ? UT_FLAT : UT_NORMAL, seed % 5 ? 1.0 : 5.0, seed);
    if (seed % 2) ut_punch(b->x, N, 0.5, seed);
    if (seed == 4) /* sorted: the largest ids share few groups */
        for (int32_t i = 0; i < N; i++) b->x[i] = (float)i * 1e-3f;
    ut_round(b->x, N, (urn_dtype)dtype);
    ut_pack(b->x, N, (urn_dtype)dtype, b->packed);
    b->words = seed >= 8 ? b->bits : NULL;
    for (int32_t w = 0; w < (N + 31) / 32; w++)
        b->bits[w] = seed >= 12 && seed < 16 ? 1u << ut_below(&rng, 32) : (uint32_t)ut_u64(&rng);
    for (int32_t i = 0; b->words && i < N; i++)
        if (!(b->bits[i / 32] >> (i % 32) & 1)) b->x[i] = -INFINITY;
    sort_ids(b);
}

/* property  each keep step keeps exactly what walking the sorted row keeps; pairs of steps too; ties by smaller id
 * why       hints (largest of groups, mass that may be left out) skip work, and a wrong hint must cost time only
 * shapes    79 groups; k around the number of groups, where the hint begins; values spread, tied, masked, half -inf */
START_TEST(keep_steps_keep_what_sorting_keeps) {
    static const int32_t k[] = {1, 2, 50, 78, 79, 80, 81, 500, 2501, 2502, 19000, N - 1, N, 1000000};
    static const float p[] = {0.0f, 1e-30f, 0.01f, 0.5f, 0.95f, 0.999f, 0x1.fffffep-1f};
    static const float m[] = {0x1p-149f, 1e-9f, 0.001f, 0.02f, 0.5f, 1.0f};
    bench b = make_bench();
    for (uint64_t seed = 0; seed < 16; seed++) {
        fill_bench(&b, seed);
        int32_t dtype = (int32_t)(seed % 3);
        float t = temperatures[seed % 3];
        int team = seed % 2 ? 1 : 2;
        for (size_t j = 0; j < sizeof k / sizeof *k; j++) {
            urnc_act acts[3] = {act(URN_OP_TOP_K, 0, k[j]), act(URN_OP_TOP_P, p[j % 7], 0),
                                act(URN_OP_MIN_P, m[j % 6], 0)};
            ut_note("seed %d: top_k %d, top_p %g, min_p %g", (int)seed, k[j], (double)acts[1].f[0],
                    (double)acts[2].f[0]);
            check(&b, dtype, team, t, acts, 3);
        }
        for (size_t j = 0; j < sizeof p / sizeof *p; j++) {
            urnc_act acts[3] = {act(URN_OP_TOP_P, p[j], 0), act(URN_OP_TOP_P, 0.9f, 0), act(URN_OP_TOP_K, 0, 7)};
            ut_note("seed %d: top_p %g, top_p 0.9, top_k 7", (int)seed, (double)p[j]);
            check(&b, dtype, team, t, acts, 3);
        }
        for (size_t j = 0; j < sizeof m / sizeof *m; j++) {
            urnc_act acts[3] = {act(URN_OP_MIN_P, m[j], 0), act(URN_OP_TOP_P, 0.7f, 0), act(URN_OP_TOP_K, 0, 60)};
            ut_note("seed %d: min_p %g, top_p 0.7, top_k 60", (int)seed, (double)m[j]);
            check(&b, dtype, team, t, acts, 3);
        }
        for (size_t j = 0; j < sizeof m / sizeof *m; j++) {
            urnc_act acts[1] = {act(URN_OP_MIN_P, m[j], 0)};
            ut_note("seed %d: min_p %g", (int)seed, (double)m[j]);
            check(&b, dtype, team, t, acts, 1);
        }
    }
    free_bench(&b);
}
END_TEST

/* property  every keep rule, after another and before another, keeps what walking the sorted ids keeps
 * why       thresholds stand on hints about which values can weigh enough, cuts on hints about where they lie; a small
 * K is copied out; and rules that may take the largest leave an epoch to be opened again shapes    as above; long and
 * short K, one thread and two */
START_TEST(every_rule_keeps_what_sorting_keeps) {
    static const struct {
        int32_t op;
        float f[5], second;
    } rules[] = {
        {URN_OP_TOP_A, {1e-30f, 0.001f, 0.2f, 1.0f, 0.9f}, 0},
        {URN_OP_EPSILON, {1e-12f, 3e-4f, 0.01f, 1.0f, 0x1p-149f}, 0},
        {URN_OP_ETA, {1e-12f, 3e-4f, 0.01f, 1.0f, 1e-38f}, 0},
        {URN_OP_TYPICAL, {0.0f, 0.2f, 0.9f, 0.999f, 0x1.fffffep-1f}, 0},
        {URN_OP_TAIL_FREE, {0.0f, 0.2f, 0.95f, 0.999f, 0x1.fffffep-1f}, 0},
        {URN_OP_TOP_N_SIGMA, {1e-3f, 0.5f, 1.0f, 2.0f, 5.0f}, 0},
        {URN_OP_XTC, {1.0f, 1.0f, 1.0f, 0.5f, 0.3f}, 1e-4f},
        {URN_OP_XTC, {1.0f, 0.9f, 0.7f, 0.5f, 0.3f}, 0.0f},
        {URN_OP_XTC, {1.0f, 0.9f, 0.7f, 0.5f, 0.3f}, 0.02f},
        {URN_OP_MIROSTAT, {-3.0f, 0.0f, 4.0f, 12.0f, 60.0f}, 0},
        {URN_OP_MIROSTAT_V1, {-2.0f, 3.0f, 6.0f, 12.0f, 60.0f}, 0},
    };
    enum { RULES = sizeof rules / sizeof *rules };
    bench b = make_bench();
    for (uint64_t seed = 0; seed < 18; seed++) {
        fill_bench(&b, seed);
        for (int r = 0; r < RULES; r++)
            for (int v = 0; v < 5; v++) {
                urnc_act one = act(rules[r].op, rules[r].f[v], 0);
                one.f[1] = rules[r].second;
                urnc_act few = act(URN_OP_TOP_K, 0, seed % 2 ? 40 : 900), more = act(URN_OP_TOP_P, 0.95f, 0);
                int other = (r + 1 + (int)seed) % RULES;
                urnc_act next = act(rules[other].op, rules[other].f[(v + 1) % 5], 0);
                next.f[1] = rules[other].second;
                few.flags = more.flags = seed % 3 ? URN_STEP_TIES : 0;
                urnc_act lists[3][3] = {{one, next, more}, {few, one, next}, {more, one, one}};
                for (int l = 0; l < 3; l++) {
                    ut_note("seed %d: op %d with %g, list %d (then op %d)", (int)seed, rules[r].op,
                            (double)rules[r].f[v], l, rules[other].op);
                    check(&b, (int32_t)(seed % 3), seed % 2 ? 1 : 2, temperatures[seed % 3], lists[l], 3);
                }
            }
    }
    free_bench(&b);
}
END_TEST

Suite *unit_bits_keep_suite(void);
Suite *unit_bits_keep_suite(void) {
    Suite *suite = suite_create("unit_bits_keep");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, keep_steps_keep_what_sorting_keeps);
    tcase_add_test(cpu, every_rule_keeps_what_sorting_keeps);
    suite_add_tcase(suite, cpu);
    return suite;
}
