/* basis.c - basis-aware truncation: which ids a law can be sure of, and draws from those (urn/basis.h). */
#include "urn/basis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fronts/basis_lp.h"
#include "urn/bits.h"
#include "urn/buffer.h"
#include "urn/reject.h"

struct urn_basis {
    float *embedding; /* [cols, dims] */
    int64_t cols;
    int32_t dims;
    /* the law, over ids of p > 0 only */
    int32_t *column; /* [cols] place among those ids; -1 */
    int32_t *row;    /* [n] their ids */
    double *p;       /* [n] sums to 1 */
    int32_t n;       /* 0: no law yet */
    double epsilon;
    basis_lp *lp;
};

#define FAIL(status, ...)                                                                                              \
    do {                                                                                                               \
        char detail[256];                                                                                              \
        snprintf(detail, sizeof detail, __VA_ARGS__);                                                                  \
        return urn_set_last_error((status), detail);                                                                   \
    } while (0)

static int is_finite_row(const float *x, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return 0;
    return 1;
}

urn_status urn_basis_create(const float *embedding, int64_t cols, int32_t dims, int64_t stride, urn_basis **basis) {
    if (!basis) FAIL(URN_E_NULL, "urn_basis_create: basis is NULL");
    *basis = NULL;
    if (!basis_lp_built())
        FAIL(URN_E_BACKEND, "urn_basis_create: liburn_host was built without a solver; install Clp and build again");
    if (!embedding && dims) FAIL(URN_E_NULL, "urn_basis_create: embedding is NULL");
    if (cols < 1 || cols > URN_MAX_COLS)
        FAIL(URN_E_SHAPE, "urn_basis_create: cols is %lld; wanted 1 to 2^22", (long long)cols);
    if (dims < 0 || dims > 4096) FAIL(URN_E_SHAPE, "urn_basis_create: dims is %d; wanted 0 to 4096", dims);
    if (stride == 0) stride = dims;
    if (stride < dims)
        FAIL(URN_E_SHAPE, "urn_basis_create: stride is %lld; wanted at least the %d dims", (long long)stride, dims);
    for (int64_t j = 0; j < cols; j++)
        if (!is_finite_row(embedding + j * stride, dims))
            FAIL(URN_E_VALUE, "urn_basis_create: row %lld of embedding has a NaN or an infinity", (long long)j);
    urn_basis *made = calloc(1, sizeof *made);
    size_t elements = (size_t)cols * (size_t)(dims ? dims : 1);
    if (made) {
        made->cols = cols;
        made->dims = dims;
        made->embedding = malloc(elements * sizeof(float));
        made->column = malloc((size_t)cols * sizeof *made->column);
        made->row = malloc((size_t)cols * sizeof *made->row);
        made->p = malloc((size_t)cols * sizeof *made->p);
    }
    if (!made || !made->embedding || !made->column || !made->row || !made->p) {
        urn_basis_destroy(made);
        FAIL(URN_E_MEMORY, "urn_basis_create: no memory for %lld rows of %d", (long long)cols, dims);
    }
    for (int64_t j = 0; dims && j < cols; j++)
        memcpy(made->embedding + j * dims, embedding + j * stride, (size_t)dims * sizeof(float));
    *basis = made;
    return URN_OK;
}

void urn_basis_destroy(urn_basis *basis) {
    if (!basis) return;
    basis_lp_free(basis->lp);
    free(basis->embedding);
    free(basis->column);
    free(basis->row);
    free(basis->p);
    free(basis);
}

urn_status urn_basis_law(urn_basis *basis, const float *p, float epsilon) {
    if (!basis || !p) FAIL(URN_E_NULL, "urn_basis_law: %s is NULL", basis ? "p" : "basis");
    if (!(epsilon >= 0.0f && epsilon < 1.0f))
        FAIL(URN_E_VALUE, "urn_basis_law: epsilon is %g; wanted [0, 1)", (double)epsilon);
    double sum = 0;
    for (int64_t j = 0; j < basis->cols; j++) {
        if (!(p[j] >= 0.0f)) FAIL(URN_E_VALUE, "urn_basis_law: p[%lld] is %g", (long long)j, (double)p[j]);
        sum += (double)p[j];
    }
    if (!(sum > 0 && isfinite(sum))) FAIL(URN_E_VALUE, "urn_basis_law: p sums to %g", sum);
    basis_lp_free(basis->lp); /* made again by the first id that needs it */
    basis->lp = NULL;
    basis->n = 0;
    basis->epsilon = (double)epsilon;
    for (int64_t j = 0; j < basis->cols; j++) {
        basis->column[j] = p[j] > 0.0f ? basis->n : -1;
        if (p[j] == 0.0f) continue;
        basis->row[basis->n] = (int32_t)j;
        basis->p[basis->n++] = (double)p[j] / sum;
    }
    return URN_OK;
}

