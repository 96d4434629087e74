/* prog_trie.c - read a binary trigram model and sort its n-grams by history.
 *
 * The file, little-endian: "Trie Language Model", the order as a byte, n-gram counts as u32 by order, a u32, three
 * tables of 2^16 f32 (bigram scores, bigram backoffs, trigram scores), one {f32 score, f32 backoff, u32 first bigram}
 * for each word and one more, bigrams as packed bit fields {word, 16-bit backoff, 16-bit score, first trigram} and one
 * more, trigrams {word, 16-bit score}, the words. Scores are logs to base 1.0001. An n-gram's node hangs under its last
 * word; the fields `word` below are the words before it, nearest first, ascending among siblings. */
#include "host/prog_trie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char MAGIC[] = "Trie Language Model";
static const double LN_BASE = 9.9995000333308335e-05; /* ln 1.0001 */

enum { TABLE = 1 << 16, MAX_WORDS = 1 << 24 };

/* Packed bit fields: `bits` wide records from `data`, with 8 spare bytes at the end so that a u64 can be read at any.
 */
typedef struct records {
    const unsigned char *data;
    uint32_t bits;
} records;

static uint32_t field(const records *r, uint64_t record, uint32_t offset, uint32_t width) {
    const uint64_t at = record * r->bits + offset;
    uint64_t word = 0;
    int i;
    for (i = 0; i < 8; i++) word |= (uint64_t)r->data[at / 8 + (uint64_t)i] << 8 * i;
    return (uint32_t)(word >> at % 8 & ((UINT64_C(1) << width) - 1));
}

static uint32_t bits_for(uint32_t most) {
    uint32_t bits = 0;
    for (; most; most >>= 1) bits++;
    return bits;
}

