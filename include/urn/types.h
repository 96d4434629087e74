/* types.h - dtypes and views. A view describes memory that the caller owns; making one costs nothing. */
#ifndef URN_TYPES_H
#define URN_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "urn/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A CUDA stream without CUDA's headers: cudaStream_t is struct CUstream_st *. */
struct CUstream_st;

typedef enum urn_dtype { URN_F32 = 0, URN_F16 = 1, URN_BF16 = 2 } urn_dtype;

/* urn_dtype_size - bytes of one element; 0 for a value that is no dtype. */
URN_API size_t urn_dtype_size(urn_dtype dtype);

/* urn_matrix - rows of numbers in memory that the backend can read (device memory for cuda, any host memory
 * for cpu), aligned to the element. Logical row r has `cols` elements starting at element
 *
 *     dense     data + r * row_stride                       row_stride >= 0; 0, set by hand, reads one row for all
 *     indexed   data + row_index[r] * row_stride            row_index[r] in [0, data_rows)
 *     ragged    data + offsets[r], offsets[r+1] - offsets[r] elements, at most cols; offsets has rows + 1
 *
 * row_index and offsets are arrays in the same memory as data and exclude each other. A row_index or offset out
 * of range gives that row URN_ROW_INDEX; a ragged row of length 0 gives URN_ROW_EMPTY. Offsets in elements are
 * 64-bit: rows * row_stride may pass 2^31. */
typedef struct urn_matrix {
    const void *data;
    int32_t dtype; /* urn_dtype */
    int32_t reserved;
    int64_t rows;       /* logical rows */
    int64_t cols;       /* elements of a row; with offsets: the longest a row may be */
    int64_t row_stride; /* elements between rows; ignored with offsets */
    int64_t data_rows;  /* with row_index: rows that exist at data; else ignored */
    int64_t data_size;  /* with offsets: elements that exist at data; else ignored */
    const int32_t *row_index;
    const int64_t *offsets;
} urn_matrix;

/* urn_matrix_dense - a view of rows x cols elements, rows row_stride elements apart (0 means cols). */
URN_API urn_matrix urn_matrix_dense(const void *data, urn_dtype dtype, int64_t rows, int64_t cols, int64_t row_stride);

/* urn_matrix_indexed - logical row r is row row_index[r] of the dense view `of`; a view of another kind makes one that
 * calls refuse. */
URN_API urn_matrix urn_matrix_indexed(urn_matrix of, const int32_t *row_index, int64_t rows);

/* urn_matrix_ragged - logical row r is data[offsets[r] .. offsets[r+1]), no longer than max_cols, inside data_size. */
URN_API urn_matrix urn_matrix_ragged(const void *data, urn_dtype dtype, int64_t data_size, const int64_t *offsets,
                                     int64_t rows, int64_t max_cols);

#ifdef __cplusplus
}
#endif

#endif
