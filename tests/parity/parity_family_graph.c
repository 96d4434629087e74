/* parity_family_graph.c - a particle filter's step, a top-k draw and a verification, each captured once and replayed
 * with new inputs in device memory: the bytes that plain calls give on the cpu backend. */
#include "tests/parity/capture.h"

#include <math.h>

enum { REPLAYS = 4 };

/* One end of a comparison: a bed and its memory, the inputs of a family and then its outputs. */
typedef struct station {
    ut_bed *bed;
    urn_buffer *memory;
    urn_sampler *sampler;
    int32_t choice; /* a scheme, a verifier, a launch shape */
    unsigned char *inputs, *outputs;
} station;

typedef struct family {
    const char *name;
    size_t inputs, outputs;
    void (*fill)(void *inputs, int t);
    void (*start)(void *outputs); /* what outputs hold first, zeroed before; NULL: zeros */
    void (*open)(station *s);     /* samplers and scratch: nothing that a capture allows */
    void (*enqueue)(const station *s);
    void (*compare)(const void *plain, const void *captured);
    const urn_launch_hint *hints; /* by choice; NULL: the library chooses */
} family;

static void put_inputs(const station *s, const family *f, int t) {
    void *in = memset(ut_malloc(f->inputs), 0, f->inputs);
    f->fill(in, t);
    UT_OK(urn_buffer_write(s->bed->stream, s->memory, 0, in, f->inputs));
    UT_OK(urn_stream_sync_host(s->bed->stream));
    free(in);
}

static station open_station(ut_bed *bed, const family *f, int32_t choice) {
    station s = {bed, NULL, NULL, choice, NULL, NULL};
    UT_OK(urn_buffer_create(bed->ctx, URN_DEVICE, f->inputs + f->outputs, &s.memory));
    s.inputs = (unsigned char *)urn_buffer_data(s.memory);
    s.outputs = s.inputs + f->inputs;
    void *out = memset(ut_malloc(f->outputs), 0, f->outputs);
    if (f->start) f->start(out);
    UT_OK(urn_buffer_write(bed->stream, s.memory, f->inputs, out, f->outputs));
    UT_OK(urn_stream_sync_host(bed->stream));
    free(out);
    f->open(&s);
    return s;
}

static void close_station(station *s) {
    urn_sampler_destroy(s->sampler);
    urn_buffer_destroy(s->memory);
}

static unsigned char *read_outputs(const station *s, const family *f) {
    unsigned char *out = (unsigned char *)ut_malloc(f->outputs);
    UT_OK(urn_buffer_read_host(s->bed->stream, s->memory, f->inputs, out, f->outputs));
    return out;
}

/* Capture the family's calls, replay them over REPLAYS inputs, and run them plainly on cpu over the same ones. `seen`
 * looks at each replay's outputs: a comparison of steps in which nothing happens would hold nothing. */
static void hold_replays(const family *f, urn_backend_kind kind, int32_t choice, void (*seen)(const void *, int)) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = kind;
    params.threads = kind == URN_BACKEND_SIMT ? 2 : 0;
    if (f->hints) params.hint = f->hints[choice];
    capture_bed *c = capture_open_with(&params);
    if (!c) return; /* a missing backend has been named */
    ut_bed *cpu = ut_open(URN_BACKEND_CPU);
    station plain = open_station(cpu, f, choice), captured = open_station(&c->bed, f, choice);
    put_inputs(&captured, f, 99); /* what memory holds during the capture must not matter */
    capture_begin(c);
    f->enqueue(&captured);
    capture_end(c);
    for (int t = 0; t < REPLAYS; t++) {
        ut_note("%s, choice %d, replay %d", f->name, choice, t);
        put_inputs(&plain, f, t);
        put_inputs(&captured, f, t);
        f->enqueue(&plain);
        capture_launch(c);
        unsigned char *a = read_outputs(&plain, f), *b = read_outputs(&captured, f);
        f->compare(a, b);
        seen(a, t);
        free(a), free(b);
    }
    close_station(&plain);
    close_station(&captured);
    capture_close(c);
    ut_close(cpu);
}

