/* unit_prog_lm.c - rows of the trigram model agree with sphinxbase and sum to 1; broken model files are refused. Tests
 * that need the model pass where it is not installed. */
#include "host/prog_lm.h"
#include "host/prog_trie.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *unit_prog_lm_suite(void);

static int model_is_here(void) { return URN_WITH_LM && access(PROG_LM_DEFAULT, R_OK) == 0; }

static void temporary(char *path, size_t size) {
    int fd;
    snprintf(path, size, "%s/urn_lm_XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

START_TEST(debian_model_is_read_fast_and_agrees_with_sphinxbase) {
    prog_error error;
    prog_lm *lm;
    prog_lm_info info;
    if (!model_is_here()) return;
    lm = prog_lm_open(PROG_LM_DEFAULT, &error);
    ck_assert_msg(lm != NULL, "%s", error.text);
    info = prog_lm_get_info(lm);
    ck_assert_int_eq(info.words, 72547);
    ck_assert_int_eq(info.fast, 1);
    /* sphinxbase cuts its scores to multiples of 1e-4; the rest is f32 rounding */
    ck_assert_msg(info.worst_score < 1.1e-4, "differs by %g", info.worst_score);
    ck_assert_msg(info.worst_mass < 0.01, "mass off by %g", info.worst_mass);
    ck_assert_str_eq(prog_lm_word(lm, info.begin), "<s>");
    ck_assert_str_eq(prog_lm_word(lm, info.end), "</s>");
    ck_assert_int_eq(prog_lm_is_marker(lm, info.begin), 1);
    ck_assert_int_eq(prog_lm_is_marker(lm, info.end), 1);
    ck_assert_int_eq(prog_lm_is_marker(lm, prog_lm_find(lm, "the")), 0);
    ck_assert_int_eq(prog_lm_find(lm, "nosuchwordhere"), -1);
    prog_lm_close(lm);
}
END_TEST

/* property  rows sum to 1 over histories of all kinds: seen pairs, unseen pairs, single words
 * why       a misplaced n-gram or backoff changes the mass of its row
 * bound     scores are quantised to 2^16 bins, which moves the sum by up to 0.7 % on these */
START_TEST(rows_sum_to_one) {
    prog_error error;
    prog_trie trie;
    float *row;
    int i;
    if (access(PROG_LM_DEFAULT, R_OK) != 0) return;
    ck_assert_msg(prog_trie_open(PROG_LM_DEFAULT, &trie, &error) == 0, "%s", error.text);
    row = malloc((size_t)trie.words * sizeof *row);
    for (i = 0; i < 60; i++) {
        const int32_t last = (int32_t)((i * 7919L * 13) % trie.words);
        int32_t before = (int32_t)((i * 104729L) % trie.words);
        double mass = 0;
        int32_t w;
        if (i % 3 == 0) before = -1;
        if (i % 3 == 1 && trie.pair_begin[last] < trie.pair_begin[last + 1])
            before = (int32_t)trie.pair_earlier[trie.pair_begin[last]];
        prog_trie_row(&trie, before, last, row);
        for (w = 0; w < trie.words; w++) mass += exp(row[w]);
        ck_assert_msg(fabs(mass - 1) < 0.01, "history (%d, %d): mass %g", before, last, mass);
    }
    free(row);
    prog_trie_close(&trie);
}
END_TEST

START_TEST(a_cut_or_broken_model_is_refused) {
    char path[256];
    prog_error error;
    prog_trie trie;
    unsigned char *bytes;
    size_t size;
    FILE *file;
    if (access(PROG_LM_DEFAULT, R_OK) != 0) return;
    temporary(path, sizeof path);
    bytes = malloc(28 << 20);
    file = fopen(PROG_LM_DEFAULT, "rb");
    size = fread(bytes, 1, 28 << 20, file);
    fclose(file);
    if (_i == 0) size /= 2;                           /* half a file */
    if (_i == 1) memset(bytes + 900000, 0xff, 64);    /* where words' first bigrams are */
    if (_i == 2) memset(bytes + 9000000, 0xa5, 4096); /* among the packed bigrams */
    if (_i == 3) bytes[20] = bytes[21] = 0xff;        /* another number of words */
    file = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
    ck_assert_int_eq(prog_trie_open(path, &trie, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    unlink(path);
    free(bytes);
}
END_TEST

START_TEST(another_kind_of_file_is_told_apart) {
    char path[256];
    prog_error error;
    prog_trie trie;
    FILE *file;
    temporary(path, sizeof path);
    file = fopen(path, "wb");
    fputs("\\data\\\nngram 1=2\n", file);
    fclose(file);
    ck_assert_int_eq(prog_trie_open(path, &trie, &error), 1);
    ck_assert_ptr_null(prog_lm_open(path, &error));
    ck_assert_ptr_nonnull(strstr(error.text, path));
    unlink(path);
    ck_assert_int_eq(prog_trie_open(path, &trie, &error), -1);
    ck_assert_ptr_null(prog_lm_open(path, &error));
    if (URN_WITH_LM) ck_assert_ptr_nonnull(strstr(error.text, "apt-get install pocketsphinx-en-us"));
}
END_TEST

Suite *unit_prog_lm_suite(void) {
    Suite *suite = suite_create("unit_prog_lm");
    TCase *c = tcase_create("language model");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, debian_model_is_read_fast_and_agrees_with_sphinxbase);
    tcase_add_test(c, rows_sum_to_one);
    tcase_add_loop_test(c, a_cut_or_broken_model_is_refused, 0, 4);
    tcase_add_test(c, another_kind_of_file_is_told_apart);
    suite_add_tcase(suite, c);
    return suite;
}
