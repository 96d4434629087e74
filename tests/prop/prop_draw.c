/* prop_draw.c - which random words a draw reads, what can never be drawn, and what side outputs are bounded by. */
#include <math.h>

#include "tests/prop/prop_case.h"

/* property  what a mask forbids, and what is -inf, is never drawn, at U's smallest and largest either
 * why       `cdf >= u` draws a zero-mass first id at u = 0, a sum that falls short draws past the end at u = 1
 * shapes    -inf and masked ids first, last and in runs; the seeds of 2^17 whose U is nearest to 0 and to 2^64 */
START_TEST(impossible_ids_are_never_drawn) {
    uint64_t low_seed = 0, high_seed = 0, low = UINT64_MAX, high = 0;
    for (uint64_t seed = 0; seed < (uint64_t)(ut_quick() ? 1 << 12 : 1 << 17); seed++) {
        uint64_t u = oracle_u64(seed, 0, 0, 0);
        if (u < low) low = u, low_seed = seed;
        if (u > high) high = u, high_seed = seed;
    }
    FOR_EACH_BACKEND(kind) {
        static const int64_t lengths[] = {7, 40, 1030};
        ut_bed *bed = ut_open(kind);
        for (int i = 0; i < 3; i++) {
            int64_t n = lengths[i];
            float x[1030];
            uint32_t words[33];
            ut_fill(x, n, UT_FLAT, 0, 0);
            memset(words, 0xff, sizeof words);
            x[0] = x[n - 1] = -INFINITY;
            words[0] &= ~2u;                                /* id 1 */
            words[(n - 2) / 32] &= ~(1u << ((n - 2) % 32)); /* the last but one */
            for (int64_t j = n / 2; j < n / 2 + n / 8; j++) x[j] = -INFINITY;
            urn_step step = urn_mask(words, 1, 33, NULL);
            for (int end = 0; end < 2; end++) {
                ut_job job = {.logits = x, .rows = 1, .cols = n, .draws = 3000};
                job.seed_value = end ? high_seed : low_seed;
                ut_draws *d = ut_sample_steps(bed, &job, &step, 1);
                ut_note("seed %llu, 1 row of %lld", (unsigned long long)job.seed_value, (long long)n);
                int32_t wanted = end ? (int32_t)n - 3 : 2;
                UT_ASSERT(d->ids[0] == wanted, "the extreme draw is %d, not %d", d->ids[0], wanted);
                for (int j = 0; j < 3000; j++) {
                    int32_t id = d->ids[j];
                    UT_ASSERT(id >= 0 && id < n && x[id] == 0 && (words[id / 32] >> (id % 32) & 1), "draw %d is %d", j,
                              id);
                }
                ut_draws_free(d);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  on a flat row of 4,096 the id is the top 12 bits of U: draw, position, label and seed choose the block
 * why       this shows the words themselves: each argument reaches its place in the counter or the key, none is cut
 *           to 32 bits, and no two (draw, position) share a block */
START_TEST(seed_label_position_and_draw_choose_the_words) {
    static const uint64_t seeds[] = {0, 7, UINT64_C(1) << 32, UINT64_MAX};
    static const uint64_t labels[] = {0, 1, UINT64_C(5) << 40, UINT64_MAX - 1};
    static const uint32_t positions[] = {0, 1, 65536, UINT32_MAX};
    enum { N = 64, COLS = 4096, DRAWS = 20 };
    FOR_EACH_BACKEND(kind) {
        float x[COLS];
        int32_t index[N] = {0};
        uint64_t seed[N], label[N];
        uint32_t position[N];
        ut_fill(x, COLS, UT_FLAT, -3, 0);
        for (int r = 0; r < N; r++)
            seed[r] = seeds[r & 3], label[r] = labels[r >> 2 & 3], position[r] = positions[r >> 4];
        ut_job job = {.logits = x, .rows = N, .cols = COLS, .row_index = index, .data_rows = 1, .draws = DRAWS};
        job.seed = seed;
        job.label = label;
        job.position = position;
        ut_bed *bed = ut_open(kind);
        ut_draws *d = ut_sample_all(bed, &job);
        int pairs = 0;
        for (int i = 0; i < N * DRAWS; i++) {
            int r = i / DRAWS, j = i % DRAWS;
            int32_t wanted = (int32_t)(oracle_u64(seed[r], label[r], (uint32_t)j, position[r]) >> 52);
            ut_note("seed %llu, label %llu, position %u, draw %d", (unsigned long long)seed[r],
                    (unsigned long long)label[r], position[r], j);
            UT_ASSERT(d->ids[i] == wanted, "id %d, the words say %d", d->ids[i], wanted);
            for (int k = 0; k < i; k++) pairs += d->ids[k] == d->ids[i];
        }
        ut_note("64 rows of 20 draws");
        /* 1280 * 1279 / 2 / 4096 = 200 coincidences expected; a shared block adds at least 20 * 16 */
        UT_ASSERT(pairs > 100 && pairs < 300, "%d pairs of equal ids", pairs);
        ut_draws_free(d);
        ut_close(bed);
    }
}
END_TEST

/* property  draw j does not depend on how many draws are asked for, nor on which outputs are */
START_TEST(draws_are_a_prefix_of_more_draws) {
    FOR_EACH_BACKEND(kind) {
        enum { N = 3, COLS = 911 };
        float x[N * COLS];
        ut_fill(x, N * COLS, UT_GUMBEL, 1.5, 111);
        ut_bed *bed = ut_open(kind);
        urn_step step = urn_top_p(urn_f(0.9f));
        ut_job job = {.logits = x, .rows = N, .cols = COLS, .draws = 1000, .seed_value = 4};
        ut_draws *many = ut_sample_steps(bed, &job, &step, 1);
        static const int32_t counts[] = {1, 2, 31, 33, 257};
        for (int i = 0; i < 5; i++) {
            job.draws = counts[i];
            ut_draws *few = ut_sample_steps(bed, &job, &step, 1);
            ut_note("seed 111, %d draws", counts[i]);
            UT_SAME_DRAWS(few, many, urn_backend_name(kind));
            ut_draws_free(few);
        }
        job.draws = 1;
        urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
        urn_sampler *sampler;
        urn_list list = {&step, 1};
        UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
        p.logits = urn_matrix_dense(ut_upload(bed, x, sizeof x), URN_F32, N, COLS, 0);
        p.sampler = sampler;
        p.seed_value = 4;
        p.ids = (int32_t *)ut_output(bed, 4 * N);
        UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(NULL, N, COLS)));
        UT_OK(urn_sample(bed->stream, &p));
        int32_t ids[N];
        ut_download(bed, p.ids, ids, sizeof ids);
        for (int r = 0; r < N; r++) UT_ASSERT(ids[r] == many->ids[1000 * r], "row %d: id %d when alone", r, ids[r]);
        urn_sampler_destroy(sampler);
        ut_draws_free(many);
        ut_close(bed);
    }
}
END_TEST

/* property  max <= lse <= max + ln n, 0 <= entropy <= ln kept, logprob <= 0, rank 0 where the largest was drawn
 * why       bounds that hold for any logits; a slip in an epoch's M or F breaks one of them at once */
START_TEST(side_outputs_keep_their_bounds) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 30 : 300);
        for (uint64_t seed = 9000; seed < 9000 + (uint64_t)cases; seed++) {
            prop_case *c = prop_case_make(seed, 5, 300);
            ut_draws *d = ut_sample_all(bed, &c->job);
            for (int64_t r = 0; r < d->rows; r++) {
                if (d->status[r]) continue;
                oracle_row *row = oracle_row_of(&c->job, r);
                int32_t *order = oracle_order(row->x, row->n);
                float top = row->x[order[0]], slack = 4e-6f + fabsf(top) * 2e-7f;
                UT_ASSERT(d->lse[r] >= top - slack && d->lse[r] <= top + logf((float)row->n) + slack, "lse %g, max %g",
                          d->lse[r], top);
                UT_ASSERT(d->entropy[r] >= 0 && d->entropy[r] <= logf((float)d->kept_count[r]) + 4e-6f,
                          "entropy %g of %d ids", d->entropy[r], d->kept_count[r]);
                UT_ASSERT(d->kept_logmass[r] <= 0, "kept mass %g", d->kept_logmass[r]);
                for (int32_t j = 0; j < d->draws; j++) {
                    int64_t at = r * d->draws + j;
                    UT_ASSERT(d->logprob[at] <= 0 && d->logprob_raw[at] <= 0, "logprob %g", d->logprob[at]);
                    UT_ASSERT((d->ids[at] == order[0]) == (d->rank[at] == 0), "rank %d of id %d", d->rank[at],
                              d->ids[at]);
                }
                free(order);
                oracle_row_free(row);
            }
            ut_draws_free(d);
            prop_case_free(c);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  by default the position is the state's, so each commit moves the draw; another position is another draw
 * why       a server that commits and forgets to pass positions must not repeat itself */
START_TEST(state_gives_the_position) {
    FOR_EACH_BACKEND(kind) {
        enum { COLS = 4096, STEPS = 12 };
        float x[COLS];
        ut_fill(x, COLS, UT_FLAT, 0, 0);
        ut_bed *bed = ut_open(kind);
        urn_slots_params sp = URN_SLOTS_PARAMS_INIT;
        sp.slots = 3;
        sp.history = 4;
        urn_slots *slots;
        UT_OK(urn_slots_create(bed->ctx, &sp, &slots));
        int32_t slot[] = {2};
        uint64_t label[] = {0, 0, 77};
        for (uint32_t t = 0; t < STEPS; t++) {
            ut_job job = {.logits = x, .rows = 1, .cols = COLS, .slot = slot, .label = label, .slots = 3};
            job.seed_value = 6;
            job.state = slots;
            ut_draws *d = ut_sample_all(bed, &job);
            int32_t wanted = (int32_t)(oracle_u64(6, 77, 0, t) >> 52);
            ut_note("token %u", t);
            UT_ASSERT(d->ids[0] == wanted, "id %d, the words of this position say %d", d->ids[0], wanted);
            int32_t *dev_slot = (int32_t *)ut_upload(bed, slot, 4), *ids = (int32_t *)ut_upload(bed, d->ids, 4);
            UT_OK(urn_slots_commit(bed->stream, slots, dev_slot, ids, 1, NULL, 1));
            ut_clear(bed);
            ut_draws_free(d);
        }
        urn_slots_destroy(slots);
        ut_close(bed);
    }
}
END_TEST

/* The position, under seed 0 and label 0, whose draw 0 has 2^64 - U = 153 * 2^24 less a little: found by walking 2^29
 * positions. Its r lies 153 units of weight below Z. */
#define NEAR_THE_TOP 523282144u

/* property  the first id with S_i > r is drawn where r equals a prefix sum, down to one unit of Z and all bits of U
 * why       `>=` for `>`, a U of 32 bits or an f64 prefix sum give the neighbour; at random that shows once in 2^40
 * shapes    one id of weight 2^40 and 300 of weight 1, with up to 256 of weight 0 before, so that r falls on the first
 *           and on the last id of a group of any size */
START_TEST(one_unit_of_weight_decides_the_draw) {
    enum { ONES = 300, MOST = ONES + 1 + 256 };
    uint64_t u = oracle_u64(0, 0, 0, NEAR_THE_TOP);
    ut_note("position %u", NEAR_THE_TOP);
    UT_ASSERT(u >> 24 == (UINT64_C(1) << 40) - 153, "this position's U is %016llx", (unsigned long long)u);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int small = kind == URN_BACKEND_SIMT || ut_quick(); /* then ids 248 to 281, across the seam of groups of 256 */
        for (int pad = small ? 100 : 0; pad < (small ? 134 : 256); pad++) {
            float x[MOST];
            int32_t n = pad + 1 + ONES, wanted = n - 153;
            for (int32_t i = 0; i < n; i++) x[i] = i < pad ? -100 : i == pad ? 0 : -27.725f;
            ut_job job = {.logits = x, .rows = 1, .cols = n, .position_value = NEAR_THE_TOP};
            ut_draws *d = ut_sample_all(bed, &job), *exact = oracle_draws(&job);
            ut_note("%s, %d ids of weight 0 first", urn_backend_name(kind), pad);
            UT_ASSERT(exact->ids[0] == wanted, "the oracle draws %d, not %d", exact->ids[0], wanted);
            UT_ASSERT(d->ids[0] == wanted, "id %d, wanted %d", d->ids[0], wanted);
            UT_SAME_DRAWS(d, exact, urn_backend_name(kind));
            ut_draws_free(d);
            ut_draws_free(exact);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_draw_suite(void) {
    Suite *suite = suite_create("prop_draw");
    TCase *tcase = tcase_create("draw");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, impossible_ids_are_never_drawn);
    tcase_add_test(tcase, seed_label_position_and_draw_choose_the_words);
    tcase_add_test(tcase, one_unit_of_weight_decides_the_draw);
    tcase_add_test(tcase, draws_are_a_prefix_of_more_draws);
    tcase_add_test(tcase, side_outputs_keep_their_bounds);
    tcase_add_test(tcase, state_gives_the_position);
    suite_add_tcase(suite, tcase);
    return suite;
}
