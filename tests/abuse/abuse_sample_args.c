/* abuse_sample_args.c - every documented refusal of urn_sample, one member changed at a time. */
#include "tests/abuse/abuse_args.h"

#include <stdio.h>

enum { ROWS = 5, COLS = 70, SLOTS = 9 };

/* A call that is good in every way, with every array given, on one bed. */
typedef struct good_call {
    ut_bed *bed;
    urn_sample_params p;
    urn_sampler *sampler; /* list 0: empty; list 1: a mask of 3 words a row */
    urn_slots *state;
    urn_buffer *work;
} good_call;

static void *device_zeros(ut_bed *bed, size_t bytes) {
    void *zeros = calloc(1, bytes), *device = ut_upload(bed, zeros, bytes);
    free(zeros);
    return device;
}

static good_call good_open(urn_backend_kind kind) {
    good_call g = {.bed = ut_open(kind), .p = URN_SAMPLE_PARAMS_INIT};
    urn_slots_params slots = URN_SLOTS_PARAMS_INIT;
    size_t need = urn_sample_workspace(NULL, ROWS, COLS);
    g.p.logits = urn_matrix_dense(device_zeros(g.bed, 4 * ROWS * COLS), URN_F32, ROWS, COLS, 0);
    g.p.slot = device_zeros(g.bed, 4 * ROWS);
    g.p.list = device_zeros(g.bed, 4 * SLOTS);
    g.p.seed = device_zeros(g.bed, 8 * SLOTS);
    g.p.label = device_zeros(g.bed, 8 * SLOTS);
    g.p.position = device_zeros(g.bed, 4 * ROWS);
    g.p.row_count = device_zeros(g.bed, 4);
    g.p.slots = SLOTS;
    g.p.ids = ut_output(g.bed, 4 * ROWS);
    slots.slots = SLOTS;
    UT_OK(urn_slots_create(g.bed->ctx, &slots, &g.state));
    g.p.state = g.state;
    urn_step mask = urn_mask(device_zeros(g.bed, 4 * 3 * ROWS), ROWS, 3, NULL);
    urn_list lists[2] = {{NULL, 0}, {&mask, 1}};
    UT_OK(urn_sampler_create(g.bed->ctx, lists, 2, &g.sampler));
    g.p.sampler = g.sampler;
    UT_OK(urn_buffer_create(g.bed->ctx, URN_DEVICE, need, &g.work));
    g.p.workspace = urn_buffer_data(g.work);
    g.p.workspace_bytes = need;
    UT_OK(urn_sample(g.bed->stream, &g.p));
    return g;
}

static void good_close(good_call *g) {
    UT_OK(urn_stream_sync_host(g->bed->stream));
    urn_sampler_destroy(g->sampler);
    urn_slots_destroy(g->state);
    urn_buffer_destroy(g->work);
    ut_close(g->bed);
}

