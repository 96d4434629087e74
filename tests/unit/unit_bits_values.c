/* unit_bits_values.c - value steps and links on rows small enough to check by hand: published numbers, exact sums. */
#include <float.h>
#include <math.h>

#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_weights.h"
#include "tests/urn_test.h"

#define MOST 64 /* ids of a row here */

/* One row and its list, run through the plan: x after all steps, -inf outside K. */
typedef struct {
    urn_sample_params params;
    urn_slots_view state;
    urnc_plan plan;
    urnc_row row;
    float x[MOST];
    void *scratch;
} run;

static const int32_t all_needs = URN_NEEDS_KEEP | URN_NEEDS_FULL | URN_NEEDS_STATE;

static run *start(void) {
    static const urn_sample_params defaults = URN_SAMPLE_PARAMS_INIT;
    run *u = ut_malloc(sizeof *u);
    memset(u, 0, sizeof *u);
    u->params = defaults;
    u->params.slots = 1;
    u->scratch = ut_malloc(urnc_row_bytes(MOST) + urnc_values_bytes(MOST, all_needs));
    return u;
}

static void stop(run *u) {
    free(u->scratch);
    free(u);
}

/* A context of these ids for the run; it keeps the pointer. */
static void give_context(run *u, const int32_t *ids, int32_t n) {
    u->params.overlay = ids;
    u->params.overlay_stride = n;
}

static int run_steps(run *u, const float *x, int n, const urn_step *steps, int count) {
    int32_t begin[2] = {0, count};
    urn_lists_view lists = {steps, begin, 1, all_needs};
    u->params.logits = urn_matrix_dense(x, URN_F32, 1, n, n);
    int status = urnc_plan_row(&u->params, &lists, u->state.slots ? &u->state : NULL, 0, &u->plan);
    if (status != URN_ROW_OK) return status;
    urnc_row_begin(&u->row, &u->plan, URN_F32, u->scratch, 1);
    urnc_values_begin(&u->row, all_needs, (char *)u->scratch + urnc_row_bytes(n));
    status = urnc_row_run(&u->row, &u->plan);
    for (int i = 0; i < n; i++) u->x[i] = -INFINITY;
    const urnc_view *kept = &u->row.kept;
    for (int64_t i = 0; i < kept->n; i++)
        if (!kept->bits || (kept->bits[i / 32] >> (i % 32) & 1)) u->x[urnc_row_id(&u->row, i)] = urnc_view_at(kept, i);
    return status;
}

static void near(const float *found, const double *wanted, int n, double within, const char *what) {
    for (int i = 0; i < n; i++)
        UT_ASSERT(found[i] == wanted[i] || fabs((double)found[i] - wanted[i]) <= within, "%s %d is %.9g, not %.9g",
                  what, i, (double)found[i], wanted[i]);
}

/* Probabilities of exp(x / T). */
static void softmax(const float *x, int n, double T, float *p) {
    double sum = 0, most = -HUGE_VAL;
    for (int i = 0; i < n; i++) most = fmax(most, (double)x[i]);
    for (int i = 0; i < n; i++) sum += exp(((double)x[i] - most) / T);
    for (int i = 0; i < n; i++) p[i] = (float)(exp(((double)x[i] - most) / T) / sum);
}

static void logs(const double *p, int n, float *x) {
    for (int i = 0; i < n; i++) x[i] = (float)log(p[i]);
}

static const double p6[6] = {.40, .25, .15, .10, .06, .04};

static void list_of(urn_id_lists *lists, const int32_t *ids, const float *values, int64_t *offsets, int64_t n) {
    memset(lists, 0, sizeof *lists);
    offsets[0] = 0, offsets[1] = n;
    lists->ids = ids, lists->values = values, lists->offsets = offsets, lists->rows = 1, lists->size = n;
}

/* property  "abccbcyabc" lets c, b and y be repeated to lengths 3, 1 and 2: c and y pay, b is too short; breakers and
 *           windows cut the lengths */
