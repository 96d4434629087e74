/* prog_lm.c - the language model behind `urn generate`. */
#include "host/prog_lm.h"

#if URN_WITH_LM

#include "host/prog_trie.h"

#include <math.h>
#include <sphinxbase/err.h>
#include <sphinxbase/ngram_model.h>
#include <stdlib.h>
#include <string.h>

struct prog_lm {
    ngram_model_t *model;
    prog_trie trie;
    prog_lm_info info;
};

/* sphinxbase's scores are whole multiples of ln(LOG_BASE); the base is the one its binary files were written with. */
#define LOG_BASE 1.0001
static const double LN_BASE = 9.9995000333308335e-05;

enum { CHECKED_ROWS = 6, CHECKED_SCORES = 4096 };

static double model_score(prog_lm *lm, prog_history h, int32_t word) {
    int32_t used;
    return LN_BASE * (h.before < 0 ? ngram_bg_score(lm->model, word, h.last, &used)
                                   : ngram_tg_score(lm->model, word, h.last, h.before, &used));
}

void prog_lm_row(prog_lm *lm, prog_history h, float *row) {
    int32_t w;
    if (lm->info.fast) {
        prog_trie_row(&lm->trie, h.before, h.last, row);
        return;
    }
    for (w = 0; w < lm->info.words; w++) row[w] = (float)model_score(lm, h, w);
}

/* Histories that a decoder meets: the start, then the likeliest word after it, then the likeliest after that ... */
static int check_rows(prog_lm *lm, const char *path, prog_error *error) {
    prog_history h = {-1, 0};
    float *row = malloc((size_t)lm->info.words * sizeof *row);
    int i, j;
    if (row == NULL) return prog_fail(error, "%s: no memory for the model", path);
    h.last = lm->info.begin;
    for (i = 0; i < CHECKED_ROWS; i++) {
        double mass = 0;
        int32_t w, best = -1;
        prog_lm_row(lm, h, row);
        for (w = 0; w < lm->info.words; w++) {
            mass += exp(row[w]);
            if (!prog_lm_is_marker(lm, w) && w != h.last && w != h.before && (best < 0 || row[w] > row[best])) best = w;
        }
        if (fabs(mass - 1) > lm->info.worst_mass) lm->info.worst_mass = fabs(mass - 1);
        for (j = 0; j < CHECKED_SCORES; j++) {
            const int32_t word = (int32_t)((int64_t)j * lm->info.words / CHECKED_SCORES);
            const double difference = fabs(row[word] - model_score(lm, h, word));
            if (difference > lm->info.worst_score) lm->info.worst_score = difference;
        }
        h.before = h.last;
        h.last = best;
    }
    free(row);
    if (!(lm->info.worst_mass < 0.02))
        return prog_fail(error, "%s: not a normalised model: a row sums to 1 + %.3g", path, lm->info.worst_mass);
    if (!(lm->info.worst_score < 2.5e-4))
        return prog_fail(error, "%s: rows differ from sphinxbase's scores by %.3g nats", path, lm->info.worst_score);
    return 0;
}

static int read_model(prog_lm *lm, const char *path, prog_error *error) {
    FILE *file = fopen(path, "rb");
    logmath_t *base;
    int order;
    if (file == NULL)
        return prog_fail(error, "%s: no such model; on Debian and Ubuntu: apt-get install pocketsphinx-en-us", path);
    fclose(file);
    err_set_logfp(NULL); /* it would print a page on stderr */
    base = logmath_init(LOG_BASE, 0, 0);
    lm->model = ngram_model_read(NULL, path, NGRAM_AUTO, base);
    logmath_free(base); /* a model keeps its own reference */
    if (lm->model == NULL) return prog_fail(error, "%s: sphinxbase cannot read this as an n-gram model", path);
    order = ngram_model_get_size(lm->model);
    if (order < 2 || order > 3) return prog_fail(error, "%s: order %d; orders 2 and 3 are used here", path, order);
    lm->info.words = (int32_t)ngram_model_get_counts(lm->model)[0];
    lm->info.begin = prog_lm_find(lm, "<s>");
    lm->info.end = prog_lm_find(lm, "</s>");
    if (lm->info.begin < 0 || lm->info.end < 0)
        return prog_fail(error, "%s: the model has no <s> or no </s>, so sentences cannot begin or end", path);
    return 0;
}

prog_lm *prog_lm_open(const char *path, prog_error *error) {
    prog_lm *lm = calloc(1, sizeof *lm);
    int kind;
    if (lm == NULL) {
        prog_fail(error, "no memory for the model");
        return NULL;
    }
    if (read_model(lm, path, error) != 0) goto fail;
    kind = prog_trie_open(path, &lm->trie, error);
    if (kind < 0) goto fail;
    lm->info.fast = kind == 0 && lm->trie.words == lm->info.words;
    if (check_rows(lm, path, error) != 0) goto fail;
    return lm;
fail:
    prog_lm_close(lm);
    return NULL;
}

void prog_lm_close(prog_lm *lm) {
    if (lm == NULL) return;
    if (lm->model != NULL) ngram_model_free(lm->model);
    prog_trie_close(&lm->trie);
    free(lm);
}

prog_lm_info prog_lm_get_info(const prog_lm *lm) { return lm->info; }

const char *prog_lm_word(const prog_lm *lm, int32_t id) { return ngram_word(lm->model, id); }

int32_t prog_lm_find(const prog_lm *lm, const char *word) {
    const int32_t id = ngram_wid(lm->model, word);
    /* An open-vocabulary model answers its unknown word for what it does not know. */
    if (id < 0 || id >= lm->info.words || strcmp(ngram_word(lm->model, id), word) != 0) return -1;
    return id;
}

int prog_lm_is_marker(const prog_lm *lm, int32_t id) {
    const char *word = prog_lm_word(lm, id);
    return id == ngram_unknown_wid(lm->model) || word[0] == '<' || word[0] == '[' || strncmp(word, "++", 2) == 0;
}

#else

/* Without sphinxbase `generate` says what to install before it comes here. */
prog_lm *prog_lm_open(const char *path, prog_error *error) {
    prog_fail(error, "%s: this program was built without sphinxbase", path);
    return NULL;
}

void prog_lm_close(prog_lm *lm) { (void)lm; }

prog_lm_info prog_lm_get_info(const prog_lm *lm) {
    const prog_lm_info none = {0, -1, -1, 0, 0, 0};
    (void)lm;
    return none;
}

const char *prog_lm_word(const prog_lm *lm, int32_t id) {
    (void)lm, (void)id;
    return "";
}

int32_t prog_lm_find(const prog_lm *lm, const char *word) {
    (void)lm, (void)word;
    return -1;
}

int prog_lm_is_marker(const prog_lm *lm, int32_t id) {
    (void)lm, (void)id;
    return 1;
}

void prog_lm_row(prog_lm *lm, prog_history history, float *row) { (void)lm, (void)history, (void)row; }

#endif
