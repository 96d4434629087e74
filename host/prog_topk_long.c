/* prog_topk_long.c - `urn topk` of a 1-D file: chunk by chunk, or segment by segment. */
#include "host/prog_progress.h"
#include "host/prog_topk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILURES_SHOWN = 20 };

static int find_type(const topk_job *job, int32_t *type, prog_error *error) {
    if (job->input.type != PROG_F4 && job->input.type != PROG_F8)
        return prog_fail(error, "%s: holds %s; a long row is f4 or f8 log-weights", job->v->operand[0],
                         prog_type_name(job->input.type));
    *type = job->input.type == PROG_F4 ? URN_ITEM_F32 : URN_ITEM_F64;
    return 0;
}

static int find_temperature(const topk_job *job, float *temperature, prog_error *error) {
    const char *text = job->v->of[TOPK_TEMPERATURE].text;
    char *end;
    *temperature = strtof(text, &end);
    if (end != text && *end == 0 && *temperature > 0 && *temperature < 1e38f) return 0;
    return prog_fail(error, "--temperature is '%s'; a number above 0 is wanted", text);
}

static int prepare(topk_job *job, urn_topk_long_params *p, urn_buffer **state, int32_t *type, prog_error *error) {
    const prog_value *of = job->v->of;
    const int64_t n = job->input.cols, chunk = of[TOPK_CHUNK].number < n ? of[TOPK_CHUNK].number : n;
    if (n > URN_TOPK_LONG_ITEMS) return prog_fail(error, "%lld items are more than 2^40", (long long)n);
    if (find_type(job, type, error) || find_temperature(job, &p->temperature, error)) return -1;
    p->by = job->by;
    p->k = job->k;
    p->seed = of[TOPK_SEED].wide;
    p->position = (uint32_t)of[TOPK_POSITION].number;
    p->flags = job->flags;
    p->state_bytes = urn_topk_long_state(p->k);
    if (prog_check(urn_buffer_create(job->device.ctx, URN_DEVICE, p->state_bytes, state), "memory for the picks",
                   error))
        return -1;
    p->state = urn_buffer_data(*state);
    if (prog_check(urn_stream_reserve(job->device.stream, urn_topk_long_workspace(p->k, chunk)), "urn_stream_reserve",
                   error))
        return -1;
    return prog_check(urn_topk_long_begin(job->device.stream, p), "urn_topk_long_begin", error);
}

/* All chunks. Where the device has memory of its own, a chunk is copied over the one before it, in stream order. */
static int push_all(topk_job *job, const urn_topk_long_params *p, int32_t type, prog_error *error) {
    const int64_t n = job->input.cols, chunk = job->v->of[TOPK_CHUNK].number;
    const size_t size = prog_type_size(job->input.type);
    const char *data = job->input.data;
    urn_stream *stream = job->device.stream;
    urn_buffer *room = NULL;
    prog_progress bar;
    int bad = 0;
    if (!job->device.host_memory)
        bad = prog_check(urn_buffer_create(job->device.ctx, URN_DEVICE, (size_t)(chunk < n ? chunk : n) * size, &room),
                         "memory for a chunk", error);
    prog_progress_begin(&bar, "choosing", n);
    for (int64_t first = 0; first < n && !bad; first += chunk) {
        const int64_t many = n - first < chunk ? n - first : chunk;
        const void *values = data + (size_t)first * size;
        if (room != NULL) {
            bad = prog_check(urn_buffer_write(stream, room, 0, values, (size_t)many * size), "urn_buffer_write", error);
            values = urn_buffer_data(room);
        }
        if (!bad)
            bad = prog_check(urn_topk_long_push(stream, p, values, type, many, first), "urn_topk_long_push", error);
        if (!bad && room != NULL) bad = prog_check(urn_stream_sync_host(stream), "urn_stream_sync_host", error);
        prog_progress_update(&bar, first + many, NULL);
    }
    prog_progress_end(&bar);
    urn_buffer_destroy(room);
    return bad ? -1 : 0;
}

/* What finish gave, on the host. */
typedef struct picks {
    int64_t *ids, *keys, found, threshold;
    int32_t status;
} picks;

