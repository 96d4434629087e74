/* prog_npy.c - .npy format 1, 2 and 3: read by mapping the file, refuse clearly what cannot be used. */
#define _POSIX_C_SOURCE 200809L
#include "host/prog_npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    char name[4];
    size_t size;
} TYPES[] = {{"f4", 4}, {"f2", 2}, {"u2", 2}, {"i4", 4}, {"u4", 4}, {"i8", 8}, {"u8", 8}, {"f8", 8}};

enum { TYPE_COUNT = sizeof TYPES / sizeof TYPES[0], PREFIX = 6, MAX_DIMS = 32 };

size_t prog_type_size(prog_type type) { return TYPES[type].size; }
const char *prog_type_name(prog_type type) { return TYPES[type].name; }

int prog_fail(prog_error *error, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(error->text, sizeof error->text, format, list);
    va_end(list);
    return -1;
}

/* The header is a Python dict literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. The keys may come
 * in any order, so it is read as such, by a cursor that never passes `end`. */
typedef struct header_text {
    const char *at, *end;
} header_text;

static void skip_space(header_text *t) {
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t' || *t->at == '\r')) t->at++;
}

static int accept_char(header_text *t, char c) {
    skip_space(t);
    if (t->at == t->end || *t->at != c) return 0;
    t->at++;
    return 1;
}

static int accept_word(header_text *t, const char *word) {
    const size_t n = strlen(word);
    skip_space(t);
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0) return 0;
    t->at += n;
    return 1;
}

static int read_string(header_text *t, char *out, size_t capacity) {
    size_t n = 0;
    char quote;
    skip_space(t);
    if (t->at == t->end || (*t->at != '\'' && *t->at != '"')) return 0;
    quote = *t->at++;
    while (t->at < t->end && *t->at != quote && n + 1 < capacity) out[n++] = *t->at++;
    out[n] = 0;
    return accept_char(t, quote);
}

static int read_shape(header_text *t, int64_t *shape, int *dims) {
    *dims = 0;
    if (!accept_char(t, '(')) return 0;
    while (!accept_char(t, ')')) {
        int64_t value = 0;
        int digits = 0;
        skip_space(t);
        for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++, digits++) {
            if (value > (INT64_MAX - 9) / 10) return 0;
            value = value * 10 + (*t->at - '0');
        }
        if (t->at < t->end && *t->at == 'L') t->at++; /* Python 2 wrote long integers so */
        if (digits == 0 || *dims == MAX_DIMS) return 0;
        shape[(*dims)++] = value;
        if (!accept_char(t, ',') && !(t->at < t->end && *t->at == ')')) return 0;
    }
    return 1;
}

typedef struct header_fields {
    char descr[32];
    int fortran, dims, structured;
    int64_t shape[MAX_DIMS];
} header_fields;

static int read_header(header_text t, header_fields *f) {
    char key[32];
    int seen = 0;
    if (!accept_char(&t, '{')) return 0;
    while (!accept_char(&t, '}')) {
        if (!read_string(&t, key, sizeof key) || !accept_char(&t, ':')) return 0;
        if (strcmp(key, "descr") == 0) {
            seen |= 1;
            skip_space(&t);
            if (t.at < t.end && *t.at == '[') {
                f->structured = 1; /* a record type: the caller refuses it, nothing more need be read */
                return 1;
            }
            if (!read_string(&t, f->descr, sizeof f->descr)) return 0;
        } else if (strcmp(key, "fortran_order") == 0) {
            seen |= 2;
            if (accept_word(&t, "True"))
                f->fortran = 1;
            else if (!accept_word(&t, "False"))
                return 0;
        } else if (strcmp(key, "shape") == 0) {
            seen |= 4;
            if (!read_shape(&t, f->shape, &f->dims)) return 0;
        } else
            return 0;
        if (!accept_char(&t, ',')) {
            if (!accept_char(&t, '}')) return 0;
            break;
        }
    }
    return seen == 7;
}