START_TEST(dry_pays_for_what_it_would_lengthen) {
    const int32_t context[] = {0, 1, 2, 2, 1, 2, 24, 0, 1, 2}, breaker[] = {1, 77};
    float x[26] = {0};
    int64_t offsets[2];
    urn_id_lists none, lists;
    memset(&none, 0, sizeof none);
    list_of(&lists, breaker, NULL, offsets, 2);
    run *u = start();
    give_context(u, context, 10);
    urn_step dry = urn_dry(urn_f(.8f), urn_f(1.75f), urn_i(2), urn_i(-1), none);
    UT_ASSERT(run_steps(u, x, 26, &dry, 1) == URN_ROW_OK, "status");
    for (int i = 0; i < 26; i++) {
        float wanted = i == 2 ? -(.8f * 1.75f) : i == 24 ? -.8f : 0.0f;
        UT_ASSERT(u->x[i] == wanted, "id %d has %g", i, (double)u->x[i]);
    }
    dry = urn_dry(urn_f(.8f), urn_f(1.75f), urn_i(1), urn_i(-1), none);
    UT_ASSERT(run_steps(u, x, 26, &dry, 1) == URN_ROW_OK && u->x[1] == -.8f && u->x[24] == -(.8f * 1.75f), "allowed 1");
    dry = urn_dry(urn_f(.8f), urn_f(1.75f), urn_i(2), urn_i(6), none);
    UT_ASSERT(run_steps(u, x, 26, &dry, 1) == URN_ROW_OK && u->x[24] == -.8f && u->x[2] == 0, "the last 6 ids");
    dry = urn_dry(urn_f(.8f), urn_f(1.75f), urn_i(1), urn_i(-1), lists);
    UT_ASSERT(run_steps(u, x, 26, &dry, 1) == URN_ROW_OK && u->x[2] == -.8f && u->x[24] == -.8f && u->x[1] == 0,
              "breaker b: %g %g %g", (double)u->x[2], (double)u->x[24], (double)u->x[1]);
    dry = urn_dry(urn_f(1.0f), urn_f(FLT_MAX), urn_i(1), urn_i(-1), none);
    UT_ASSERT(run_steps(u, x, 26, &dry, 1) == URN_ROW_OK && u->x[2] == -FLT_MAX, "a penalty past the numbers");
    stop(u);
}
END_TEST

/* property  published temperatures and laws of dynamic temperature and quadratic smoothing */
START_TEST(temperatures_and_smoothing_have_the_published_numbers) {
    static const double at_1[] = {.33598626, .23728836, .16259694, .12045034, .08253610, .06114200};
    static const double plain[] = {.42326519, .33937154, .16173722, .06194128, .01157601, .00210876};
    static const double curved[] = {.27670679, .26124751, .20762505, .14704460, .07377941, .03359664};
    float x[6], p[6];
    run *u = start();
    logs(p6, 6, x);
    urn_step step = urn_dynamic_temperature(urn_f(1), urn_f(.5f), urn_f(1));
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_OK, "status");
    UT_ASSERT(fabs((double)u->row.T - 1.35138440) < 3e-7, "T %.9g", (double)u->row.T);
    softmax(u->x, 6, (double)u->row.T, p);
    near(p, at_1, 6, 2e-7, "dynamic temperature: p");
    step = urn_dynamic_temperature(urn_f(1), urn_f(.5f), urn_f(2));
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_OK && fabs((double)u->row.T - 1.22485540) < 3e-7, "T %.9g",
              (double)u->row.T);
    step = urn_quadratic(urn_f(1), urn_f(1));
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_OK, "status");
    softmax(u->x, 6, 1, p);
    near(p, plain, 6, 3e-7, "quadratic: p");
    step = urn_quadratic(urn_f(.3f), urn_f(1.5f));
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_OK, "status");
    softmax(u->x, 6, 1, p);
    near(p, curved, 6, 3e-7, "cubic: p");
    stop(u);
}
END_TEST

