/* unit_verify_calls.c - urn_verify and urn_verify_tree beside the law: equal to plain decoding, ragged, mapped,
 * stopped, padded and spoiled requests. */
#include <math.h>

#include "tests/urn_test.h"

enum { B = 6, G = 4, N = G + 1, V = 50 };

typedef struct room {
    ut_bed *bed;
    float logits[B * N * V], draft[B * G * V];
    int32_t drafts[B * G], ids[B * N], path[B * N], accepted[B], emitted[B], status[B];
    float logprob[B * N];
    uint32_t position[B];
    urn_sample_params target, of_draft;
    urn_verify_params params;
} room;

static room *make_room(int32_t verifier, uint64_t seed) {
    static room r;
    memset(&r, 0, sizeof r);
    r.bed = ut_open(URN_BACKEND_CPU);
    ut_rng rng = ut_rng_make(seed);
    ut_fill(r.logits, B * N * V, UT_NORMAL, 2.0, seed);
    ut_fill(r.draft, B * G * V, UT_NORMAL, 2.0, seed + 1);
    for (int b = 0; b < B; b++) {
        r.position[b] = (uint32_t)(10 * b);
        for (int i = 0; i < G; i++) r.drafts[b * G + i] = (int32_t)ut_below(&rng, V);
    }
    const urn_sample_params none = URN_SAMPLE_PARAMS_INIT;
    const urn_verify_params start = URN_VERIFY_PARAMS_INIT;
    r.target = r.of_draft = none;
    r.target.logits = urn_matrix_dense(r.logits, URN_F32, B * N, V, 0);
    r.target.position = r.position;
    r.target.seed_value = 7;
    r.of_draft.logits = urn_matrix_dense(r.draft, URN_F32, B * G, V, 0);
    r.params = start;
    r.params.verifier = verifier;
    r.params.requests = B;
    r.params.nodes = N;
    r.params.depth = G;
    r.params.drafts = r.drafts;
    r.params.target = &r.target;
    r.params.draft = &r.of_draft;
    r.params.ids = r.ids;
    r.params.path = r.path;
    r.params.accepted = r.accepted;
    r.params.emitted = r.emitted;
    r.params.status = r.status;
    r.params.logprob = r.logprob;
    return &r;
}

static void verify(room *r) {
    UT_OK(urn_stream_reserve(r->bed->stream, urn_verify_workspace(&r->params)));
    UT_OK(urn_verify(r->bed->stream, &r->params));
}

/* The ids that urn_sample draws for every row of a chain, and their log-probabilities, one position after the other:
 * logits do not depend on ids here, but penalties do. */
static void decode(room *r, const urn_sampler *sampler, urn_slots *state, int32_t method, int32_t *ids,
                   float *logprob) {
    for (int i = 0; i < N; i++) {
        urn_sample_params p = r->target;
        int32_t row_ids[B];
        float row_logprob[B];
        uint32_t position[B];
        for (int b = 0; b < B; b++) position[b] = r->position[b] + (uint32_t)i;
        p.logits = urn_matrix_dense(r->logits + i * V, URN_F32, B, V, N * V);
        p.sampler = sampler;
        p.state = state;
        p.position = position;
        p.method = method;
        p.ids = row_ids;
        p.logprob = row_logprob;
        UT_OK(urn_stream_reserve(r->bed->stream, urn_sample_workspace(sampler, B, V)));
        UT_OK(urn_sample(r->bed->stream, &p));
        if (state) UT_OK(urn_slots_commit(r->bed->stream, state, NULL, row_ids, 1, NULL, B));
        for (int b = 0; b < B; b++) {
            ids[b * N + i] = row_ids[b];
            logprob[b * N + i] = row_logprob[b];
        }
    }
}

/* property  the match rule emits what decoding without drafts would: whatever the drafts, with steps that read the
 *           context, by either method; log-probabilities too */