/* One change to the good call, then the refusal; `p` is the changed copy. */
#define WITH(change, status, needle)                                                                                   \
    do {                                                                                                               \
        urn_sample_params p = g.p;                                                                                     \
        change;                                                                                                        \
        ut_note("%s on %s", #change, urn_backend_name(g.bed->kind));                                                   \
        REFUSED(urn_sample(g.bed->stream, &p), status, needle);                                                        \
    } while (0)
#define ACCEPTED(change)                                                                                               \
    do {                                                                                                               \
        urn_sample_params p = g.p;                                                                                     \
        change;                                                                                                        \
        ut_note("%s on %s", #change, urn_backend_name(g.bed->kind));                                                   \
        UT_OK(urn_sample(g.bed->stream, &p));                                                                          \
    } while (0)

START_TEST(pointers_and_sizes_are_checked) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind);
        REFUSED(urn_sample(NULL, &g.p), URN_E_NULL, "stream");
        REFUSED(urn_sample(g.bed->stream, NULL), URN_E_NULL, "params");
        WITH(p.logits.data = NULL, URN_E_NULL, "logits.data");
        WITH(p.ids = NULL, URN_E_NULL, "output");
        WITH(p.struct_size = 0, URN_E_STRUCT, "struct_size");
        WITH(p.struct_size += 8, URN_E_STRUCT, "struct_size");
        WITH(p.struct_size -= 4, URN_E_STRUCT, "struct_size");
        WITH(p.struct_size = (uint32_t)offsetof(urn_sample_params, ids), URN_E_STRUCT, "struct_size");
        WITH(p.logits.dtype = 3, URN_E_DTYPE, "logits.dtype");
        WITH(p.logits.dtype = -1, URN_E_DTYPE, "logits.dtype");
        WITH(p.logits.rows = -1, URN_E_SHAPE, "logits.rows");
        WITH(p.logits.rows = INT64_C(1) << 31, URN_E_SHAPE, "logits.rows");
        WITH(p.logits.cols = 0, URN_E_SHAPE, "logits.cols");
        WITH(p.logits.cols = URN_MAX_COLS + 1, URN_E_SHAPE, "logits.cols");
        WITH(p.logits.row_stride = -1, URN_E_SHAPE, "logits.row_stride");
        WITH(p.logits.row_stride = INT64_MAX / 8, URN_E_SHAPE, "logits.row_stride");
        WITH(p.logits.row_stride = INT64_MAX, URN_E_SHAPE, "logits.row_stride");
        WITH(p.draws = 0, URN_E_VALUE, "draws");
        WITH(p.draws = -1, URN_E_VALUE, "draws");
        WITH(p.draws = (1 << 20) + 1, URN_E_VALUE, "draws");
        ACCEPTED(p.logits.rows = 0);
        ACCEPTED(p.logits.row_stride = 0);
        ACCEPTED(p.logits.row_stride = 1);
        good_close(&g);
    }
}
END_TEST

START_TEST(views_are_checked) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind);
        const int32_t *index = device_zeros(g.bed, 4 * ROWS);
        const int64_t *offsets = device_zeros(g.bed, 8 * (ROWS + 1));
        const void *data = g.p.logits.data;
        urn_matrix dense = g.p.logits, indexed = urn_matrix_indexed(dense, index, ROWS);
        ACCEPTED(p.logits = indexed);
        ACCEPTED(p.logits = urn_matrix_ragged(data, URN_F32, ROWS * COLS, offsets, ROWS, COLS));
        ACCEPTED(p.logits = urn_matrix_ragged(data, URN_F32, 0, offsets, ROWS, COLS));
        WITH(p.logits = indexed; p.logits.data_rows = 0, URN_E_SHAPE, "logits.data_rows");
        WITH(p.logits = indexed; p.logits.data_rows = -1, URN_E_SHAPE, "logits.data_rows");
        WITH(p.logits = indexed; p.logits.data_rows = INT64_MAX / COLS, URN_E_SHAPE, "logits.data_rows");
        WITH(p.logits = urn_matrix_indexed(indexed, index, ROWS), URN_E_SHAPE, "logits.data_rows");
        WITH(p.logits = urn_matrix_ragged(data, URN_F32, -1, offsets, ROWS, COLS), URN_E_SHAPE, "logits.data_size");
        WITH(p.logits = urn_matrix_ragged(data, URN_F32, INT64_MAX / 2, offsets, ROWS, COLS), URN_E_SHAPE,
             "logits.data_size");
        WITH(p.logits.offsets = offsets; p.logits.row_index = index, URN_E_SHAPE, "row_index and offsets");
        WITH(p.logits = urn_matrix_indexed(urn_matrix_ragged(data, URN_F32, 9, offsets, 1, 9), index, 1), URN_E_SHAPE,
             "row_index and offsets");
        WITH(p.logits.data = (const char *)data + 2, URN_E_VALUE, "logits.data");
        WITH(p.logits.dtype = URN_BF16; p.logits.data = (const char *)data + 1, URN_E_VALUE, "logits.data");
        ACCEPTED(p.logits.dtype = URN_BF16; p.logits.data = (const char *)data + 2);
        good_close(&g);
    }
}
END_TEST