static const urn_backend_kind kinds[] = {URN_BACKEND_SIMT, URN_BACKEND_CUDA};
#define SAME(member) UT_SAME_BITS(a->member, b->member, sizeof a->member / sizeof *a->member, #member)
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

/* ---- one step of a particle filter */

enum { SETS = 5, PARTICLES = 2300, STATE = 3 }; /* more particles than the tile of a block of the default size */

typedef struct filter_inputs {
    uint64_t seed[SETS], label[SETS];
    uint32_t position[SETS];
    float threshold[SETS];
    float lw[SETS * PARTICLES];
} filter_inputs;

typedef struct filter_outputs {
    urn_weight_stats before[SETS], after[SETS];
    int32_t resampled[SETS], status[SETS], permute_status[SETS], gather_status[SETS];
    float lw[SETS * PARTICLES];
    int32_t ancestors[SETS * PARTICLES], offspring[SETS * PARTICLES];
    uint32_t state[SETS * PARTICLES * STATE]; /* moved in place, from one replay to the next */
} filter_outputs;

/* A flat row resamples under a threshold near 1 only, a steep one under any but 0. */
static int flat_row(int r, int t) { return (r + t) % 2; }
static float threshold_of(int r, int t) {
    static const float thresholds[] = {0.5f, 0.0f, URN_RESAMPLE_ALWAYS, 0.9999f, 0.5f};
    return thresholds[(r + 3 * t) % 5];
}

static void fill_filter(void *inputs, int t) {
    filter_inputs *in = (filter_inputs *)inputs;
    ut_rng rng = ut_rng_make(8000 + (uint64_t)t);
    for (int r = 0; r < SETS; r++) {
        in->seed[r] = ut_u64(&rng), in->label[r] = ut_u64(&rng);
        in->position[r] = (uint32_t)ut_u64(&rng);
        in->threshold[r] = threshold_of(r, t);
        ut_fill(in->lw + r * PARTICLES, PARTICLES, UT_NORMAL, flat_row(r, t) ? 0.1 : 2.0, ut_u64(&rng));
        if (t == 2 && r == 1) /* a set without weight: no ancestors, and its state stays */
            for (int i = 0; i < PARTICLES; i++) in->lw[r * PARTICLES + i] = -INFINITY;
    }
}

static void start_filter(void *outputs) {
    filter_outputs *out = (filter_outputs *)outputs;
    for (uint32_t i = 0; i < SETS * PARTICLES * STATE; i++) out->state[i] = i;
}

static void open_filter(station *s) {
    size_t need = urn_resample_workspace((urn_resample_scheme)s->choice, SETS, PARTICLES, PARTICLES);
    need = LARGER(need, urn_ancestors_workspace(SETS, PARTICLES, PARTICLES));
    need = LARGER(need, urn_resample_workspace(URN_RESAMPLE_SYSTEMATIC, SETS, PARTICLES, 0));
    UT_OK(urn_stream_reserve(s->bed->stream, need));
}

