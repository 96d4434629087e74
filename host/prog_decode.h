/* prog_decode.h - a batch of sentences decoded token by token from a language model, as an inference engine would. */
#ifndef PROG_DECODE_H
#define PROG_DECODE_H

#include "host/prog_device.h"
#include "host/prog_lm.h"

typedef struct prog_decode_params {
    const urn_step *steps; /* the user's; a mask that forbids what is no word is put before them */
    int32_t step_count;
    int32_t rows, tokens; /* sentences; most tokens of each */
    uint64_t seed;
    urn_dtype dtype;
    const int32_t *prompt; /* words that every sentence begins with */
    int32_t prompt_count;
    int mirostat; /* 1: keep ids of surprise at most mu, which moves from 2 * tau towards surprises of tau at rate eta
                   */
    float tau, eta;
    const char *dump; /* file for the logits, or NULL */
    int dump_all;     /* 1: the rows of every token, one token after another; 0: the last row of each sentence */
} prog_decode_params;

/* One sentence. ids has `tokens` entries; the last is </s> where `ended`. */
typedef struct prog_sentence {
    int32_t *ids;
    int32_t tokens, ended;
    double logprob, logprob_raw; /* sums over its tokens, in nats */
    double entropy, kept;        /* means */
} prog_sentence;

typedef struct prog_decode_result {
    prog_sentence *sentences; /* [rows] */
    int64_t tokens;           /* of all sentences */
    double model_seconds;     /* making logits rows */
    double copy_seconds;      /* logits to the device; 0 where it reads host memory */
    double urn_seconds;       /* sample, commit, ids back */
    uint64_t launches;        /* kernels or calls that the stream counted */
    uint64_t digest;          /* over every sentence in order: its ids, then -1 */
} prog_decode_result;

/* prog_allow_words - bits of the ids that are words, and of </s>; bits has room for all ids and is 0.
 * prog_start_of - the last two words of the prompt, which are all that a trigram sees. */
void prog_allow_words(const prog_lm *lm, uint32_t *bits);
prog_history prog_start_of(const prog_decode_params *params, const prog_lm_info *model);

/* prog_decode - returns 0, or -1 with error. prog_decode_free - give the sentences back; also after a failure. */
int prog_decode(prog_device *device, prog_lm *lm, const prog_decode_params *params, prog_decode_result *result,
                prog_error *error);
void prog_decode_free(prog_decode_result *result, int32_t rows);

#endif