START_TEST(match_equals_plain_decoding) {
    room *r = make_room(URN_VERIFY_MATCH, 40 + (uint64_t)_i);
    int32_t plain[B * N], longest = 0;
    float logprob[B * N];
    urn_sampler *sampler;
    urn_slots *state;
    urn_slots_params slots = URN_SLOTS_PARAMS_INIT;
    const urn_step steps[] = {urn_penalties(urn_f(1.5f), urn_f(0.3f), urn_f(0.2f), urn_i(0)), urn_no_repeat(urn_i(2)),
                              urn_temperature(urn_f(0.7f)), urn_top_k(urn_i(12))};
    const urn_list list = {steps, 4};
    slots.slots = B, slots.history = 32, slots.counts = 16;
    UT_OK(urn_sampler_create(r->bed->ctx, &list, 1, &sampler));
    UT_OK(urn_slots_create(r->bed->ctx, &slots, &state));
    int32_t method = _i % 2 ? URN_DRAW_GUMBEL : URN_DRAW_INVERSE;
    decode(r, sampler, state, method, plain, logprob);
    /* drafts that are right for a while */
    for (int b = 0; b < B; b++)
        for (int i = 0; i < G; i++) r->drafts[b * G + i] = i < b ? plain[b * N + i] : (plain[b * N + i] + 1) % V;
    UT_OK(urn_slots_reset(r->bed->stream, state, NULL, 0));
    r->target.sampler = sampler;
    r->target.state = state;
    r->target.method = method;
    r->params.draft = NULL;
    verify(r);
    for (int b = 0; b < B; b++) {
        int wanted = b < G ? b : G;
        UT_ASSERT(r->accepted[b] == wanted && r->emitted[b] == wanted + 1 && r->status[b] == 0,
                  "request %d: accepted %d, wanted %d", b, r->accepted[b], wanted);
        UT_SAME_BITS(r->ids + b * N, plain + b * N, wanted + 1, "ids");
        UT_SAME_BITS(r->logprob + b * N, logprob + b * N, wanted + 1, "logprob");
        for (int j = 0; j < N; j++)
            UT_ASSERT(r->path[b * N + j] == (j <= wanted ? j : -1), "path %d is %d", j, r->path[b * N + j]);
        longest = wanted > longest ? wanted : longest;
    }
    UT_ASSERT(longest == G, "no request accepted all");
    urn_slots_destroy(state);
    urn_sampler_destroy(sampler);
    ut_close(r->bed);
}
END_TEST

/* property  flattened rows give the bits of dense ones; -1 ends a chain and is never an index; n_draft by node_count */
START_TEST(ragged_equals_dense) {
    room *r = make_room(URN_VERIFY_CHAIN, 60);
    static float rows[B * N * V], drafts[B * G * V];
    int32_t ids[B * N], tokens[B * G], accepted[B], count[B];
    int64_t offsets[B + 1] = {0};
    for (int b = 0; b < B; b++) {
        count[b] = b % N + 1;
        for (int i = count[b] - 1; i < G; i++) r->drafts[b * G + i] = -1;
    }
    verify(r);
    memcpy(ids, r->ids, sizeof ids);
    memcpy(accepted, r->accepted, sizeof accepted);
    for (int b = 0; b < B; b++) {
        int64_t t = offsets[b];
        memcpy(rows + t * V, r->logits + b * N * V, sizeof(float) * V * (size_t)count[b]);
        memcpy(drafts + (t - b) * V, r->draft + b * G * V, sizeof(float) * V * (size_t)(count[b] - 1));
        memcpy(tokens + t - b, r->drafts + b * G, sizeof(int32_t) * (size_t)(count[b] - 1));
        offsets[b + 1] = t + count[b];
    }
    r->target.logits = urn_matrix_dense(rows, URN_F32, offsets[B], V, 0);
    r->of_draft.logits = urn_matrix_dense(drafts, URN_F32, offsets[B] - B, V, 0);
    r->params.drafts = tokens;
    r->params.node_offsets = offsets;
    verify(r);
    UT_SAME_BITS(r->ids, ids, B * N, "ids of flattened rows");
    UT_SAME_BITS(r->accepted, accepted, B, "accepted of flattened rows");

    for (int b = 0; b < B; b++)
        for (int i = 0; i < G; i++) r->drafts[b * G + i] = i < count[b] - 1 ? r->drafts[b * G + i] : 1 << 30;
    r->target.logits = urn_matrix_dense(r->logits, URN_F32, B * N, V, 0);
    r->of_draft.logits = urn_matrix_dense(r->draft, URN_F32, B * G, V, 0);
    r->params.drafts = r->drafts;
    r->params.node_offsets = NULL;
    r->params.node_count = count;
    verify(r);
    UT_SAME_BITS(r->ids, ids, B * N, "ids by node_count");
    ut_close(r->bed);
}
END_TEST

