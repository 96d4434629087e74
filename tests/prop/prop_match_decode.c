/* prop_match_decode.c - decoding a small Markov model by match verification, round after round, gives the bytes of
 * decoding it token by token. */
#include <math.h>

#include "tests/urn_test.h"

enum { V = 50, POISON = V, TABLE = V + 1, LISTS = 4, MOST = 8, NODES = MOST + 1, SLOTS = 6, TOKENS = 300 };

/* The model: a row of logits for each last token, and a row of NaN that a right verifier never looks at. */
typedef struct decoding {
    ut_bed *bed;
    int slots, tokens;
    int32_t method;
    float table[TABLE * V];
    urn_sampler *sampler;
    urn_slots *state; /* NULL: positions are given by row */
    int32_t list[SLOTS], first[SLOTS];
    uint64_t seed[SLOTS], label[SLOTS];
    uint32_t start[SLOTS];
    int32_t plain[SLOTS][TOKENS + NODES];
    float logprob[SLOTS][TOKENS + NODES];
} decoding;

static const void *up(decoding *d, const void *host, size_t bytes) { return ut_upload(d->bed, host, bytes); }

/* What both ways of decoding share: rows by last token, and each slot's list, seed and label. */
static urn_sample_params target_of(decoding *d, const int32_t *last, int64_t rows, const int32_t *slot,
                                   const uint32_t *position, int64_t requests) {
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    urn_matrix table = urn_matrix_dense(up(d, d->table, sizeof d->table), URN_F32, TABLE, V, 0);
    size_t slots = (size_t)d->slots;
    p.logits = urn_matrix_indexed(table, (const int32_t *)up(d, last, 4 * (size_t)rows), rows);
    p.sampler = d->sampler;
    p.slots = d->slots;
    p.slot = (const int32_t *)up(d, slot, 4 * (size_t)requests);
    p.list = (const int32_t *)up(d, d->list, 4 * slots);
    p.seed = (const uint64_t *)up(d, d->seed, 8 * slots);
    p.label = (const uint64_t *)up(d, d->label, 8 * slots);
    p.state = d->state;
    if (!d->state) p.position = (const uint32_t *)up(d, position, 4 * (size_t)requests);
    p.method = d->method;
    return p;
}

static void commit(decoding *d, const int32_t *slot, const int32_t *ids, int64_t stride, const int32_t *count,
                   int64_t rows) {
    if (d->state) UT_OK(urn_slots_commit(d->bed->stream, d->state, slot, ids, stride, count, rows));
}

static void decode_plainly(decoding *d) {
    int32_t last[SLOTS], slot[SLOTS];
    uint32_t position[SLOTS];
    float logprob[SLOTS];
    memcpy(last, d->first, sizeof last);
    for (int i = 0; i < d->tokens + NODES; i++) {
        for (int s = 0; s < d->slots; s++) slot[s] = s, position[s] = d->start[s] + (uint32_t)i;
        urn_sample_params p = target_of(d, last, d->slots, slot, position, d->slots);
        p.ids = (int32_t *)ut_output(d->bed, 4 * (size_t)d->slots);
        p.logprob = (float *)ut_output(d->bed, 4 * (size_t)d->slots);
        UT_OK(urn_stream_reserve(d->bed->stream, urn_sample_workspace(d->sampler, SLOTS * NODES, V)));
        UT_OK(urn_sample(d->bed->stream, &p));
        commit(d, p.slot, p.ids, 1, NULL, d->slots);
        ut_download(d->bed, p.ids, last, 4 * (size_t)d->slots);
        ut_download(d->bed, p.logprob, logprob, 4 * (size_t)d->slots);
        for (int s = 0; s < d->slots; s++) {
            UT_ASSERT(last[s] >= 0 && last[s] < V, "token %d of slot %d is %d", i, s, last[s]);
            d->plain[s][i] = last[s];
            d->logprob[s][i] = logprob[s];
        }
        ut_clear(d->bed);
    }
}

/* A crude drafter: right with the slot's own rate, else any id; sometimes it stops early. Behind its end stands what
 * must not be read: ids that are none, or those that would be right if the -1, or the number of nodes, were overlooked.
 * Writes the rows' last tokens too: of the poisoned row where nobody may look. */
