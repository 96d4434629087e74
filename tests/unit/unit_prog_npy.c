/* unit_prog_npy.c - .npy files: every header numpy writes is read, every unusable one is refused with advice. */
#include "host/prog_npy.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *unit_prog_npy_suite(void);

/* A file in memory: magic, version, header text padded with blanks to `align`, then `data_bytes` bytes 0, 1, 2, ... */
typedef struct npy_bytes {
    unsigned char bytes[2048];
    size_t size;
} npy_bytes;

static npy_bytes make_file(int version, const char *header, size_t align, size_t data_bytes) {
    npy_bytes f;
    const size_t prefix = version == 1 ? 10 : 12;
    size_t length = strlen(header) + 1, i;
    length += (align - (prefix + length) % align) % align;
    memset(&f, ' ', sizeof f);
    memcpy(f.bytes, "\x93NUMPY", 6);
    f.bytes[6] = (unsigned char)version;
    f.bytes[7] = 0;
    f.bytes[8] = (unsigned char)length;
    f.bytes[9] = (unsigned char)(length >> 8);
    if (version > 1) f.bytes[10] = f.bytes[11] = 0;
    memcpy(f.bytes + prefix, header, strlen(header));
    f.bytes[prefix + length - 1] = '\n';
    for (i = 0; i < data_bytes; i++) f.bytes[prefix + length + i] = (unsigned char)i;
    f.size = prefix + length + data_bytes;
    return f;
}

/* Parses bytes copied to the start of a fresh block, so that a read past the end is a read past the block. */
static int parse(const npy_bytes *f, prog_npy *a, prog_error *error, void **block) {
    *block = malloc(f->size ? f->size : 1);
    memcpy(*block, f->bytes, f->size);
    memset(error, 0, sizeof *error);
    memset(a, 0, sizeof *a);
    return prog_npy_parse("x.npy", *block, f->size, a, error);
}

/* What is read: header, format version, padding, and the matrix that must come out. */
static const struct {
    const char *why, *header;
    int version;
    size_t align, data_bytes;
    prog_type type;
    int dims, rows, cols;
} GOOD[] = {
    {"numpy's own", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 1, 64, 60, PROG_F4, 2, 3, 5},
    {"format 2", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 2, 64, 60, PROG_F4, 2, 3, 5},
    {"format 3", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 3, 64, 60, PROG_F4, 2, 3, 5},
    {"1-D is one row", "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }", 1, 64, 28, PROG_F4, 1, 1, 7},
    {"old padding", "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", 1, 16, 12, PROG_F2, 2, 2, 3},
    {"no padding", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 1, 1, 24, PROG_F4, 2, 2, 3},
    {"odd data address", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3) }", 1, 1, 24, PROG_F4, 2, 2, 3},
    {"other key order", "{'shape': (2,3), 'fortran_order': False, 'descr': '<u2'}", 1, 64, 12, PROG_U2, 2, 2, 3},
    {"double quotes", "{\"descr\": \"<i4\", \"fortran_order\": False, \"shape\": (2, 3)}", 1, 64, 24, PROG_I4, 2, 2, 3},
    {"native mark", "{'descr': '=u4', 'fortran_order': False, 'shape': (6,)}", 1, 64, 24, PROG_U4, 1, 1, 6},
    {"Python 2's L", "{'descr': '<i8', 'fortran_order': False, 'shape': (2L, 3L), }", 1, 64, 48, PROG_I8, 2, 2, 3},
    {"u8", "{'descr': '<u8', 'fortran_order': False, 'shape': (1, 2), }", 1, 64, 16, PROG_U8, 2, 1, 2},
    {"fortran, one row", "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 5), }", 1, 64, 20, PROG_F4, 2, 1, 5},
    {"fortran, one axis", "{'descr': '<f4', 'fortran_order': True, 'shape': (5,), }", 1, 64, 20, PROG_F4, 1, 1, 5},
    {"more data follows", "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }", 1, 64, 99, PROG_F4, 1, 1, 5},
};

