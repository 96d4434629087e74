/* abuse_topk_args.c - every documented refusal of the topk family, one member changed at a time, and the statuses that
 * its rows can have. */
#include <math.h>

#include "tests/abuse/abuse_args.h"

static void *zeros(ut_bed *bed, size_t bytes) {
    void *host = calloc(1, bytes), *device = ut_upload(bed, host, bytes);
    free(host);
    return device;
}

/* One change to a copy of the good params, then the refusal. */
#define WITH(type, good, call, change, status, needle)                                                                 \
    do {                                                                                                               \
        type p = good;                                                                                                 \
        change;                                                                                                        \
        REFUSED(call, status, needle);                                                                                 \
    } while (0)

static char *past(void *pointer, int bytes) { return (char *)pointer + bytes; }

/* property  urn_topk refuses each bad member, of its own and of its rows, by name */
START_TEST(topk_refuses_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind), *strange = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        void *room = zeros(bed, 4096);
        urn_sample_params rows = URN_SAMPLE_PARAMS_INIT, bad;
        rows.logits = urn_matrix_dense(zeros(bed, 4 * 60), URN_F32, 6, 10, 0);
        urn_topk_params good = URN_TOPK_PARAMS_INIT;
        good.rows = &rows, good.k = 3, good.by = URN_TOPK_GUMBEL, good.ids = (int32_t *)room;
        urn_list none = {NULL, 0};
        urn_sampler *sampler, *other;
        UT_OK(urn_sampler_create(bed->ctx, &none, 1, &sampler));
        UT_OK(urn_sampler_create(strange->ctx, &none, 1, &other));
        UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(NULL, 6, 10, 64)));
        REFUSED(urn_topk(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_topk(bed->stream, NULL), URN_E_NULL, "params");
#define TOPK(change, status, needle) WITH(urn_topk_params, good, urn_topk(bed->stream, &p), change, status, needle)
#define ROWS(change, status, needle) TOPK((bad = rows, change, p.rows = &bad), status, needle)
        TOPK(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        TOPK(p.rows = NULL, URN_E_NULL, "rows");
        TOPK(p.ids = NULL, URN_E_NULL, "output");
        TOPK(p.by = 4, URN_E_VALUE, "by");
        TOPK(p.by = -1, URN_E_VALUE, "by");
        TOPK(p.k = 0, URN_E_VALUE, "k");
        TOPK(p.k = URN_TOPK_K + 1, URN_E_VALUE, "k");
        TOPK((p.by = URN_TOPK_RACE, p.k = URN_TOPK_RACE_K + 1), URN_E_VALUE, "k");
        TOPK(p.flags = URN_TOPK_SMALLEST, URN_E_VALUE, "flags");
        TOPK((p.flags = URN_TOPK_LOCAL, p.by = URN_TOPK_PLAIN), URN_E_VALUE, "flags");
        TOPK((p.offsets = (int64_t *)room, p.k_of_row = (int32_t *)room), URN_E_VALUE, "k_of_row");
        TOPK((p.offsets = (int64_t *)room, p.out_size = -1), URN_E_SHAPE, "out_size");
        TOPK((p.by = URN_TOPK_PLAIN, p.logprob = (float *)room), URN_E_VALUE, "logprob");
        TOPK((p.by = URN_TOPK_PLAIN, p.logmass = (float *)room), URN_E_VALUE, "logmass");
        TOPK((p.by = URN_TOPK_VALUE, p.inclusion_logprob = (float *)room), URN_E_VALUE, "inclusion_logprob");
        TOPK((p.by = URN_TOPK_VALUE, p.ordered_logprob = (float *)room), URN_E_VALUE, "ordered_logprob");
        TOPK((p.by = URN_TOPK_VALUE, p.set_logprob = (float *)room), URN_E_VALUE, "set_logprob");
        TOPK((p.by = URN_TOPK_VALUE, p.threshold = (int64_t *)room), URN_E_VALUE, "threshold");
        TOPK(p.ids = (int32_t *)past(room, 2), URN_E_VALUE, "ids");
        TOPK(p.keys = (int64_t *)past(room, 4), URN_E_VALUE, "keys");
        TOPK(p.threshold = (int64_t *)past(room, 4), URN_E_VALUE, "threshold");
        TOPK((p.workspace = past(room, 64), p.workspace_bytes = 4000), URN_E_VALUE, "workspace");
        TOPK((p.workspace = room, p.workspace_bytes = 100), URN_E_WORKSPACE, "workspace");
        ROWS(bad.struct_size = 4, URN_E_STRUCT, "struct_size");
        ROWS(bad.logits.data = NULL, URN_E_NULL, "logits.data");
        ROWS(bad.logits.dtype = 7, URN_E_DTYPE, "dtype");
        ROWS(bad.logits.cols = 0, URN_E_SHAPE, "cols");
        ROWS(bad.ids = (int32_t *)room, URN_E_VALUE, "ids");
        ROWS(bad.probs = (float *)room, URN_E_VALUE, "probs");
        ROWS(bad.seed = (uint64_t *)past(room, 4), URN_E_VALUE, "seed");
        ROWS(bad.sampler = other, URN_E_MISMATCH, "sampler");
        ROWS((bad.sampler = sampler, p.by = URN_TOPK_PLAIN), URN_E_VALUE, "sampler");
        ROWS((bad.slots = 3), URN_E_SHAPE, "slot");
        rows.logits.rows = 0;
        UT_OK(urn_topk(bed->stream, &good));
        urn_sampler_destroy(sampler), urn_sampler_destroy(other);
        ut_close(bed), ut_close(strange);
    }
    UT_ASSERT(!urn_topk_workspace(NULL, 0, 10, 1) && !urn_topk_workspace(NULL, 1, 0, 1), "rows and cols refused");
    UT_ASSERT(!urn_topk_workspace(NULL, 1, 1, 0) && !urn_topk_workspace(NULL, 1, 1, URN_TOPK_K + 1), "k refused");
    UT_ASSERT(urn_topk_workspace(NULL, 9, 5000, 7) >= urn_topk_workspace(NULL, 8, 5000, 7), "monotone in rows");
    UT_ASSERT(urn_topk_workspace(NULL, 9, 5001, 7) >= urn_topk_workspace(NULL, 9, 5000, 7), "monotone in cols");
    UT_ASSERT(urn_topk_workspace(NULL, 9, 5000, 8) >= urn_topk_workspace(NULL, 9, 5000, 7), "monotone in k");
}
END_TEST

