/* prog_features.h - texts as documents of hashed words and pairs of words, and how likely a source makes each. */
#ifndef PROG_FEATURES_H
#define PROG_FEATURES_H

#include "host/prog_npy.h"

#define PROG_BUCKETS 65536

/* A text mapped for reading; a document is a line that has a word. */
typedef struct prog_text {
    const char *data;
    size_t bytes;
    int64_t documents;
    size_t *begin; /* [documents + 1] where each begins; the last entry is the end */
} prog_text;

int prog_text_open(const char *path, prog_text *text, prog_error *error);
void prog_text_close(prog_text *text);

/* How often each bucket comes up: once for each word and each pair of neighbours, in lower case. */
typedef struct prog_counts {
    double count[PROG_BUCKETS], total;
} prog_counts;

void prog_count_document(const prog_text *text, int64_t document, prog_counts *counts);

/* ln of each bucket's share, one more count in each. */
void prog_log_shares(const prog_counts *counts, float log_share[PROG_BUCKETS]);

/* The sum of score[bucket] over a document's features. */
double prog_score_document(const prog_text *text, int64_t document, const float score[PROG_BUCKETS]);

/* How far `other` is from `from`: the mean of ln(from / other) under `from`, in nats. */
double prog_divergence(const prog_counts *from, const prog_counts *other);

#endif
