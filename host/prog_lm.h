/* prog_lm.h - a trigram language model as a source of real logits: sphinxbase reads it, prog_trie makes rows of it. */
#ifndef PROG_LM_H
#define PROG_LM_H

#include "host/prog_npy.h"

/* 1 where the program was built with sphinxbase. */
#ifndef URN_WITH_LM
#define URN_WITH_LM 0
#endif

#define PROG_LM_DEFAULT "/usr/share/pocketsphinx/model/en-us/en-us.lm.bin" /* Debian's pocketsphinx-en-us */

typedef struct prog_lm prog_lm;

/* The last words of a sentence so far: before is -1 at its first word, when last is the marker that begins it. */
typedef struct prog_history {
    int32_t before, last;
} prog_history;

/* prog_lm_open - read a model of order 2 or 3 in any format that sphinxbase reads, and check it: the rows of some
 * histories must sum to 1 and agree with sphinxbase's own scores. Returns NULL with error. */
prog_lm *prog_lm_open(const char *path, prog_error *error);
void prog_lm_close(prog_lm *lm);

/* What prog_lm_open found. */
typedef struct prog_lm_info {
    int32_t words, begin, end; /* how many; ids of the markers <s> and </s> */
    int fast;                  /* 1: rows come from the model's successor lists, not from a score for every word */
    double worst_mass;         /* largest |sum of probabilities - 1| of the rows checked */
    double worst_score;        /* largest difference from sphinxbase, nats; its scores are multiples of 1e-4 */
} prog_lm_info;

prog_lm_info prog_lm_get_info(const prog_lm *lm);

/* prog_lm_word - the spelling of an id. prog_lm_find - the id of a spelling, -1 if there is none. */
const char *prog_lm_word(const prog_lm *lm, int32_t id);
int32_t prog_lm_find(const prog_lm *lm, const char *word);

/* prog_lm_is_marker - 1 for what is no word: <s>, </s>, <UNK>, [class], ++filler++. */
int prog_lm_is_marker(const prog_lm *lm, int32_t id);

/* prog_lm_row - row[w] = ln P(w | history) for every id w. */
void prog_lm_row(prog_lm *lm, prog_history history, float *row);

#endif