/* property  the calls on long rows refuse each bad member by name */
START_TEST(long_refuses_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        void *room = zeros(bed, 4096), *state = zeros(bed, 4096);
        urn_topk_long_params good = URN_TOPK_LONG_PARAMS_INIT;
        urn_topk_long_results results = URN_TOPK_LONG_RESULTS_INIT, out;
        results.ids = (int64_t *)room;
        good.k = 5, good.state = state, good.state_bytes = urn_topk_long_state(5);
        REFUSED(urn_topk_long_begin(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_topk_long_begin(bed->stream, NULL), URN_E_NULL, "params");
        REFUSED(urn_topk_long_push(bed->stream, &good, room, URN_ITEM_F32, 4, 0), URN_E_WORKSPACE, "scratch");
        UT_OK(urn_stream_reserve(bed->stream, urn_topk_long_workspace(5, 1024)));
#define BEGIN(change, status, needle)                                                                                  \
    WITH(urn_topk_long_params, good, urn_topk_long_begin(bed->stream, &p), change, status, needle)
#define PUSH(values, type, n, first, status, needle)                                                                   \
    REFUSED(urn_topk_long_push(bed->stream, &good, values, type, n, first), status, needle)
#define FINISH(change, status, needle)                                                                                 \
    do {                                                                                                               \
        out = results;                                                                                                 \
        change;                                                                                                        \
        REFUSED(urn_topk_long_finish(bed->stream, &good, &out), status, needle);                                       \
    } while (0)
        BEGIN(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        BEGIN(p.k = 0, URN_E_SHAPE, "k");
        BEGIN(p.k = URN_TOPK_LONG_K + 1, URN_E_SHAPE, "k");
        BEGIN(p.by = URN_TOPK_PLAIN, URN_E_VALUE, "by");
        BEGIN(p.by = URN_TOPK_RACE, URN_E_VALUE, "by");
        BEGIN(p.temperature = 0, URN_E_VALUE, "temperature");
        BEGIN(p.temperature = NAN, URN_E_VALUE, "temperature");
        BEGIN(p.temperature = INFINITY, URN_E_VALUE, "temperature");
        BEGIN(p.flags = URN_TOPK_LOCAL, URN_E_VALUE, "flags");
        BEGIN(p.state = NULL, URN_E_NULL, "state");
        BEGIN(p.state = past(state, 64), URN_E_VALUE, "state");
        BEGIN(p.state_bytes = 100, URN_E_SHAPE, "state_bytes");
        BEGIN(p.workspace = past(room, 8), URN_E_VALUE, "workspace");
        PUSH(room, 1, 4, 0, URN_E_DTYPE, "type");
        PUSH(room, URN_ITEM_F32, -1, 0, URN_E_SHAPE, "n");
        PUSH(room, URN_ITEM_F32, URN_TOPK_LONG_CHUNK + 1, 0, URN_E_SHAPE, "n");
        PUSH(room, URN_ITEM_F32, 4, -1, URN_E_SHAPE, "first");
        PUSH(room, URN_ITEM_F32, 4, URN_TOPK_LONG_ITEMS - 3, URN_E_SHAPE, "first");
        PUSH(past(room, 4), URN_ITEM_F64, 4, 0, URN_E_VALUE, "values");
        good.by = URN_TOPK_VALUE;
        PUSH(NULL, URN_ITEM_F32, 4, 0, URN_E_NULL, "values");
        REFUSED(urn_topk_long_merge(bed->stream, &good, NULL), URN_E_NULL, "other");
        REFUSED(urn_topk_long_merge(bed->stream, &good, state), URN_E_VALUE, "other");
        REFUSED(urn_topk_long_merge(bed->stream, &good, past(state, 8)), URN_E_VALUE, "other");
        REFUSED(urn_topk_long_finish(bed->stream, &good, NULL), URN_E_NULL, "results");
        FINISH(out.struct_size = 3, URN_E_STRUCT, "struct_size");
        FINISH(out.ids = NULL, URN_E_NULL, "results");
        FINISH(out.keys = (int64_t *)past(room, 4), URN_E_VALUE, "keys");
        UT_OK(urn_topk_long_push(bed->stream, &good, NULL, URN_ITEM_F32, 0, 0));
        ut_close(bed);
    }
    UT_ASSERT(!urn_topk_long_state(0) && !urn_topk_long_state(URN_TOPK_LONG_K + 1), "states refused");
    UT_ASSERT(urn_topk_long_state(3) == 256 && urn_topk_long_state(12) == 512, "states");
    UT_ASSERT(!urn_topk_long_workspace(0, 1) && !urn_topk_long_workspace(1, -1), "workspaces refused");
    UT_ASSERT(urn_topk_long_workspace(9, 1 << 20) >= urn_topk_long_workspace(9, 1000), "monotone in n");
    UT_ASSERT(urn_topk_long_workspace(9000, 1000) >= urn_topk_long_workspace(9, 1000), "monotone in k");
}
END_TEST

/* property  urn_topk_segments refuses each bad member by name */
START_TEST(segments_refuse_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        void *room = zeros(bed, 4096);
        urn_topk_segments_params good = URN_TOPK_SEGMENTS_PARAMS_INIT;
        good.values = room, good.size = 20, good.segments = 3, good.longest = 20, good.k = 2;
        good.offsets = (int64_t *)room, good.ids = (int64_t *)room;
        REFUSED(urn_topk_segments(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_topk_segments(bed->stream, NULL), URN_E_NULL, "params");
#define SEGMENTS(change, status, needle)                                                                               \
    WITH(urn_topk_segments_params, good, urn_topk_segments(bed->stream, &p), change, status, needle)
        SEGMENTS(p.k = 2, URN_E_WORKSPACE, "scratch");
        UT_OK(urn_stream_reserve(bed->stream, urn_topk_segments_workspace(3, 20, 2, 6)));
        SEGMENTS(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        SEGMENTS(p.offsets = NULL, URN_E_NULL, "offsets");
        SEGMENTS(p.ids = NULL, URN_E_NULL, "output");
        SEGMENTS((p.values = NULL, p.by = URN_TOPK_VALUE), URN_E_NULL, "values");
        SEGMENTS(p.size = -1, URN_E_SHAPE, "size");
        SEGMENTS(p.segments = -1, URN_E_SHAPE, "segments");
        SEGMENTS(p.longest = 0, URN_E_SHAPE, "longest");
        SEGMENTS(p.k = 0, URN_E_SHAPE, "k");
        SEGMENTS(p.k = URN_TOPK_LONG_K + 1, URN_E_SHAPE, "k");
        SEGMENTS((p.out_offsets = (int64_t *)room, p.out_size = -1), URN_E_SHAPE, "out_size");
        SEGMENTS(p.type = 2, URN_E_DTYPE, "type");
        SEGMENTS(p.by = URN_TOPK_PLAIN, URN_E_VALUE, "by");
        SEGMENTS(p.temperature_value = -1, URN_E_VALUE, "temperature_value");
        SEGMENTS(p.flags = URN_TOPK_NANS, URN_E_VALUE, "flags");
        SEGMENTS(p.keys = (int64_t *)past(room, 4), URN_E_VALUE, "keys");
        SEGMENTS(p.temperature = (float *)past(room, 2), URN_E_VALUE, "temperature");
        good.segments = 0;
        UT_OK(urn_topk_segments(bed->stream, &good));
        ut_close(bed);
    }
    UT_ASSERT(!urn_topk_segments_workspace(0, 1, 1, 1) && !urn_topk_segments_workspace(1, 0, 1, 1), "refused");
    UT_ASSERT(!urn_topk_segments_workspace(1, 1, 0, 1) && !urn_topk_segments_workspace(1, 1, 1, -1), "refused");
    for (int64_t k = 1; k + k / 2 + 1 <= URN_TOPK_LONG_K; k += k / 2 + 1)
        UT_ASSERT(urn_topk_segments_workspace(40, 999, k, 99) <=
                      urn_topk_segments_workspace(40, 999, k + k / 2 + 1, 99),
                  "monotone in k at %d", (int)k);
}
END_TEST

/* property  beams, fixed sizes and uniform choices refuse each bad member by name */
START_TEST(small_calls_refuse_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        void *room = zeros(bed, 4096);
        int32_t *ints = (int32_t *)room;
        int64_t *longs = (int64_t *)room;
        urn_beam_select_params beam = URN_BEAM_SELECT_PARAMS_INIT;
        beam.groups = 2, beam.beams = 3, beam.k = 4, beam.width = 3;
        beam.ids = ints, beam.beam_keys = longs, beam.next_ids = ints;
#define BEAM(change, status, needle)                                                                                   \
    WITH(urn_beam_select_params, beam, urn_beam_select(bed->stream, &p), change, status, needle)
        REFUSED(urn_beam_select(NULL, &beam), URN_E_NULL, "stream");
        REFUSED(urn_beam_select(bed->stream, NULL), URN_E_NULL, "params");
        BEAM(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        BEAM(p.width = URN_BEAM_WIDTH + 1, URN_E_SHAPE, "width");
        BEAM(p.groups = -1, URN_E_SHAPE, "groups");
        BEAM(p.beams = 0, URN_E_SHAPE, "beams");
        BEAM(p.k = 0, URN_E_SHAPE, "k");
        BEAM((p.beams = 1024, p.k = 2048), URN_E_SHAPE, "beams * k");
        BEAM(p.ids = NULL, URN_E_NULL, "ids");
        BEAM(p.beam_keys = NULL, URN_E_NULL, "beam_keys");
        BEAM(p.logprob = (double *)room, URN_E_NULL, "beam_logprob");
        BEAM(p.next_ids = NULL, URN_E_NULL, "output");
        BEAM(p.key = (int64_t *)past(room, 4), URN_E_VALUE, "key");
        urn_inclusion_params in = URN_INCLUSION_PARAMS_INIT;
        in.rows = 2, in.cols = 10, in.k = 3, in.weights = (float *)room, in.p = (uint64_t *)room;
#define INCLUSION(change, status, needle)                                                                              \
    WITH(urn_inclusion_params, in, urn_inclusion(bed->stream, &p), change, status, needle)
        REFUSED(urn_inclusion(NULL, &in), URN_E_NULL, "stream");
        INCLUSION(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        INCLUSION(p.weights = NULL, URN_E_NULL, "weights");
        INCLUSION(p.p = NULL, URN_E_NULL, "p");
        INCLUSION(p.k = 0, URN_E_SHAPE, "k");
        INCLUSION(p.cols = URN_MAX_COLS + 1, URN_E_SHAPE, "cols");
        INCLUSION(p.weights_stride = 9, URN_E_SHAPE, "weights_stride");
        INCLUSION(p.p_stride = -1, URN_E_SHAPE, "p_stride");
        INCLUSION(p.p = (uint64_t *)past(room, 4), URN_E_VALUE, "p");
        urn_fixed_params fixed = URN_FIXED_PARAMS_INIT;
        fixed.rows = 2, fixed.cols = 40, fixed.p = (uint64_t *)room, fixed.found = ints;
#define FIXED(change, status, needle) WITH(urn_fixed_params, fixed, urn_fixed(bed->stream, &p), change, status, needle)
        REFUSED(urn_fixed(NULL, &fixed), URN_E_NULL, "stream");
        FIXED(p.room = 1, URN_E_WORKSPACE, "scratch");
        FIXED(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        FIXED(p.method = 3, URN_E_VALUE, "method");
        FIXED(p.rows = -1, URN_E_SHAPE, "rows");
        FIXED(p.cols = 0, URN_E_SHAPE, "cols");
        FIXED(p.room = 41, URN_E_SHAPE, "room");
        FIXED(p.p_stride = 39, URN_E_SHAPE, "p_stride");
        FIXED((p.bits = (uint32_t *)room, p.bits_stride = 1), URN_E_SHAPE, "bits_stride");
        FIXED(p.p = NULL, URN_E_NULL, "p");
        FIXED(p.found = NULL, URN_E_NULL, "output");
        FIXED(p.seed = (uint64_t *)past(room, 4), URN_E_VALUE, "seed");
        urn_permute_params perm = URN_PERMUTE_PARAMS_INIT;
        perm.n = 100, perm.count = 10, perm.out = longs;
#define PERMUTE(change, status, needle)                                                                                \
    WITH(urn_permute_params, perm, urn_permute(bed->stream, &p), change, status, needle)
        REFUSED(urn_permute(NULL, &perm), URN_E_NULL, "stream");
        PERMUTE(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        PERMUTE(p.out = NULL, URN_E_NULL, "out");
        PERMUTE(p.n = 0, URN_E_SHAPE, "n");
        PERMUTE(p.count = 101, URN_E_SHAPE, "count");
        PERMUTE(p.first = 91, URN_E_SHAPE, "first");
        PERMUTE(p.inverse = 2, URN_E_VALUE, "inverse");
        PERMUTE(p.index = (int64_t *)past(room, 4), URN_E_VALUE, "index");
        urn_bootstrap_params boot = URN_BOOTSTRAP_PARAMS_INIT;
        boot.rows = 2, boot.n = boot.draws = 5, boot.ids = ints;
#define BOOTSTRAP(change, status, needle)                                                                              \
    WITH(urn_bootstrap_params, boot, urn_bootstrap(bed->stream, &p), change, status, needle)
        REFUSED(urn_bootstrap(NULL, &boot), URN_E_NULL, "stream");
        BOOTSTRAP(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        BOOTSTRAP(p.ids = NULL, URN_E_NULL, "output");
        BOOTSTRAP(p.n = 0, URN_E_SHAPE, "n");
        BOOTSTRAP(p.draws = 0, URN_E_SHAPE, "draws");
        BOOTSTRAP(p.rows = -1, URN_E_SHAPE, "rows");
        BOOTSTRAP(p.counts = (int32_t *)past(room, 2), URN_E_VALUE, "counts");
        urn_field_params field = URN_FIELD_PARAMS_INIT;
        field.rows = 2, field.n = 40, field.bits = (uint32_t *)room, field.bits_stride = 2;
#define FIELD(change, status, needle) WITH(urn_field_params, field, urn_field(bed->stream, &p), change, status, needle)
        REFUSED(urn_field(NULL, &field), URN_E_NULL, "stream");
        FIELD(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        FIELD(p.bits = NULL, URN_E_NULL, "bits");
        FIELD(p.n = 0, URN_E_SHAPE, "n");
        FIELD(p.bits_stride = 1, URN_E_SHAPE, "bits_stride");
        FIELD(p.p_value = (UINT64_C(1) << 32) + 1, URN_E_VALUE, "p_value");
        FIELD(p.p = (uint64_t *)past(room, 4), URN_E_VALUE, "p");
        beam.groups = in.rows = fixed.rows = perm.count = boot.rows = field.rows = 0;
        UT_OK(urn_beam_select(bed->stream, &beam));
        UT_OK(urn_inclusion(bed->stream, &in));
        UT_OK(urn_fixed(bed->stream, &fixed));
        UT_OK(urn_permute(bed->stream, &perm));
        UT_OK(urn_bootstrap(bed->stream, &boot));
        UT_OK(urn_field(bed->stream, &field));
        ut_close(bed);
    }
    UT_ASSERT(!urn_fixed_workspace(0, 1) && !urn_fixed_workspace(1, 0), "refused");
    UT_ASSERT(urn_fixed_workspace(3, 100) >= urn_fixed_workspace(2, 100), "monotone");
}
END_TEST

/* property  bad probabilities and weights are a status of their row */
START_TEST(bad_probabilities_are_alone) {
    static const uint64_t p[2][2] = {{URN_FIXED_ONE, 0}, {URN_FIXED_ONE + 1, 5}};
    static const float w[5][2] = {{1, 2}, {NAN, 1}, {INFINITY, 1}, {-1, 1}, {0, 0}};
    static const int wanted[5] = {0, URN_ROW_NAN, URN_ROW_INF, URN_ROW_PARAM, URN_ROW_EMPTY};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int32_t found[2], status[5];
        uint64_t out[5][2];
        urn_fixed_params f = URN_FIXED_PARAMS_INIT;
        urn_inclusion_params a = URN_INCLUSION_PARAMS_INIT;
        f.rows = f.cols = 2, f.p = (const uint64_t *)ut_upload(bed, p, sizeof p), f.method = URN_FIXED_POISSON;
        f.found = (int32_t *)ut_output(bed, sizeof found), f.status = (int32_t *)ut_output(bed, 8);
        UT_OK(urn_stream_reserve(bed->stream, urn_fixed_workspace(2, 2)));
        urn_status there = urn_fixed(bed->stream, &f);
        if (there != URN_E_BACKEND) {
            UT_OK(there);
            ut_download(bed, f.found, found, sizeof found), ut_download(bed, f.status, status, 8);
            UT_ASSERT(found[0] == 1 && status[0] == 0 && found[1] == 0 && status[1] == URN_ROW_PARAM, "p above 1");
            a.rows = 5, a.cols = 2, a.weights = (const float *)ut_upload(bed, w, sizeof w);
            a.p = (uint64_t *)ut_output(bed, sizeof out), a.status = (int32_t *)ut_output(bed, sizeof status);
            UT_OK(urn_inclusion(bed->stream, &a));
            ut_download(bed, a.p, out, sizeof out), ut_download(bed, a.status, status, sizeof status);
            for (int r = 0; r < 5; r++) {
                UT_ASSERT(status[r] == wanted[r], "row %d: status %d", r, status[r]);
                UT_ASSERT(out[r][0] + out[r][1] == (r ? 0 : URN_FIXED_ONE), "row %d: sum", r);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  rows of every status beside good ones: found 0, only empty entries, neighbours as if alone */
START_TEST(bad_rows_are_alone) {
    enum { ROWS = 7, COLS = 5, K = 3 };
    static const float x[ROWS][COLS] = {{1, 2, 3, 4, 5},        {1, NAN, 3, 4, 5},
                                        {1, INFINITY, 3, 4, 5}, {-INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY},
                                        {5, 4, 3, 2, 1},        {1, 2, 3, 4, 5},
                                        {1, 2, 3, 4, 5}};
    static const int32_t slot[ROWS] = {0, 1, 2, 3, 4, 99, -1}, k_of_row[ROWS] = {3, 3, 3, 3, 4, 3, 3};
    static const int wanted[ROWS] = {
        0, URN_ROW_NAN, URN_ROW_INF, URN_ROW_EMPTY, URN_ROW_PARAM, URN_ROW_INDEX, URN_ROW_PADDING};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int by = URN_TOPK_PLAIN; by <= URN_TOPK_RACE; by++) {
            int32_t ids[ROWS * K], found[ROWS], status[ROWS];
            urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
            urn_topk_params p = URN_TOPK_PARAMS_INIT;
            rows.logits = urn_matrix_dense(ut_upload(bed, x, sizeof x), URN_F32, ROWS, COLS, 0);
            rows.slot = (const int32_t *)ut_upload(bed, slot, sizeof slot), rows.slots = ROWS;
            p.rows = &rows, p.by = by, p.k = K;
            p.k_of_row = (const int32_t *)ut_upload(bed, k_of_row, sizeof k_of_row);
            p.ids = (int32_t *)ut_output(bed, sizeof ids), p.found = (int32_t *)ut_output(bed, sizeof found);
            p.status = (int32_t *)ut_output(bed, sizeof status);
            UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(NULL, ROWS, COLS, K)));
            urn_status there = urn_topk(bed->stream, &p);
            if (there == URN_E_BACKEND) break;
            UT_OK(there);
            ut_download(bed, p.ids, ids, sizeof ids), ut_download(bed, p.found, found, sizeof found);
            ut_download(bed, p.status, status, sizeof status);
            ut_note("backend %d, by %d", (int)kind, by);
            for (int r = 0; r < ROWS; r++) {
                int numbers = by == URN_TOPK_PLAIN && (r == 2 || r == 3); /* infinities are numbers there */
                int want = numbers ? 0 : wanted[r];
                UT_ASSERT(status[r] == want && found[r] == (want ? 0 : K), "row %d: status %d, found %d", r, status[r],
                          found[r]);
                for (int j = 0; j < K; j++) UT_ASSERT((ids[r * K + j] < 0) == (want != 0), "row %d, pick %d", r, j);
            }
        }
        ut_close(bed);
    }
}
END_TEST

Suite *abuse_topk_args_suite(void) {
    Suite *suite = suite_create("abuse_topk_args");
    TCase *tests = tcase_create("topk_args");
    tcase_add_test(tests, topk_refuses_by_name);
    tcase_add_test(tests, long_refuses_by_name);
    tcase_add_test(tests, segments_refuse_by_name);
    tcase_add_test(tests, small_calls_refuse_by_name);
    tcase_add_test(tests, bad_probabilities_are_alone);
    tcase_add_test(tests, bad_rows_are_alone);
    suite_add_tcase(suite, tests);
    return suite;
}
