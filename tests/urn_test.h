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

extern int ut_outside_check; /* 1: no test is running, as in a fuzz target: failures go to stderr and abort */

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
void *ut_inout(ut_bed *bed, const void *host, size_t bytes, size_t misalign); /* read and written by the call */
void ut_download(ut_bed *bed, const void *device, void *host, size_t bytes);  /* waits; checks the red zones */

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

/* ---- sample_all: urn_sample with any outputs, from host arrays to host arrays ---- */

/* What slots hold, as plain arrays: urn_slots is made from it, by urn_slots_prompt and then urn_slots_commit. */
typedef struct ut_state {
    int32_t slots, history, counts, prompt_cols;
    const int32_t *prompt; /* ids of slot s: prompt[prompt_offsets[s] .. prompt_offsets[s + 1]) */
    const int64_t *prompt_offsets;
    const int32_t *output; /* none negative */
    const int64_t *output_offsets;
} ut_state;

/* Outputs by number: X(name, type, how many a row). The first nine are what a job gets that asks for nothing. */
#define UT_OUTPUTS(X)                                                                                                  \
    X(ids, int32_t, UT_BY_DRAW)                                                                                        \
    X(logprob, float, UT_BY_DRAW)                                                                                      \
    X(logprob_raw, float, UT_BY_DRAW)                                                                                  \
    X(rank, int32_t, UT_BY_DRAW)                                                                                       \
    X(lse, float, UT_ONE)                                                                                              \
    X(entropy, float, UT_ONE)                                                                                          \
    X(kept_count, int32_t, UT_ONE)                                                                                     \
    X(kept_logmass, float, UT_ONE)                                                                                     \
    X(status, int32_t, UT_ONE)                                                                                         \
    X(codes_out, uint64_t, UT_BY_DRAW)                                                                                 \
    X(distinct_id, int32_t, UT_BY_DRAW)                                                                                \
    X(distinct_count, int32_t, UT_BY_DRAW)                                                                             \
    X(distinct_weight, float, UT_BY_DRAW)                                                                              \
    X(distinct, int32_t, UT_ONE)                                                                                       \
    X(given_logprob, float, UT_BY_GIVEN)                                                                               \
    X(given_logprob_raw, float, UT_BY_GIVEN)                                                                           \
    X(given_rank, int32_t, UT_BY_GIVEN)                                                                                \
    X(top_id, int32_t, UT_BY_TOP)                                                                                      \
    X(top_logprob, float, UT_BY_TOP)                                                                                   \
    X(summary, urn_row_summary, UT_ONE)                                                                                \
    X(kept_bits, uint32_t, UT_BY_WORD)                                                                                 \
    X(kept_ids, int32_t, UT_BY_KEPT)                                                                                   \
    X(probs, float, UT_BY_PROB)                                                                                        \
    X(processed, float, UT_BY_PROCESSED)

typedef enum ut_per {
    UT_ONE,
    UT_BY_DRAW,
    UT_BY_GIVEN,
    UT_BY_TOP,
    UT_BY_WORD,
    UT_BY_KEPT,
    UT_BY_PROB,
    UT_BY_PROCESSED
} ut_per;

typedef enum ut_output_number {
#define UT_NUMBER(name, type, per) UT_OUT_##name,
    UT_OUTPUTS(UT_NUMBER)
#undef UT_NUMBER
        UT_OUTPUT_COUNT
} ut_output_number;

#define UT_WANT(name) (UINT32_C(1) << UT_OUT_##name)
#define UT_WANT_CLASSIC ((UINT32_C(1) << 9) - 1)

typedef struct ut_job {
    const void *logits; /* elements of dtype; (rows - 1) * row_stride + cols of them, or data_size */
    urn_dtype dtype;
    int64_t rows, cols, row_stride; /* row_stride 0: cols */
    const int32_t *row_index;       /* [rows]; then data_rows rows exist */
    const int64_t *offsets;         /* [rows + 1]; then data_size elements exist */
    int64_t data_rows, data_size;
    size_t misalign;       /* bytes past a 256-byte boundary where logits begin */
    const urn_list *lists; /* steps may name host arrays, tables and lists: they are uploaded */
    int32_t list_count;
    const int32_t *slot;
    const int32_t *list;
    const uint64_t *seed, *label;
    const uint32_t *position;
    const int32_t *row_count;
    const urn_slots *state; /* a real one; or */
    const ut_state *held;   /* a description, from which a real one is made for the call */
    int64_t slots;          /* 0: those of the state, or rows */
    uint64_t seed_value;
    uint32_t position_value;
    int32_t list_value;
    int32_t draws; /* 0: 1 */
    uint32_t want; /* UT_WANT bits; 0: UT_WANT_CLASSIC */
    int32_t method;
    const uint64_t *codes; /* [rows, draws] */
    int codes_in_place;    /* codes_out is codes */
    const int64_t *draw_offsets;
    int64_t draws_size;
    const uint8_t *done;
    const int32_t *overlay, *overlay_count;
    int64_t overlay_stride;
    const int32_t *given;
    int64_t given_stride;
    int32_t top_n, top_of;
    int64_t kept_bits_stride; /* 0: as few as fit */
    const int64_t *kept_offsets;
    int64_t kept_ids_size;
    int64_t probs_stride, processed_stride;
    int in_place; /* processed overwrites the logits: f32, dense */
} ut_job;

/* The outputs of a job in host memory; those not asked for are NULL. What a call leaves alone stays 0xca bytes. */
typedef struct ut_draws {
    int64_t rows;
    int32_t draws;
#define UT_MEMBER(name, type, per) type *name;
    UT_OUTPUTS(UT_MEMBER)
#undef UT_MEMBER
    int64_t *draw_offsets, *kept_offsets; /* copies of the job's, or NULL */
    int64_t draws_size, kept_ids_size, given_stride, top_n, kept_bits_stride, probs_stride, processed_stride;
} ut_draws;

/* The rows of a job on a bed: params with all inputs uploaded and no output. Free them after the bed was cleared. */
typedef struct ut_rows {
    urn_sample_params params;
    urn_sampler *sampler;
    urn_slots *slots;
} ut_rows;

ut_rows ut_rows_of(ut_bed *bed, const ut_job *job);
void ut_rows_free(ut_rows *rows);

ut_draws *ut_sample_all(ut_bed *bed, const ut_job *job);
ut_draws *ut_sample_steps(ut_bed *bed, const ut_job *job, const urn_step *steps, int32_t count); /* one list */
ut_draws *ut_draws_for(const ut_job *job);                                                       /* all bytes 0xca */
void ut_draws_free(ut_draws *draws);

/* One output: its elements of a row (row < 0: all of them). NULL where it was not asked for. */
typedef struct ut_cells {
    void *data;
    size_t n, size; /* elements, bytes each */
    const char *name;
} ut_cells;

ut_cells ut_output_of(const ut_draws *draws, int number, int64_t row);
int64_t ut_draws_of(const ut_draws *draws, int64_t row, int64_t *first); /* draws of the row; cells begin at *first */
int64_t ut_slots_of(const ut_job *job);                                  /* how many slots a job has */

/* Every output that both have, of row ra of a and row rb of b, the first min(draws) draws, byte for byte. */
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