START_TEST(every_header_numpy_writes_is_read) {
    npy_bytes f = make_file(GOOD[_i].version, GOOD[_i].header, GOOD[_i].align, GOOD[_i].data_bytes);
    prog_npy a;
    prog_error error;
    void *block;
    size_t i, n;
    ck_assert_msg(parse(&f, &a, &error, &block) == 0, "%s: %s", GOOD[_i].why, error.text);
    ck_assert_msg(
        a.type == GOOD[_i].type && a.dims == GOOD[_i].dims && a.rows == GOOD[_i].rows && a.cols == GOOD[_i].cols,
        "%s: type %s, %d axes, (%d, %d)", GOOD[_i].why, prog_type_name(a.type), a.dims, (int)a.rows, (int)a.cols);
    ck_assert_msg((uintptr_t)a.data % prog_type_size(a.type) == 0, "%s: data not aligned", GOOD[_i].why);
    n = (size_t)(a.rows * a.cols) * prog_type_size(a.type);
    for (i = 0; i < n; i++)
        ck_assert_msg(((const unsigned char *)a.data)[i] == (unsigned char)i, "%s: byte %zu of the data", GOOD[_i].why,
                      i);
    prog_npy_close(&a);
    free(block);
}
END_TEST

/* What is refused: header, data bytes there, and words that the message must contain. */
static const struct {
    const char *header;
    size_t data_bytes;
    const char *says, *advice;
} BAD[] = {
    {"{'descr': '>f4', 'fortran_order': False, 'shape': (3, 5), }", 60, "big-endian", "astype(\"<f4\")"},
    {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 5), }", 60, "Fortran order", "ascontiguousarray"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 59, "truncated", "again"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 0, "truncated", "needs 60 bytes"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (3, 5), }", 120, "'<c8'", "astype(\"<f4\")"},
    {"{'descr': '|b1', 'fortran_order': False, 'shape': (3, 5), }", 15, "'|b1'", "astype"},
    {"{'descr': '|u4', 'fortran_order': False, 'shape': (3, 5), }", 60, "'|u4'", "astype"},
    {"{'descr': '', 'fortran_order': False, 'shape': (3, 5), }", 60, "dtype ''", "astype"},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", 12, "records", "a[\"field\"]"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5), }", 0, "without elements", "axis 0"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0), }", 0, "without elements", "axis 1"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, "single number", "array([x])"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }", 96, "3 axes", "reshape(-1"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", 64, "cannot fit", "shape"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 4), }", 64, "header", "understood"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 5), }", 60, "header", "understood"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3 5), }", 60, "header", "understood"},
    {"{'descr': '<f4', 'fortran_order': False, }", 60, "header", "understood"},
    {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (3, 5), }", 60, "header", "understood"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), 'more': 1}", 60, "header", "understood"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5)", 60, "header", "understood"},
    {"{'descr': '<f4", 60, "header", "understood"},
    {"", 60, "header", "understood"},
};

START_TEST(an_unusable_array_is_refused_with_advice) {
    npy_bytes f = make_file(1, BAD[_i].header, 64, BAD[_i].data_bytes);
    prog_npy a;
    prog_error error;
    void *block;
    ck_assert_msg(parse(&f, &a, &error, &block) == -1, "accepted: %s", BAD[_i].header);
    ck_assert_msg(strstr(error.text, BAD[_i].says) && strstr(error.text, BAD[_i].advice), "%s\nsays: %s",
                  BAD[_i].header, error.text);
    ck_assert_msg(strncmp(error.text, "x.npy: ", 7) == 0, "does not name the file: %s", error.text);
    prog_npy_close(&a);
    free(block);
}
END_TEST

START_TEST(a_file_cut_at_any_byte_is_refused) {
    const npy_bytes whole = make_file(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 64, 60);
    size_t n;
    for (n = 0; n < whole.size; n++) {
        npy_bytes f = whole;
        prog_npy a;
        prog_error error;
        void *block;
        f.size = n;
        ck_assert_msg(parse(&f, &a, &error, &block) == -1, "accepted the first %zu of %zu bytes", n, whole.size);
        ck_assert_msg(error.text[0] != 0, "no message for the first %zu bytes", n);
        free(block);
    }
}
END_TEST