static int find_type(const char *path, const header_fields *f, prog_type *type, prog_error *error) {
    const char *name = f->descr + 1;
    int i;
    if (f->structured)
        return prog_fail(
            error, "%s: holds records, not numbers; save one field: numpy.save(\"fixed.npy\", a[\"field\"])", path);
    for (i = 0; i < TYPE_COUNT; i++)
        if (strcmp(name, TYPES[i].name) == 0) break;
    if (i == TYPE_COUNT || strchr("<>=|", f->descr[0]) == NULL || f->descr[0] == '|')
        return prog_fail(
            error,
            "%s: dtype '%s' is not read here (f4, f8, f2, u2 for bf16 bits; i4, i8, u4, u8: ids); convert: "
            "python3 -c 'import numpy as n; n.save(\"fixed.npy\", n.load(\"%s\").astype(\"<f4\"))'",
            path, f->descr, path);
    if (f->descr[0] == '>')
        return prog_fail(error,
                         "%s: big-endian ('%s'); rewrite it little-endian: "
                         "python3 -c 'import numpy as n; n.save(\"fixed.npy\", n.load(\"%s\").astype(\"<%s\"))'",
                         path, f->descr, path, name);
    *type = (prog_type)i;
    return 0;
}

static int find_shape(const char *path, const header_fields *f, prog_npy *a, prog_error *error) {
    int i;
    for (i = 0; i < f->dims; i++)
        if (f->shape[i] == 0) return prog_fail(error, "%s: an array without elements: axis %d has length 0", path, i);
    if (f->dims == 0) return prog_fail(error, "%s: a single number, not a row; save it as numpy.array([x])", path);
    if (f->dims > 2)
        return prog_fail(error,
                         "%s: %d axes, at most 2 are read; flatten the leading ones: "
                         "python3 -c 'import numpy as n; a = n.load(\"%s\"); n.save(\"fixed.npy\", a.reshape(-1, "
                         "a.shape[-1]))'",
                         path, f->dims, path);
    a->dims = f->dims;
    a->rows = f->dims == 2 ? f->shape[0] : 1;
    a->cols = f->shape[f->dims - 1];
    /* One row, one column or one axis has the same bytes in either order, and numpy may say so either way. */
    if (f->fortran && a->rows > 1 && a->cols > 1)
        return prog_fail(error,
                         "%s: Fortran order (columns first); rewrite it row by row: "
                         "python3 -c 'import numpy as n; n.save(\"fixed.npy\", n.ascontiguousarray(n.load(\"%s\")))'",
                         path, path);
    return 0;
}

int prog_npy_parse(const char *path, const void *bytes, size_t size, prog_npy *array, prog_error *error) {
    const unsigned char *file = bytes;
    header_fields fields;
    header_text text;
    size_t begin, length, need, width;
    memset(&fields, 0, sizeof fields);
    array->data = NULL;
    array->copy = NULL;
    if (size < PREFIX || memcmp(file, "\x93NUMPY", PREFIX) != 0)
        return prog_fail(
            error, "%s: not a .npy file (it does not begin with \\x93NUMPY)%s; make one with numpy.save(\"x.npy\", a)",
            path, size >= 2 && file[0] == 'P' && file[1] == 'K' ? "; a .npz holds several, unpack it" : "");
    if (size < 10) return prog_fail(error, "%s: the file ends inside its header, after %zu bytes", path, size);
    if (file[6] < 1 || file[6] > 3)
        return prog_fail(error, "%s: .npy format %d.%d; formats 1 to 3 are read", path, file[6], file[7]);
    begin = file[6] == 1 ? 10 : 12;
    if (size < begin) return prog_fail(error, "%s: the file ends inside its header, after %zu bytes", path, size);
    length = file[8] | (size_t)file[9] << 8;
    if (file[6] > 1) length |= (size_t)file[10] << 16 | (size_t)file[11] << 24;
    if (length > size - begin)
        return prog_fail(error, "%s: the file ends inside its header: %zu bytes, the header needs %zu", path, size,
                         begin + length);
    text.at = (const char *)file + begin;
    text.end = text.at + length;
    if (!read_header(text, &fields)) return prog_fail(error, "%s: the .npy header cannot be understood", path);
    if (find_type(path, &fields, &array->type, error) != 0) return -1;
    if (find_shape(path, &fields, array, error) != 0) return -1;
    width = prog_type_size(array->type);
    if ((uint64_t)array->rows > SIZE_MAX / 2 / width / (uint64_t)array->cols)
        return prog_fail(error, "%s: the shape (%lld, %lld) cannot fit any file", path, (long long)array->rows,
                         (long long)array->cols);
    need = (size_t)array->rows * (size_t)array->cols * width;
    if (need > size - begin - length)
        return prog_fail(error,
                         "%s: truncated: the shape (%lld, %lld) of %s needs %zu bytes of data, the file has %zu; "
                         "copy or save it again",
                         path, (long long)array->rows, (long long)array->cols, prog_type_name(array->type), need,
                         size - begin - length);
    array->data = file + begin + length;
    if ((uintptr_t)array->data % width != 0) {
        array->copy = malloc(need);
        if (array->copy == NULL) return prog_fail(error, "%s: no memory for %zu bytes", path, need);
        array->data = memcpy(array->copy, array->data, need);
    }
    return 0;
}