static void enqueue_filter(const station *s) {
    const filter_inputs *in = (const filter_inputs *)(const void *)s->inputs;
    filter_outputs *out = (filter_outputs *)(void *)s->outputs;
    urn_resample_params draw = URN_RESAMPLE_PARAMS_INIT;
    draw.scheme = s->choice;
    draw.weights = urn_weights_dense(in->lw, URN_WEIGHT_LOG_F32, SETS, PARTICLES);
    draw.outputs = PARTICLES;
    draw.seed = in->seed, draw.label = in->label, draw.position = in->position, draw.threshold = in->threshold;
    draw.iterations = 8, draw.segment = 1;
    draw.ancestors = out->ancestors, draw.offspring = out->offspring, draw.lw_out = out->lw;
    draw.resampled = out->resampled, draw.stats = out->before, draw.status = out->status;
    UT_OK(urn_resample(s->bed->stream, &draw));

    urn_ancestors_params permute = URN_ANCESTORS_PARAMS_INIT;
    permute.rows = SETS, permute.items = permute.outputs = PARTICLES;
    permute.ancestors = out->ancestors, permute.status = out->permute_status;
    UT_OK(urn_ancestors_permute(s->bed->stream, &permute));

    urn_particles_gather_params gather = URN_PARTICLES_GATHER_PARAMS_INIT;
    gather.rows = SETS, gather.items = gather.outputs = PARTICLES, gather.particle_bytes = 4 * STATE;
    gather.from = gather.to = out->state;
    gather.ancestors = out->ancestors, gather.resampled = out->resampled, gather.status = out->gather_status;
    UT_OK(urn_particles_gather(s->bed->stream, &gather));

    urn_weights_stats_params stats = URN_WEIGHTS_STATS_PARAMS_INIT;
    stats.weights = urn_weights_dense(out->lw, URN_WEIGHT_LOG_F32, SETS, PARTICLES);
    stats.stats = out->after;
    UT_OK(urn_weights_stats(s->bed->stream, &stats));
}

static void compare_filter(const void *plain, const void *captured) {
    const filter_outputs *a = (const filter_outputs *)plain, *b = (const filter_outputs *)captured;
    SAME(resampled);
    SAME(status);
    SAME(before);
    SAME(offspring);
    SAME(lw);
    SAME(permute_status);
    SAME(ancestors);
    SAME(gather_status);
    SAME(state);
    SAME(after);
}

static void seen_filter(const void *outputs, int t) {
    const filter_outputs *out = (const filter_outputs *)outputs;
    for (int r = 0; r < SETS; r++) {
        if (t == 2 && r == 1) {
            UT_ASSERT(out->status[r] != 0, "a set without weight has no status");
            continue;
        }
        float threshold = threshold_of(r, t);
        int wanted = threshold > (flat_row(r, t) ? 0.9f : 0.0f);
        UT_ASSERT(out->resampled[r] == wanted, "set %d: resampled is %d", r, out->resampled[r]);
        int moved = 0;
        for (int i = 0; i < PARTICLES; i++) moved += out->ancestors[r * PARTICLES + i] != i;
        UT_ASSERT((moved > 0) == wanted, "set %d: %d particles move", r, moved);
    }
}

static const family filter = {"filter",    sizeof(filter_inputs), sizeof(filter_outputs), fill_filter, start_filter,
                              open_filter, enqueue_filter,        compare_filter,         NULL};
static const int32_t schemes[] = {URN_RESAMPLE_SYSTEMATIC, URN_RESAMPLE_MULTINOMIAL, URN_RESAMPLE_RESIDUAL_STRATIFIED,
                                  URN_RESAMPLE_SSP,        URN_RESAMPLE_KILLING,     URN_RESAMPLE_MEGOPOLIS};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

/* property  a filter's whole step, captured once, does at every replay what its calls would do then: each set resamples
 *           or not by the weights and the threshold of that time, and the particles move on from where they were
 * broken    a position, threshold or decision to resample that is kept from the capture */
START_TEST(a_replayed_filter_step_follows_device_memory) {
    hold_replays(&filter, kinds[_i / SCHEMES], schemes[_i % SCHEMES], seen_filter);
}
END_TEST

/* ---- a draw without replacement */

enum { ROWS = 6, COLS = 3000, K = 9, LISTS = 2 };

typedef struct topk_inputs {
    uint64_t seed[ROWS], label[ROWS];
    uint32_t position[ROWS];
    int32_t list[ROWS], slot[ROWS], k[ROWS], row_count;
    float temperature[ROWS];
    float logits[ROWS * COLS];
} topk_inputs;

