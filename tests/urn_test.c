/* urn_test.c - the shared test helpers: notes, bit comparison, backends, beds, sample_all. Inputs are in urn_input.c.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/urn_test.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#define UT_ZONE                                                                                                        \
    256 /* bytes of red zone on each side: a cache line of slack either way is not enough for a warp's row */
#define UT_ZONE_BYTE 0xa5
#define UT_FRESH_BYTE 0xca

typedef struct ut_array {
    urn_buffer *buffer;
    unsigned char *base, *data;
    size_t bytes, total;
    uint64_t checksum;
    int input;
} ut_array;

/* ---- notes and failures ---- */

static __thread char note[256];

int ut_quick(void) {
    const char *text = getenv("URN_TEST_QUICK");
    return text && text[0] && strcmp(text, "0") != 0;
}

int ut_loops(int full) { return !ut_quick() ? full : full / 8 > 2 ? full / 8 : 2; }

void ut_note(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(note, sizeof note, format, list);
    va_end(list);
}

const char *ut_note_text(void) { return note; }

void ut_fail(const char *file, int line, const char *format, ...) {
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    ck_abort_msg("%s:%d: %s [%s]", file, line, text, note);
    abort();
}

void ut_status(const char *file, int line, const char *text, urn_status found, urn_status wanted) {
    if (found == wanted) return;
    ut_fail(file, line, "%s is %s (%s), wanted %s", text, urn_status_name(found), urn_last_error(),
            urn_status_name(wanted));
}

void ut_same_bits(const char *file, int line, const void *a, const void *b, size_t n, size_t size, const char *what) {
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
    if (n == 0 || memcmp(x, y, n * size) == 0) return;
    size_t i = 0, differing = 0;
    for (size_t j = n; j-- > 0;) {
        if (memcmp(x + j * size, y + j * size, size) != 0) i = j, differing++;
    }
    uint64_t u = 0, v = 0;
    memcpy(&u, x + i * size, size < 8 ? size : 8);
    memcpy(&v, y + i * size, size < 8 ? size : 8);
    ut_fail(file, line, "%s differ: %zu of %zu, first at %zu: 0x%0*llx and 0x%0*llx", what, differing, n, i,
            (int)(2 * size), (unsigned long long)u, (int)(2 * size), (unsigned long long)v);
}

void *ut_malloc(size_t bytes) {
    void *pointer = malloc(bytes ? bytes : 1);
    if (!pointer) ut_fail(__FILE__, __LINE__, "out of memory for %zu bytes", bytes);
    return pointer;
}

/* ---- backends ---- */

/* Check forks a process a test: a page shared by all of them remembers which reasons were printed. */
static volatile int *told;

__attribute__((constructor)) static void ut_share(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    told = page == MAP_FAILED ? NULL : (volatile int *)page;
}

int ut_has_backend(urn_backend_kind kind) {
    const char *only = getenv("URN_TEST_BACKENDS"); /* "cpu", "cpu,simt", ... */
    if (only && only[0] && !strstr(only, urn_backend_name(kind))) return 0;
    urn_status status = urn_backend_available(kind);
    if (status == URN_OK) return 1;
    if (kind == URN_BACKEND_CPU) ut_fail(__FILE__, __LINE__, "cpu is not available: %s", urn_last_error());
    if (told && !__sync_fetch_and_add(told + kind, 1)) {
        fprintf(stderr, "skip %s: %s (%s)\n", urn_backend_name(kind), urn_status_name(status), urn_last_error());
    }
    return 0;
}

urn_backend_kind ut_next_backend(urn_backend_kind after) {
    static const urn_backend_kind walk[] = {URN_BACKEND_CPU, URN_BACKEND_SIMT, URN_BACKEND_CUDA};
    int next = 0;
    while (after != URN_BACKEND_AUTO && next < 3 && walk[next++] != after) {
    }
    for (; next < 3; next++) {
        if (ut_has_backend(walk[next])) return walk[next];
    }
    return URN_BACKEND_AUTO;
}

/* ---- beds ---- */

ut_bed *ut_open_with(const urn_ctx_params *params) {
    ut_bed *bed = (ut_bed *)ut_malloc(sizeof *bed);
    memset(bed, 0, sizeof *bed);
    bed->kind = (urn_backend_kind)params->backend;
    UT_OK(urn_ctx_create(params, &bed->ctx));
    UT_OK(urn_stream_create(bed->ctx, 0, &bed->stream));
    return bed;
}

