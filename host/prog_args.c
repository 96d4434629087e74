/* prog_args.c - options of a command: --name value, --name=value, -n value, -n5, -- ends them. */
#include "host/prog_args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Damerau-Levenshtein distance: a letter changed, put in, left out, or two swapped, each counts 1. */
static int edits(const char *a, const char *b) {
    enum { LONGEST = 40 };
    int d[LONGEST + 1][LONGEST + 1];
    const int m = (int)strlen(a), n = (int)strlen(b);
    int i, j;
    if (m > LONGEST || n > LONGEST) return LONGEST;
    for (i = 0; i <= m; i++) d[i][0] = i;
    for (j = 0; j <= n; j++) d[0][j] = j;
    for (i = 1; i <= m; i++)
        for (j = 1; j <= n; j++) {
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[m][n];
}

int prog_nearest(const char *word, const char *const *names) {
    const int length = (int)strlen(word);
    int best = -1, least = length < 4 ? 2 : 3, i;
    for (i = 0; names[i] != NULL; i++) {
        int distance = edits(word, names[i]);
        /* a beginning of at least 3 letters is near enough, whatever follows */
        if (length >= 3 && strncmp(word, names[i], (size_t)length) == 0) distance = 1;
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

static int refuse(const prog_command *command, const char *format, ...) {
    va_list list;
    fprintf(stderr, "urn %s: ", command->name);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "\n`urn help %s` lists the options.\n", command->name);
    return PROG_USAGE;
}

static int refuse_unknown(const prog_command *command, const char *name) {
    const char *names[PROG_MAX_OPTIONS + 1];
    int i, near;
    for (i = 0; i < command->count; i++) names[i] = command->options[i].name;
    names[i] = NULL;
    near = prog_nearest(name, names);
    if (near >= 0) return refuse(command, "there is no option --%s; did you mean --%s?", name, names[near]);
    return refuse(command, "there is no option --%s", name);
}

static int read_int(const char *text, int64_t low, int64_t high, int64_t *number, const char **end) {
    char *stop;
    errno = 0;
    *number = strtoll(text, &stop, 10);
    *end = stop;
    return stop != text && errno == 0 && *number >= low && *number <= high;
}

int prog_sizes(const char *text, int64_t low, int64_t high, int64_t *sizes, int capacity) {
    int n = 0;
    for (;; text++) {
        if (n == capacity || !read_int(text, low, high, &sizes[n], &text)) return -1;
        n++;
        if (*text == 0) return n;
        if (*text != ',') return -1;
    }
}

static int choose(const char *choices, const char *text) {
    const size_t length = strlen(text);
    int index = 0;
    for (;; index++) {
        const char *bar = strchr(choices, '|');
        const size_t n = bar ? (size_t)(bar - choices) : strlen(choices);
        if (n == length && memcmp(choices, text, n) == 0) return index;
        if (bar == NULL) return -1;
        choices = bar + 1;
    }
}

/* One value into place; the same path takes defaults, so a wrong default in a table shows at the first run. */
static int set_value(const prog_command *command, int i, const char *text, prog_value *value) {
    const prog_option *o = &command->options[i];
    const char *rest;
    char *stop;
    int64_t sizes[64];
    value->text = text;
    switch (o->kind) {
    case PROG_FLAG:
    case PROG_TEXT:
        return PROG_OK;
    case PROG_INT:
        if (read_int(text, o->low, o->high, &value->number, &rest) && *rest == 0) return PROG_OK;
        return refuse(command, "--%s takes an integer from %lld to %lld, not '%s'", o->name, (long long)o->low,
                      (long long)o->high, text);
    case PROG_U64:
        errno = 0;
        value->wide = strtoull(text, &stop, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
        if (text[0] >= '0' && text[0] <= '9' && *stop == 0 && errno == 0) return PROG_OK;
        return refuse(command, "--%s takes an integer from 0 to 2^64 - 1, decimal or 0x..., not '%s'", o->name, text);
    case PROG_CHOICE:
        value->number = choose(o->choices, text);
        if (value->number >= 0) return PROG_OK;
        return refuse(command, "--%s takes one of %s, not '%s'", o->name, o->choices, text);
    case PROG_SIZES:
        if (prog_sizes(text, o->low, o->high, sizes, 64) > 0) return PROG_OK;
        return refuse(command, "--%s takes integers from %lld to %lld separated by commas, not '%s'", o->name,
                      (long long)o->low, (long long)o->high, text);
    }
    return PROG_OK;
}

/* Finds the option that argv[at] names; *attached is the text after '=' or after the letter, or NULL. -1: none. */
static int find_option(const prog_command *command, const char *word, const char **attached) {
    int i;
    *attached = NULL;
    for (i = 0; i < command->count; i++) {
        const prog_option *o = &command->options[i];
        const size_t n = strlen(o->name);
        if (word[1] == '-') {
            if (strncmp(word + 2, o->name, n) == 0 && (word[2 + n] == 0 || word[2 + n] == '=')) {
                if (word[2 + n] == '=') *attached = word + 3 + n;
                return i;
            }
        } else if (o->letter && word[1] == o->letter) {
            if (word[2] != 0) *attached = word + 2 + (word[2] == '=');
            return i;
        }
    }
    return -1;
}

int prog_args_parse(const prog_command *command, int argc, char **argv, prog_values *values) {
    int i, only_operands = 0;
    memset(values, 0, sizeof *values);
    for (i = 0; i < command->count; i++)
        if (command->options[i].initial != NULL &&
            set_value(command, i, command->options[i].initial, &values->of[i]) != PROG_OK)
            return PROG_USAGE;
    for (i = 0; i < argc; i++) {
        const char *word = argv[i], *text;
        int at;
        if (only_operands || word[0] != '-' || word[1] == 0) {
            if (values->operands == command->most)
                return refuse(command,
                              command->most == 0 ? "takes no operand, found '%s'" : "one operand too many: '%s'", word);
            values->operand[values->operands++] = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            only_operands = 1;
            continue;
        }
        at = find_option(command, word, &text);
        if (at < 0) {
            char name[64];
            if (word[1] != '-') return refuse(command, "there is no option %.2s", word);
            snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
            return refuse_unknown(command, name);
        }
        if (command->options[at].kind == PROG_FLAG) {
            if (text != NULL) return refuse(command, "--%s takes no value", command->options[at].name);
            values->of[at].number = 1;
        } else {
            if (text == NULL && i + 1 == argc)
                return refuse(command, "--%s needs a value: %s", command->options[at].name, command->options[at].value);
            if (text == NULL) text = argv[++i];
            if (set_value(command, at, text, &values->of[at]) != PROG_OK) return PROG_USAGE;
        }
        values->of[at].given = 1;
    }
    if (values->operands < command->least) return refuse(command, "usage: urn %s %s", command->name, command->usage);
    return PROG_OK;
}
