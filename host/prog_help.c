/* prog_help.c - `urn help`: pages made from the commands' tables. */
#include "host/prog_args.h"

#include <stdio.h>
#include <string.h>

static const prog_command *const COMMANDS[] = {&prog_info,   &prog_sample, &prog_topk,     &prog_select, &prog_resample,
                                               &prog_filter, &prog_verify, &prog_generate, &prog_bench};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0], WIDTH = 88, LEFT = 26 };

const prog_command *prog_find_command(const char *name) {
    int i;
    for (i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i]->name, name) == 0) return COMMANDS[i];
    return NULL;
}

const char *const *prog_command_names(void) {
    static const char *names[COMMAND_COUNT + 2];
    int i;
    for (i = 0; i < COMMAND_COUNT; i++) names[i] = COMMANDS[i]->name;
    names[i] = "help";
    return names;
}

/* Text wrapped between columns `left` and WIDTH; the cursor is at column `at`. A newline in it is kept, and a line that
 * begins with a blank is an example, printed as it is. */
void prog_help_text(const char *text, int left, int at) {
    int fresh = 1;
    for (; at < left; at++) putchar(' ');
    while (*text) {
        const int length = (int)strcspn(text, " \n");
        if (fresh && *text == ' ') {
            const int line = (int)strcspn(text, "\n");
            printf("%.*s", line, text);
            text += line;
        } else if (length > 0) {
            if (!fresh && at + 1 + length > WIDTH) {
                printf("\n%*s", left, "");
                at = left;
                fresh = 1;
            }
            at += printf("%s%.*s", fresh ? "" : " ", length, text);
            fresh = 0;
            text += length;
        } else if (*text == ' ')
            text++;
        if (*text == '\n') {
            text++;
            printf("\n%*s", *text == '\n' || *text == 0 ? 0 : left, "");
            at = left;
            fresh = 1;
        }
    }
    putchar('\n');
}

static void print_option(const prog_option *o) {
    char head[128], tail[256];
    int n, at;
    n = o->letter ? snprintf(head, sizeof head, "-%c, --%s", o->letter, o->name)
                  : snprintf(head, sizeof head, "    --%s", o->name);
    if (o->kind != PROG_FLAG) snprintf(head + n, sizeof head - (size_t)n, " %s", o->value);
    at = printf("  %s", head);
    if (at + 2 > LEFT) {
        putchar('\n');
        at = 0;
    }
    prog_help_text(o->help, LEFT, at);
    tail[0] = 0;
    n = 0;
    if (o->kind == PROG_INT || o->kind == PROG_SIZES)
        n = snprintf(tail, sizeof tail, "%lld to %lld", (long long)o->low, (long long)o->high);
    else if (o->kind == PROG_U64)
        n = snprintf(tail, sizeof tail, "0 to 2^64 - 1, decimal or 0x...");
    else if (o->kind == PROG_CHOICE)
        n = snprintf(tail, sizeof tail, "%s", o->choices);
    if (o->initial != NULL)
        n += snprintf(tail + n, sizeof tail - (size_t)n, "%sdefault %s", n ? "; " : "",
                      o->initial[0] ? o->initial : "\"\"");
    if (n > 0) {
        char line[300];
        snprintf(line, sizeof line, "[%s]", tail);
        prog_help_text(line, LEFT, 0);
    }
}

void prog_help_command(const prog_command *c) {
    int i;
    printf("urn %s - %s\n\nUsage: urn %s %s\n\n", c->name, c->summary, c->name, c->usage);
    prog_help_text(c->about, 0, 0);
    if (c->count > 0) printf("\nOptions:\n");
    for (i = 0; i < c->count; i++) print_option(&c->options[i]);
    if (c->output != NULL) {
        printf("\nOutput:\n");
        prog_help_text(c->output, 2, 0);
    }
    printf("\nExit code: 0 done, 1 failed while running, 2 wrong usage.\n");
    if (c->examples != NULL) printf("\nExamples:\n%s", c->examples);
}

void prog_help_all(void) {
    int i;
    printf("urn - exact, bit-reproducible sampling from discrete distributions\n\n"
           "Usage: urn COMMAND [OPTIONS]\n\nCommands:\n");
    for (i = 0; i < COMMAND_COUNT; i++) printf("  %-10s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    printf("  %-10s %s\n", "help",
           "this page; `urn help COMMAND` explains a command, `urn help steps` what --steps takes, "
           "`urn help verifiers` what --verifier takes");
    printf(
        "\nOptions are written --name value or --name=value; -- ends them. With the same logits, steps, seed and\n"
        "position, every backend, batch size and thread count gives the same ids and the same bits of every output.\n"
        "\nExit code: 0 done, 1 failed while running, 2 wrong usage.\n"
        "\nStart with:\n"
        "  urn info                     what this build can do on this machine\n"
        "  urn generate --seed 7        eight sentences from a real language model\n"
        "  urn sample logits.npy -n 5   five draws from each row of a matrix\n");
}