ut_bed *ut_open(urn_backend_kind kind) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = kind;
    params.threads = kind == URN_BACKEND_CPU || kind == URN_BACKEND_SIMT ? 2 : 0;
    return ut_open_with(&params);
}

/* FNV-1a over 8-byte words, then bytes. */
static uint64_t checksum_of(const void *data, size_t bytes) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325), word;
    const unsigned char *at = (const unsigned char *)data;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        memcpy(&word, at, 8);
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
    }
    for (; bytes; bytes--, at++) sum = (sum ^ *at) * UINT64_C(0x100000001b3);
    return sum;
}

static unsigned char *array_image(ut_bed *bed, const ut_array *array) {
    unsigned char *image = (unsigned char *)ut_malloc(array->total);
    UT_OK(urn_buffer_read_host(bed->stream, array->buffer, 0, image, array->total));
    size_t head = (size_t)(array->data - array->base), tail = head + array->bytes;
    for (size_t i = 0; i < array->total; i++) {
        if (i == head) i = tail;
        UT_ASSERT(i >= array->total || image[i] == UT_ZONE_BYTE, "red zone of a %zu-byte %s written %s, byte %zu",
                  array->bytes, array->input ? "input" : "output", i < head ? "before it" : "after it",
                  i < head ? head - i : i - tail);
    }
    UT_ASSERT(!array->input || checksum_of(image + head, array->bytes) == array->checksum,
              "an input of %zu bytes was changed", array->bytes);
    return image;
}

static void *array_make(ut_bed *bed, const void *host, size_t bytes, size_t misalign) {
    if (bed->count == bed->capacity) {
        bed->capacity = bed->capacity ? 2 * bed->capacity : 32;
        bed->arrays = (ut_array *)realloc(bed->arrays, (size_t)bed->capacity * sizeof *bed->arrays);
        UT_ASSERT(bed->arrays, "out of memory");
    }
    ut_array *array = bed->arrays + bed->count++;
    array->bytes = bytes;
    array->total = 2 * UT_ZONE + misalign + bytes;
    array->input = host != NULL;
    array->checksum = host ? checksum_of(host, bytes) : 0;
    UT_OK(urn_buffer_create(bed->ctx, URN_DEVICE, array->total, &array->buffer));
    array->base = (unsigned char *)urn_buffer_data(array->buffer);
    UT_ASSERT(((uintptr_t)array->base & 255) == 0, "a buffer is not 256-byte aligned");
    array->data = array->base + UT_ZONE + misalign;
    unsigned char *image = (unsigned char *)ut_malloc(array->total);
    memset(image, UT_ZONE_BYTE, array->total);
    if (host) memcpy(image + UT_ZONE + misalign, host, bytes);
    if (!host) memset(image + UT_ZONE + misalign, UT_FRESH_BYTE, bytes);
    UT_OK(urn_buffer_write(bed->stream, array->buffer, 0, image, array->total));
    UT_OK(urn_stream_sync_host(bed->stream));
    free(image);
    return array->data;
}

void *ut_upload_at(ut_bed *bed, const void *host, size_t bytes, size_t misalign) {
    return host && bytes ? array_make(bed, host, bytes, misalign) : NULL;
}

void *ut_upload(ut_bed *bed, const void *host, size_t bytes) { return ut_upload_at(bed, host, bytes, 0); }

void *ut_output(ut_bed *bed, size_t bytes) { return bytes ? array_make(bed, NULL, bytes, 0) : NULL; }

void ut_download(ut_bed *bed, const void *device, void *host, size_t bytes) {
    for (int i = 0; i < bed->count; i++) {
        const ut_array *array = bed->arrays + i;
        if (array->data != device) continue;
        UT_ASSERT(bytes <= array->bytes, "a download of %zu bytes from an array of %zu", bytes, array->bytes);
        unsigned char *image = array_image(bed, array);
        memcpy(host, image + (array->data - array->base), bytes);
        free(image);
        return;
    }
    ut_fail(__FILE__, __LINE__, "ut_download: not an array of this bed");
}

void ut_clear(ut_bed *bed) {
    UT_OK(urn_stream_sync_host(bed->stream));
    for (int i = 0; i < bed->count; i++) {
        free(array_image(bed, bed->arrays + i));
        urn_buffer_destroy(bed->arrays[i].buffer);
    }
    bed->count = 0;
}

