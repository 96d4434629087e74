/* prog_features.c - words and pairs of words, hashed. */
#define _POSIX_C_SOURCE 200809L
#include "host/prog_features.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128; }

/* The next word's hash (FNV-1a over its letters in lower case), 0 at the end. */
static uint64_t next_word(const char **at, const char *end) {
    const char *p = *at;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    while (p < end && !is_letter((unsigned char)*p)) p++;
    if (p == end) {
        *at = p;
        return 0;
    }
    for (; p < end && is_letter((unsigned char)*p); p++) {
        unsigned char c = (unsigned char)*p;
        if (c >= 'A' && c <= 'Z') c = (unsigned char)(c + 32);
        hash = (hash ^ c) * UINT64_C(0x100000001b3);
    }
    *at = p;
    return hash | 1;
}

static uint32_t bucket_of(uint64_t hash) {
    return (uint32_t)((hash * UINT64_C(0x9e3779b97f4a7c15)) >> 48) % PROG_BUCKETS;
}

static int has_word(const char *p, const char *end) { return next_word(&p, end) != 0; }

/* Lines with a word, twice: to count them, then to note where they begin. Lines without are part of the one before. */
static int64_t find_documents(prog_text *t, size_t *begin) {
    const char *p = t->data, *end = t->data + t->bytes;
    int64_t n = 0;
    while (p < end) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        line = line ? line + 1 : end;
        if (has_word(p, line)) {
            if (begin) begin[n] = (size_t)(p - t->data);
            n++;
        }
        p = line;
    }
    if (begin) begin[n] = t->bytes;
    return n;
}

int prog_text_open(const char *path, prog_text *text, prog_error *error) {
    struct stat info;
    const int fd = open(path, O_RDONLY);
    void *map;
    memset(text, 0, sizeof *text);
    if (fd < 0) return prog_fail(error, "%s: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
        close(fd);
        return prog_fail(error, "%s: a file with text is wanted", path);
    }
    map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED) return prog_fail(error, "%s: cannot be mapped: %s", path, strerror(errno));
    text->data = map;
    text->bytes = (size_t)info.st_size;
    text->documents = find_documents(text, NULL);
    text->begin = malloc(((size_t)text->documents + 1) * sizeof *text->begin);
    if (text->begin == NULL) return prog_fail(error, "%s: no memory for %lld lines", path, (long long)text->documents);
    find_documents(text, text->begin);
    if (text->documents > 0) return 0;
    return prog_fail(error, "%s: no line has a word", path);
}

void prog_text_close(prog_text *text) {
    free(text->begin);
    if (text->data != NULL) munmap((void *)(uintptr_t)text->data, text->bytes);
    memset(text, 0, sizeof *text);
}

/* Each feature of a document, in turn. */
typedef struct walk {
    const char *at, *end;
    uint64_t before, word;
    int pair; /* the pair of before and word comes next */
} walk;

static walk walk_of(const prog_text *t, int64_t document) {
    walk w = {t->data + t->begin[document], t->data + t->begin[document + 1], 0, 0, 0};
    return w;
}

static int next_feature(walk *w, uint32_t *bucket) {
    if (w->pair) {
        w->pair = 0;
        *bucket = bucket_of(w->before * UINT64_C(0x100000001b3) ^ w->word);
        return 1;
    }
    w->before = w->word;
    w->word = next_word(&w->at, w->end);
    if (w->word == 0) return 0;
    w->pair = w->before != 0;
    *bucket = bucket_of(w->word);
    return 1;
}

void prog_count_document(const prog_text *text, int64_t document, prog_counts *counts) {
    walk w = walk_of(text, document);
    uint32_t bucket;
    while (next_feature(&w, &bucket)) {
        counts->count[bucket] += 1;
        counts->total += 1;
    }
}

void prog_log_shares(const prog_counts *counts, float log_share[PROG_BUCKETS]) {
    for (int i = 0; i < PROG_BUCKETS; i++)
        log_share[i] = (float)log((counts->count[i] + 1) / (counts->total + PROG_BUCKETS));
}

double prog_score_document(const prog_text *text, int64_t document, const float score[PROG_BUCKETS]) {
    walk w = walk_of(text, document);
    uint32_t bucket;
    double sum = 0;
    while (next_feature(&w, &bucket)) sum += score[bucket];
    return sum;
}

double prog_divergence(const prog_counts *from, const prog_counts *other) {
    double sum = 0;
    for (int i = 0; i < PROG_BUCKETS; i++) {
        const double p = (from->count[i] + 1) / (from->total + PROG_BUCKETS);
        sum += p * log(p * (other->total + PROG_BUCKETS) / (other->count[i] + 1));
    }
    return sum;
}
