/* prog_args.h - a command of the program as data: its options are checked, and its help page printed, from one table.
 */
#ifndef PROG_ARGS_H
#define PROG_ARGS_H

#include <stdint.h>

enum { PROG_OK = 0, PROG_FAILED = 1, PROG_USAGE = 2 }; /* exit codes */

typedef enum prog_kind {
    PROG_FLAG,   /* no value */
    PROG_TEXT,   /* any text */
    PROG_INT,    /* an integer in [low, high] */
    PROG_U64,    /* an unsigned integer below 2^64, decimal or 0x... */
    PROG_CHOICE, /* one of choices, separated by | */
    PROG_SIZES   /* integers in [low, high] separated by commas */
} prog_kind;

typedef struct prog_option {
    const char *name; /* without the dashes */
    char letter;      /* -n as a short form, or 0 */
    prog_kind kind;
    const char *value;   /* the value's name in the help */
    const char *initial; /* the value where the option is not given; NULL: none */
    int64_t low, high;
    const char *choices;
    const char *help;
} prog_option;

/* What was found for option i of a command. `number` holds PROG_INT, the index of a PROG_CHOICE and 1 of a given flag;
 * `wide` holds PROG_U64. */
typedef struct prog_value {
    int given;
    const char *text;
    int64_t number;
    uint64_t wide;
} prog_value;

enum { PROG_MAX_OPTIONS = 32, PROG_MAX_OPERANDS = 8 };

typedef struct prog_values {
    prog_value of[PROG_MAX_OPTIONS]; /* in the order of the command's options */
    const char *operand[PROG_MAX_OPERANDS];
    int operands;
} prog_values;

typedef struct prog_command {
    const char *name;
    const char *summary; /* half a line */
    const char *usage;   /* what follows `urn name` */
    const char *about;   /* paragraphs */
    const prog_option *options;
    int count;
    int least, most; /* operands */
    const char *output;
    const char *examples;
    int (*run)(const prog_values *values);
} prog_command;

extern const prog_command prog_info, prog_sample, prog_topk, prog_select, prog_resample, prog_filter, prog_verify,
    prog_generate, prog_bench;

/* prog_args_parse - argv after the command's name into `values`. Returns PROG_OK, or PROG_USAGE after saying on stderr
 * what is wrong and what was probably meant. */
int prog_args_parse(const prog_command *command, int argc, char **argv, prog_values *values);

/* prog_sizes - the integers of a PROG_SIZES value; returns how many, at most `capacity`, -1 for a bad list. */
int prog_sizes(const char *text, int64_t low, int64_t high, int64_t *sizes, int capacity);

/* prog_nearest - index of the name nearest to `word` by edits, -1 if none is near. names end with NULL. */
int prog_nearest(const char *word, const char *const *names);

/* prog_help_command - the page of one command. prog_help_all - the list of commands. On stdout. */
void prog_help_command(const prog_command *command);
void prog_help_all(void);

/* prog_help_text - text wrapped between column `left` and the page's width, on stdout; the cursor is at column `at`. */
void prog_help_text(const char *text, int left, int at);

/* prog_find_command - by name; NULL if there is none. prog_command_names - all, ending with NULL. */
const prog_command *prog_find_command(const char *name);
const char *const *prog_command_names(void);

#endif