void ut_close(ut_bed *bed) {
    ut_clear(bed);
    urn_stream_destroy(bed->stream);
    urn_ctx_destroy(bed->ctx);
    free(bed->arrays);
    free(bed);
}

/* ---- sample_all ---- */

static const urn_list *upload_lists(ut_bed *bed, const ut_job *job, int64_t slots, urn_step *steps, urn_list *lists) {
    for (int32_t l = 0; l < job->list_count; l++) {
        lists[l].count = job->lists[l].count;
        lists[l].steps = steps;
        for (int32_t i = 0; i < job->lists[l].count; i++, steps++) {
            *steps = job->lists[l].steps[i];
            for (int k = 0; k < 4; k++) {
                urn_param *param = steps->param + k;
                size_t length = (size_t)(param->by == URN_BY_ROW ? job->rows : slots);
                if (param->by != URN_SCALAR) param->array = ut_upload(bed, param->array, 4 * length);
            }
            if (steps->op != URN_OP_MASK) continue;
            steps->table = ut_upload(bed, steps->table, 4 * (size_t)(steps->table_rows * steps->table_stride));
            steps->map = (const int32_t *)ut_upload(bed, steps->map, 4 * (size_t)job->rows);
        }
    }
    return lists;
}

static urn_matrix upload_logits(ut_bed *bed, const ut_job *job) {
    int64_t stride = job->row_stride ? job->row_stride : job->cols, rows = job->row_index ? job->data_rows : job->rows;
    int64_t elements = job->offsets ? job->data_size : (rows - 1) * stride + job->cols;
    const void *data = ut_upload_at(bed, job->logits, (size_t)elements * urn_dtype_size(job->dtype), job->misalign);
    if (job->offsets) {
        const int64_t *offsets = (const int64_t *)ut_upload(bed, job->offsets, 8 * (size_t)(job->rows + 1));
        return urn_matrix_ragged(data, job->dtype, job->data_size, offsets, job->rows, job->cols);
    }
    urn_matrix dense = urn_matrix_dense(data, job->dtype, rows, job->cols, stride);
    if (!job->row_index) return dense;
    return urn_matrix_indexed(dense, (const int32_t *)ut_upload(bed, job->row_index, 4 * (size_t)job->rows), job->rows);
}

ut_draws *ut_sample_all(ut_bed *bed, const ut_job *job) {
    size_t rows = (size_t)job->rows, draws = (size_t)(job->draws ? job->draws : 1), cells = rows * draws;
    int64_t slots = job->slots ? job->slots : job->rows;
    int32_t total = 0;
    for (int32_t l = 0; l < job->list_count; l++) total += job->lists[l].count;
    urn_step *steps = (urn_step *)ut_malloc(sizeof *steps * (size_t)(total + 1));
    urn_list *lists = (urn_list *)ut_malloc(sizeof *lists * (size_t)(job->list_count + 1));
    urn_sampler *sampler = NULL;
    if (job->list_count) {
        UT_OK(urn_sampler_create(bed->ctx, upload_lists(bed, job, slots, steps, lists), job->list_count, &sampler));
    }
    free(steps);
    free(lists);

    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.draws = (int32_t)draws;
    p.logits = upload_logits(bed, job);
    p.sampler = sampler;
    p.slot = (const int32_t *)ut_upload(bed, job->slot, 4 * rows);
    p.list = (const int32_t *)ut_upload(bed, job->list, 4 * (size_t)slots);
    p.seed = (const uint64_t *)ut_upload(bed, job->seed, 8 * (size_t)slots);
    p.label = (const uint64_t *)ut_upload(bed, job->label, 8 * (size_t)slots);
    p.position = (const uint32_t *)ut_upload(bed, job->position, 4 * rows);
    p.row_count = (const int32_t *)ut_upload(bed, job->row_count, 4);
    p.state = job->state;
    p.slots = job->slots;
    p.seed_value = job->seed_value;
    p.position_value = job->position_value;
    p.list_value = job->list_value;
    p.ids = (int32_t *)ut_output(bed, 4 * cells);
    p.rank = (int32_t *)ut_output(bed, 4 * cells);
    p.logprob = (float *)ut_output(bed, 4 * cells);
    p.logprob_raw = (float *)ut_output(bed, 4 * cells);
    p.lse = (float *)ut_output(bed, 4 * rows);
    p.entropy = (float *)ut_output(bed, 4 * rows);
    p.kept_logmass = (float *)ut_output(bed, 4 * rows);
    p.kept_count = (int32_t *)ut_output(bed, 4 * rows);
    p.status = (int32_t *)ut_output(bed, 4 * rows);
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(sampler, job->rows, job->cols)));
    UT_OK(urn_sample(bed->stream, &p));

    ut_draws *out = ut_draws_make(job->rows, (int32_t)draws);
    struct {
        void *host;
        const void *device;
        size_t n;
    } copies[] = {{out->ids, p.ids, cells},
                  {out->rank, p.rank, cells},
                  {out->logprob, p.logprob, cells},
                  {out->logprob_raw, p.logprob_raw, cells},
                  {out->lse, p.lse, rows},
                  {out->entropy, p.entropy, rows},
                  {out->kept_logmass, p.kept_logmass, rows},
                  {out->kept_count, p.kept_count, rows},
                  {out->status, p.status, rows}};
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        ut_download(bed, copies[i].device, copies[i].host, 4 * copies[i].n);
    }
    urn_sampler_destroy(sampler);
    ut_clear(bed);
    return out;
}

