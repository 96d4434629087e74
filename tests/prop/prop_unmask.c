/* prop_unmask.c - masked diffusion: which positions open, which ids are written, and the law of a whole first-hitting
 * run. */
#include <math.h>

#include "tests/urn_test.h"

enum { LENGTH = 300, SEQUENCES = 40, ROWS = LENGTH * SEQUENCES, MASK = 9 };

/* 1 for "this backend has the call and it worked". */
static int good(urn_status status) {
    if (status == URN_E_BACKEND) return 0;
    UT_OK(status);
    return 1;
}

/* Laws are looked at on cpu, where many sequences take milliseconds; the other backends give the bits of its first few.
 * cpu comes first among backends, and is always there. */
enum { FEW = 150 };
static int sequences_of(urn_backend_kind kind, int many) { return kind == URN_BACKEND_CPU ? many : FEW; }

static void same_as_cpu(urn_backend_kind kind, void *of_cpu, const void *found, size_t bytes, const char *what) {
    if (kind == URN_BACKEND_CPU)
        memcpy(of_cpu, found, bytes);
    else
        UT_SAME_BITS((const char *)of_cpu, (const char *)found, (int64_t)bytes, what);
}

static urn_unmask_params params_of(ut_bed *bed, int32_t rule, const int32_t *tokens, int64_t sequences,
                                   int32_t length) {
    urn_unmask_params p = URN_UNMASK_PARAMS_INIT;
    int64_t openings = rule == URN_UNMASK_ONE ? sequences : sequences * length;
    p.rule = rule, p.sequences = sequences, p.length = length, p.mask_id = MASK, p.seed_value = 31;
    p.tokens = (int32_t *)ut_output(bed, 4 * (size_t)(sequences * length));
    memcpy(p.tokens, tokens, 4 * (size_t)(sequences * length)); /* device memory of cpu and simt is host memory */
    p.slot = (int32_t *)ut_output(bed, 4 * (size_t)openings);
    p.row_index = (int32_t *)ut_output(bed, 4 * (size_t)openings);
    p.map = (int32_t *)ut_output(bed, 4 * (size_t)openings);
    p.masked = (int32_t *)ut_output(bed, 4 * (size_t)sequences);
    p.status = (int32_t *)ut_output(bed, 4 * (size_t)sequences);
    p.settled = (int32_t *)ut_output(bed, 4 * (size_t)sequences);
    return p;
}

/* Half of the positions masked; the last sequence without any. */
static void make_tokens(int32_t *tokens, int32_t *lengths, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed);
    for (int i = 0; i < ROWS; i++) tokens[i] = ut_below(&rng, 2) ? MASK : (int32_t)ut_below(&rng, MASK);
    for (int i = ROWS - LENGTH; i < ROWS; i++) tokens[i] = 1;
    for (int s = 0; s < SEQUENCES; s++) lengths[s] = (int32_t)ut_below(&rng, LENGTH + 40) - 20;
}

/* property  with STEP exactly the masked positions in use may open, none of them with stay 1, all with stay 0, and with
 *           stay 0.3 as many as a binomial allows (z within 5.2, false alarms 2e-7); a NaN is PARAM; the three arrays
 *           agree */