/* property  repetition divides what is above 0 and multiplies what is not; then counts and presence are subtracted */
START_TEST(penalties_have_the_published_numbers) {
    const float x[] = {2, -1, 0, .5f};
    const int32_t context[] = {0, 1, 0, 2};
    static const double repeated[] = {1.53846154, -1.3, 0, .5}, both[] = {1.13846154, -1.6, -.3, .5};
    run *u = start();
    give_context(u, context, 4);
    for (int last_n = 0; last_n <= 64; last_n += 64) {
        urn_step step = urn_penalties(urn_f(1.3f), urn_f(0), urn_f(0), urn_i(last_n));
        UT_ASSERT(run_steps(u, x, 4, &step, 1) == URN_ROW_OK, "status");
        near(u->x, repeated, 4, 2e-7, "x");
        step = urn_penalties(urn_f(1.3f), urn_f(.1f), urn_f(.2f), urn_i(last_n));
        UT_ASSERT(run_steps(u, x, 4, &step, 1) == URN_ROW_OK, "status");
        near(u->x, both, 4, 2e-7, "x");
    }
    urn_step window = urn_penalties(urn_f(1), urn_f(1), urn_f(0), urn_i(2));
    UT_ASSERT(run_steps(u, x, 4, &window, 1) == URN_ROW_OK && u->x[0] == 1 && u->x[1] == -1 && u->x[2] == -1, "last 2");
    urn_step far = urn_penalties(urn_f(0x1p-140f), urn_f(FLT_MAX), urn_f(0), urn_i(64));
    UT_ASSERT(run_steps(u, x, 4, &far, 1) == URN_ROW_NAN, "inf - inf ends the row");
    stop(u);
}
END_TEST

/* property  over all outputs: what the slot's table has counted and the drafts count; the prompt's set is only seen,
 * and only if asked for; a table that was too small is URN_ROW_STATE, where it is read */
START_TEST(penalties_over_outputs_read_the_slot) {
    const float x[] = {2, 2, 2, 2, -2};
    const int32_t draft[] = {1, 9}, none[] = {-1, -1};
    /* 2 places: id 0 was committed 3 times, id 1 once */
    int32_t count_id[4] = {1, 0, 0, 0};
    uint32_t count_n[4] = {3, 0, 0, 0}, counted = 2, overflow = 0, prompt = 1u << 3 | 1u << 4 | 1u << 0, length = 0;
    run *u = start();
    uint32_t h = 1 * 0x9E3779B1u % 4;
    if (count_id[h]) h++;
    count_id[h] = 2, count_n[h] = 1;
    u->state.slots = 1, u->state.counts = 2, u->state.count_slots = 4;
    u->state.prompt_cols = 5, u->state.prompt_words = 1;
    u->state.now.count_id = count_id, u->state.now.count_n = count_n, u->state.now.counted = &counted;
    u->state.now.overflow = &overflow, u->state.now.prompt = &prompt, u->state.now.length = &length;
    u->state.now.position = &length;
    urn_step step = urn_penalties(urn_f(2), urn_f(.25f), urn_f(.5f), urn_i(0));
    give_context(u, none, 2);
    UT_ASSERT(run_steps(u, x, 5, &step, 1) == URN_ROW_OK, "status");
    UT_ASSERT(u->x[0] == 1 - .75f - .5f && u->x[1] == 1 - .25f - .5f && u->x[2] == 2 && u->x[3] == 2 && u->x[4] == -2,
              "outputs: %g %g %g %g", (double)u->x[0], (double)u->x[1], (double)u->x[3], (double)u->x[4]);
    give_context(u, draft, 2);
    step.flags = URN_STEP_PROMPT;
    UT_ASSERT(run_steps(u, x, 5, &step, 1) == URN_ROW_OK, "status");
    UT_ASSERT(u->x[0] == -.25f && u->x[1] == 1 - .5f - .5f && u->x[2] == 2 && u->x[3] == 1 && u->x[4] == -4,
              "with drafts and prompt: %g %g %g %g", (double)u->x[0], (double)u->x[1], (double)u->x[3],
              (double)u->x[4]);
    overflow = 1;
    UT_ASSERT(run_steps(u, x, 5, &step, 1) == URN_ROW_STATE, "a full table");
    step.param[3] = urn_i(8);
    UT_ASSERT(run_steps(u, x, 5, &step, 1) == URN_ROW_OK, "a window does not read the table");
    step = urn_penalties(urn_f(1), urn_f(0), urn_f(0), urn_i(0));
    UT_ASSERT(run_steps(u, x, 5, &step, 1) == URN_ROW_OK, "a neutral step does not read it either");
    stop(u);
}
END_TEST