typedef struct topk_outputs {
    int64_t keys[ROWS * K], threshold[ROWS];
    int32_t ids[ROWS * K], found[ROWS], status[ROWS];
    float values[ROWS * K], logprob[ROWS * K], logmass[ROWS * K], inclusion[ROWS * K], ordered[ROWS], set[ROWS];
} topk_outputs;

static void fill_topk(void *inputs, int t) {
    topk_inputs *in = (topk_inputs *)inputs;
    ut_rng rng = ut_rng_make(9000 + (uint64_t)t);
    ut_fill(in->logits, ROWS * COLS, UT_NORMAL, 1.0 + t % 4, 60 + (uint64_t)t);
    in->row_count = t == 2 ? ROWS - 2 : ROWS;
    for (int r = 0; r < ROWS; r++) {
        in->seed[r] = ut_u64(&rng), in->label[r] = ut_u64(&rng);
        in->position[r] = (uint32_t)ut_u64(&rng);
        in->list[r] = (int32_t)ut_below(&rng, LISTS);
        in->slot[r] = t == 3 && r == 1 ? -1 : (r + t) % ROWS;
        in->k[r] = 1 + (int32_t)ut_below(&rng, K);
        in->temperature[r] = 0.5f * (float)(1 + ut_below(&rng, 3));
    }
}

static void open_topk(station *s) {
    const topk_inputs *in = (const topk_inputs *)(const void *)s->inputs;
    urn_step steps[1] = {urn_temperature(urn_f_by(URN_BY_SLOT, in->temperature))};
    urn_list lists[LISTS] = {{steps, 1}, {NULL, 0}};
    UT_OK(urn_sampler_create(s->bed->ctx, lists, LISTS, &s->sampler));
    UT_OK(urn_stream_reserve(s->bed->stream, urn_topk_workspace(s->sampler, ROWS, COLS, K)));
}

static void enqueue_topk(const station *s) {
    const topk_inputs *in = (const topk_inputs *)(const void *)s->inputs;
    topk_outputs *out = (topk_outputs *)(void *)s->outputs;
    urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    rows.logits = urn_matrix_dense(in->logits, URN_F32, ROWS, COLS, 0);
    rows.sampler = s->sampler;
    rows.slot = in->slot, rows.list = in->list, rows.row_count = &in->row_count;
    rows.seed = in->seed, rows.label = in->label, rows.position = in->position;
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    p.by = URN_TOPK_GUMBEL;
    p.rows = &rows;
    p.k = K, p.k_of_row = in->k;
    p.ids = out->ids, p.values = out->values, p.keys = out->keys, p.found = out->found, p.status = out->status;
    p.logprob = out->logprob, p.logmass = out->logmass, p.inclusion_logprob = out->inclusion;
    p.ordered_logprob = out->ordered, p.set_logprob = out->set, p.threshold = out->threshold;
    UT_OK(urn_topk(s->bed->stream, &p));
}

static void compare_topk(const void *plain, const void *captured) {
    const topk_outputs *a = (const topk_outputs *)plain, *b = (const topk_outputs *)captured;
    SAME(status);
    SAME(found);
    SAME(ids);
    SAME(keys);
    SAME(values);
    SAME(logprob);
    SAME(logmass);
    SAME(inclusion);
    SAME(ordered);
    SAME(set);
    SAME(threshold);
}

static void seen_topk(const void *outputs, int t) {
    const topk_outputs *out = (const topk_outputs *)outputs;
    topk_inputs *in = (topk_inputs *)ut_malloc(sizeof *in);
    fill_topk(in, t);
    for (int r = 0; r < in->row_count; r++)
        if (in->slot[r] >= 0) UT_ASSERT(out->found[r] == in->k[r], "row %d: %d ids", r, out->found[r]);
    free(in);
}

