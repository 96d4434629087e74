/* prog_trie.h - sphinxbase's "Trie Language Model" files, turned round: from a history to the words that follow it.
 *
 * The file keys every n-gram by its last word, so that one word's score is a short walk, and a whole row costs a walk
 * for every word (10 ms for 72,547). sphinxbase gives no way to list successors, so the file is read here once and its
 * n-grams are sorted by history: a row is then one pass over the unigrams and a few thousand stores. */
#ifndef PROG_TRIE_H
#define PROG_TRIE_H

#include "host/prog_npy.h"

/* Natural logs throughout. Bigram node b stands for the pair (history word, the word before it) where it serves as a
 * history, and for (word, history word) where it is predicted. */
typedef struct prog_trie {
    int32_t words;
    int64_t bigrams, trigrams;
    float *word_prob, *word_backoff; /* [words] */
    uint32_t *pair_begin;            /* [words + 1] bigram nodes whose later word is w ... */
    uint32_t *pair_earlier;          /* [bigrams] ... and their earlier words, ascending */
    float *pair_backoff;             /* [bigrams] */
    uint32_t *after_one_begin;       /* [words + 1] words seen after w */
    uint32_t *after_one;             /* [bigrams] */
    float *after_one_prob;           /* [bigrams] */
    uint32_t *after_two_begin;       /* [bigrams + 1] words seen after a pair */
    uint32_t *after_two;             /* [trigrams] */
    float *after_two_prob;           /* [trigrams] */
} prog_trie;

/* prog_trie_open - read a trigram model. Returns 0; 1 if the file is of another kind; -1 with error if it is broken. */
int prog_trie_open(const char *path, prog_trie *trie, prog_error *error);
void prog_trie_close(prog_trie *trie);

/* prog_trie_row - row[w] = ln P(w | before, last) for every word; before < 0: the history is `last` alone. */
void prog_trie_row(const prog_trie *trie, int32_t before, int32_t last, float *row);

#endif