START_TEST(bad_magic_and_versions_are_refused) {
    npy_bytes f = make_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 64, 60);
    prog_npy a;
    prog_error error;
    void *block;
    f.bytes[6] = 4;
    ck_assert_int_eq(parse(&f, &a, &error, &block), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "format 4"));
    free(block);
    f.bytes[6] = 1;
    f.bytes[3] = 'X';
    ck_assert_int_eq(parse(&f, &a, &error, &block), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "not a .npy file"));
    free(block);
    memcpy(f.bytes, "PK\x03\x04", 4);
    ck_assert_int_eq(parse(&f, &a, &error, &block), -1);
    ck_assert_ptr_nonnull(strstr(error.text, ".npz"));
    free(block);
}
END_TEST

static const char *temporary(char *path, size_t size) {
    int fd;
    snprintf(path, size, "%s/urn_npy_XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    return path;
}

START_TEST(what_is_written_is_read_back) {
    static const prog_type TYPES[] = {PROG_F4, PROG_F2, PROG_U2, PROG_I4, PROG_U4, PROG_I8, PROG_U8, PROG_F8};
    const prog_type type = TYPES[_i % 8];
    const int dims = 1 + _i / 8;
    unsigned char data[6 * 8];
    char path[256];
    prog_npy a;
    prog_npy_out out;
    prog_error error;
    size_t i;
    for (i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 37 + 1);
    temporary(path, sizeof path);
    /* in two pieces, so that the row count in the header is rewritten */
    ck_assert_int_eq(prog_npy_create(&out, path, type, dims, dims == 2 ? 2 : 1, &error), 0);
    ck_assert_int_eq(prog_npy_append(&out, data, 1, &error), 0);
    ck_assert_int_eq(prog_npy_append(&out, data + (dims == 2 ? 2 : 1) * prog_type_size(type), 2, &error), 0);
    ck_assert_int_eq(prog_npy_finish(&out, &error), 0);
    ck_assert_msg(prog_npy_open(path, &a, &error) == 0, "%s", error.text);
    unlink(path);
    ck_assert_int_eq(a.type, type);
    ck_assert_int_eq(a.dims, dims);
    ck_assert_int_eq(a.rows, dims == 2 ? 3 : 1);
    ck_assert_int_eq(a.cols, dims == 2 ? 2 : 3);
    ck_assert_int_eq(((const char *)a.data - (const char *)a.map) % 64, 0);
    ck_assert_mem_eq(a.data, data, (size_t)(a.rows * a.cols) * prog_type_size(type));
    prog_npy_close(&a);
}
END_TEST

START_TEST(files_that_cannot_be_opened_are_refused) {
    char path[256];
    prog_npy a;
    prog_error error;
    ck_assert_int_eq(prog_npy_open("/nonexistent/x.npy", &a, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
    ck_assert_int_eq(prog_npy_open("/tmp", &a, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "not a regular file"));
    ck_assert_int_eq(prog_npy_open(temporary(path, sizeof path), &a, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "empty"));
    unlink(path);
    ck_assert_int_eq(prog_npy_save("/nonexistent/x.npy", PROG_F4, 1, 1, 1, "0123", &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "cannot be written"));
}
END_TEST

START_TEST(a_full_disk_is_reported) {
    prog_error error;
    static char data[1 << 20];
    if (access("/dev/full", W_OK) != 0) return;
    ck_assert_int_eq(prog_npy_save("/dev/full", PROG_F4, 1, 1, sizeof data / 4, data, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "No space left"));
}
END_TEST

Suite *unit_prog_npy_suite(void) {
    Suite *suite = suite_create("unit_prog_npy");
    TCase *c = tcase_create("npy");
    tcase_add_loop_test(c, every_header_numpy_writes_is_read, 0, sizeof GOOD / sizeof GOOD[0]);
    tcase_add_loop_test(c, an_unusable_array_is_refused_with_advice, 0, sizeof BAD / sizeof BAD[0]);
    tcase_add_test(c, a_file_cut_at_any_byte_is_refused);
    tcase_add_test(c, bad_magic_and_versions_are_refused);
    tcase_add_loop_test(c, what_is_written_is_read_back, 0, 16);
    tcase_add_test(c, files_that_cannot_be_opened_are_refused);
    tcase_add_test(c, a_full_disk_is_reported);
    suite_add_tcase(suite, c);
    return suite;
}
