/* tiny.h - Gumbel-softmax and hard Gumbel-max over very many short rows: learned 2:4 masks, gates, codebooks. */
#ifndef URN_TINY_H
#define URN_TINY_H

#include "urn/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

#define URN_TINY_MAX_WIDTH 32

/* One call's arguments. Start from URN_TINY_PARAMS_INIT; `logits`, `rows`, `width` and one output are required. Arrays
 * are device memory (host memory on cpu), aligned to their elements; NULL outputs cost nothing. */
typedef struct urn_tiny_params {
    uint32_t struct_size;
    int32_t dtype;       /* urn_dtype of logits */
    const void *logits;  /* [rows, width], one row after the other */
    int64_t rows;        /* 0 to 2^38 */
    int32_t width;       /* ids a row, 2 to URN_TINY_MAX_WIDTH */
    float scale;         /* multiplies the logits: [2^-20, 2^20] */
    float tau;           /* temperature of the soft output: [2^-20, 2^20]. The choice does not depend on it */
    uint32_t position;   /* say, the training step */
    uint64_t seed, label;
    int64_t first_row;   /* number of the first row: [0, 2^58]. Rows cut into several calls get the bits of one */

    uint8_t *choice;     /* [rows] the id with the largest noisy logit; 255 where there is none */
    void *soft;          /* [rows, width] softmax of (scale * logits + Gumbel) / tau */
    int32_t soft_dtype;  /* urn_dtype of soft and blend */
    int32_t pattern_bits; /* bits of a pattern, 1 to 8; 0: 4 */
    const uint8_t *patterns; /* [width] the bits that an id stands for; NULL: the six ways to keep two of four */
    uint32_t *mask;      /* [ceil(rows * pattern_bits / 32)] the choices' patterns, packed: bit j of row r is bit
                            r * pattern_bits + j. pattern_bits 1, 2, 4 or 8 */
    void *blend;         /* [rows, pattern_bits] the patterns' mean under soft: what a soft 2:4 mask multiplies by */
    uint8_t *status;     /* [rows] URN_ROW_ bits */
} urn_tiny_params;

#define URN_TINY_PARAMS_INIT \
    { (uint32_t)sizeof(urn_tiny_params), 0, NULL, 0, 0, 1.0f, 1.0f, 0, 0, 0, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, \
      NULL }

/* urn_tiny - add Gumbel noise to every logit; give each row's soft law, its largest id, its pattern; in one launch.
 *
 *  in    params->logits   [rows, width] f32, f16 or bf16, read only
 *  in    params->patterns [width]; NULL needs width 6 and pattern_bits 4: 0011 0101 1001 0110 1010 1100 (bit 0 last)
 *  out   params->choice ...  see urn_tiny_params; outputs must not overlap inputs or each other
 *
 *  draws   one Philox block for two ids: stream TINY under the key of (seed, label), counter the row's number, the
 *          pair and the position (bits.h section 10). 64 bits an id, so a Gumbel's upper tail goes on to 44 nats, where
 *          24-bit uniforms end at 16.6
 *  bits    the same on every backend, GPU and launch shape, and however the rows are cut into calls
 *  exact   odds of two ids within a factor 1 +- (1e-6 + 1e-7 * their log2 odds) of the law asked for
 *  traffic logits once, outputs once, in whole 128-byte lines. An id costs about 185 instructions, none in f64: width 6
 *          in f32 with soft output takes about twice as long to compute as to move on an H100 (counted, not measured)
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, logits, no output at all; mask or blend without patterns where width is
 *          not 6) | URN_E_STRUCT | URN_E_SHAPE (rows, width) | URN_E_DTYPE (dtype, soft_dtype)
 *          | URN_E_VALUE (scale, tau, first_row, pattern_bits, an array not aligned to its element) | URN_E_CUDA
 *
 *  paper   Jang et al. 2017, Maddison et al. 2017; learned 2:4 masks: Fang et al. 2024 (MaskLLM) */
URN_API urn_status urn_tiny(urn_stream *stream, const urn_tiny_params *params);

#ifdef __cplusplus
}
#endif

#endif