/* property  values tilt a law as their authors' formula says, less their mean or not; -inf takes an id out */
START_TEST(values_have_the_published_numbers) {
    static const double p3[] = {.5, .3, .2}, plain[] = {.17900002, .29194350, .52905648};
    static const double centred[] = {.30390910, .49566635, .20042456},
                        not_centred[] = {.32992748, .53810153, .13197099};
    const int32_t ids[] = {2, 1, 0, 900, -4}; /* those outside the row have no part in the mean */
    float x[3], p[3], values[] = {2, 1, 0, 50, 50};
    int64_t offsets[2];
    urn_id_lists lists;
    run *u = start();
    logs(p3, 3, x);
    list_of(&lists, ids, values, offsets, 5);
    urn_step step = urn_values(urn_f(1), lists);
    UT_ASSERT(run_steps(u, x, 3, &step, 1) == URN_ROW_OK, "status");
    softmax(u->x, 3, 1, p);
    near(p, plain, 3, 2e-7, "p");
    list_of(&lists, ids + 1, values + 1, offsets, 4);
    step = urn_values(urn_f(1), lists);
    run_steps(u, x, 3, &step, 1);
    softmax(u->x, 3, 1, p);
    near(p, not_centred, 3, 2e-7, "p");
    step.flags = URN_STEP_CENTRE;
    run_steps(u, x, 3, &step, 1);
    softmax(u->x, 3, 1, p);
    near(p, centred, 3, 2e-7, "p");
    values[1] = -INFINITY;
    UT_ASSERT(run_steps(u, x, 3, &step, 1) == URN_ROW_OK && u->x[1] == -INFINITY && u->x[0] == x[0] && u->row.count < 3,
              "-inf bans");
    stop(u);
}
END_TEST

/* property  a value step divides by T first and leaves T at 1, but for T of 0 and T too small to divide by; results
 *           stay finite; what no list may say is URN_ROW_PARAM, and says it of ids of K only */
START_TEST(value_steps_settle_and_stay_finite) {
    const float x[] = {3, 1, -INFINITY, 2};
    float add[] = {1, FLT_MAX, NAN, -INFINITY};
    int32_t ids[] = {0, 1, 2, 3};
    int64_t offsets[2];
    urn_id_lists lists;
    run *u = start();
    list_of(&lists, ids, add, offsets, 4);
    urn_step steps[] = {urn_temperature(urn_f(.5f)), urn_bias(lists), urn_temperature(urn_f(3))};
    UT_ASSERT(run_steps(u, x, 4, steps, 3) == URN_ROW_OK, "a NaN outside K");
    UT_ASSERT(u->x[0] == 7 && u->x[1] == FLT_MAX && u->x[3] == -INFINITY && u->row.T == 3, "x %g %g %g T %g",
              (double)u->x[0], (double)u->x[1], (double)u->x[3], (double)u->row.T);
    steps[0] = urn_temperature(urn_f(0x1p-130f));
    UT_ASSERT(run_steps(u, x, 4, steps, 2) == URN_ROW_OK && u->row.greedy && u->x[1] == FLT_MAX, "c infinite");
    steps[0] = urn_temperature(urn_f(0x1p-120f));
    UT_ASSERT(run_steps(u, x, 4, steps, 2) == URN_ROW_OK && !u->row.greedy && u->x[0] == 3 * 0x1p120f, "c finite");
    ids[3] = 0;
    UT_ASSERT(run_steps(u, x, 4, steps + 1, 1) == URN_ROW_PARAM, "an id of K twice");
    ids[3] = 2;
    UT_ASSERT(run_steps(u, x, 4, steps + 1, 1) == URN_ROW_OK, "an id outside K twice");
    add[0] = INFINITY;
    UT_ASSERT(run_steps(u, x, 4, steps + 1, 1) == URN_ROW_PARAM, "+inf");
    add[0] = NAN;
    UT_ASSERT(run_steps(u, x, 4, steps + 1, 1) == URN_ROW_PARAM, "NaN");
    offsets[0] = -1;
    UT_ASSERT(run_steps(u, x, 4, steps + 1, 1) == URN_ROW_INDEX, "an offset below 0");
    offsets[0] = 3, offsets[1] = 5;
    UT_ASSERT(run_steps(u, x, 4, steps + 1, 1) == URN_ROW_INDEX, "an offset past the size");
    float table[] = {1, -1, NAN, 4}, second[] = {INFINITY, 0, NAN, 0};
    steps[0] = urn_id_temperature(table, 1, 4, NULL);
    UT_ASSERT(run_steps(u, x, 4, steps, 1) == URN_ROW_PARAM, "a temperature below 0");
    table[1] = 2;
    UT_ASSERT(run_steps(u, x, 4, steps, 1) == URN_ROW_OK && u->x[1] == .5f && u->x[3] == .5f, "divided");
    steps[0] = urn_mix(urn_f(2), second, 1, 4, NULL);
    UT_ASSERT(run_steps(u, x, 4, steps, 1) == URN_ROW_INF, "a second row with +inf at an id of K, NaN at another");
    second[0] = -INFINITY;
    UT_ASSERT(run_steps(u, x, 4, steps, 1) == URN_ROW_OK && u->x[0] == -INFINITY && u->x[1] == 2, "mixed");
    stop(u);
}
END_TEST

