/* abuse_special_args.c - every documented refusal of tiny, unmask, reject and shard, one member changed at a time. */
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

/* property  urn_tiny refuses each bad member by name */
START_TEST(tiny_refuses_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        urn_tiny_params good = URN_TINY_PARAMS_INIT;
        good.logits = zeros(bed, 4 * 60), good.rows = 10, good.width = 6;
        good.choice = (uint8_t *)zeros(bed, 10), good.mask = (uint32_t *)zeros(bed, 8);
        REFUSED(urn_tiny(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_tiny(bed->stream, NULL), URN_E_NULL, "params");
#define TINY(change, status, needle) WITH(urn_tiny_params, good, urn_tiny(bed->stream, &p), change, status, needle)
        TINY(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        TINY(p.logits = NULL, URN_E_NULL, "logits");
        TINY((p.choice = NULL, p.mask = NULL), URN_E_NULL, "output");
        TINY(p.rows = -1, URN_E_SHAPE, "rows");
        TINY(p.rows = (INT64_C(1) << 38) + 1, URN_E_SHAPE, "rows");
        TINY(p.width = 1, URN_E_SHAPE, "width");
        TINY(p.width = 33, URN_E_SHAPE, "width");
        TINY(p.width = 5, URN_E_NULL, "patterns");
        TINY(p.pattern_bits = 8, URN_E_NULL, "patterns");
        TINY(p.pattern_bits = 9, URN_E_VALUE, "pattern_bits");
        TINY((p.pattern_bits = 3, p.patterns = good.choice), URN_E_VALUE, "pattern_bits");
        TINY(p.dtype = 3, URN_E_DTYPE, "dtype");
        TINY(p.soft_dtype = -1, URN_E_DTYPE, "soft_dtype");
        TINY(p.scale = 0, URN_E_VALUE, "scale");
        TINY(p.scale = NAN, URN_E_VALUE, "scale");
        TINY(p.tau = 0, URN_E_VALUE, "tau");
        TINY(p.tau = INFINITY, URN_E_VALUE, "tau");
        TINY(p.first_row = -1, URN_E_VALUE, "first_row");
        TINY(p.logits = (const char *)p.logits + 2, URN_E_VALUE, "logits");
        TINY(p.soft = (char *)p.mask + 2, URN_E_VALUE, "soft");
        TINY(p.blend = (char *)p.mask + 1, URN_E_VALUE, "blend");
        good.rows = 0;
        UT_OK(urn_tiny(bed->stream, &good));
        ut_close(bed);
    }
}
END_TEST

/* property  urn_unmask_choose and urn_unmask_settle refuse each bad member by name */
START_TEST(unmask_refuses_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        urn_unmask_params good = URN_UNMASK_PARAMS_INIT;
        good.sequences = 3, good.length = 4;
        good.tokens = (int32_t *)zeros(bed, 48), good.slot = (int32_t *)zeros(bed, 48);
        good.ids = (const int32_t *)zeros(bed, 48);
        REFUSED(urn_unmask_choose(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_unmask_settle(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_unmask_choose(bed->stream, NULL), URN_E_NULL, "params");
        REFUSED(urn_unmask_settle(bed->stream, NULL), URN_E_NULL, "params");
#define CHOOSE(change, status, needle)                                                                                 \
    WITH(urn_unmask_params, good, urn_unmask_choose(bed->stream, &p), change, status, needle)
#define SETTLE(change, status, needle)                                                                                 \
    WITH(urn_unmask_params, good, urn_unmask_settle(bed->stream, &p), change, status, needle)
        CHOOSE(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        CHOOSE(p.tokens = NULL, URN_E_NULL, "tokens");
        CHOOSE(p.slot = NULL, URN_E_NULL, "slot");
        CHOOSE(p.length = 0, URN_E_SHAPE, "length");
        CHOOSE(p.length = URN_UNMASK_MAX_LENGTH + 1, URN_E_SHAPE, "length");
        CHOOSE(p.sequences = -1, URN_E_SHAPE, "sequences");
        CHOOSE(p.sequences = INT64_C(1) << 30, URN_E_SHAPE, "sequences");
        CHOOSE(p.rule = 3, URN_E_VALUE, "rule");
        CHOOSE(p.stay_value = 1.5, URN_E_VALUE, "stay_value");
        CHOOSE(p.stay_value = NAN, URN_E_VALUE, "stay_value");
        CHOOSE(p.time = (double *)(void *)((char *)p.tokens + 4), URN_E_VALUE, "time");
        SETTLE(p.ids = NULL, URN_E_NULL, "ids");
        SETTLE(p.jitter = NAN, URN_E_VALUE, "jitter");
        SETTLE((p.confidence = (const float *)(const void *)p.ids, p.keep_value = -1), URN_E_VALUE, "keep_value");
        SETTLE(p.confidence = (const float *)(const void *)((const char *)p.ids + 1), URN_E_VALUE, "confidence");
        good.sequences = 0;
        UT_OK(urn_unmask_choose(bed->stream, &good));
        UT_OK(urn_unmask_settle(bed->stream, &good));
        ut_close(bed);
    }
}
END_TEST

static int never(void *user, int64_t row, int32_t id) {
    (void)user, (void)row, (void)id;
    return 0;
}

/* property  urn_reject and urn_reject_host refuse each bad member by name; workspaces are monotone */
START_TEST(reject_refuses_by_name) {
    UT_ASSERT(urn_reject_workspace(0) == 0 && urn_reject_workspace(-1) == 0, "rows that are refused");
    UT_ASSERT(urn_reject_workspace(5) > 0 && urn_reject_workspace(6) >= urn_reject_workspace(5), "monotone");
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        urn_reject_params good = URN_REJECT_PARAMS_INIT;
        int32_t ids[3];
        good.logits = urn_matrix_dense(zeros(bed, 4 * 3 * 70), URN_F32, 3, 70, 0);
        good.accepted = (const uint32_t *)zeros(bed, 36), good.accepted_stride = 3;
        good.ids = (int32_t *)zeros(bed, 12);
        REFUSED(urn_reject(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_reject(bed->stream, NULL), URN_E_NULL, "params");
        REFUSED(urn_reject_host(NULL, &good, never, NULL), URN_E_NULL, "stream");
        REFUSED(urn_reject_host(bed->stream, NULL, never, NULL), URN_E_NULL, "params");
        REFUSED(urn_reject_host(bed->stream, &good, NULL, NULL), URN_E_NULL, "accept");
#define REJECT(change, status, needle)                                                                                 \
    WITH(urn_reject_params, good, urn_reject(bed->stream, &p), change, status, needle)
        REJECT(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        REJECT(p.logits.data = NULL, URN_E_NULL, "logits.data");
        REJECT(p.logits.dtype = 7, URN_E_DTYPE, "dtype");
        REJECT(p.logits.rows = -1, URN_E_SHAPE, "logits.rows");
        REJECT(p.logits.cols = 0, URN_E_SHAPE, "logits.cols");
        REJECT(p.logits.row_stride = -1, URN_E_SHAPE, "logits.row_stride");
        REJECT(p.logits.row_index = p.ids, URN_E_SHAPE, "row_index");
        REJECT(p.accepted = NULL, URN_E_NULL, "accepted");
        REJECT(p.accepted_stride = 2, URN_E_SHAPE, "accepted_stride");
        REJECT(p.ids = NULL, URN_E_NULL, "output");
        REJECT(p.estimator = 2, URN_E_VALUE, "estimator");
        REJECT(p.accepts = 1, URN_E_VALUE, "accepts");
        REJECT(p.rejects = 0, URN_E_VALUE, "rejects");
        REJECT(p.tried = (int32_t *)(void *)((char *)p.ids + 1), URN_E_VALUE, "tried");
        if (kind == URN_BACKEND_SIMT) {
            urn_reject_params p = good;
            p.ids = ids;
            REFUSED(urn_reject_host(bed->stream, &p, never, NULL), URN_E_WORKSPACE, "scratch");
            p.workspace = zeros(bed, 256), p.workspace_bytes = 256;
            REFUSED(urn_reject_host(bed->stream, &p, never, NULL), URN_E_WORKSPACE, "workspace");
        }
        good.logits.rows = 0;
        UT_OK(urn_reject(bed->stream, &good));
        UT_OK(urn_reject_host(bed->stream, &good, never, NULL));
        ut_close(bed);
    }
}
END_TEST

/* property  the shard calls refuse each bad member by name, and every list that two rounds can not do */
START_TEST(shards_refuse_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        urn_shard_params good = URN_SHARD_PARAMS_INIT;
        urn_shard_message1 *one = (urn_shard_message1 *)zeros(bed, 2 * 3 * sizeof *one);
        urn_shard_message2 *two = (urn_shard_message2 *)zeros(bed, 2 * 3 * sizeof *two);
        const float *table = (const float *)zeros(bed, 4 * 3 * 40);
        good.logits = urn_matrix_dense(zeros(bed, 4 * 3 * 20), URN_F32, 3, 20, 0);
        good.total = 40, good.first = 20, good.shard = 1, good.shards = 2;
        good.ids = (int32_t *)zeros(bed, 12);
        REFUSED(urn_shard_first(NULL, &good, one), URN_E_NULL, "stream");
        REFUSED(urn_shard_first(bed->stream, NULL, one), URN_E_NULL, "params");
        REFUSED(urn_shard_first(bed->stream, &good, NULL), URN_E_NULL, "mine");
        REFUSED(urn_shard_second(bed->stream, &good, NULL, two), URN_E_NULL, "all");
        REFUSED(urn_shard_second(bed->stream, &good, one, NULL), URN_E_NULL, "mine");
        REFUSED(urn_shard_finish(bed->stream, &good, NULL, two), URN_E_NULL, "all1");
        REFUSED(urn_shard_finish(bed->stream, &good, one, NULL), URN_E_NULL, "all2");
#define SHARD(change, status, needle)                                                                                  \
    WITH(urn_shard_params, good, urn_shard_first(bed->stream, &p, one), change, status, needle)
        SHARD(p.struct_size = 8, URN_E_STRUCT, "struct_size");
        SHARD(p.logits.data = NULL, URN_E_NULL, "logits.data");
        SHARD(p.logits.dtype = 7, URN_E_DTYPE, "dtype");
        SHARD(p.logits.rows = -1, URN_E_SHAPE, "logits.rows");
        SHARD(p.ids = NULL, URN_E_NULL, "output");
        SHARD(p.total = 19, URN_E_SHAPE, "total");
        SHARD(p.first = 21, URN_E_SHAPE, "first");
        SHARD(p.shard = 2, URN_E_SHAPE, "shard");
        SHARD(p.shards = URN_SHARD_MAX + 1, URN_E_SHAPE, "shards");
        SHARD(p.count = URN_SHARD_MAX_STEPS + 1, URN_E_SHAPE, "count");
        SHARD(p.count = 1, URN_E_NULL, "steps");
        SHARD(p.method = 2, URN_E_VALUE, "method");
        SHARD(p.seed = (const uint64_t *)(const void *)((const char *)table + 4), URN_E_VALUE, "seed");
#define LIST(status, needle, ...)                                                                                      \
    do {                                                                                                               \
        const urn_step steps[] = {__VA_ARGS__};                                                                        \
        SHARD((p.steps = steps, p.count = (int32_t)(sizeof steps / sizeof *steps)), status, needle);                   \
    } while (0)
        urn_step k = urn_top_k(urn_i(5)), m = urn_min_p(urn_f(0.1f)), t = urn_temperature(urn_f(0.5f)), ties = k;
        ties.flags = URN_STEP_TIES;
        LIST(URN_E_STEP, "temperature", urn_temperature(urn_f(-1)));
        LIST(URN_E_STEP, "steps[0]", urn_top_p(urn_f(0.9f)));
        LIST(URN_E_STEP, "steps[1]", t, urn_epsilon(urn_f(0.1f)));
        LIST(URN_E_STEP, "steps[1]", m, k);
        LIST(URN_E_STEP, "steps[1]", m, urn_dense_bias(table, 3, 40, NULL));
        LIST(URN_E_STEP, "steps[1]", k, urn_dense_bias(table, 3, 40, NULL));
        LIST(URN_E_STEP, "steps[0]", urn_typical(urn_f(0.9f)));
        LIST(URN_E_STEP, "top-k", urn_top_k(urn_i(URN_SHARD_K + 1)));
        LIST(URN_E_STEP, "top-k", urn_top_k(urn_i(0)));
        LIST(URN_E_STEP, "flags", ties);
        LIST(URN_E_STEP, "slot", urn_temperature(urn_f_by(URN_BY_SLOT, table)));
        LIST(URN_E_SHAPE, "table_stride", urn_dense_bias(table, 3, 39, NULL));
        LIST(URN_E_SHAPE, "table_stride", urn_mask((const uint32_t *)(const void *)table, 3, 1, NULL));
        good.logits.rows = 0;
        UT_OK(urn_shard_first(bed->stream, &good, one));
        UT_OK(urn_shard_second(bed->stream, &good, one, two));
        UT_OK(urn_shard_finish(bed->stream, &good, one, two));
        ut_close(bed);
    }
}
END_TEST

Suite *abuse_special_args_suite(void);
Suite *abuse_special_args_suite(void) {
    Suite *suite = suite_create("abuse_special_args");
    TCase *tcase = tcase_create("refusals");
    tcase_add_test(tcase, tiny_refuses_by_name);
    tcase_add_test(tcase, unmask_refuses_by_name);
    tcase_add_test(tcase, reject_refuses_by_name);
    tcase_add_test(tcase, shards_refuse_by_name);
    suite_add_tcase(suite, tcase);
    return suite;
}