ut_draws *ut_sample_steps(ut_bed *bed, const ut_job *job, const urn_step *steps, int32_t count) {
    urn_list list = {steps, count};
    ut_job one = *job;
    one.lists = &list;
    one.list_count = 1;
    return ut_sample_all(bed, &one);
}

ut_draws *ut_draws_make(int64_t rows, int32_t draws) {
    ut_draws *d = (ut_draws *)ut_malloc(sizeof *d);
    size_t row_bytes = 4 * (size_t)rows, cell_bytes = row_bytes * (size_t)draws;
    d->rows = rows;
    d->draws = draws;
    d->ids = (int32_t *)ut_malloc(cell_bytes);
    d->rank = (int32_t *)ut_malloc(cell_bytes);
    d->logprob = (float *)ut_malloc(cell_bytes);
    d->logprob_raw = (float *)ut_malloc(cell_bytes);
    d->lse = (float *)ut_malloc(row_bytes);
    d->entropy = (float *)ut_malloc(row_bytes);
    d->kept_logmass = (float *)ut_malloc(row_bytes);
    d->kept_count = (int32_t *)ut_malloc(row_bytes);
    d->status = (int32_t *)ut_malloc(row_bytes);
    return d;
}

void ut_draws_free(ut_draws *d) {
    if (!d) return;
    void *all[] = {d->ids,     d->rank,         d->logprob,    d->logprob_raw, d->lse,
                   d->entropy, d->kept_logmass, d->kept_count, d->status};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(d);
}

void ut_same_row(const char *file, int line, const ut_draws *a, int64_t ra, const ut_draws *b, int64_t rb,
                 const char *what) {
    size_t n = (size_t)(a->draws < b->draws ? a->draws : b->draws);
    size_t da = (size_t)ra * (size_t)a->draws, db = (size_t)rb * (size_t)b->draws;
    struct {
        const char *name;
        const void *x, *y;
        size_t n;
    } pairs[] = {{"status", a->status + ra, b->status + rb, 1},
                 {"kept_count", a->kept_count + ra, b->kept_count + rb, 1},
                 {"ids", a->ids + da, b->ids + db, n},
                 {"rank", a->rank + da, b->rank + db, n},
                 {"logprob", a->logprob + da, b->logprob + db, n},
                 {"logprob_raw", a->logprob_raw + da, b->logprob_raw + db, n},
                 {"lse", a->lse + ra, b->lse + rb, 1},
                 {"entropy", a->entropy + ra, b->entropy + rb, 1},
                 {"kept_logmass", a->kept_logmass + ra, b->kept_logmass + rb, 1}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (memcmp(pairs[i].x, pairs[i].y, 4 * pairs[i].n) == 0) continue;
        char text[160];
        snprintf(text, sizeof text, "%s: %s of rows %lld and %lld", what, pairs[i].name, (long long)ra, (long long)rb);
        ut_same_bits(file, line, pairs[i].x, pairs[i].y, pairs[i].n, 4, text);
    }
}

void ut_same_draws(const char *file, int line, const ut_draws *a, const ut_draws *b, const char *what) {
    if (a->rows != b->rows) ut_fail(file, line, "%s: %lld and %lld rows", what, (long long)a->rows, (long long)b->rows);
    for (int64_t r = 0; r < a->rows; r++) ut_same_row(file, line, a, r, b, r, what);
}
