/* api_types.c - dtypes and views. */
#include "urn/types.h"

size_t urn_dtype_size(urn_dtype dtype) {
    switch ((int)dtype) {
    case URN_F32:
        return 4;
    case URN_F16:
    case URN_BF16:
        return 2;
    }
    return 0;
}

urn_matrix urn_matrix_dense(const void *data, urn_dtype dtype, int64_t rows, int64_t cols, int64_t row_stride) {
    urn_matrix matrix = {0};
    matrix.data = data;
    matrix.dtype = (int32_t)dtype;
    matrix.rows = rows;
    matrix.cols = cols;
    matrix.row_stride = row_stride ? row_stride : cols;
    return matrix;
}

/* An index into a view that has one already, or into ragged rows, is not a view. -1 data rows make calls refuse it. */
urn_matrix urn_matrix_indexed(urn_matrix of, const int32_t *row_index, int64_t rows) {
    urn_matrix matrix = of;
    matrix.row_index = row_index;
    matrix.rows = rows;
    matrix.data_rows = of.row_index || of.offsets ? -1 : of.rows;
    return matrix;
}

urn_matrix urn_matrix_ragged(const void *data, urn_dtype dtype, int64_t data_size, const int64_t *offsets, int64_t rows,
                             int64_t max_cols) {
    urn_matrix matrix = {0};
    matrix.data = data;
    matrix.dtype = (int32_t)dtype;
    matrix.rows = rows;
    matrix.cols = max_cols;
    matrix.data_size = data_size;
    matrix.offsets = offsets;
    return matrix;
}