static int finish(topk_job *job, const urn_topk_long_params *p, picks *out, prog_error *error) {
    const size_t n = (size_t)p->k * 8;
    urn_topk_long_results r = URN_TOPK_LONG_RESULTS_INIT;
    urn_buffer *b[5] = {NULL, NULL, NULL, NULL, NULL};
    int bad = 0, i;
    out->ids = malloc(n);
    out->keys = malloc(n);
    if (out->ids == NULL || out->keys == NULL) return prog_fail(error, "no memory for %lld picks", (long long)p->k);
    r.ids = prog_topk_device(job, &b[0], out->ids, n, 0, error);
    r.keys = prog_topk_device(job, &b[1], out->keys, n, 0, error);
    r.found = prog_topk_device(job, &b[2], &out->found, 8, 0, error);
    r.threshold = prog_topk_device(job, &b[3], &out->threshold, 8, 0, error);
    r.status = prog_topk_device(job, &b[4], &out->status, 4, 0, error);
    bad = !r.ids || !r.keys || !r.found || !r.threshold || !r.status ||
          prog_check(urn_topk_long_finish(job->device.stream, p, &r), "urn_topk_long_finish", error) ||
          prog_topk_host(job, b[0], out->ids, n, error) || prog_topk_host(job, b[1], out->keys, n, error) ||
          prog_topk_host(job, b[2], &out->found, 8, error) || prog_topk_host(job, b[3], &out->threshold, 8, error) ||
          prog_topk_host(job, b[4], &out->status, 4, error);
    for (i = 0; i < 5; i++) urn_buffer_destroy(b[i]);
    return bad ? -1 : 0;
}

static int report(const topk_job *job, const picks *out, prog_error *error) {
    const prog_value *file = &job->v->of[TOPK_OUT], *keys = &job->v->of[TOPK_KEYS], *found = &job->v->of[TOPK_FOUND];
    char where[256];
    if (out->status != 0) return prog_fail(error, "%s: %s", job->v->operand[0], urn_row_status_text(out->status));
    if (file->given && prog_npy_save(file->text, PROG_I8, 1, out->found, 1, out->ids, error)) return -1;
    if (keys->given && prog_npy_save(keys->text, PROG_I8, 1, out->found, 1, out->keys, error)) return -1;
    if (found->given && prog_npy_save(found->text, PROG_I8, 1, 1, 1, &out->found, error)) return -1;
    if (!file->given) {
        for (int64_t i = 0; i < out->found; i++) printf("%lld\n", (long long)out->ids[i]);
        return 0;
    }
    prog_device_text(&job->device, where, sizeof where);
    printf("%lld of %lld items%s; %s\n", (long long)out->found, (long long)job->input.cols,
           out->found < job->k ? ", all that can be picked" : "", where);
    return 0;
}

int prog_topk_long(topk_job *job, prog_error *error) {
    urn_topk_long_params p = URN_TOPK_LONG_PARAMS_INIT;
    urn_buffer *state = NULL;
    picks out;
    int32_t type = URN_ITEM_F32;
    int bad;
    memset(&out, 0, sizeof out);
    if (job->k > job->input.cols) job->k = job->input.cols;
    bad = prepare(job, &p, &state, &type, error) || push_all(job, &p, type, error) || finish(job, &p, &out, error) ||
          report(job, &out, error);
    free(out.ids);
    free(out.keys);
    urn_buffer_destroy(state);
    return bad ? -1 : 0;
}

/* The longest segment; what is wrong with offsets the call itself says of each segment. */
static int64_t longest_of(const int64_t *offsets, int64_t segments) {
    int64_t longest = 1;
    for (int64_t s = 0; s < segments; s++)
        if (offsets[s] >= 0 && offsets[s + 1] > offsets[s] && offsets[s + 1] - offsets[s] > longest)
            longest = offsets[s + 1] - offsets[s];
    return longest;
}