/* property  a map that is the identity changes nothing, and a smaller vocabulary is a full one with zeros */
START_TEST(maps_give_the_same_bits) {
    enum { SUB = 20 };
    static float sub[B * G * SUB];
    int32_t ids[B * N], draft_of[V], map[SUB];
    for (int _v = URN_VERIFY_CHAIN; _v <= URN_VERIFY_IMPORTANCE; _v++) {
        room *r = make_room(_v, 70);
        for (int i = 0; i < V; i++) draft_of[i] = i;
        verify(r);
        memcpy(ids, r->ids, sizeof ids);
        r->params.draft_of = draft_of;
        verify(r);
        UT_SAME_BITS(r->ids, ids, B * N, "identity map");

        for (int j = 0; j < SUB; j++) map[j] = (7 * j + 3) % V;
        UT_OK(urn_draft_invert(r->bed->stream, map, SUB, V, draft_of, NULL));
        for (int t = 0; t < B * G; t++) {
            for (int j = 0; j < SUB; j++) sub[t * SUB + j] = r->draft[t * V + map[j]];
            for (int i = 0; i < V; i++)
                if (draft_of[i] < 0) r->draft[t * V + i] = -INFINITY;
            r->drafts[t] = map[t % SUB];
        }
        r->params.draft_of = NULL;
        verify(r);
        memcpy(ids, r->ids, sizeof ids);
        r->params.draft_of = draft_of;
        r->of_draft.logits = urn_matrix_dense(sub, URN_F32, B * G, SUB, 0);
        verify(r);
        UT_SAME_BITS(r->ids, ids, B * N, "sub-vocabulary");
        ut_close(r->bed);
    }
}
END_TEST

/* property  summaries that urn_sample wrote of the same rows change no bit, whatever the list, greedy ones too */
START_TEST(summaries_change_no_bit) {
    static const char *const lists[] = {"none",
                                        "temperature=0.7,top_k=9",
                                        "top_p=0.8,temperature=1.3",
                                        "temperature=0",
                                        "min_p=0.05",
                                        "typical=0.7",
                                        "quadratic=0.5"};
    static urn_row_summary summary[2][B * N];
    for (int l = 0; l < 7; l++)
        for (int32_t verifier = 0; verifier <= URN_VERIFY_TYPICAL; verifier++) {
            room *r = make_room(verifier, 120);
            urn_step steps[URN_MAX_STEPS];
            urn_list list = {steps, 0};
            urn_sampler *sampler;
            int32_t ids[B * N];
            float logprob[B * N];
            for (int i = 0; i < B * G; i++) r->drafts[i] = i % V;
            UT_OK(urn_steps_parse(lists[l], steps, &list.count));
            UT_OK(urn_sampler_create(r->bed->ctx, &list, 1, &sampler));
            UT_OK(urn_stream_reserve(r->bed->stream, urn_sample_workspace(sampler, B * N, V)));
            for (int side = 0; side < 2; side++) {
                urn_sample_params p = side ? r->of_draft : r->target;
                p.sampler = sampler;
                p.position = NULL;
                p.summary = summary[side];
                UT_OK(urn_sample(r->bed->stream, &p));
            }
            r->target.sampler = r->of_draft.sampler = sampler;
            verify(r);
            memcpy(ids, r->ids, sizeof ids);
            memcpy(logprob, r->logprob, sizeof logprob);
            r->params.target_summary = summary[0];
            r->params.draft_summary = summary[1];
            verify(r);
            ut_note("%s, verifier %d", lists[l], verifier);
            UT_SAME_BITS(r->ids, ids, B * N, "ids");
            UT_SAME_BITS(r->logprob, logprob, B * N, "logprob");
            urn_sampler_destroy(sampler);
            ut_close(r->bed);
        }
}
END_TEST

