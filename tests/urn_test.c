/* urn_test.c - the shared test helpers: notes, bit comparison, backends, beds. Inputs are in urn_input.c,
 * sample_all in urn_job.c.
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

int ut_outside_check;
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
    if (ut_outside_check) fprintf(stderr, "%s:%d: %s [%s]\n", file, line, text, note);
    if (!ut_outside_check) ck_abort_msg("%s:%d: %s [%s]", file, line, text, note);
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

static void *array_make(ut_bed *bed, const void *host, size_t bytes, size_t misalign, int input) {
    if (bed->count == bed->capacity) {
        bed->capacity = bed->capacity ? 2 * bed->capacity : 32;
        bed->arrays = (ut_array *)realloc(bed->arrays, (size_t)bed->capacity * sizeof *bed->arrays);
        UT_ASSERT(bed->arrays, "out of memory");
    }
    ut_array *array = bed->arrays + bed->count++;
    array->bytes = bytes;
    array->total = 2 * UT_ZONE + misalign + bytes;
    array->input = input;
    array->checksum = input ? checksum_of(host, bytes) : 0;
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
    return host && bytes ? array_make(bed, host, bytes, misalign, 1) : NULL;
}

void *ut_upload(ut_bed *bed, const void *host, size_t bytes) { return ut_upload_at(bed, host, bytes, 0); }

void *ut_inout(ut_bed *bed, const void *host, size_t bytes, size_t misalign) {
    return array_make(bed, host, bytes, misalign, 0);
}

void *ut_output(ut_bed *bed, size_t bytes) { return bytes ? array_make(bed, NULL, bytes, 0, 0) : NULL; }

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
