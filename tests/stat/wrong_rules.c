/* wrong_rules.c - the wrong laws, in doubles, by sorting: each differs from the rule in one thought. */
#include "tests/stat/wrong_rules.h"

#include <math.h>

enum { N = WRONG_N };

static int32_t text[WRONG_TEXT] = {3, 7, 9, 3, 7, 2, 3, 7, 9, 3, 3, 7};
static int64_t text_offsets[2] = {0, WRONG_TEXT};
const ut_state wrong_state = {1, 32, 32, N, NULL, NULL, text, text_offsets};

static int32_t listed[4] = {0, 5, 11, 20};
static float added[4] = {2, -1, 0.5f, 1};
static int64_t list_offsets[2] = {0, 4};
static float second[N]; /* filled once: a row far from the first */
static float warmth[N];

/* ---- parts of rules, right by themselves ---- */

static double softmax(const double *x, double t, double *p) {
    double top = -INFINITY, z = 0;
    for (int i = 0; i < N; i++) top = x[i] > top ? x[i] : top;
    for (int i = 0; i < N; i++) z += p[i] = exp((x[i] - top) / t);
    for (int i = 0; i < N; i++) p[i] /= z;
    return top;
}

static double entropy(const double *p) {
    double h = 0;
    for (int i = 0; i < N; i++) h -= p[i] > 0 ? p[i] * log(p[i]) : 0;
    return h;
}

static void order(const double *key, int *ids) { /* larger first; ids before equals */
    for (int i = 0; i < N; i++) ids[i] = i;
    for (int i = 1; i < N; i++) {
        for (int j = i; j > 0 && key[ids[j]] > key[ids[j - 1]]; j--) {
            int t = ids[j];
            ids[j] = ids[j - 1], ids[j - 1] = t;
        }
    }
}

static void keep_first(double *p, const double *key, int count) {
    int ids[N];
    order(key, ids);
    for (int j = count < 1 ? 1 : count; j < N; j++) p[ids[j]] = 0;
}

static void keep_least(double *p, double threshold) {
    for (int i = 0; i < N; i++) p[i] = p[i] >= threshold ? p[i] : 0;
}

static int prefix(const double *p, const double *key, double share) {
    int ids[N], count = 0;
    double sum = 0;
    order(key, ids);
    while (count < N && sum < share) sum += p[ids[count++]];
    return count;
}

static int count_of(int id) {
    int count = 0;
    for (int j = 0; j < WRONG_TEXT; j++) count += text[j] == id;
    return count;
}

/* ---- the mistakes ---- */

static void top_k_one_more(const double *x, double *p) { softmax(x, 1, p), keep_first(p, x, 6); }
static void top_p_one_less(const double *x, double *p) { softmax(x, 1, p), keep_first(p, x, prefix(p, x, .7) - 1); }
static void min_p_absolute(const double *x, double *p) { softmax(x, 1, p), keep_least(p, .1); }

static void top_a_not_squared(const double *x, double *p) {
    softmax(x, 1, p);
    double top = 0;
    for (int i = 0; i < N; i++) top = fmax(top, p[i]);
    keep_least(p, .3 * top);
}

static void epsilon_of_the_largest(const double *x, double *p) {
    softmax(x, 1, p);
    double top = 0;
    for (int i = 0; i < N; i++) top = fmax(top, p[i]);
    keep_least(p, .03 * top);
}

static void eta_without_entropy(const double *x, double *p) { softmax(x, 1, p), keep_least(p, fmin(.04, sqrt(.04))); }
static void typical_by_value(const double *x, double *p) { softmax(x, 1, p), keep_first(p, x, prefix(p, x, .6)); }

static void tail_free_one_lower(const double *x, double *p) {
    int ids[N], count = 1;
    double sum = 0, before = 0;
    softmax(x, 1, p);
    order(x, ids);
    for (int j = 0; j + 2 < N; j++) sum += fabs(p[ids[j]] - 2 * p[ids[j + 1]] + p[ids[j + 2]]);
    for (int j = 1; j <= N - 2; j++) {
        before += fabs(p[ids[j - 1]] - 2 * p[ids[j]] + p[ids[j + 1]]) / sum;
        count += before <= .9;
    }
    keep_first(p, x, count - 1);
}