/* property  summaries of other rows, or of none, give other ids, but never one that is no id */
START_TEST(wrong_summaries_stay_in_range) {
    static urn_row_summary wrong[B * N];
    ut_rng rng = ut_rng_make(5);
    for (int32_t verifier = 0; verifier <= URN_VERIFY_TYPICAL; verifier++)
        for (int round = 0; round < 20; round++) {
            room *r = make_room(verifier, 140 + (uint64_t)round);
            for (int t = 0; t < B * N; t++) {
                wrong[t].mass = ut_u64(&rng) >> ut_below(&rng, 64);
                wrong[t].max = (float)ut_normal(&rng);
                wrong[t].c = (float)ut_normal(&rng);
                wrong[t].cut_key = (uint32_t)ut_u64(&rng);
                wrong[t].cut_id = (int32_t)ut_u64(&rng);
                wrong[t].flags = (uint32_t)ut_below(&rng, 2);
            }
            r->params.target_summary = r->params.draft_summary = wrong;
            verify(r);
            for (int j = 0; j < B * N; j++)
                UT_ASSERT(r->ids[j] >= -1 && r->ids[j] < V, "verifier %d: id %d", verifier, r->ids[j]);
            ut_close(r->bed);
        }
}
END_TEST

/* property  after a stop id nothing is emitted; one that is not accepted stops nothing */
START_TEST(stop_ids_end_a_round) {
    room *r = make_room(URN_VERIFY_MATCH, 80);
    int32_t plain[B * N];
    float logprob[B * N];
    decode(r, NULL, NULL, URN_DRAW_INVERSE, plain, logprob);
    for (int b = 0; b < B; b++) memcpy(r->drafts + b * G, plain + b * N, sizeof(int32_t) * G);
    r->params.draft = NULL;
    r->params.stop = &plain[2];
    r->params.stops = 1;
    verify(r);
    for (int b = 0; b < B; b++) {
        int end = 0;
        while (end < G && plain[b * N + end] != plain[2]) end++;
        int accepted = end < G ? end + 1 : G;
        UT_ASSERT(r->accepted[b] == accepted && r->emitted[b] == accepted + (end == G), "request %d: %d of %d", b,
                  r->accepted[b], r->emitted[b]);
    }
    ut_close(r->bed);
}
END_TEST

/* property  a bad row ends its own request where it is needed, and no other request notices */
START_TEST(bad_rows_stay_alone) {
    room *r = make_room(URN_VERIFY_CHAIN, 90);
    int32_t ids[B * N], slot[B] = {0, 1, 2, 3, 4, 5};
    r->target.slot = slot;
    for (int b = 0; b < B; b++)
        for (int i = 0; i < G; i++) memcpy(r->draft + (b * G + i) * V, r->logits + (b * N + i) * V, sizeof(float) * V);
    verify(r); /* equal laws: all accepted */
    memcpy(ids, r->ids, sizeof ids);
    UT_ASSERT(r->accepted[1] == G && r->accepted[2] == G, "equal laws reject");
    r->logits[(1 * N + 2) * V + 5] = NAN;
    r->draft[(2 * G + 1) * V + 5] = INFINITY;
    r->drafts[3 * G] = V;
    slot[4] = -1;
    slot[5] = B;
    verify(r);
    UT_SAME_BITS(r->ids, ids, N, "request 0");
    UT_ASSERT(r->status[1] == URN_ROW_NAN && r->accepted[1] == 2 && r->emitted[1] == 2 && r->ids[1 * N + 2] == -1,
              "target row: status %d, %d ids", r->status[1], r->emitted[1]);
    UT_ASSERT(r->status[2] == URN_ROW_DRAFT && r->accepted[2] == 1 && r->emitted[2] == 2, "draft row: status %d, %d",
              r->status[2], r->emitted[2]);
    UT_ASSERT(r->status[3] == URN_ROW_DRAFT && r->accepted[3] == 0 && r->emitted[3] == 1, "draft %d: status %d", V,
              r->status[3]);
    UT_ASSERT(r->status[4] == URN_ROW_PADDING && r->emitted[4] == 0 && r->ids[4 * N] == -1, "padding");
    UT_ASSERT(r->status[5] == URN_ROW_INDEX && r->emitted[5] == 0 && r->ids[5 * N] == -1, "slot out of range");
    ut_close(r->bed);
}
END_TEST