static void draft(const decoding *d, ut_rng *rng, int s, int done, int length, int32_t *drafts, int32_t *last) {
    double rate = (double)s / (d->slots - 1);
    int end = ut_below(rng, 3) ? length : (int)ut_below(rng, length + 1), garbage = (int)ut_below(rng, 2);
    const int32_t *plain = d->plain[s] + done;
    last[0] = done ? plain[-1] : d->first[s];
    for (int i = 0; i < MOST; i++) {
        int right = ut_uniform(rng) < rate;
        if (i < end)
            drafts[i] = right ? plain[i] : (int32_t)ut_below(rng, V);
        else if (i == end && i < length)
            drafts[i] = -1;
        else
            drafts[i] = garbage ? 1 << 30 : plain[i - (end < length)];
        last[i + 1] = i < end ? drafts[i] : POISON;
    }
}

/* Rounds until every slot has its tokens; a slot that has is padding. Counts what was seen. */
static void decode_by_rounds(decoding *d, ut_rng *rng, int *all_taken, int *some_taken, int *none_taken) {
    enum { MOST_ROWS = SLOTS * NODES };
    int done[SLOTS] = {0}, left = d->slots;
    size_t n = (size_t)d->slots;
    for (int round = 0; left; round++) {
        int32_t last[MOST_ROWS], drafts[SLOTS * MOST], slot[SLOTS], count[SLOTS], ids[MOST_ROWS];
        int32_t accepted[SLOTS], emitted[SLOTS], status[SLOTS];
        float logprob[MOST_ROWS];
        uint32_t position[SLOTS];
        for (int b = 0; b < d->slots; b++) {
            int s = (b + round) % d->slots, length = (int)ut_below(rng, MOST + 1);
            slot[b] = done[s] < d->tokens ? s : -1;
            count[b] = length + 1;
            position[b] = d->start[s] + (uint32_t)done[s];
            draft(d, rng, s, done[s] < d->tokens ? done[s] : 0, length, drafts + b * MOST, last + b * NODES);
        }
        urn_sample_params target = target_of(d, last, d->slots * NODES, slot, position, d->slots);
        urn_verify_params call = URN_VERIFY_PARAMS_INIT;
        call.verifier = URN_VERIFY_MATCH, call.requests = d->slots, call.nodes = NODES, call.depth = MOST;
        call.target = &target;
        call.node_count = (const int32_t *)up(d, count, 4 * n);
        call.drafts = (const int32_t *)up(d, drafts, 4 * n * MOST);
        call.ids = (int32_t *)ut_output(d->bed, 4 * n * NODES);
        call.logprob = (float *)ut_output(d->bed, 4 * n * NODES);
        call.accepted = (int32_t *)ut_output(d->bed, 4 * n);
        call.emitted = (int32_t *)ut_output(d->bed, 4 * n);
        call.status = (int32_t *)ut_output(d->bed, 4 * n);
        UT_OK(urn_stream_reserve(d->bed->stream, urn_verify_workspace(&call)));
        UT_OK(urn_verify(d->bed->stream, &call));
        commit(d, target.slot, call.ids, NODES, call.emitted, d->slots);
        ut_download(d->bed, call.ids, ids, 4 * n * NODES);
        ut_download(d->bed, call.logprob, logprob, 4 * n * NODES);
        ut_download(d->bed, call.accepted, accepted, 4 * n);
        ut_download(d->bed, call.emitted, emitted, 4 * n);
        ut_download(d->bed, call.status, status, 4 * n);
        ut_clear(d->bed);
        for (int b = 0; b < d->slots; b++) {
            int s = slot[b], right = 0, length = count[b] - 1;
            if (s < 0) {
                UT_ASSERT(status[b] == URN_ROW_PADDING && emitted[b] == 0, "padding emits %d", emitted[b]);
                continue;
            }
            while (right < length && drafts[b * MOST + right] == d->plain[s][done[s] + right]) right++;
            UT_ASSERT(status[b] == 0 && accepted[b] == right && emitted[b] == right + 1,
                      "round %d, slot %d, token %d: status %d, accepted %d of %d, wanted %d", round, s, done[s],
                      status[b], accepted[b], length, right);
            UT_SAME_BITS(ids + b * NODES, d->plain[s] + done[s], right + 1, "ids");
            UT_SAME_BITS(logprob + b * NODES, d->logprob[s] + done[s], right + 1, "logprob");
            for (int i = right + 1; i < NODES; i++)
                UT_ASSERT(ids[b * NODES + i] == -1, "id %d behind the end is %d", i, ids[b * NODES + i]);
            *all_taken += right == MOST;
            *some_taken += right && right < length;
            *none_taken += !right;
            done[s] += right + 1;
            left -= done[s] >= d->tokens;
        }
    }
}

