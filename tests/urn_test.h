/* urn_test.h - what every test room shares: backends, red-zoned device arrays, inputs, bit comparison, sample_all.
 *
 * A test opens a bed (a context and a stream on one backend), uploads, runs, downloads, closes. Outputs start as 0xca
 * bytes, so "never wrote" looks different from "wrote wrong"; every array has red zones and every input a checksum,
 * verified when it is downloaded or the bed closes. Failures print ut_note's text: seed and shape. */
#ifndef URN_TEST_H
#define URN_TEST_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "urn/urn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- size knob: URN_TEST_QUICK in the environment shrinks loops for slow builds, never below 2 ---- */
int ut_quick(void);
int ut_loops(int full); /* full, or max(2, full / 8) when quick */

/* ---- what a failure says: set before the work, printed by every check below ---- */
void ut_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *ut_note_text(void);
void ut_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));

/* A claim with its own words; the note is added. */
#define UT_ASSERT(claim, ...)                                                                                          \
    do {                                                                                                               \
        if (!(claim)) ut_fail(__FILE__, __LINE__, __VA_ARGS__);                                                        \
    } while (0)

/* A call that must return URN_OK; a failure prints the status and urn_last_error(). */
#define UT_OK(call) ut_status(__FILE__, __LINE__, #call, (call), URN_OK)
#define UT_IS(call, wanted) ut_status(__FILE__, __LINE__, #call, (call), (wanted))
void ut_status(const char *file, int line, const char *text, urn_status found, urn_status wanted);

/* memcmp over n elements of `size` bytes (1, 2, 4, 8); a failure prints the first index that differs, both in hex. */
#define UT_SAME_BITS(a, b, n, what) ut_same_bits(__FILE__, __LINE__, (a), (b), (size_t)(n), sizeof *(a), (what))
void ut_same_bits(const char *file, int line, const void *a, const void *b, size_t n, size_t size, const char *what);

/* ---- backends: cpu always; simt and cuda where they can be opened; a missing one says why, once a program ---- */
#define FOR_EACH_BACKEND(kind)                                                                                         \
    for (urn_backend_kind kind = ut_next_backend(URN_BACKEND_AUTO); kind != URN_BACKEND_AUTO;                          \
         kind = ut_next_backend(kind))
urn_backend_kind ut_next_backend(urn_backend_kind after); /* URN_BACKEND_AUTO begins and ends the walk */
int ut_has_backend(urn_backend_kind kind);

/* ---- beds and device arrays ---- */
typedef struct ut_bed {
    urn_ctx *ctx;
    urn_stream *stream;
    urn_backend_kind kind;
    struct ut_array *arrays;
    int count, capacity;
} ut_bed;

ut_bed *ut_open(urn_backend_kind kind);             /* two threads on cpu and simt */
ut_bed *ut_open_with(const urn_ctx_params *params); /* any context: hints, lane orders, threads */
void ut_close(ut_bed *bed);                         /* checks red zones and inputs, frees all */
void ut_clear(ut_bed *bed);                         /* the same checks; frees the arrays, keeps context and stream */

/* Device pointers; NULL host or 0 bytes gives NULL, as an argument that is not passed. */
void *ut_upload(ut_bed *bed, const void *host, size_t bytes);
void *ut_upload_at(ut_bed *bed, const void *host, size_t bytes, size_t misalign); /* address % 256 == misalign */
void *ut_output(ut_bed *bed, size_t bytes);
void ut_download(ut_bed *bed, const void *device, void *host, size_t bytes); /* waits; checks the red zones */

/* ---- inputs: a counter-based generator of our own (not Philox: the tests' inputs must not depend on it) ---- */
typedef struct ut_rng {
    uint64_t seed, next;
} ut_rng;

ut_rng ut_rng_make(uint64_t seed);
uint64_t ut_u64(ut_rng *rng);
int64_t ut_below(ut_rng *rng, int64_t n); /* [0, n) */
double ut_uniform(ut_rng *rng);           /* (0, 1) */
double ut_normal(ut_rng *rng);

typedef enum ut_shape {
    UT_NORMAL = 0, /* N(0, scale) */
    UT_GUMBEL = 1, /* standard Gumbel times scale: the tail of language models */
    UT_FLAT = 2,   /* all equal to scale */
    UT_TIES = 3    /* N(0, scale) rounded to a multiple of scale / 2: many equal values */
} ut_shape;

void ut_fill(float *x, int64_t n, ut_shape shape, double scale, uint64_t seed);
void ut_punch(float *x, int64_t n, double fraction, uint64_t seed); /* that share becomes -inf, never all of them */

uint16_t ut_f16_bits(float x); /* round to nearest even; overflow to inf */
uint16_t ut_bf16_bits(float x);
float ut_f16_value(uint16_t bits);
float ut_bf16_value(uint16_t bits);
void ut_pack(const float *x, int64_t n, urn_dtype dtype, void *packed); /* to the dtype's bytes */
void ut_round(float *x, int64_t n, urn_dtype dtype);                    /* to values that the dtype holds exactly */

/* ---- sample_all: urn_sample with every output, from host arrays to host arrays ---- */
typedef struct ut_job {
    const void *logits; /* elements of dtype; (rows - 1) * row_stride + cols of them, or data_size */
    urn_dtype dtype;
    int64_t rows, cols, row_stride; /* row_stride 0: cols */
    const int32_t *row_index;       /* [rows]; then data_rows rows exist */
    const int64_t *offsets;         /* [rows + 1]; then data_size elements exist */
    int64_t data_rows, data_size;
    size_t misalign;       /* bytes past a 256-byte boundary where logits begin */
    const urn_list *lists; /* steps may name host arrays and host masks: they are uploaded */
    int32_t list_count;
    const int32_t *slot;
    const int32_t *list;
    const uint64_t *seed, *label;
    const uint32_t *position;
    const int32_t *row_count;
    const urn_slots *state;
    int64_t slots; /* 0: rows */
    uint64_t seed_value;
    uint32_t position_value;
    int32_t list_value;
    int32_t draws; /* 0: 1 */
} ut_job;

typedef struct ut_draws {
    int64_t rows;
    int32_t draws;
    int32_t *ids, *rank; /* [rows, draws] */
    float *logprob, *logprob_raw;
    float *lse, *entropy, *kept_logmass; /* [rows] */
    int32_t *kept_count, *status;
} ut_draws;

ut_draws *ut_sample_all(ut_bed *bed, const ut_job *job);
ut_draws *ut_sample_steps(ut_bed *bed, const ut_job *job, const urn_step *steps, int32_t count); /* one list */
ut_draws *ut_draws_make(int64_t rows, int32_t draws); /* contents undefined */
void ut_draws_free(ut_draws *draws);

/* Every output of row ra of a and row rb of b, the first min(draws) draws, byte for byte. */
#define UT_SAME_ROW(a, ra, b, rb, what) ut_same_row(__FILE__, __LINE__, (a), (ra), (b), (rb), (what))
#define UT_SAME_DRAWS(a, b, what) ut_same_draws(__FILE__, __LINE__, (a), (b), (what))
void ut_same_row(const char *file, int line, const ut_draws *a, int64_t ra, const ut_draws *b, int64_t rb,
                 const char *what);
void ut_same_draws(const char *file, int line, const ut_draws *a, const ut_draws *b, const char *what);

void *ut_malloc(size_t bytes); /* never NULL */

#ifdef __cplusplus
}
#endif

#endif
