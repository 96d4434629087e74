/* unit_bits_clones.c - every table of loops that this machine can run gives the bits of the plain one. */
#include <math.h>
#include <stdio.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_values.h"
#include "host/cpu/cpu_weights.h"
#include "tests/urn_test.h"

#define N (URNC_GROUP * 6 + 77) /* the last group is partial */
#define GROUPS 7

/* All that a table can say about a view. */
typedef struct {
    urnc_tally extremes, weigh, entropy, keep_order, keep_weight, near, ties, keep_light, heavy, census, spread;
    int32_t top[GROUPS];
    uint64_t sums[GROUPS], kept_sums[GROUPS], weights[GROUPS][URNC_GROUP];
    uint64_t mass[URNC_BINS + 1], count[URNC_BINS + 1], narrow[URNC_BINS + 1];
    uint32_t by_order[GROUPS * URNC_WORDS], by_weight[GROUPS * URNC_WORDS], dropped[GROUPS * URNC_WORDS];
    uint32_t by_nearness[GROUPS * URNC_WORDS], light[GROUPS * URNC_WORDS];
    uint64_t nearness[URNC_BINS + 1], taken;
    int64_t found[2], gathered;
    int32_t order[40], at[40];
    uint32_t before[3], nonzero[GROUPS * URNC_WORDS];
    urnc_best best;
    float shares[GROUPS][URNC_GROUP], processed[3][GROUPS][URNC_GROUP];
} answers;

static void ask(const urnc_loops *loops, const urnc_view *view, urnc_scale scale, answers *a) {
    int32_t middle = urnc_order(scale.M - 2.0f / scale.c);
    urnc_digit mass = {urnc_order(scale.M - 30.0f / scale.c), URNC_BINS, 15, 1, {URNC_BY_VALUE, 0, 0}}, count = mass;
    urnc_digit narrow = {middle - 1000, 500, 2, 1, {URNC_BY_VALUE, 0, 0}};
    urnc_key_rule value = {URNC_BY_VALUE, 0, 0}, near = {URNC_BY_DEVIATION, 3.0f, scale.M - 20.0f / scale.c};
    urnc_digit nearness = {urnc_order(-40.0f), URNC_BINS, 20, 1, near};
    count.by_mass = 0;
    memset(a, 0, sizeof *a);
    loops->extremes(view, 0, GROUPS, a->top, &a->extremes);
    loops->weigh(view, scale, 0, GROUPS, a->sums, &a->weigh);
    loops->entropy(view, scale, 0, GROUPS, &a->entropy);
    for (int64_t g = 0; g < GROUPS; g++) loops->weights(view, scale, g, a->weights[g]);
    loops->digits(view, scale, &mass, 0, GROUPS, a->top, a->mass);
    loops->digits(view, scale, &count, 0, GROUPS, NULL, a->count);
    loops->digits(view, scale, &narrow, 0, GROUPS, a->top, a->narrow);
    loops->keep_order(view, scale, value, middle, 0, GROUPS, a->top, a->by_order, &a->keep_order);
    loops->keep_weight(view, scale, UINT64_C(1) << 35, INT32_MIN, 0, GROUPS, NULL, a->by_weight, a->kept_sums,
                       &a->keep_weight);
    int32_t orders[3] = {a->top[2], middle, middle}, ids[3] = {URNC_GROUP * 2 + 9, N / 2, N - 1};
    urnc_queries queries = {orders, ids, 3};
    loops->outputs->ranks(view, &queries, 0, GROUPS, a->top, a->before);
    urnc_noise noise = {.key = 77, .draw = 3, .position = 5, .least = scale.M - 20.0f / scale.c};
    a->best.at = -1;
    loops->outputs->gumbel(view, scale, &noise, 0, GROUPS, a->top, &a->best);
    for (int64_t g = 0; g < GROUPS; g++) {
        loops->outputs->shares(a->weights[g], (double)a->weigh.sum, a->shares[g]);
        loops->outputs->nonzero(a->weights[g], a->nonzero + g * URNC_WORDS);
        for (int how = 0; how < 3; how++)
            loops->outputs->process(view, (urnc_processing)how, 1.5f, g, a->processed[how][g]);
    }
    memcpy(a->dropped, a->by_order, sizeof a->dropped);
    loops->drop_last(view, scale, value, a->top[1], 3, a->dropped);
    loops->digits(view, scale, &nearness, 0, GROUPS, NULL, a->nearness);
    loops->keep_order(view, scale, near, urnc_order(-1.5f), 0, GROUPS, NULL, a->by_nearness, &a->near);
    a->taken = loops->ties(view, scale, value, a->top[1], UINT64_C(1) << 33, &a->ties);
    loops->keep_light(view, scale, UINT64_C(1) << 35, 0, GROUPS, a->light, &a->keep_light);
    loops->heavy(view, scale, UINT64_C(1) << 35, INT32_MIN, 0, GROUPS, NULL, &a->heavy);
    loops->census(view, 0, GROUPS, &a->census);
    loops->spread(view, 100.0f, 0x1p12, 0, GROUPS, &a->spread);
    for (int end = 0; end < 2; end++) a->found[end] = loops->find(view, a->top[1], end, a->top);
    a->gathered = loops->gather(view, middle, INT32_MAX, 40, a->top, a->order, a->at);
}