/* Gaps of a row, and K. */
static int gaps_of(const float *x, int n, float *gap) {
    float M = -INFINITY;
    int count = 0;
    for (int i = 0; i < n; i++) M = fmaxf(M, x[i]);
    for (int i = 0; i < n; i++) gap[i] = M - x[i], count += x[i] > -INFINITY;
    return count;
}

static uint64_t sum_tsallis(const float *gap, int n, float eta, float z) {
    uint64_t sum = 0;
    for (int i = 0; i < n; i++) {
        if (gap[i] == INFINITY) continue;
        float h = eta * gap[i] + z;
        sum += (uint64_t)((double)((4 / h) / h) * 0x1p40);
    }
    return sum;
}

static double sum_sparse(const float *gap, int n, double t) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += fmax(t - (double)gap[i], 0);
    return sum;
}

/* property  each link gives the law of its definition: sparsemax sums to one with one threshold, inverse gaps and
 *           Tsallis are those of the gaps, Tsallis' z is the least that fits, to the last bit
 * shapes    1 to 64 ids, some impossible, flat and spread; with scales from 1e-3 to 1e3 */
START_TEST(links_follow_their_definitions) {
    float x[MOST], gap[MOST];
    run *u = start();
    for (uint64_t seed = 0; seed < 200; seed++) {
        ut_rng rng = ut_rng_make(seed);
        int n = 1 + (int)ut_below(&rng, MOST);
        float eta = (float)exp(2 * ut_normal(&rng));
        ut_fill(x, n, seed % 3 ? UT_NORMAL : UT_TIES, pow(10, 3 - 6 * ut_uniform(&rng)), seed);
        ut_punch(x, n, 0.2, seed);
        ut_note("seed %d, %d ids, eta %g", (int)seed, n, (double)eta);
        int count = gaps_of(x, n, gap);

        urn_step step = urn_sparsemax();
        UT_ASSERT(run_steps(u, x, n, &step, 1) == URN_ROW_OK && u->row.scale.linear, "sparsemax");
        double low = 0, high = 1, total = 0;
        for (int k = 0; k < 60; k++) {
            double t = (low + high) / 2;
            *(sum_sparse(gap, n, t) <= 1 ? &low : &high) = t;
        }
        for (int i = 0; i < n; i++) {
            double wanted = fmax(low - (double)gap[i], 0), g = u->x[i] > 0 ? (double)u->x[i] : 0;
            UT_ASSERT(fabs(g - wanted) < 1e-7, "g of %d is %.9g, not %.9g", i, g, wanted);
            total += g;
        }
        UT_ASSERT(total <= 1 + 1e-6 && total > 1 - 1e-6, "sparsemax sums to %.12g", total);

        step = urn_inverse_gap(urn_f(eta), urn_f(0));
        UT_ASSERT(run_steps(u, x, n, &step, 1) == URN_ROW_OK, "inverse gap");
        total = 0;
        for (int i = 0; i < n; i++) {
            double wanted = 1 / ((double)count + (double)eta * (double)gap[i]);
            int best = gap[i] == 0 && total == 0;
            if (gap[i] == INFINITY || gap[i] == 0) continue;
            UT_ASSERT(best || fabs((double)u->x[i] - wanted) < 1e-7, "g of %d is %.9g", i, (double)u->x[i]);
        }
        UT_ASSERT(u->row.Z <= (UINT64_C(1) << 40) && u->row.Z > (UINT64_C(1) << 40) - (1 << 16),
                  "inverse gap sums to %g", (double)u->row.Z * 0x1p-40);

        step = urn_tsallis(urn_f(eta));
        UT_ASSERT(run_steps(u, x, n, &step, 1) == URN_ROW_OK, "Tsallis");
        float z = 2;
        for (float step_z = 0x1p12f; step_z > 0x1p-24f;
             step_z /= 2) /* the largest multiple of 2^-22 that is too small */
            if (sum_tsallis(gap, n, eta, z + step_z) > UINT64_C(1) << 40) z += step_z;
        while (sum_tsallis(gap, n, eta, z) > UINT64_C(1) << 40) z = nextafterf(z, INFINITY);
        UT_ASSERT(z == 2 || sum_tsallis(gap, n, eta, nextafterf(z, 0)) > UINT64_C(1) << 40, "not the least z");
        for (int i = 0; i < n; i++) {
            float h = eta * gap[i] + z, g = (4 / h) / h;
            UT_ASSERT(gap[i] == INFINITY ? u->x[i] == -INFINITY : u->x[i] == g, "g of %d is %a, not %a", i,
                      (double)u->x[i], (double)g);
        }
        UT_ASSERT(u->row.Z == sum_tsallis(gap, n, eta, z), "Tsallis' Z");
    }
    stop(u);
}
END_TEST