int urn_basis_keeps(urn_basis *basis, int32_t id) {
    if (!basis || basis->n == 0 || id < 0 || id >= basis->cols) return -1;
    int32_t j = basis->column[id];
    if (j < 0) return 0;
    if (basis->p[j] >= basis->epsilon) return 1;
    if (!basis->lp)
        basis->lp =
            basis_lp_make(basis->embedding, basis->dims, basis->row, basis->p, basis->n, 1.0 / (1.0 - basis->epsilon));
    int can_miss = basis->lp ? basis_lp_can_miss(basis->lp, j) : -1;
    return can_miss < 0 ? -1 : !can_miss;
}

/* An id that the solver gives up on is not kept: the walk goes on, and nothing false is said of it. */
static int accept(void *user, int64_t row, int32_t id) {
    (void)row;
    return urn_basis_keeps(user, id) == 1;
}

/* What a call has on the device and on the host. */
typedef struct {
    urn_buffer *device;
    int32_t *ids, *status;
    float *logprob, *p;
} scratch;

static void put_scratch(scratch *s) {
    urn_buffer_destroy(s->device);
    free(s->ids);
    free(s->status);
    free(s->logprob);
    free(s->p);
}

static urn_status get_scratch(urn_ctx *ctx, int64_t rows, int64_t cols, scratch *s) {
    size_t words = (size_t)rows;
    s->ids = malloc(4 * words);
    s->status = malloc(4 * words);
    s->logprob = malloc(4 * words);
    s->p = malloc(4 * (size_t)cols);
    if (!s->ids || !s->status || !s->logprob || !s->p)
        FAIL(URN_E_MEMORY, "urn_basis_sample_host: no memory for %lld rows of %lld", (long long)rows, (long long)cols);
    return urn_buffer_create(ctx, URN_DEVICE, 12 * words + 4 * (size_t)cols + 256, &s->device);
}

static urn_sample_params sample_params(const urn_basis_params *p) {
    urn_sample_params s = URN_SAMPLE_PARAMS_INIT;
    s.logits = p->logits;
    s.method = URN_DRAW_GUMBEL;
    s.seed = p->seed;
    s.label = p->label;
    s.position = p->position;
    s.seed_value = p->seed_value;
    s.position_value = p->position_value;
    return s;
}

/* Every row's first id, and how likely it is. */
static urn_status draw_first(urn_stream *stream, const urn_basis_params *p, scratch *s) {
    urn_sample_params sample = sample_params(p);
    int32_t *at = urn_buffer_data(s->device);
    size_t rows = (size_t)p->logits.rows, bytes = 4 * rows;
    sample.ids = at;
    sample.status = at + rows;
    sample.logprob = (float *)(void *)(at + 2 * rows);
    urn_status status = urn_sample(stream, &sample);
    if (status == URN_OK) status = urn_buffer_read(stream, s->device, 0, s->ids, bytes);
    if (status == URN_OK) status = urn_buffer_read(stream, s->device, bytes, s->status, bytes);
    if (status == URN_OK) status = urn_buffer_read(stream, s->device, 2 * bytes, s->logprob, bytes);
    return status == URN_OK ? urn_stream_sync_host(stream) : status;
}

static urn_matrix one_row(const urn_matrix *m, int64_t r) {
    const char *data = (const char *)m->data + (size_t)(r * m->row_stride) * urn_dtype_size((urn_dtype)m->dtype);
    return urn_matrix_dense(data, (urn_dtype)m->dtype, 1, m->cols, m->row_stride);
}