static uint32_t u32_at(const unsigned char *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static float score_at(const unsigned char *p) {
    const uint32_t bits = u32_at(p);
    float score;
    memcpy(&score, &bits, sizeof score);
    return (float)(score * LN_BASE);
}

static unsigned char *read_all(const char *path, size_t *size, prog_error *error) {
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = NULL;
    long end = 0;
    if (file == NULL) {
        prog_fail(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)end);
    if (bytes == NULL || fread(bytes, 1, (size_t)end, file) != (size_t)end) {
        prog_fail(error, "%s: cannot be read", path);
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    *size = (size_t)end;
    return bytes;
}

/* What of the file is where, after its size has been checked against its counts. */
typedef struct layout {
    const unsigned char *pair_score, *pair_backoff, *triple_score, *unigrams;
    records pairs, triples;
    uint32_t word_bits, next_bits;
} layout;

static int find_layout(const unsigned char *file, size_t size, const char *path, prog_trie *t, layout *l,
                       prog_error *error) {
    const size_t head = sizeof MAGIC - 1;
    size_t pairs_at, triples_at, end;
    if (size < head + 1 + 16 || memcmp(file, MAGIC, head) != 0 || file[head] != 3) return 1;
    t->words = (int32_t)u32_at(file + head + 1);
    t->bigrams = u32_at(file + head + 5);
    t->trigrams = u32_at(file + head + 9);
    if (t->words < 1 || t->words > MAX_WORDS || t->bigrams > 1 << 25 || t->trigrams > 1 << 25)
        return prog_fail(error, "%s: n-gram counts that no such model has", path);
    l->pair_score = file + head + 17;
    l->pair_backoff = l->pair_score + 4 * TABLE;
    l->triple_score = l->pair_backoff + 4 * TABLE;
    l->unigrams = l->triple_score + 4 * TABLE;
    l->word_bits = bits_for((uint32_t)t->words);
    l->next_bits = bits_for((uint32_t)t->trigrams);
    l->pairs.bits = l->word_bits + 32 + l->next_bits;
    l->triples.bits = l->word_bits + 16;
    pairs_at = (size_t)(l->unigrams - file) + 12 * ((size_t)t->words + 1);
    triples_at = pairs_at + (((size_t)t->bigrams + 1) * l->pairs.bits + 7) / 8 + 8;
    end = triples_at + (((size_t)t->trigrams + 1) * l->triples.bits + 7) / 8 + 8;
    if (end > size) return prog_fail(error, "%s: truncated: %zu bytes, its counts need %zu", path, size, end);
    l->pairs.data = file + pairs_at;
    l->triples.data = file + triples_at;
    return 0;
}

static int get_memory(prog_trie *t) {
    const size_t words = (size_t)t->words + 1, pairs = (size_t)t->bigrams + 1, triples = (size_t)t->trigrams + 1;
    return (t->word_prob = malloc(words * 4)) && (t->word_backoff = malloc(words * 4)) &&
           (t->pair_begin = malloc(words * 4)) && (t->pair_earlier = malloc(pairs * 4)) &&
           (t->pair_backoff = malloc(pairs * 4)) && (t->after_one_begin = calloc(words + 1, 4)) &&
           (t->after_one = malloc(pairs * 4)) && (t->after_one_prob = malloc(pairs * 4)) &&
           (t->after_two_begin = calloc(pairs + 1, 4)) && (t->after_two = malloc(triples * 4)) &&
           (t->after_two_prob = malloc(triples * 4));
}

/* The node of the pair (earlier, later), or -1: a binary search among the siblings under `later`. */
static int64_t find_pair(const prog_trie *t, uint32_t earlier, uint32_t later) {
    int64_t low = t->pair_begin[later], high = (int64_t)t->pair_begin[later + 1] - 1;
    while (low <= high) {
        const int64_t middle = (low + high) / 2;
        const uint32_t found = t->pair_earlier[middle];
        if (found == earlier) return middle;
        if (found < earlier)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

/* Turn counts in begin[1 + i] into where list i begins, in begin[i + 1]: filling the lists then moves each of these to
 * where its list ends, which is where list i + 1 begins. */
static void counts_to_begins(uint32_t *begin, int64_t lists) {
    uint32_t total = 0;
    int64_t i;
    for (i = 1; i <= lists; i++) {
        const uint32_t count = begin[i];
        begin[i] = total;
        total += count;
    }
}

/* Every n-gram in file order: its list's length first. pair_of[c] keeps what was searched for trigram c. */
static int count(prog_trie *t, const layout *l, const uint32_t *triple_begin, uint32_t *pair_of, const char *path,
                 prog_error *error) {
    int64_t b;
    uint32_t c;
    for (b = 0; b < t->bigrams; b++) {
        const uint32_t last = t->pair_earlier[b];
        t->after_one_begin[last + 1]++;
        for (c = triple_begin[b]; c < triple_begin[b + 1]; c++) {
            const uint32_t before = field(&l->triples, c, 0, l->word_bits);
            const int64_t pair = before < (uint32_t)t->words ? find_pair(t, before, last) : -1;
            if (pair < 0) return prog_fail(error, "%s: broken: a trigram without its history's bigram", path);
            pair_of[c] = (uint32_t)pair;
            t->after_two_begin[pair + 1]++;
        }
    }
    return 0;
}

/* Every n-gram again, to its place. Words come in ascending order, so each list is ascending too. */
static void place(prog_trie *t, const layout *l, const uint32_t *triple_begin, const uint32_t *pair_of) {
    uint32_t word, b, c, at;
    for (word = 0; word < (uint32_t)t->words; word++)
        for (b = t->pair_begin[word]; b < t->pair_begin[word + 1]; b++) {
            at = t->after_one_begin[t->pair_earlier[b] + 1]++;
            t->after_one[at] = word;
            t->after_one_prob[at] = score_at(l->pair_score + 4 * field(&l->pairs, b, l->word_bits + 16, 16));
            for (c = triple_begin[b]; c < triple_begin[b + 1]; c++) {
                at = t->after_two_begin[pair_of[c] + 1]++;
                t->after_two[at] = word;
                t->after_two_prob[at] = score_at(l->triple_score + 4 * field(&l->triples, c, l->word_bits, 16));
            }
        }
}

static int turn_round(prog_trie *t, const layout *l, const char *path, prog_error *error) {
    uint32_t *triple_begin = malloc(((size_t)t->bigrams + 1) * 4);
    uint32_t *pair_of = malloc(((size_t)t->trigrams + 1) * 4);
    int64_t i;
    int bad = 0;
    if (triple_begin == NULL || pair_of == NULL || !get_memory(t)) {
        free(triple_begin);
        free(pair_of);
        return prog_fail(error, "%s: no memory for the model", path);
    }
    for (i = 0; i <= t->words; i++) {
        const unsigned char *u = l->unigrams + 12 * i;
        t->word_prob[i] = score_at(u);
        t->word_backoff[i] = score_at(u + 4);
        t->pair_begin[i] = u32_at(u + 8);
        bad |= t->pair_begin[i] > t->bigrams || (i > 0 && t->pair_begin[i] < t->pair_begin[i - 1]);
    }
    t->bigrams = t->pair_begin[t->words]; /* the count in the head may promise a few more than there are */
    for (i = 0; i <= t->bigrams && !bad; i++) {
        triple_begin[i] = field(&l->pairs, (uint64_t)i, l->word_bits + 32, l->next_bits);
        bad |= triple_begin[i] > t->trigrams || (i > 0 && triple_begin[i] < triple_begin[i - 1]);
        if (i == t->bigrams) break;
        t->pair_earlier[i] = field(&l->pairs, (uint64_t)i, 0, l->word_bits);
        t->pair_backoff[i] = score_at(l->pair_backoff + 4 * field(&l->pairs, (uint64_t)i, l->word_bits, 16));
        bad |= t->pair_earlier[i] >= (uint32_t)t->words;
    }
    if (bad) prog_fail(error, "%s: broken: an index inside the file is out of order", path);
    if (!bad) bad = count(t, l, triple_begin, pair_of, path, error);
    if (!bad) {
        counts_to_begins(t->after_one_begin, t->words);
        counts_to_begins(t->after_two_begin, t->bigrams);
        place(t, l, triple_begin, pair_of);
    }
    free(triple_begin);
    free(pair_of);
    return bad ? -1 : 0;
}

int prog_trie_open(const char *path, prog_trie *trie, prog_error *error) {
    layout l;
    size_t size;
    int result;
    unsigned char *file = read_all(path, &size, error);
    memset(trie, 0, sizeof *trie);
    memset(&l, 0, sizeof l);
    if (file == NULL) return -1;
    result = find_layout(file, size, path, trie, &l, error);
    if (result == 0) result = turn_round(trie, &l, path, error);
    free(file);
    if (result != 0) prog_trie_close(trie);
    return result;
}

void prog_trie_close(prog_trie *t) {
    free(t->word_prob);
    free(t->word_backoff);
    free(t->pair_begin);
    free(t->pair_earlier);
    free(t->pair_backoff);
    free(t->after_one_begin);
    free(t->after_one);
    free(t->after_one_prob);
    free(t->after_two_begin);
    free(t->after_two);
    free(t->after_two_prob);
    memset(t, 0, sizeof *t);
}

void prog_trie_row(const prog_trie *t, int32_t before, int32_t last, float *row) {
    const int64_t pair = before < 0 ? -1 : find_pair(t, (uint32_t)before, (uint32_t)last);
    const float one = t->word_backoff[last], two = pair < 0 ? 0 : t->pair_backoff[pair];
    uint32_t i;
    int32_t w;
    for (w = 0; w < t->words; w++) row[w] = t->word_prob[w] + one + two;
    for (i = t->after_one_begin[last]; i < t->after_one_begin[last + 1]; i++)
        row[t->after_one[i]] = t->after_one_prob[i] + two;
    if (pair < 0) return;
    for (i = t->after_two_begin[pair]; i < t->after_two_begin[pair + 1]; i++)
        row[t->after_two[i]] = t->after_two_prob[i];
}