START_TEST(a_step_opens_masked_positions) {
    static const double stays[] = {0, 1, 0.3, -0.1, NAN};
    int order = _i % 3;
    urn_ctx_params ctx = URN_CTX_PARAMS_INIT;
    for (int cpu = 1; cpu >= 0; cpu--) {
        static int32_t slots[ROWS];
        ctx.backend = cpu ? URN_BACKEND_CPU : URN_BACKEND_SIMT, ctx.lane_order = order, ctx.threads = 2;
        if (!ut_has_backend((urn_backend_kind)ctx.backend)) continue;
        ut_bed *bed = ut_open_with(&ctx);
        static int32_t tokens[ROWS], lengths[SEQUENCES];
        double stay[SEQUENCES];
        int opened = 0, could = 0;
        make_tokens(tokens, lengths, 5);
        for (int s = 0; s < SEQUENCES; s++) stay[s] = stays[s % 5];
        urn_unmask_params p = params_of(bed, URN_UNMASK_STEP, tokens, SEQUENCES, LENGTH);
        p.lengths = (const int32_t *)ut_upload(bed, lengths, sizeof lengths);
        p.stay = (const double *)ut_upload(bed, stay, sizeof stay);
        int has = good(urn_unmask_choose(bed->stream, &p));
        if (has) UT_OK(urn_stream_sync_host(bed->stream));
        if (has) same_as_cpu((urn_backend_kind)ctx.backend, slots, p.slot, sizeof slots, "slots");
        for (int r = 0; has && r < ROWS; r++) {
            int s = r / LENGTH, masked = tokens[r] == MASK && r % LENGTH < lengths[s], opens = p.slot[r] == r;
            ut_note("cpu %d order %d row %d stay %g", cpu, order, r, stay[s]);
            UT_ASSERT(opens || p.slot[r] == -1, "slot %d", p.slot[r]);
            UT_ASSERT(p.row_index[r] == (opens ? r : 0) && p.map[r] == (opens ? 0 : -1), "row_index, map");
            UT_ASSERT(!opens || masked, "a position that is not masked opened");
            if (s % 5 == 0) UT_ASSERT(opens == masked, "stay 0");
            if (s % 5 == 1 || s % 5 > 2) UT_ASSERT(!opens, "opened");
            if (s % 5 == 2) opened += opens, could += masked;
            int32_t count = 0;
            for (int i = 0; i < lengths[s] && i < LENGTH; i++) count += tokens[s * LENGTH + i] == MASK;
            UT_ASSERT(p.masked[s] == count, "masked %d, wanted %d", p.masked[s], count);
            int32_t wanted = s % 5 > 2 ? URN_ROW_PARAM : count ? 0 : URN_ROW_EMPTY;
            UT_ASSERT(p.status[s] == wanted, "status %d, wanted %d", p.status[s], wanted);
        }
        if (has) {
            double z = (opened - 0.7 * could) / sqrt(0.21 * could);
            UT_ASSERT(could > 500 && fabs(z) < 5.2, "%d of %d opened: z %g", opened, could, z);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  ONE opens one masked position, each as likely; the factor's mean is n / (n + 1) for n = 1, 2, 4, and the
 * time shrinks by it; without a masked position nothing opens and time stands design    6,000 sequences each: z
 * within 5.2 for means and for each position's count */
START_TEST(one_position_opens_at_the_right_time) {
    enum { MANY = 6000, LONG = 7 };
    static const int32_t masks[4][LONG] = {{0, 0, 1, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 1}, {0, 1, 1, 0, 1, 1, 0}, {0}};
    int n = 0;
    for (int i = 0; i < LONG; i++) n += masks[_i][i];
    FOR_EACH_BACKEND(kind) {
        if (kind == URN_BACKEND_CUDA) continue; /* arrays are read in place below */
        ut_bed *bed = ut_open(kind);
        static int32_t tokens[MANY * LONG], slots[MANY];
        static double factors[MANY];
        int counts[LONG] = {0}, many = sequences_of(kind, MANY);
        ut_note("backend %s, %d masked", urn_backend_name(kind), n);
        for (int r = 0; r < many * LONG; r++) tokens[r] = masks[_i][r % LONG] ? MASK : 2;
        urn_unmask_params p = params_of(bed, URN_UNMASK_ONE, tokens, many, LONG);
        p.factor = (double *)ut_output(bed, 8 * (size_t)many);
        p.time = (double *)ut_output(bed, 8 * (size_t)many);
        for (int s = 0; s < many; s++) p.time[s] = 0.5;
        int has = good(urn_unmask_choose(bed->stream, &p));
        if (has) UT_OK(urn_stream_sync_host(bed->stream));
        if (has) same_as_cpu(kind, slots, p.slot, 4 * (size_t)many, "slots");
        if (has) same_as_cpu(kind, factors, p.factor, 8 * (size_t)many, "factors");
        double sum = 0, squares = 0;
        for (int s = 0; has && s < many; s++) {
            UT_ASSERT(p.time[s] == 0.5 * p.factor[s], "time");
            UT_ASSERT(p.status[s] == (n ? 0 : URN_ROW_EMPTY) && p.masked[s] == n, "status");
            sum += p.factor[s], squares += p.factor[s] * p.factor[s];
            if (n == 0) {
                UT_ASSERT(p.slot[s] == -1 && p.map[s] == -1 && p.factor[s] == 1, "nothing is masked");
                continue;
            }
            int i = p.slot[s] - s * LONG;
            UT_ASSERT(i >= 0 && i < LONG && masks[_i][i] && p.row_index[s] == p.slot[s] && p.map[s] == 0, "slot");
            counts[i]++;
        }
        has &= many == MANY;
        for (int i = 0; has && n && i < LONG; i++) {
            double z = masks[_i][i] && n > 1 ? (counts[i] - MANY / (double)n) / sqrt(MANY * (n - 1.0)) * n : 0;
            UT_ASSERT(fabs(z) < 5.2, "position %d opened %d times", i, counts[i]);
        }
        if (has && n) { /* u^(1/n): mean n / (n + 1), second moment n / (n + 2) */
            double mean = n / (n + 1.0), deviation = sqrt((n / (n + 2.0) - mean * mean) / MANY);
            UT_ASSERT(fabs(sum / MANY - mean) < 5.2 * deviation, "mean %g, wanted %g", sum / MANY, mean);
            UT_ASSERT(fabs(squares / MANY - n / (n + 2.0)) < 0.02, "second moment %g", squares / MANY);
        }
        ut_close(bed);
    }
}
END_TEST

/* before(a, b) in the order of settle: larger score, then smaller position; a NaN is -inf */
static int before(const float *score, int a, int b) {
    float x = isnan(score[a]) ? -INFINITY : score[a], y = isnan(score[b]) ? -INFINITY : score[b];
    return x > y || (x == y && a < b);
}

/* property  settle writes the k first of a naive sort: ties by position, NaN last, drawn mask ids and closed positions
 *           left alone; the other positions keep their tokens */
START_TEST(settle_writes_the_most_confident) {
    FOR_EACH_BACKEND(kind) {
        if (kind == URN_BACKEND_CUDA) continue;
        for (int coarse = 0; coarse < 3; coarse++) {
            ut_bed *bed = ut_open(kind);
            static int32_t tokens[ROWS], lengths[SEQUENCES], ids[ROWS], keep[SEQUENCES];
            static float score[ROWS];
            ut_rng rng = ut_rng_make(40 + (uint64_t)coarse);
            make_tokens(tokens, lengths, 6);
            for (int r = 0; r < ROWS; r++) {
                ids[r] = (int32_t)ut_below(&rng, MASK + 2) - 1;
                if (ids[r] == MASK && ut_below(&rng, 2)) ids[r] = 3;
                score[r] = coarse == 0 ? (float)-ut_uniform(&rng) : -0.0f;
                if (coarse == 1) score[r] = (float)ut_below(&rng, 5) - 2;
                if (ut_below(&rng, 20) == 0) score[r] = NAN;
                if (ut_below(&rng, 20) == 0) score[r] = -INFINITY;
                if (coarse == 2 && ut_below(&rng, 2)) score[r] = 0.0f;
            }
            for (int s = 0; s < SEQUENCES; s++) keep[s] = s == 7 ? -1 : (int32_t)ut_below(&rng, s % 3 ? 60 : 300);
            urn_unmask_params p = params_of(bed, URN_UNMASK_ALL, tokens, SEQUENCES, LENGTH);
            p.lengths = (const int32_t *)ut_upload(bed, lengths, sizeof lengths);
            int has = good(urn_unmask_choose(bed->stream, &p));
            p.ids = (const int32_t *)ut_upload(bed, ids, sizeof ids);
            p.confidence = (const float *)ut_upload(bed, score, sizeof score);
            p.keep = (const int32_t *)ut_upload(bed, keep, sizeof keep);
            if (has) UT_OK(urn_unmask_settle(bed->stream, &p));
            if (has) UT_OK(urn_stream_sync_host(bed->stream));
            for (int s = 0; has && s < SEQUENCES; s++) {
                int first = s * LENGTH, written = 0;
                ut_note("backend %s coarse %d sequence %d keep %d", urn_backend_name(kind), coarse, s, keep[s]);
                UT_ASSERT(p.status[s] == (keep[s] < 0 ? URN_ROW_PARAM : 0), "status %d", p.status[s]);
                for (int i = 0; i < LENGTH; i++) {
                    int r = first + i, wanted = tokens[r], rank = 0;
                    if (i < lengths[s] && tokens[r] == MASK && ids[r] >= 0 && ids[r] != MASK) {
                        for (int j = 0; j < lengths[s] && j < LENGTH; j++)
                            rank += tokens[first + j] == MASK && ids[first + j] >= 0 && ids[first + j] != MASK &&
                                    before(score + first, j, i);
                        if (rank < keep[s]) wanted = ids[r], written++;
                    }
                    UT_ASSERT(p.tokens[r] == wanted, "position %d: token %d, wanted %d", i, p.tokens[r], wanted);
                }
                UT_ASSERT(p.settled[s] == written, "settled %d, wanted %d", p.settled[s], written);
            }
            ut_close(bed);
        }
    }
}
END_TEST

/* property  equal confidences with jitter 1 keep each pair of four positions equally often
 * design    6,000 sequences, six pairs, z within 5.2 */
START_TEST(jitter_chooses_a_uniform_subset) {
    enum { MANY = 6000 };
    FOR_EACH_BACKEND(kind) {
        if (kind == URN_BACKEND_CUDA) continue;
        ut_bed *bed = ut_open(kind);
        static int32_t tokens[MANY * 4], ids[MANY * 4], settled[MANY * 4];
        static float score[MANY * 4];
        int counts[16] = {0}, many = sequences_of(kind, MANY);
        ut_note("backend %s", urn_backend_name(kind));
        for (int r = 0; r < many * 4; r++) tokens[r] = MASK, ids[r] = 1, score[r] = -2.5f;
        urn_unmask_params p = params_of(bed, URN_UNMASK_ALL, tokens, many, 4);
        p.ids = (const int32_t *)ut_upload(bed, ids, sizeof ids);
        p.confidence = (const float *)ut_upload(bed, score, sizeof score);
        p.keep_value = 2, p.jitter = 1;
        int has = good(urn_unmask_choose(bed->stream, &p));
        if (has) UT_OK(urn_unmask_settle(bed->stream, &p));
        if (has) UT_OK(urn_stream_sync_host(bed->stream));
        if (has) same_as_cpu(kind, settled, p.tokens, 16 * (size_t)many, "tokens");
        has &= many == MANY;
        for (int s = 0; has && s < many; s++) {
            int set = 0;
            for (int i = 0; i < 4; i++) set |= (p.tokens[s * 4 + i] == 1) << i;
            counts[set]++;
        }
        for (int set = 0; has && set < 16; set++) {
            int two = set == 3 || set == 5 || set == 6 || set == 9 || set == 10 || set == 12;
            double z = (counts[set] - MANY / 6.0) / sqrt(MANY * 5 / 36.0);
            UT_ASSERT(two ? fabs(z) < 5.2 : counts[set] == 0, "set %x came %d times", set, counts[set]);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  a first-hitting run of two positions ends after two steps with the product of the rows' laws, and the
 * second step's position is the one left design    4,096 sequences, nine pairs of ids; z within 5.2 for each */
START_TEST(a_first_hitting_run_has_the_models_law) {
    enum { MANY = 4096 };
    static const float row[2][3] = {{0.0f, 1.0f, -1.0f}, {0.5f, -0.5f, 2.0f}};
    FOR_EACH_BACKEND(kind) {
        if (kind == URN_BACKEND_CUDA) continue;
        ut_bed *bed = ut_open(kind);
        static int32_t tokens[MANY * 2], settled[MANY * 2];
        static float x[MANY * 2 * 3];
        int counts[9] = {0}, many = sequences_of(kind, MANY);
        ut_note("backend %s", urn_backend_name(kind));
        for (int r = 0; r < many * 2; r++) {
            tokens[r] = MASK;
            for (int i = 0; i < 3; i++) x[r * 3 + i] = row[r % 2][i];
        }
        urn_unmask_params p = params_of(bed, URN_UNMASK_ONE, tokens, many, 2);
        urn_sample_params q = URN_SAMPLE_PARAMS_INIT;
        urn_matrix logits = urn_matrix_dense(ut_upload(bed, x, 24 * (size_t)many), URN_F32, many * 2, 3, 0);
        q.logits = urn_matrix_indexed(logits, p.row_index, many);
        q.slot = p.slot, q.slots = many * 2, q.seed_value = 77;
        q.ids = (int32_t *)ut_output(bed, 4 * (size_t)many);
        p.ids = q.ids;
        UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(NULL, many, 3)));
        int has = 1;
        for (uint32_t step = 0; has && step < 3; step++) {
            p.position_value = q.position_value = step;
            has = good(urn_unmask_choose(bed->stream, &p));
            if (has) UT_OK(urn_sample(bed->stream, &q));
            if (has) UT_OK(urn_unmask_settle(bed->stream, &p));
        }
        if (has) UT_OK(urn_stream_sync_host(bed->stream));
        if (has) same_as_cpu(kind, settled, p.tokens, 8 * (size_t)many, "tokens");
        for (int s = 0; has && s < many; s++) {
            UT_ASSERT(p.masked[s] == 0 && p.slot[s] == -1, "sequence %d is not done after two steps", s);
            UT_ASSERT(p.tokens[2 * s] >= 0 && p.tokens[2 * s] < 3 && p.tokens[2 * s + 1] < 3, "sequence %d", s);
            counts[p.tokens[2 * s] * 3 + p.tokens[2 * s + 1]]++;
        }
        has &= many == MANY;
        for (int pair = 0; has && pair < 9; pair++) {
            double z[2] = {0}, share = exp((double)row[0][pair / 3]) * exp((double)row[1][pair % 3]);
            for (int i = 0; i < 3; i++) z[0] += exp((double)row[0][i]), z[1] += exp((double)row[1][i]);
            share /= z[0] * z[1];
            double score = (counts[pair] - MANY * share) / sqrt(MANY * share * (1 - share));
            UT_ASSERT(fabs(score) < 5.2, "pair %d came %d times, wanted %g", pair, counts[pair], MANY * share);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_unmask_suite(void);
Suite *prop_unmask_suite(void) {
    Suite *suite = suite_create("prop_unmask");
    TCase *tcase = tcase_create("unmask");
    tcase_add_loop_test(tcase, a_step_opens_masked_positions, 0, 3);
    tcase_add_loop_test(tcase, one_position_opens_at_the_right_time, 0, 4);
    tcase_add_test(tcase, settle_writes_the_most_confident);
    tcase_add_test(tcase, jitter_chooses_a_uniform_subset);
    tcase_add_test(tcase, a_first_hitting_run_has_the_models_law);
    suite_add_tcase(suite, tcase);
    return suite;
}