/* property  same bits from every clone: sums, weights, bins, bits, counts; each dtype, with and without bits of K
 * why       a clone that fuses, reorders or rounds otherwise would make results depend on the machine */
START_TEST(clones_agree) {
    static float x[N];
    static uint16_t packed[N];
    uint32_t bits[GROUPS * URNC_WORDS];
    answers *plain = ut_malloc(sizeof *plain), *clone = ut_malloc(sizeof *clone);
    const urnc_loops *const *tables = urnc_loops_here();
    printf("clones here:");
    for (int t = 0; tables[t]; t++) printf(" %s", tables[t]->name);
    printf("; used: %s\n", urnc_clone());
    ck_assert_str_eq(urnc_clone(), tables[0]->name);
    for (uint64_t seed = 0; seed < 12; seed++) {
        ut_rng rng = ut_rng_make(seed);
        int dtype = (int)(seed % 3), masked = seed >= 6;
        ut_fill(x, N, seed % 2 ? UT_TIES : UT_NORMAL, 1.0 + (double)seed, seed);
        for (int i = 0; i < N && seed % 4 == 3; i++) x[i] = (float)((i * 7919) % 1024) * 0x1p-10f; /* a link's */
        ut_punch(x, N, 0.1, seed);
        x[5] = 0x1p-140f; /* a subnormal */
        ut_round(x, N, (urn_dtype)dtype);
        ut_pack(x, N, (urn_dtype)dtype, dtype == URN_F32 ? (void *)x : packed);
        for (int w = 0; w < GROUPS * URNC_WORDS; w++) bits[w] = w / URNC_WORDS == 3 ? 0 : (uint32_t)ut_u64(&rng);
        urnc_view view = {dtype == URN_F32 ? (const void *)x : packed, masked ? bits : NULL, N, dtype};
        urnc_scale scale = {5.0f * (1.0f + (float)seed), URN_LOG2E / (0.25f + (float)seed), seed % 4 == 3};
        ask(&urnc_loops_default, &view, scale, plain);
        UT_ASSERT(plain->weigh.sum > 0 && plain->keep_order.count >= 0, "nothing was weighed, seed %d", (int)seed);
        for (int t = 0; tables[t]; t++) {
            ask(tables[t], &view, scale, clone);
            ut_note("seed %d, %s, dtype %d", (int)seed, tables[t]->name, dtype);
            UT_SAME_BITS((uint32_t *)clone, (uint32_t *)plain, sizeof *plain / 4, "answers");
        }
    }
    free(plain);
    free(clone);
}
END_TEST

/* What the value loops make of a view, for each formula. */
typedef struct {
    float x[URNC_MIXTURE + 1][N];
    int32_t top[URNC_MIXTURE + 1][GROUPS];
    urnc_tally change[URNC_MIXTURE + 1], tsallis, gaps;
} values;

static void ask_values(const urnc_value_loops *loops, const urnc_view *view, const void *y, float M, values *v) {
    urnc_change change = {.formula = URNC_SETTLE, .M = M, .a = 0.7f, .b = 2.3f, .c = 0.4f, .t = 1 << 29};
    memset(v, 0, sizeof *v);
    change.y = y, change.dtype = view->dtype;
    for (int k = 0; k < 2; k++) {
        change.scale[k].M = M + (float)k, change.scale[k].c = URN_LOG2E;
        change.Z[k] = 0x1p47 + (double)k;
    }
    for (; change.formula <= URNC_MIXTURE; change.formula++)
        loops->change(view, &change, 0, GROUPS, v->x[change.formula], v->top[change.formula],
                      &v->change[change.formula]);
    loops->tsallis(view, &change, 0, GROUPS, &v->tsallis);
    loops->gaps(view, &change, 0, GROUPS, &v->gaps);
}

