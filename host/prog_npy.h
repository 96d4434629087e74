/* prog_npy.h - .npy files: one array mapped for reading, or rows written one batch after another. */
#ifndef PROG_NPY_H
#define PROG_NPY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The types read and written, by numpy's own names. */
typedef enum prog_type {
    PROG_F4, /* '<f4' */
    PROG_F2, /* '<f2' */
    PROG_U2, /* '<u2': bf16 as raw bits, numpy has no name for it */
    PROG_I4,
    PROG_U4,
    PROG_I8,
    PROG_U8,
    PROG_F8
} prog_type;

size_t prog_type_size(prog_type type);
const char *prog_type_name(prog_type type); /* "f4" */

/* What went wrong, in words for the user. Empty: nothing did. */
typedef struct prog_error {
    char text[640];
} prog_error;

/* prog_fail - put a printf-formatted text into `error` and answer -1. */
int prog_fail(prog_error *error, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* A file's array, seen as a matrix: a 1-D array is one row. data is aligned to its element. */
typedef struct prog_npy {
    const void *data;
    prog_type type;
    int32_t dims; /* 1 or 2 */
    int64_t rows, cols;
    void *map; /* the whole file, read only: pages come in when rows are first touched */
    size_t map_bytes;
    void *copy; /* set where the file's header leaves the data unaligned */
} prog_npy;

/* prog_npy_open - map `path`. Returns 0, or -1 with error saying what to do. prog_npy_close - give it back. */
int prog_npy_open(const char *path, prog_npy *array, prog_error *error);
void prog_npy_close(prog_npy *array);

/* prog_npy_parse - the same for a file already in memory; array->data then points into it (or to a copy). */
int prog_npy_parse(const char *path, const void *bytes, size_t size, prog_npy *array, prog_error *error);

/* A file being written. */
typedef struct prog_npy_out {
    FILE *file;
    const char *path;
    prog_type type;
    int32_t dims;
    int64_t rows, cols;
} prog_npy_out;

/* prog_npy_create - start `path` with rows of `cols` (dims 2), or as one row of numbers (dims 1, cols 1).
 * prog_npy_append - more rows. prog_npy_finish - write the final row count and close; call it after a failed
 * append too. Each returns 0, or -1 with error. */
int prog_npy_create(prog_npy_out *out, const char *path, prog_type type, int32_t dims, int64_t cols, prog_error *error);
int prog_npy_append(prog_npy_out *out, const void *data, int64_t rows, prog_error *error);
int prog_npy_finish(prog_npy_out *out, prog_error *error);

/* prog_npy_save - all three at once. */
int prog_npy_save(const char *path, prog_type type, int32_t dims, int64_t rows, int64_t cols, const void *data,
                  prog_error *error);

#endif