/* property  a mixture is the mixture of the two laws; where every weight of the second row is 0 there is none */
START_TEST(a_mixture_mixes_two_laws) {
    float x[6], y[6] = {0, 0, 0, 0, -INFINITY, 0}, p[6];
    run *u = start();
    logs(p6, 6, x);
    urn_step step = urn_mixture(urn_f(.25f), y, 1, 6, NULL);
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_OK, "status");
    for (int i = 0; i < 6; i++) {
        p[i] = u->x[i];
        UT_ASSERT(fabs((double)p[i] - (.75 * p6[i] + (i == 4 ? 0 : .05))) < 1e-6, "p of %d is %.9g", i, (double)p[i]);
    }
    for (int i = 0; i < 6; i++) y[i] = -INFINITY;
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_EMPTY, "nothing in the second row");
    y[3] = NAN;
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_NAN, "NaN");
    x[3] = -INFINITY, y[0] = 1;
    UT_ASSERT(run_steps(u, x, 6, &step, 1) == URN_ROW_OK, "NaN outside K");
    stop(u);
}
END_TEST

Suite *unit_bits_values_suite(void);
Suite *unit_bits_values_suite(void) {
    Suite *suite = suite_create("unit_bits_values");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, dry_pays_for_what_it_would_lengthen);
    tcase_add_test(cpu, temperatures_and_smoothing_have_the_published_numbers);
    tcase_add_test(cpu, penalties_have_the_published_numbers);
    tcase_add_test(cpu, penalties_over_outputs_read_the_slot);
    tcase_add_test(cpu, values_have_the_published_numbers);
    tcase_add_test(cpu, value_steps_settle_and_stay_finite);
    tcase_add_test(cpu, links_follow_their_definitions);
    tcase_add_test(cpu, a_mixture_mixes_two_laws);
    suite_add_tcase(suite, cpu);
    return suite;
}