/* property  same bits from every clone of the loops that change values: x, tops, counts and what is wrong with values
 */
START_TEST(clones_change_values_alike) {
    static float x[N], y[N];
    static uint16_t packed_x[N], packed_y[N];
    uint32_t bits[GROUPS * URNC_WORDS];
    values *plain = ut_malloc(sizeof *plain), *clone = ut_malloc(sizeof *clone);
    const urnc_loops *const *tables = urnc_loops_here();
    for (uint64_t seed = 0; seed < 9; seed++) {
        ut_rng rng = ut_rng_make(seed);
        urn_dtype dtype = (urn_dtype)(seed % 3);
        ut_fill(x, N, UT_NORMAL, seed < 6 ? 3.0 : 1e38, seed);
        ut_fill(y, N, UT_NORMAL, seed < 6 ? 3.0 : 1e38, seed + 100);
        ut_punch(x, N, 0.1, seed);
        ut_punch(y, N, 0.05, seed + 100);
        if (seed % 2) y[700] = seed % 4 == 1 ? NAN : INFINITY;
        ut_round(x, N, dtype), ut_round(y, N, dtype);
        for (int i = 0; i < N; i++) x[i] = x[i] == INFINITY ? 1.0f : x[i]; /* not in a row that was scanned */
        ut_pack(x, N, dtype, dtype == URN_F32 ? (void *)x : packed_x);
        ut_pack(y, N, dtype, dtype == URN_F32 ? (void *)y : packed_y);
        for (int w = 0; w < GROUPS * URNC_WORDS; w++)
            bits[w] = seed % 2 == 0 ? 0xffffffffu : w / URNC_WORDS == 3 ? 0 : (uint32_t)ut_u64(&rng);
        float M = -INFINITY; /* of K */
        for (int i = 0; i < N; i++) M = x[i] > M && (bits[i / 32] >> (i % 32) & 1) ? x[i] : M;
        urnc_view view = {dtype == URN_F32 ? (const void *)x : packed_x, seed % 2 ? bits : NULL, N, (int32_t)dtype};
        const void *other = dtype == URN_F32 ? (const void *)y : packed_y;
        ask_values(urnc_loops_default.values, &view, other, M, plain);
        UT_ASSERT(plain->change[URNC_SETTLE].count > 0 && plain->tsallis.sum > 0 && plain->gaps.count > 0,
                  "nothing, seed %d", (int)seed);
        for (int t = 0; tables[t]; t++) {
            ask_values(tables[t]->values, &view, other, M, clone);
            ut_note("seed %d, %s, dtype %d", (int)seed, tables[t]->name, (int)dtype);
            UT_SAME_BITS((uint32_t *)clone, (uint32_t *)plain, sizeof *plain / 4, "values");
        }
    }
    free(plain);
    free(clone);
}
END_TEST

/* property  the loops say what the formula says, element by element */
START_TEST(loops_follow_the_formula) {
    static float x[N];
    answers *a = ut_malloc(sizeof *a);
    ut_fill(x, N, UT_NORMAL, 4.0, 11);
    urnc_view view = {x, NULL, N, URN_F32};
    urnc_scale scale = {20.0f, URN_LOG2E / 3.0f, 0};
    ask(urnc_loops_here()[0], &view, scale, a);
    uint64_t sum = 0, entropy = 0;
    int32_t largest = INT32_MIN;
    for (int i = 0; i < N; i++) {
        uint64_t w = urnc_weight(x[i] + 0.0f, scale.M, scale.c);
        int32_t order = urnc_order(x[i] + 0.0f);
        UT_ASSERT(a->weights[i / URNC_GROUP][i % URNC_GROUP] == w, "weight of %d", i);
        sum += w;
        entropy += urnc_weight_entropy(x[i] + 0.0f, scale.M, scale.c);
        largest = order > largest ? order : largest;
    }
    UT_ASSERT(a->weigh.sum == sum && a->entropy.sum == entropy && a->extremes.largest == largest, "a sum differs");
    free(a);
}
END_TEST

Suite *unit_bits_clones_suite(void);
Suite *unit_bits_clones_suite(void) {
    Suite *suite = suite_create("unit_bits_clones");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 60);
    tcase_add_test(cpu, clones_agree);
    tcase_add_test(cpu, clones_change_values_alike);
    tcase_add_test(cpu, loops_follow_the_formula);
    suite_add_tcase(suite, cpu);
    return suite;
}