static void n_sigma_of_the_tempered(const double *x, double *p) {
    double mean = 0, square = 0, top = softmax(x, 2, p);
    for (int i = 0; i < N; i++) mean += x[i] / N;
    for (int i = 0; i < N; i++) square += (x[i] - mean) * (x[i] - mean) / N;
    for (int i = 0; i < N; i++) p[i] = x[i] / 2 >= top / 2 - sqrt(square) ? p[i] : 0; /* sigma before, x after T */
}

static void xtc_keeps_the_likeliest(const double *x, double *p) {
    int ids[N];
    softmax(x, 1, p);
    order(x, ids);
    for (int j = 1; j < N; j++) p[ids[j]] = p[ids[j]] >= .06 ? 0 : p[ids[j]];
}

static void mirostat_in_nats(const double *x, double *p) { softmax(x, 1, p), keep_least(p, exp(-3.5)); }

static void mirostat_v1_rounds_up(const double *x, double *p) {
    int ids[N];
    double up = 0, down = 0;
    softmax(x, 1, p);
    order(x, ids);
    for (int i = 1; i < N; i++) {
        double t = log((i + 1.) / i), b = x[ids[i - 1]] - x[ids[i]];
        up += t * b, down += t * t;
    }
    double s = up / down, e = s - 1;
    keep_first(p, x, (int)rint(pow(e * 8 / (1 - pow(N, -e)), 1 / s)) + 1);
}

static void temperature_twice(const double *x, double *p) { softmax(x, .7 * .7, p); }

static void min_p_after_temperature(const double *x, double *p) {
    softmax(x, 2, p);
    double top = 0;
    for (int i = 0; i < N; i++) top = fmax(top, p[i]);
    keep_least(p, .2 * top);
}

static void dynamic_by_bits(const double *x, double *p) {
    softmax(x, 1, p);
    softmax(x, .5 + fmin(1, entropy(p) / log(2) / log(N)), p);
}

static void quadratic_up(const double *x, double *p) {
    double y[N], top = -INFINITY;
    for (int i = 0; i < N; i++) top = fmax(top, x[i]);
    for (int i = 0; i < N; i++) {
        double d = x[i] - top;
        y[i] = top - .3 * (.75 * d * d + .25 * d * d * d); /* the cubic term's sign */
    }
    softmax(y, 1, p);
}

static void score_without_place(const double *x, double *p) {
    double y[N];
    for (int i = 0; i < N; i++) y[i] = -.5 * (x[i] + .3) * (x[i] + .3);
    softmax(y, 1, p);
}

static void penalise(const double *x, double *y, int times, int divide_always, int count_once) {
    for (int i = 0; i < N; i++) {
        int count = count_of(i);
        y[i] = x[i];
        for (int k = 0; k < times && count; k++) {
            y[i] = y[i] > 0 || divide_always ? y[i] / 1.5 : y[i] * 1.5;
            y[i] -= .3 * (count_once ? 1 : count) + .2;
        }
    }
}

static void penalties_twice(const double *x, double *p) {
    double y[N];
    penalise(x, y, 2, 0, 0), softmax(y, 1, p);
}

static void repetition_divides_all(const double *x, double *p) {
    double y[N];
    penalise(x, y, 1, 1, 0), softmax(y, 1, p);
}

static void frequency_counts_once(const double *x, double *p) {
    double y[N];
    penalise(x, y, 1, 0, 1), softmax(y, 1, p);
}

static void dry_one_power_more(const double *x, double *p) {
    double y[N], best[N] = {0};
    for (int i = 0; i + 1 < WRONG_TEXT; i++) {
        int m = 0;
        while (m <= i && text[i - m] == text[WRONG_TEXT - 1 - m]) m++;
        best[text[i + 1]] = fmax(best[text[i + 1]], m);
    }
    for (int i = 0; i < N; i++) y[i] = x[i] - (best[i] >= 1 ? .8 * pow(1.5, best[i]) : 0);
    softmax(y, 1, p);
}