/* property  every array but its element's alignment is good, and the detail names the one that is not */
START_TEST(misaligned_arrays_are_refused_by_name) {
    static const struct {
        size_t offset, add;
        const char *name;
    } arrays[] = {
#define ARRAY(member, add) {offsetof(urn_sample_params, member), add, #member " is not aligned"}
        ARRAY(slot, 2),
        ARRAY(list, 1),
        ARRAY(seed, 4),
        ARRAY(label, 4),
        ARRAY(position, 2),
        ARRAY(ids, 1),
        ARRAY(logprob, 2),
        ARRAY(rank, 3),
        ARRAY(lse, 2),
        ARRAY(logprob_raw, 2),
        ARRAY(status, 1),
        ARRAY(row_count, 2),
        ARRAY(entropy, 2),
        ARRAY(kept_count, 2),
        ARRAY(workspace, 128),
        ARRAY(kept_logmass, 2),
        ARRAY(codes, 4),
        ARRAY(codes_out, 4),
        ARRAY(draw_offsets, 4),
        ARRAY(overlay, 2),
        ARRAY(overlay_count, 2),
        ARRAY(distinct_id, 2),
        ARRAY(distinct_count, 2),
        ARRAY(distinct_weight, 1),
        ARRAY(distinct, 2),
        ARRAY(given, 2),
        ARRAY(given_logprob, 2),
        ARRAY(given_logprob_raw, 2),
        ARRAY(given_rank, 2),
        ARRAY(top_id, 2),
        ARRAY(top_logprob, 2),
        ARRAY(summary, 4),
        ARRAY(kept_bits, 2),
        ARRAY(kept_ids, 2),
        ARRAY(kept_offsets, 4),
        ARRAY(probs, 2),
        ARRAY(processed, 2),
        {offsetof(urn_sample_params, logits.row_index), 2, "logits.row_index is not aligned"},
        {offsetof(urn_sample_params, logits.offsets), 4, "logits.offsets is not aligned"},
#undef ARRAY
    };
    good_call g = good_open(URN_BACKEND_CPU);
    uint64_t *spare = device_zeros(g.bed, 256);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        urn_sample_params p = g.p;
        char *at = (char *)spare + arrays[i].add;
        p.logits.data_rows = ROWS;
        memcpy((char *)&p + arrays[i].offset, &at, sizeof at);
        REFUSED(urn_sample(g.bed->stream, &p), URN_E_VALUE, arrays[i].name);
    }
    good_close(&g);
}
END_TEST

START_TEST(slots_lists_masks_and_owners_are_checked) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind), other = good_open(kind);
        WITH(p.slots = -1, URN_E_SHAPE, "slots");
        WITH(p.slots = SLOTS + 1, URN_E_SHAPE, "slots");
        WITH(p.state = NULL; p.slots = INT64_C(1) << 31, URN_E_SHAPE, "slots");
        WITH(p.slot = NULL; p.slots = ROWS - 1, URN_E_SHAPE, "slot is NULL");
        WITH(p.slot = NULL; p.slots = 0; p.logits.row_stride = 0;
             p.logits.rows = SLOTS + 1, URN_E_SHAPE, "slot is NULL");
        ACCEPTED(p.slot = NULL; p.slots = ROWS);
        ACCEPTED(p.slot = NULL; p.slots = 0);
        WITH(p.list = NULL; p.list_value = 2, URN_E_VALUE, "list_value");
        WITH(p.list = NULL; p.list_value = -1, URN_E_VALUE, "list_value");
        WITH(p.list = NULL; p.sampler = NULL; p.list_value = 1, URN_E_VALUE, "list_value");
        ACCEPTED(p.list = NULL; p.list_value = 1);
        ACCEPTED(p.list_value = 77); /* not read */
        WITH(p.logits.cols = 97; p.logits.row_stride = 0, URN_E_SHAPE, "list 1 step 0 mask: table_stride is 3");
        WITH(p.sampler = other.sampler, URN_E_MISMATCH, "sampler");
        WITH(p.state = other.state, URN_E_MISMATCH, "state");
        good_close(&other);
        good_close(&g);
    }
}
END_TEST