static int report_segments(const topk_job *job, int64_t segments, const int64_t *ids, const int64_t *keys,
                           const int64_t *found, const int32_t *status, prog_error *error) {
    const prog_value *of = job->v->of;
    int64_t failed = 0, s, i;
    for (s = 0; s < segments; s++)
        if (status[s] != 0 && failed++ < FAILURES_SHOWN)
            fprintf(stderr, "urn topk: segment %lld: %s\n", (long long)s, urn_row_status_text(status[s]));
    if (of[TOPK_OUT].given && prog_npy_save(of[TOPK_OUT].text, PROG_I8, 2, segments, job->k, ids, error)) return -1;
    if (of[TOPK_KEYS].given && prog_npy_save(of[TOPK_KEYS].text, PROG_I8, 2, segments, job->k, keys, error)) return -1;
    if (of[TOPK_FOUND].given && prog_npy_save(of[TOPK_FOUND].text, PROG_I8, 1, segments, 1, found, error)) return -1;
    if (of[TOPK_OUT].given)
        printf("%lld of each of %lld segments, %lld failed\n", (long long)job->k, (long long)segments,
               (long long)failed);
    for (s = 0; s < segments && !of[TOPK_OUT].given; s++) {
        for (i = 0; i < found[s]; i++) printf("%s%lld", i ? " " : "", (long long)ids[s * job->k + i]);
        printf("\n");
    }
    return failed > 0;
}

int prog_topk_segments(topk_job *job, prog_error *error) {
    urn_topk_segments_params p = URN_TOPK_SEGMENTS_PARAMS_INIT;
    const prog_value *of = job->v->of;
    const size_t size = prog_type_size(job->input.type) * (size_t)job->input.cols;
    prog_npy offsets;
    urn_buffer *b[6] = {NULL, NULL, NULL, NULL, NULL, NULL};
    int64_t *ids = NULL, *keys = NULL, *found = NULL, segments;
    int32_t *status = NULL;
    size_t out;
    int i, answer = -1;
    if (prog_npy_open(of[TOPK_OFFSETS].text, &offsets, error)) return -1;
    segments = offsets.cols - 1;
    out = (size_t)segments * (size_t)job->k * 8;
    if (offsets.dims != 1 || offsets.type != PROG_I8 || segments < 1) {
        prog_fail(error, "--offsets: %s: i8 [segments + 1] is wanted, with a segment at least", of[TOPK_OFFSETS].text);
        goto done;
    }
    if (find_type(job, &p.type, error) || find_temperature(job, &p.temperature_value, error)) goto done;
    ids = malloc(out), keys = malloc(out), found = malloc((size_t)segments * 8), status = malloc((size_t)segments * 4);
    if (ids == NULL || keys == NULL || found == NULL || status == NULL) {
        prog_fail(error, "no memory for %lld segments of %lld picks", (long long)segments, (long long)job->k);
        goto done;
    }
    p.by = job->by, p.flags = job->flags, p.k = job->k, p.size = job->input.cols, p.segments = segments;
    p.longest = longest_of(offsets.data, segments);
    p.seed_value = of[TOPK_SEED].wide, p.position_value = (uint32_t)of[TOPK_POSITION].number;
    p.values = prog_topk_device(job, &b[0], (void *)(uintptr_t)job->input.data, size, 1, error);
    p.offsets = prog_topk_device(job, &b[1], (void *)(uintptr_t)offsets.data, (size_t)(segments + 1) * 8, 1, error);
    p.ids = prog_topk_device(job, &b[2], ids, out, 0, error),
    p.keys = prog_topk_device(job, &b[3], keys, out, 0, error);
    p.found = prog_topk_device(job, &b[4], found, (size_t)segments * 8, 0, error);
    p.status = prog_topk_device(job, &b[5], status, (size_t)segments * 4, 0, error);
    if (!p.values || !p.offsets || !p.ids || !p.keys || !p.found || !p.status) goto done;
    if (prog_check(urn_stream_reserve(job->device.stream,
                                      urn_topk_segments_workspace(segments, p.longest, p.k, segments * p.k)),
                   "urn_stream_reserve", error) ||
        prog_check(urn_topk_segments(job->device.stream, &p), "urn_topk_segments", error) ||
        prog_topk_host(job, b[2], ids, out, error) || prog_topk_host(job, b[3], keys, out, error) ||
        prog_topk_host(job, b[4], found, (size_t)segments * 8, error) ||
        prog_topk_host(job, b[5], status, (size_t)segments * 4, error))
        goto done;
    answer = report_segments(job, segments, ids, keys, found, status, error);
done:
    for (i = 0; i < 6; i++) urn_buffer_destroy(b[i]);
    free(ids), free(keys), free(found), free(status);
    prog_npy_close(&offsets);
    return answer;
}