static void bias_after_the_cut(const double *x, double *p) {
    double y[N];
    for (int i = 0; i < N; i++) y[i] = x[i];
    for (int j = 0; j < 4; j++) y[listed[j]] += added[j];
    softmax(y, 1, p);
    keep_first(p, x, 6);
}

static void values_not_centred(const double *x, double *p) {
    double y[N];
    for (int i = 0; i < N; i++) y[i] = x[i];
    for (int j = 0; j < 4; j++) y[listed[j]] += added[j];
    softmax(y, 1, p);
}

static void id_temperature_multiplies(const double *x, double *p) {
    double y[N];
    for (int i = 0; i < N; i++) y[i] = x[i] * warmth[i];
    softmax(y, 1, p);
}

static void mix_the_other_way(const double *x, double *p) {
    double y[N];
    for (int i = 0; i < N; i++) y[i] = x[i] + 1.5 * (second[i] - x[i]);
    softmax(y, 1, p);
}

static void softmax_for_sparsemax(const double *x, double *p) { softmax(x, 1, p); }

static void inverse_gap_normalised(const double *x, double *p) {
    double top = -INFINITY;
    for (int i = 0; i < N; i++) top = fmax(top, x[i]);
    for (int i = 0; i < N; i++) p[i] = 1 / (N + 10 * (top - x[i]));
}

static void tsallis_without_z(const double *x, double *p) {
    double top = -INFINITY;
    for (int i = 0; i < N; i++) top = fmax(top, x[i]);
    for (int i = 0; i < N; i++) p[i] = 4 / ((top - x[i] + 2) * (top - x[i] + 2));
}

static void mixture_of_logits(const double *x, double *p) {
    double y[N];
    for (int i = 0; i < N; i++) y[i] = .6 * x[i] + .4 * second[i];
    softmax(y, 1, p);
}

static void allow_is_ignored(const double *x, double *p) { softmax(x, 1, p); }

static void ties_left_out(const double *x, double *p) { softmax(x, 1, p), keep_first(p, x, 5); }