/* property  how ids are drawn: method, codes, ragged draws, drafts in flight */
START_TEST(draws_are_checked) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind);
        uint64_t *codes = device_zeros(g.bed, 8 * ROWS), *rest = ut_output(g.bed, 8 * ROWS);
        const int64_t *offsets = device_zeros(g.bed, 8 * (ROWS + 1));
        const int32_t *drafts = device_zeros(g.bed, 4 * ROWS);
        WITH(p.method = -1, URN_E_VALUE, "method");
        WITH(p.method = 2, URN_E_VALUE, "method");
        WITH(p.method = URN_DRAW_GUMBEL; p.codes = codes, URN_E_VALUE, "codes is given and method");
        WITH(p.method = URN_DRAW_GUMBEL; p.codes_out = rest, URN_E_VALUE, "codes_out is given and method");
        WITH(p.codes_out = rest, URN_E_NULL, "codes is NULL");
        WITH(p.distinct_count = (int32_t *)rest, URN_E_NULL, "distinct_id is NULL and distinct_count");
        WITH(p.distinct_weight = (float *)rest, URN_E_NULL, "distinct_id is NULL and distinct_weight");
        WITH(p.distinct = (int32_t *)rest, URN_E_NULL, "distinct_id is NULL and distinct");
        WITH(p.draw_offsets = offsets; p.draws_size = -1, URN_E_SHAPE, "draws_size");
        WITH(p.draw_offsets = offsets; p.draws_size = INT64_MAX / 8 + 1, URN_E_SHAPE, "draws_size");
        WITH(p.overlay = drafts; p.overlay_stride = -1, URN_E_VALUE, "overlay_stride");
        WITH(p.overlay = drafts; p.overlay_stride = (1 << 20) + 1, URN_E_VALUE, "overlay_stride");
        ACCEPTED(p.overlay_stride = -1; p.draws_size = -1); /* not read */
        good_close(&g);
    }
}
END_TEST

/* property  ids that are given and the likeliest ids: an output has the input that it needs */
START_TEST(given_and_top_ids_are_checked) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind);
        const int32_t *given = device_zeros(g.bed, 4 * ROWS);
        float *out = ut_output(g.bed, 4 * ROWS);
        WITH(p.given_logprob = out, URN_E_NULL, "given is NULL and given_logprob is");
        WITH(p.given_logprob_raw = out, URN_E_NULL, "given is NULL and given_logprob_raw");
        WITH(p.given_rank = (int32_t *)out, URN_E_NULL, "given is NULL and given_rank");
        WITH(p.given = given; p.given_logprob = out, URN_E_VALUE, "given_stride is 0");
        WITH(p.given = given; p.given_logprob = out; p.given_stride = -1, URN_E_VALUE, "given_stride");
        WITH(p.given = given; p.given_logprob = out; p.given_stride = (1 << 20) + 1, URN_E_VALUE, "given_stride");
        WITH(p.top_id = (int32_t *)out, URN_E_VALUE, "top_n is 0");
        WITH(p.top_logprob = out; p.top_n = URN_MAX_TOP_N + 1, URN_E_VALUE, "top_n");
        WITH(p.top_n = -1, URN_E_VALUE, "top_n");
        WITH(p.top_id = (int32_t *)out; p.top_n = 1; p.top_of = 2, URN_E_VALUE, "top_of");
        WITH(p.top_id = (int32_t *)out; p.top_n = 1; p.top_of = -1, URN_E_VALUE, "top_of");
        good_close(&g);
    }
}
END_TEST

/* property  whole rows: strides that hold them, room that is named, the logits themselves only where they fit */
START_TEST(whole_rows_are_checked) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind);
        uint32_t *bits = ut_output(g.bed, 4 * 3 * ROWS);
        float *wide = ut_output(g.bed, 4 * ROWS * COLS), *logits = device_zeros(g.bed, 4 * ROWS * COLS);
        const int64_t *offsets = device_zeros(g.bed, 8 * (ROWS + 1));
        const int32_t *index = device_zeros(g.bed, 4 * ROWS);
        WITH(p.kept_bits = bits; p.kept_bits_stride = 2, URN_E_VALUE, "kept_bits_stride is 2");
        WITH(p.kept_bits = bits; p.kept_bits_stride = INT64_MAX / 4, URN_E_VALUE, "kept_bits_stride");
        WITH(p.kept_ids = (int32_t *)bits; p.kept_ids_size = 1, URN_E_NULL, "kept_offsets");
        WITH(p.kept_ids = (int32_t *)bits; p.kept_offsets = offsets;
             p.kept_ids_size = -1, URN_E_SHAPE, "kept_ids_size");
        WITH(p.probs = wide; p.probs_stride = COLS - 1, URN_E_VALUE, "probs_stride is 69");
        WITH(p.probs = wide; p.probs_stride = -1, URN_E_VALUE, "probs_stride");
        WITH(p.probs = wide; p.probs_stride = INT64_MAX / 4, URN_E_VALUE, "probs_stride");
        WITH(p.processed = wide; p.processed_stride = COLS - 1, URN_E_VALUE, "processed_stride is 69");
        WITH(p.processed = wide; p.processed_stride = INT64_MAX / 16, URN_E_VALUE, "processed_stride");
        const urn_matrix dense = urn_matrix_dense(logits, URN_F32, ROWS, COLS, 0);
        WITH(p.logits = dense; p.processed = logits;
             p.processed_stride = COLS + 1, URN_E_VALUE, "processed is logits.data");
        WITH(p.logits = dense; p.processed = logits; p.logits.dtype = URN_BF16, URN_E_VALUE, "processed is");
        WITH(p.logits = urn_matrix_indexed(dense, index, ROWS); p.processed = logits, URN_E_VALUE, "processed is");
        WITH(p.logits = urn_matrix_ragged(logits, URN_F32, ROWS * COLS, offsets, ROWS, COLS);
             p.processed = logits, URN_E_VALUE, "processed is");
        WITH(p.logits = dense; p.logits.row_stride = 0; p.processed = logits, URN_E_VALUE, "processed is");
        good_close(&g);
    }
}
END_TEST