/* property  rounds of match verification emit byte for byte what urn_sample draws token by token, for the same seeds,
 *           labels and positions: whatever the drafts and their number, wherever the request stands in the batch, by
 *           either method, with positions given or the slots' own; log-probabilities too. What follows a draft of -1,
 *           or the request's last node, is not looked at
 * why       here each token decides the law of the next: a draw at another position, or with another request's words,
 *           spoils all that follows */
START_TEST(rounds_of_match_equal_plain_decoding) {
    FOR_EACH_BACKEND(kind) {
        static decoding d;
        static const char *const lists[LISTS] = {"temperature=0.8,top_p=0.9", "top_p=0.95,temperature=1.3",
                                                 "temperature=0", "temperature=1.1"};
        int few = kind == URN_BACKEND_SIMT, all_taken = 0, some_taken = 0, none_taken = 0;
        urn_step steps[LISTS][URN_MAX_STEPS];
        urn_list list[LISTS];
        urn_slots_params of_state = URN_SLOTS_PARAMS_INIT;
        uint64_t seed = 5000 + (uint64_t)_i;
        ut_rng rng = ut_rng_make(seed);
        memset(&d, 0, sizeof d);
        d.bed = ut_open(kind);
        d.slots = few ? 3 : SLOTS;
        d.tokens = few ? 24 : ut_quick() ? 100 : TOKENS;
        d.method = _i % 2 ? URN_DRAW_GUMBEL : URN_DRAW_INVERSE;
        ut_fill(d.table, V * V, UT_NORMAL, 2.0, seed);
        for (int i = 0; i < V; i++) d.table[POISON * V + i] = NAN;
        for (int s = 0; s < d.slots; s++) {
            d.list[s] = s % LISTS;
            d.first[s] = (int32_t)ut_below(&rng, V);
            d.seed[s] = s % 3 ? 77 : ut_u64(&rng); /* some differ by their labels alone */
            d.label[s] = 1000 + (uint64_t)s;
            if (_i < 2) d.start[s] = (uint32_t)(s ? 1000 * s : -20); /* one passes 2^32 */
        }
        for (int l = 0; l < LISTS; l++) {
            list[l].steps = steps[l];
            UT_OK(urn_steps_parse(lists[l], steps[l], &list[l].count));
        }
        ut_note("%s, seed %d, %s, %s, %d tokens", urn_backend_name(kind), (int)seed, _i % 2 ? "gumbel" : "inverse",
                _i < 2 ? "positions by row" : "positions of slots", d.tokens);
        UT_OK(urn_sampler_create(d.bed->ctx, list, LISTS, &d.sampler));
        of_state.slots = d.slots;
        if (_i >= 2) UT_OK(urn_slots_create(d.bed->ctx, &of_state, &d.state));
        decode_plainly(&d);
        if (d.state) UT_OK(urn_slots_reset(d.bed->stream, d.state, NULL, 0));
        decode_by_rounds(&d, &rng, &all_taken, &some_taken, &none_taken);
        UT_ASSERT(none_taken && some_taken && (few || all_taken), "rounds are all alike: %d none, %d some, %d all",
                  none_taken, some_taken, all_taken);
        UT_OK(urn_stream_sync_host(d.bed->stream));
        urn_slots_destroy(d.state);
        urn_sampler_destroy(d.sampler);
        ut_close(d.bed);
    }
}
END_TEST

Suite *prop_match_decode_suite(void) {
    Suite *suite = suite_create("prop_match_decode");
    TCase *tcase = tcase_create("match_decode");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, rounds_of_match_equal_plain_decoding, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
