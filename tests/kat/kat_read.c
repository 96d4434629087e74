/* kat_read.c - cuts lines of known answers into fields. */
#include "tests/kat/kat_read.h"

#include <stdlib.h>
#include <string.h>

#ifndef URN_SOURCE_DIR
#define URN_SOURCE_DIR "."
#endif

int kat_open(kat_file *file, const char *name) {
    char path[4096];
    const char *directory = getenv("URN_KAT_DIR");
    memset(file, 0, sizeof *file);
    file->name = name;
    if (directory)
        snprintf(path, sizeof path, "%s/%s", directory, name);
    else
        snprintf(path, sizeof path, "%s/tests/kat/%s", URN_SOURCE_DIR, name);
    file->stream = fopen(path, "r");
    if (!file->stream && !directory) { /* a test binary that was built elsewhere */
        snprintf(path, sizeof path, "tests/kat/%s", name);
        file->stream = fopen(path, "r");
    }
    return file->stream != NULL;
}

void kat_close(kat_file *file) {
    if (file->stream) fclose(file->stream);
    free(file->text);
    memset(file, 0, sizeof *file);
}

/* A whole line of any length, without its end. 0 at the end of the file. */
static int read_line(kat_file *file) {
    size_t used = 0;
    for (;;) {
        if (file->capacity - used < 2) {
            size_t capacity = file->capacity ? 2 * file->capacity : 4096;
            char *text = realloc(file->text, capacity);
            if (!text) return 0;
            file->text = text;
            file->capacity = capacity;
        }
        if (!fgets(file->text + used, (int)(file->capacity - used), file->stream)) break;
        used += strlen(file->text + used);
        if (used && file->text[used - 1] == '\n') {
            file->text[used - 1] = 0;
            file->line++;
            return 1;
        }
    }
    file->line++;
    return used > 0;
}

static int cut(kat_file *file, kat_case *c) {
    char *comment = strstr(file->text, " # "), *rest = NULL;
    int arrows = 0;
    c->path = comment ? comment + 3 : "";
    if (comment) *comment = 0;
    c->name = strtok_r(file->text, " ", &rest);
    for (char *word; (word = strtok_r(NULL, " ", &rest));) {
        char *equals = strchr(word, '=');
        if (!strcmp(word, "->")) {
            arrows++;
            continue;
        }
        if (!equals || c->fields == KAT_FIELDS) return -1;
        *equals = 0;
        c->key[c->fields] = word;
        c->values[c->fields++] = equals + 1;
    }
    return c->name && arrows == 1 ? 1 : -1;
}

int kat_next(kat_file *file, kat_case *c) {
    while (read_line(file)) {
        if (file->text[0] == '#' || file->text[strspn(file->text, " ")] == 0) continue;
        memset(c, 0, sizeof *c);
        c->line = file->line;
        return cut(file, c);
    }
    return 0;
}

int kat_list(const kat_case *c, const char *key, uint64_t *values, int most) {
    for (int f = 0; f < c->fields; f++) {
        if (strcmp(c->key[f], key)) continue;
        int count = 0;
        for (const char *at = c->values[f]; *at; count++) {
            char *end;
            uint64_t value = strtoull(at, &end, 0); /* takes -1 too, as 2^64 - 1 */
            if (end == at) return count;
            if (count < most) values[count] = value;
            at = *end == ',' ? end + 1 : end;
        }
        return count;
    }
    return 0;
}

uint64_t kat_value(const kat_case *c, const char *key) {
    uint64_t value = 0;
    kat_list(c, key, &value, 1);
    return value;
}