const wrong_rule *wrong_rules(int *count) {
    static wrong_rule rules[40];
    int n = 0;
    urn_id_lists list = {listed, added, list_offsets, NULL, 1, 4}, none = {NULL, NULL, NULL, NULL, 0, 0};
    ut_rng rng = ut_rng_make(7);
    for (int i = 0; i < N; i++) {
        second[i] = (float)ut_normal(&rng);
        warmth[i] = 0.5f + 1.5f * (float)ut_uniform(&rng);
    }
#define RULE(name, mistake, law, ...)                                                                                  \
    do {                                                                                                               \
        const urn_step steps[] = {__VA_ARGS__};                                                                        \
        wrong_rule rule = {name, mistake, {{0}}, (int)(sizeof steps / sizeof *steps), law};                            \
        memcpy(rule.steps, steps, sizeof steps);                                                                       \
        rules[n++] = rule;                                                                                             \
    } while (0)
    RULE("top-k 5", "keeps six", top_k_one_more, urn_top_k(urn_i(5)));
    RULE("top-p .7", "stops before the mass is reached", top_p_one_less, urn_top_p(urn_f(.7f)));
    RULE("min-p .1", "not relative to the largest", min_p_absolute, urn_min_p(urn_f(.1f)));
    RULE("top-a .3", "the largest is not squared", top_a_not_squared, urn_top_a(urn_f(.3f)));
    RULE("epsilon .03", "relative to the largest", epsilon_of_the_largest, urn_epsilon(urn_f(.03f)));
    RULE("eta .04", "no entropy in it", eta_without_entropy, urn_eta(urn_f(.04f)));
    RULE("typical .6", "by value", typical_by_value, urn_typical(urn_f(.6f)));
    RULE("tail-free .9", "an index lower", tail_free_one_lower, urn_tail_free(urn_f(.9f)));
    RULE("top-n-sigma 1 at T 2", "sigma and logits of different temperatures", n_sigma_of_the_tempered,
         urn_temperature(urn_f(2)), urn_top_n_sigma(urn_f(1)));
    RULE("XTC .06", "keeps the likeliest", xtc_keeps_the_likeliest, urn_xtc(urn_f(1), urn_f(.06f)));
    RULE("Mirostat 2, 3.5 bits", "takes bits for nats", mirostat_in_nats, urn_mirostat(urn_f(3.5f)));
    RULE("Mirostat 1, 3 bits", "rounds k and adds one", mirostat_v1_rounds_up, urn_mirostat_v1(urn_f(3)));
    RULE("temperature .7", "twice", temperature_twice, urn_temperature(urn_f(.7f)));
    RULE("min-p .2 before T 2", "after it", min_p_after_temperature, urn_min_p(urn_f(.2f)), urn_temperature(urn_f(2)));
    RULE("dynamic 1 +- .5", "entropy in bits over a limit in nats", dynamic_by_bits,
         urn_dynamic_temperature(urn_f(1), urn_f(.5f), urn_f(1)));
    RULE("quadratic .3, 1.5", "a sign", quadratic_up, urn_quadratic(urn_f(.3f), urn_f(1.5f)));
    RULE("quadratic score", "not at its place", score_without_place,
         urn_quadratic_score(urn_f(.5f), urn_f(-.3f), urn_f(1)));
    RULE("penalties", "twice", penalties_twice, urn_penalties(urn_f(1.5f), urn_f(.3f), urn_f(.2f), urn_i(0)));
    RULE("repetition", "divides what is below 0", repetition_divides_all,
         urn_penalties(urn_f(1.5f), urn_f(.3f), urn_f(.2f), urn_i(0)));
    RULE("frequency", "counts once", frequency_counts_once,
         urn_penalties(urn_f(1.5f), urn_f(.3f), urn_f(.2f), urn_i(0)));
    RULE("DRY", "a power more", dry_one_power_more, urn_dry(urn_f(.8f), urn_f(1.5f), urn_i(1), urn_i(-1), none));
    RULE("bias before top-k", "after it", bias_after_the_cut, urn_bias(list), urn_top_k(urn_i(6)));
    urn_step centred = urn_values(urn_f(1), list);
    centred.flags = URN_STEP_CENTRE;
    RULE("values, centred", "not centred", values_not_centred, centred);
    RULE("temperature by id", "multiplies", id_temperature_multiplies, urn_id_temperature(warmth, 1, N, NULL));
    RULE("mix 1.5", "the other way", mix_the_other_way, urn_mix(urn_f(1.5f), second, 1, N, NULL));
    RULE("sparsemax", "softmax", softmax_for_sparsemax, urn_sparsemax());
    RULE("inverse gap 10", "normalised", inverse_gap_normalised, urn_inverse_gap(urn_f(10), urn_f(0)));
    RULE("Tsallis 1", "normalised at z = 2", tsallis_without_z, urn_tsallis(urn_f(1)));
    RULE("mixture .4", "of logits", mixture_of_logits, urn_mixture(urn_f(.4f), second, 1, N, NULL));
    RULE("allow", "ignored", allow_is_ignored, urn_allow(list));
    urn_step tied = urn_top_k(urn_i(5));
    tied.flags = URN_STEP_TIES;
    RULE("top-k 5 with ties", "leaves ties out", ties_left_out, tied);
#undef RULE
    *count = n;
    return rules;
}

void wrong_draws(const double *p, int n, uint64_t seed, int64_t draws, int32_t *ids) {
    double total = 0;
    ut_rng rng = ut_rng_make(seed);
    for (int i = 0; i < n; i++) total += p[i];
    for (int64_t j = 0; j < draws; j++) {
        double target = ut_uniform(&rng) * total, sum = 0;
        int id = 0;
        for (int i = 0; i < n; i++) {
            if (p[i] <= 0) continue;
            sum += p[i];
            id = i;
            if (sum > target) break;
        }
        ids[j] = id;
    }
}