/* A crew's counters are zeroed by the stream, at every replay. */
static const urn_launch_hint shapes[] = {{0, 0, 0, 0}, {2, 64, 0, 1}, {4, 64, 4, 0}, {4, 32, 4, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const family topk = {"topk",    sizeof(topk_inputs), sizeof(topk_outputs), fill_topk, NULL,
                            open_topk, enqueue_topk,        compare_topk,         shapes};

/* property  picks without replacement, and what is said of them, follow the seeds, labels, positions, lists, slots,
 *           temperatures, k and row count of the replay
 * broken    a row's seed or position that is kept from the capture; a crew's counters zeroed once only */
START_TEST(a_replayed_topk_follows_device_memory) { hold_replays(&topk, kinds[_i / SHAPES], _i % SHAPES, seen_topk); }
END_TEST

/* ---- verification of chains */

enum { REQUESTS = 5, NODES = 5, DRAFTS = NODES - 1 };

typedef struct verify_inputs {
    uint64_t seed[REQUESTS], label[REQUESTS];
    uint32_t position[REQUESTS];
    int32_t slot[REQUESTS], nodes[REQUESTS], drafts[REQUESTS * DRAFTS], stop[1];
    float temperature[REQUESTS];
    float target[REQUESTS * NODES * COLS], draft[REQUESTS * DRAFTS * COLS];
} verify_inputs;

typedef struct verify_outputs {
    urn_verify_stats stats[1]; /* of all replays so far */
    int32_t ids[REQUESTS * NODES], path[REQUESTS * NODES], accepted[REQUESTS], emitted[REQUESTS], status[REQUESTS];
    float logprob[REQUESTS * NODES];
} verify_outputs;

static void fill_verify(void *inputs, int t) {
    verify_inputs *in = (verify_inputs *)inputs;
    ut_rng rng = ut_rng_make(10000 + (uint64_t)t);
    ut_fill(in->target, REQUESTS * NODES * COLS, UT_NORMAL, 12.0, 80 + (uint64_t)t);
    ut_fill(in->draft, REQUESTS * DRAFTS * COLS, UT_NORMAL, 0.3, 200 + (uint64_t)t);
    for (int b = 0; b < REQUESTS; b++) {
        in->seed[b] = ut_u64(&rng), in->label[b] = ut_u64(&rng);
        in->position[b] = (uint32_t)ut_u64(&rng);
        in->slot[b] = (b + t) % REQUESTS;
        in->nodes[b] = t == 1 && b == 2 ? 1 : 2 + (int32_t)ut_below(&rng, NODES - 1);
        in->temperature[b] = 0.25f * (float)(2 + ut_below(&rng, 3));
        for (int j = 0; j < DRAFTS; j++) { /* the draft's rows are near the target's, and its drafts likely in both */
            const float *p = in->target + (b * NODES + j) * COLS;
            float *q = in->draft + (b * DRAFTS + j) * COLS;
            int32_t best = 0;
            for (int i = 0; i < COLS; i++) {
                q[i] += p[i];
                if (q[i] > q[best]) best = i;
            }
            in->drafts[b * DRAFTS + j] = (b + 2 * j + t) % 5 ? best : (int32_t)ut_below(&rng, COLS);
        }
    }
    in->stop[0] = in->drafts[0];
}

static void fill_verify_params(const station *s, urn_verify_params *p, urn_sample_params *target,
                               urn_sample_params *draft) {
    const verify_inputs *in = (const verify_inputs *)(const void *)s->inputs;
    verify_outputs *out = (verify_outputs *)(void *)s->outputs;
    target->logits = urn_matrix_dense(in->target, URN_F32, REQUESTS * NODES, COLS, 0);
    draft->logits = urn_matrix_dense(in->draft, URN_F32, REQUESTS * DRAFTS, COLS, 0);
    target->sampler = draft->sampler = s->sampler;
    target->slot = in->slot, target->position = in->position, target->slots = REQUESTS;
    target->seed = draft->seed = in->seed, target->label = draft->label = in->label;
    p->verifier = s->choice;
    p->requests = REQUESTS, p->nodes = NODES, p->depth = DRAFTS, p->node_count = in->nodes;
    p->drafts = in->drafts;
    p->target = target, p->draft = draft;
    p->stop = in->stop, p->stops = 1;
    p->ids = out->ids, p->path = out->path, p->accepted = out->accepted, p->emitted = out->emitted;
    p->logprob = out->logprob, p->status = out->status, p->stats = out->stats;
}

static void open_verify(station *s) {
    const verify_inputs *in = (const verify_inputs *)(const void *)s->inputs;
    urn_step steps[1] = {urn_temperature(urn_f_by(URN_BY_SLOT, in->temperature))};
    urn_list lists[1] = {{steps, 1}};
    UT_OK(urn_sampler_create(s->bed->ctx, lists, 1, &s->sampler));
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft = URN_SAMPLE_PARAMS_INIT;
    urn_verify_params p = URN_VERIFY_PARAMS_INIT;
    fill_verify_params(s, &p, &target, &draft);
    UT_OK(urn_stream_reserve(s->bed->stream, urn_verify_workspace(&p)));
}

static void enqueue_verify(const station *s) {
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft = URN_SAMPLE_PARAMS_INIT;
    urn_verify_params p = URN_VERIFY_PARAMS_INIT;
    fill_verify_params(s, &p, &target, &draft);
    UT_OK(urn_verify(s->bed->stream, &p));
}

static void compare_verify(const void *plain, const void *captured) {
    const verify_outputs *a = (const verify_outputs *)plain, *b = (const verify_outputs *)captured;
    SAME(status);
    SAME(accepted);
    SAME(emitted);
    SAME(ids);
    SAME(path);
    SAME(logprob);
    SAME(stats);
}

static void seen_verify(const void *outputs, int t) {
    const urn_verify_stats *stats = ((const verify_outputs *)outputs)->stats;
    UT_ASSERT(stats->requests == (uint64_t)(REQUESTS * (t + 1)), "counters of %llu requests",
              (unsigned long long)stats->requests);
    UT_ASSERT(3 * stats->accepted > stats->drafted && stats->accepted < stats->drafted,
              "%llu of %llu drafts are accepted", (unsigned long long)stats->accepted,
              (unsigned long long)stats->drafted);
}

static const family verify = {"verify",    sizeof(verify_inputs), sizeof(verify_outputs), fill_verify, NULL,
                              open_verify, enqueue_verify,        compare_verify,         NULL};
static const int32_t verifiers[] = {URN_VERIFY_MATCH, URN_VERIFY_CHAIN, URN_VERIFY_BLOCK};
enum { VERIFIERS = sizeof verifiers / sizeof *verifiers };

/* property  chains are verified by the rows, drafts, seeds, positions, node counts and stop ids of the replay, and the
 *           counters add up over replays
 * broken    a seed, position, node count or stop id that is kept from the capture */
START_TEST(a_replayed_verification_follows_device_memory) {
    hold_replays(&verify, kinds[_i / VERIFIERS], verifiers[_i % VERIFIERS], seen_verify);
}
END_TEST

Suite *parity_family_graph_suite(void);
Suite *parity_family_graph_suite(void) {
    Suite *suite = suite_create("parity_family_graph");
    TCase *tcase = tcase_create("graph");
    tcase_set_tags(tcase, "simt cuda");
    tcase_add_loop_test(tcase, a_replayed_filter_step_follows_device_memory, 0, 2 * SCHEMES);
    tcase_add_loop_test(tcase, a_replayed_topk_follows_device_memory, 0, 2 * SHAPES);
    tcase_add_loop_test(tcase, a_replayed_verification_follows_device_memory, 0, 2 * VERIFIERS);
    suite_add_tcase(suite, tcase);
    return suite;
}
