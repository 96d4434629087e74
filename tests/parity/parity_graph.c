/* parity_graph.c - one captured step of decoding, replayed with new logits, seeds, parameters and state in device
 * memory, gives the bytes that plain calls give on the cpu backend. */
#include "tests/parity/capture.h"

enum { ROWS = 6, COLS = 700, STEPS = 4, HISTORY = 8 };

typedef struct step_inputs {
    float logits[ROWS * COLS];
    uint64_t seed[ROWS], label[ROWS];
    int32_t list[ROWS], slot[ROWS], row_count;
    float temperature[ROWS], top_p[ROWS];
    int32_t top_k[ROWS], map[ROWS];
    uint32_t words[2 * ((COLS + 31) / 32)];
} step_inputs;

typedef struct step_outputs {
    int32_t ids[ROWS], status[ROWS];
    float logprob[ROWS], entropy[ROWS];
} step_outputs;

/* Inputs of step t: all of them change, also which rows exist. */
static step_inputs *make_inputs(int t) {
    step_inputs *in = (step_inputs *)ut_malloc(sizeof *in);
    ut_rng rng = ut_rng_make(7000 + (uint64_t)t);
    ut_fill(in->logits, ROWS * COLS, UT_NORMAL, 1.0 + t, 40 + (uint64_t)t);
    in->row_count = t == 2 ? ROWS - 2 : ROWS;
    for (int r = 0; r < ROWS; r++) {
        in->seed[r] = ut_u64(&rng), in->label[r] = ut_u64(&rng);
        in->list[r] = (int32_t)ut_below(&rng, 3);
        in->slot[r] = t == 3 && r == 1 ? -1 : (r + t) % ROWS;
        in->temperature[r] = (float)ut_below(&rng, 4) * 0.5f;
        in->top_p[r] = 0.25f * (float)(1 + ut_below(&rng, 4));
        in->top_k[r] = (int32_t)ut_below(&rng, 40);
        in->map[r] = (int32_t)ut_below(&rng, 3) - 1;
    }
    for (size_t w = 0; w < sizeof in->words / 4; w++) in->words[w] = (uint32_t)ut_u64(&rng) | 1u;
    return in;
}

typedef struct decoder {
    ut_bed *bed;
    urn_buffer *memory; /* inputs, then outputs */
    urn_sampler *sampler;
    urn_slots *slots;
} decoder;

static step_inputs *inputs_of(const decoder *d) { return (step_inputs *)urn_buffer_data(d->memory); }
static step_outputs *outputs_of(const decoder *d) { return (step_outputs *)(void *)(inputs_of(d) + 1); }

static decoder open_decoder(ut_bed *bed) {
    decoder d = {bed, NULL, NULL, NULL};
    UT_OK(urn_buffer_create(bed->ctx, URN_DEVICE, sizeof(step_inputs) + sizeof(step_outputs), &d.memory));
    const step_inputs *in = inputs_of(&d);
    urn_step steps[2][3] = {
        {urn_temperature(urn_f_by(URN_BY_SLOT, in->temperature)), urn_top_k(urn_i_by(URN_BY_ROW, in->top_k))},
        {urn_mask(in->words, 2, (COLS + 31) / 32, in->map), urn_top_p(urn_f_by(URN_BY_ROW, in->top_p)),
         urn_temperature(urn_f(0.7f))}};
    urn_list lists[3] = {{steps[0], 2}, {steps[1], 3}, {NULL, 0}};
    UT_OK(urn_sampler_create(bed->ctx, lists, 3, &d.sampler));
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.slots = ROWS;
    params.history = HISTORY;
    UT_OK(urn_slots_create(bed->ctx, &params, &d.slots));
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(d.sampler, ROWS, COLS)));
    return d;
}

static void close_decoder(decoder *d) {
    urn_sampler_destroy(d->sampler);
    urn_slots_destroy(d->slots);
    urn_buffer_destroy(d->memory);
}

/* What an engine captures: draw, then let the state move. */
static void enqueue_step(const decoder *d) {
    const step_inputs *in = inputs_of(d);
    step_outputs *out = outputs_of(d);
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(in->logits, URN_F32, ROWS, COLS, 0);
    p.sampler = d->sampler;
    p.slot = in->slot;
    p.list = in->list;
    p.seed = in->seed;
    p.label = in->label;
    p.row_count = &in->row_count;
    p.state = d->slots;
    p.ids = out->ids;
    p.status = out->status;
    p.logprob = out->logprob;
    p.entropy = out->entropy;
    UT_OK(urn_sample(d->bed->stream, &p));
    UT_OK(urn_slots_commit(d->bed->stream, d->slots, in->slot, out->ids, 1, NULL, ROWS));
}

static void put_inputs(const decoder *d, int t) {
    step_inputs *in = make_inputs(t);
    UT_OK(urn_buffer_write(d->bed->stream, d->memory, 0, in, sizeof *in));
    UT_OK(urn_stream_sync_host(d->bed->stream));
    free(in);
}

static void compare(const decoder *a, const decoder *b, int t) {
    step_outputs out[2];
    const decoder *both[2] = {a, b};
    for (int i = 0; i < 2; i++)
        UT_OK(urn_buffer_read_host(both[i]->bed->stream, both[i]->memory, sizeof(step_inputs), &out[i], sizeof out[i]));
    ut_note("step %d", t);
    UT_SAME_BITS(out[0].ids, out[1].ids, ROWS, "ids");
    UT_SAME_BITS(out[0].status, out[1].status, ROWS, "status");
    UT_SAME_BITS(out[0].logprob, out[1].logprob, ROWS, "logprob");
    UT_SAME_BITS(out[0].entropy, out[1].entropy, ROWS, "entropy");
}

/* property  a graph captured once gives, at every replay, what calls made then would give
 * broken    a launch argument that should be read from device memory (seed, row count) kept from the capture */
START_TEST(a_replayed_graph_follows_device_memory) {
    static const urn_backend_kind kinds[] = {URN_BACKEND_SIMT, URN_BACKEND_CUDA};
    capture_bed *c = capture_open(kinds[_i]);
    if (!c) return; /* a missing backend has been named */
    ut_bed *cpu = ut_open(URN_BACKEND_CPU);
    decoder plain = open_decoder(cpu), captured = open_decoder(&c->bed);
    put_inputs(&captured, 99); /* what memory holds during the capture must not matter */
    capture_begin(c);
    enqueue_step(&captured);
    UT_IS(urn_stream_reserve(c->bed.stream, (size_t)1 << 24), URN_E_CAPTURE);
    capture_end(c);
    for (int t = 0; t < STEPS; t++) {
        put_inputs(&plain, t);
        put_inputs(&captured, t);
        enqueue_step(&plain);
        capture_launch(c);
        compare(&plain, &captured, t);
    }
    close_decoder(&plain);
    close_decoder(&captured);
    capture_close(c);
    ut_close(cpu);
}
END_TEST

Suite *parity_graph_suite(void);
Suite *parity_graph_suite(void) {
    Suite *suite = suite_create("parity_graph");
    TCase *tcase = tcase_create("graph");
    tcase_set_tags(tcase, "simt cuda");
    tcase_add_loop_test(tcase, a_replayed_graph_follows_device_memory, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
