/* kat_read.h - known answers are text; this reads them, for every witness alike.
 *
 * A file is lines. Blank lines and lines that begin with '#' are skipped. Each other line is one case:
 *
 *     name key=values key=values -> key=values key=values  # the path that this case takes
 *
 * Before the arrow: what goes in; after it: what must come out. Keys are unique within a line. Values are integers in C
 * syntax (7, -1, 0x3f800000), several ones separated by commas; floats are their IEEE patterns. Files (all made by
 * kat_make.py):
 *
 *   philox.txt   block: key, counter[4] -> words[4].  row_key: seed, label -> key
 *   convert.txt  f16, bf16, f32: bits -> f32 (pattern after + 0.0f), key (of bits.h section 1)
 *   weights.txt  weight: x, M, T (patterns) -> c (pattern), w, e (what the id adds to E)
 *   log2.txt     log2: Z -> f64 (pattern)
 *   need.txt     ceil: p (pattern), Z -> ceil
 *   rows.txt     row: dtype (urn_dtype), x (patterns of dtype), op and value (urn_op; pattern of a float, or k; absent
 *                without steps), mask (words of the mask step), seed, label, position, draws -> every output of
 *                urn_sample by the name of its member
 *   rules.txt    law: x, op, flags (of steps), param (four a step: patterns, or ints), ids and values (of the step that
 *                wants a list), outputs (ids committed to the slot) -> kept ids, law (patterns of their probabilities).
 *                Made by kat_rules.py from other definitions than bits.h: to be met within rounding.
 *   choices.txt  topk: x, k, flags -> ids. inverse: w, codes -> bins. ess: x -> ess, log_mean. bound: p, q, k,
 *                replacement -> bound. Made by kat_choices.py; the last two are to be met within rounding.
 *   gold.txt     gold: line (of rules.txt) -> a checksum for each output of that call, see kat_gold.c */
#ifndef URN_KAT_READ_H
#define URN_KAT_READ_H

#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kat_file {
    FILE *stream;
    const char *name;
    int line;
    char *text; /* of the current case, cut into strings */
    size_t capacity;
} kat_file;

#define KAT_FIELDS 32
typedef struct kat_case {
    const char *name, *path;
    int line, fields;
    const char *key[KAT_FIELDS], *values[KAT_FIELDS];
} kat_case;

/* Opens tests/kat/<name>: under $URN_KAT_DIR, else in the source tree. 1 if it could. */
int kat_open(kat_file *file, const char *name);

/* The next case; valid until the next call. 1: read; 0: end of file; -1: a line that is no case (kat_case.line). */
int kat_next(kat_file *file, kat_case *c);
void kat_close(kat_file *file);

/* How many values a key has; 0 if the case has no such key. Writes at most `most` of them. */
int kat_list(const kat_case *c, const char *key, uint64_t *values, int most);

/* The first value of a key; 0 if there is none. */
uint64_t kat_value(const kat_case *c, const char *key);

#ifdef __cplusplus
}
#endif

#endif