/* property  counters are sums over the requests that are no padding */
START_TEST(statistics_add_up) {
    room *r = make_room(URN_VERIFY_SYNTHETIC, 100);
    urn_verify_stats stats;
    const float rates[G] = {1.0f, 1.0f, 0.0f, 1.0f};
    memset(&stats, 0, sizeof stats);
    r->params.rates = rates;
    r->params.stats = &stats;
    verify(r);
    verify(r);
    UT_ASSERT(stats.requests == 2 * B && stats.drafted == 2 * B * G && stats.accepted == 4 * B &&
                  stats.emitted == 6 * B,
              "%d %d %d %d", (int)stats.requests, (int)stats.drafted, (int)stats.accepted, (int)stats.emitted);
    for (int d = 0; d < G; d++)
        UT_ASSERT(stats.tried[d] == (d < 3 ? 2 * B : 0) && stats.taken[d] == (d < 2 ? 2 * B : 0), "depth %d", d);
    ut_close(r->bed);
}
END_TEST

/* property  typical acceptance: the threshold is .09 up to 1.2039728 nats, .075 at ln 4; the longest path wins */
START_TEST(typical_takes_the_longest_path) {
    room *r = make_room(URN_VERIFY_TYPICAL, 110);
    static float rows[6 * 4];
    int32_t tokens[6] = {0, 0, 1, 2, 3, 3}, parent[6] = {0, 0, 0, 1, 2, 4};
    for (int i = 0; i < 24; i++) rows[i] = 0.0f;
    r->target.logits = urn_matrix_dense(rows, URN_F32, 6, 4, 0);
    r->params.requests = 1;
    r->params.nodes = 6;
    r->params.draft = NULL;
    r->params.drafts = tokens;
    urn_draft_tree tree = {parent, NULL, NULL};
    UT_OK(urn_stream_reserve(r->bed->stream, urn_verify_workspace(&r->params)));
    UT_OK(urn_verify_tree(r->bed->stream, &r->params, &tree));
    UT_ASSERT(r->accepted[0] == 3 && r->ids[0] == 1 && r->ids[1] == 3 && r->ids[2] == 3, "uniform: accepted %d",
              r->accepted[0]);
    UT_ASSERT(r->path[0] == 0 && r->path[1] == 2 && r->path[2] == 4 && r->path[3] == 5, "path");
    r->params.alpha = 1.01f; /* .2525 */
    r->params.epsilon = 1.0f;
    UT_OK(urn_verify_tree(r->bed->stream, &r->params, &tree));
    UT_ASSERT(r->accepted[0] == 0, "alpha 1.01: accepted %d", r->accepted[0]);
    ut_close(r->bed);
}
END_TEST

Suite *unit_verify_calls_suite(void) {
    Suite *suite = suite_create("unit_verify_calls");
    TCase *calls = tcase_create("calls");
    tcase_add_loop_test(calls, match_equals_plain_decoding, 0, 4);
    tcase_add_test(calls, ragged_equals_dense);
    tcase_add_test(calls, maps_give_the_same_bits);
    tcase_add_test(calls, summaries_change_no_bit);
    tcase_add_test(calls, wrong_summaries_stay_in_range);
    tcase_add_test(calls, stop_ids_end_a_round);
    tcase_add_test(calls, bad_rows_stay_alone);
    tcase_add_test(calls, statistics_add_up);
    tcase_add_test(calls, typical_takes_the_longest_path);
    suite_add_tcase(suite, calls);
    return suite;
}