/* property  a list that reads a slot's context needs slots, one that counts needs counts, and no other list does */
START_TEST(lists_that_read_slots_need_them) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind);
        urn_step context = urn_no_repeat(urn_i(2));
        urn_step counting = urn_penalties(urn_f(2), urn_f(0), urn_f(0), urn_i(0));
        urn_list lists[2] = {{NULL, 0}, {&context, 1}};
        urn_sampler *reads, *counts;
        UT_OK(urn_sampler_create(g.bed->ctx, lists, 2, &reads));
        lists[1].steps = &counting;
        UT_OK(urn_sampler_create(g.bed->ctx, lists, 2, &counts));
        g.p.workspace = NULL;
        UT_OK(urn_stream_reserve(g.bed->stream, urn_sample_workspace(reads, ROWS, COLS)));
        WITH(p.sampler = reads; p.state = NULL, URN_E_NULL, "state is NULL");
        WITH(p.sampler = counts; p.state = NULL, URN_E_NULL, "state is NULL");
        WITH(p.sampler = counts, URN_E_NULL, "state has no counts");
        UT_OK(urn_stream_sync_host(g.bed->stream));
        urn_sampler_destroy(reads);
        urn_sampler_destroy(counts);
        good_close(&g);
    }
}
END_TEST

/* property  a call is refused for one byte of workspace that is missing, and told how much to reserve */
START_TEST(workspace_is_checked_to_the_byte) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        good_call g = good_open(kind);
        size_t need = g.p.workspace_bytes;
        char wanted[64];
        snprintf(wanted, sizeof wanted, "wanted %zu", need);
        WITH(p.workspace_bytes = need - 1, URN_E_WORKSPACE, wanted);
        WITH(p.workspace = NULL, URN_E_WORKSPACE, wanted);
        if (need > 256) {
            UT_OK(urn_stream_reserve(g.bed->stream, need - 256));
            WITH(p.workspace = NULL, URN_E_WORKSPACE, wanted);
        }
        UT_OK(urn_stream_reserve(g.bed->stream, need));
        ACCEPTED(p.workspace = NULL);
        good_close(&g);
    }
}
END_TEST

Suite *abuse_sample_args_suite(void) {
    Suite *suite = suite_create("abuse_sample_args");
    TCase *tcase = tcase_create("args");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, pointers_and_sizes_are_checked);
    tcase_add_test(tcase, views_are_checked);
    tcase_add_test(tcase, misaligned_arrays_are_refused_by_name);
    tcase_add_test(tcase, slots_lists_masks_and_owners_are_checked);
    tcase_add_test(tcase, draws_are_checked);
    tcase_add_test(tcase, given_and_top_ids_are_checked);
    tcase_add_test(tcase, whole_rows_are_checked);
    tcase_add_test(tcase, lists_that_read_slots_need_them);
    tcase_add_test(tcase, workspace_is_checked_to_the_byte);
    suite_add_tcase(suite, tcase);
    return suite;
}