/* A row whose first id needs a program: its law comes to the host, and ids are tried in their order. */
static urn_status draw_row(urn_stream *stream, urn_basis *basis, const urn_basis_params *p, int64_t r, scratch *s,
                           int32_t *tried) {
    urn_sample_params sample = sample_params(p);
    urn_reject_params reject = URN_REJECT_PARAMS_INIT;
    sample.logits = one_row(&p->logits, r);
    sample.seed = NULL; /* probabilities use no randomness */
    sample.label = NULL;
    sample.position = NULL;
    sample.probs = urn_buffer_data(s->device);
    urn_status status = urn_sample(stream, &sample);
    if (status == URN_OK) status = urn_buffer_read_host(stream, s->device, 0, s->p, 4 * (size_t)p->logits.cols);
    if (status == URN_OK) status = urn_basis_law(basis, s->p, p->epsilon);
    if (status != URN_OK) return status;
    uint64_t own = (uint64_t)r; /* the default label is the row's number, which one_row makes 0 */
    reject.logits = sample.logits;
    reject.seed = p->seed ? p->seed + r : NULL;
    reject.label = p->label ? p->label + r : urn_buffer_data(s->device);
    reject.position = p->position ? p->position + r : NULL;
    reject.seed_value = p->seed_value;
    reject.position_value = p->position_value;
    reject.ids = &s->ids[r];
    reject.status = &s->status[r];
    reject.tried = tried;
    /* over the probabilities, which have been read */
    if (!p->label) status = urn_buffer_write(stream, s->device, 0, &own, sizeof own);
    return status == URN_OK ? urn_reject_host(stream, &reject, accept, basis) : status;
}

static urn_status check(const urn_stream *stream, const urn_basis *basis, const urn_basis_params *p) {
    if (!stream || !basis || !p || !p->ids)
        FAIL(URN_E_NULL, "urn_basis_sample_host: %s is NULL",
             !stream  ? "stream"
             : !basis ? "basis"
             : !p     ? "params"
                      : "params->ids");
    if (p->struct_size != sizeof *p)
        FAIL(URN_E_STRUCT, "urn_basis_sample_host: params->struct_size is %u; wanted %zu", p->struct_size, sizeof *p);
    if (!(p->epsilon >= 0.0f && p->epsilon < 1.0f))
        FAIL(URN_E_VALUE, "urn_basis_sample_host: epsilon is %g; wanted [0, 1)", (double)p->epsilon);
    if (p->logits.row_index || p->logits.offsets)
        FAIL(URN_E_SHAPE, "urn_basis_sample_host: logits is an indexed or ragged view; wanted a dense one");
    if (p->logits.cols != basis->cols)
        FAIL(URN_E_SHAPE, "urn_basis_sample_host: logits.cols is %lld; wanted the embedding's %lld",
             (long long)p->logits.cols, (long long)basis->cols);
    return URN_OK;
}

urn_status urn_basis_sample_host(urn_stream *stream, urn_basis *basis, const urn_basis_params *params) {
    urn_status status = check(stream, basis, params);
    if (status != URN_OK) return status;
    const urn_basis_params *p = params;
    int64_t rows = p->logits.rows;
    if (rows == 0) return URN_OK;
    scratch s = {NULL, NULL, NULL, NULL, NULL};
    size_t draws = urn_sample_workspace(NULL, rows, p->logits.cols), trials = urn_reject_workspace(1);
    status = urn_stream_reserve(stream, draws > trials ? draws : trials);
    if (status == URN_OK) status = get_scratch(urn_stream_ctx(stream), rows, p->logits.cols, &s);
    if (status == URN_OK) status = draw_first(stream, p, &s);
    for (int64_t r = 0; r < rows && status == URN_OK; r++) {
        int32_t tried = 1;
        if (s.status[r] == URN_ROW_OK && exp((double)s.logprob[r]) < (double)p->epsilon)
            status = draw_row(stream, basis, p, r, &s, &tried);
        if (status != URN_OK) break;
        p->ids[r] = s.ids[r];
        if (p->tried) p->tried[r] = s.status[r] == URN_ROW_OK || s.status[r] == URN_ROW_EMPTY ? tried : 0;
        if (p->status) p->status[r] = s.status[r];
    }
    put_scratch(&s);
    return status;
}