int prog_npy_open(const char *path, prog_npy *array, prog_error *error) {
    struct stat info;
    const int fd = open(path, O_RDONLY);
    memset(array, 0, sizeof *array);
    if (fd < 0) return prog_fail(error, "%s: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return prog_fail(error, "%s: not a regular file; the input is mapped, so it cannot be a pipe or a folder",
                         path);
    }
    if (info.st_size == 0) {
        close(fd);
        return prog_fail(error, "%s: an empty file", path);
    }
    array->map_bytes = (size_t)info.st_size;
    array->map = mmap(NULL, array->map_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (array->map == MAP_FAILED) {
        array->map = NULL;
        return prog_fail(error, "%s: cannot be mapped: %s", path, strerror(errno));
    }
    if (prog_npy_parse(path, array->map, array->map_bytes, array, error) != 0) {
        prog_npy_close(array);
        return -1;
    }
    return 0;
}

void prog_npy_close(prog_npy *array) {
    free(array->copy);
    if (array->map != NULL) munmap(array->map, array->map_bytes);
    memset(array, 0, sizeof *array);
}

/* The header is 128 bytes whatever the row count, so that it can be written again at the end, and the data begins at a
 * multiple of 64 as numpy's own does. */
static int write_header(prog_npy_out *out) {
    char header[128];
    int n = 10;
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    n += snprintf(header + n, sizeof header - (size_t)n, "{'descr': '<%s', 'fortran_order': False, 'shape': (%lld,",
                  prog_type_name(out->type), (long long)out->rows);
    if (out->dims == 2) n += snprintf(header + n, sizeof header - (size_t)n, " %lld", (long long)out->cols);
    n += snprintf(header + n, sizeof header - (size_t)n, "), }");
    header[n] = ' ';
    header[sizeof header - 1] = '\n';
    return fwrite(header, sizeof header, 1, out->file) == 1;
}

int prog_npy_create(prog_npy_out *out, const char *path, prog_type type, int32_t dims, int64_t cols,
                    prog_error *error) {
    out->path = path;
    out->type = type;
    out->dims = dims;
    out->rows = 0;
    out->cols = cols;
    out->file = fopen(path, "wb");
    if (out->file == NULL) return prog_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    if (!write_header(out)) return prog_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    return 0;
}

int prog_npy_append(prog_npy_out *out, const void *data, int64_t rows, prog_error *error) {
    const size_t count = (size_t)rows * (size_t)out->cols;
    if (fwrite(data, prog_type_size(out->type), count, out->file) != count)
        return prog_fail(error, "%s: cannot be written: %s", out->path, strerror(errno));
    out->rows += rows;
    return 0;
}

int prog_npy_finish(prog_npy_out *out, prog_error *error) {
    int ok;
    if (out->file == NULL) return 0;
    ok = fseek(out->file, 0, SEEK_SET) == 0 && write_header(out);
    ok = fclose(out->file) == 0 && ok;
    out->file = NULL;
    return ok ? 0 : prog_fail(error, "%s: cannot be written: %s", out->path, strerror(errno));
}

int prog_npy_save(const char *path, prog_type type, int32_t dims, int64_t rows, int64_t cols, const void *data,
                  prog_error *error) {
    prog_npy_out out;
    int bad = prog_npy_create(&out, path, type, dims, dims == 2 ? cols : 1, error);
    if (!bad) bad = prog_npy_append(&out, data, dims == 2 ? rows : rows * cols, error);
    if (bad) {
        prog_error later; /* the first failure is the one to report */
        prog_npy_finish(&out, &later);
        return -1;
    }
    return prog_npy_finish(&out, error);
}
