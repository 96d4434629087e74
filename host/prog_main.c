/* prog_main.c - the program `urn`: which command, then its options, then run it. */
#define _POSIX_C_SOURCE 200809L
#include "host/prog_args.h"
#include "host/prog_steps.h"
#include "host/prog_verifiers.h"
#include "urn/urn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* GCC's OpenMP lets threads that wait for each other spin, and on a machine with other work they spin in the very time
 * slices that the thread waited for needs: `urn generate` then took 3,400 us a row in place of 136 (two cores, load 7).
 * The policy is read before main, so the program sets it and starts itself again. A choice of the user's stands. */
static void wait_without_spinning(char **argv) {
    if (getenv("OMP_WAIT_POLICY") != NULL || getenv("GOMP_SPINCOUNT") != NULL) return;
    if (setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
    execv("/proc/self/exe", argv); /* where this returns, the program goes on as it is */
}

static int unknown_command(const char *name) {
    const char *const *names = prog_command_names();
    const int near = prog_nearest(name, names);
    fprintf(stderr, "urn: there is no command '%s'", name);
    if (near >= 0) fprintf(stderr, "; did you mean '%s'?", names[near]);
    fprintf(stderr, "\n`urn help` lists the commands.\n");
    return PROG_USAGE;
}

static int help(int argc, char **argv) {
    const prog_command *command;
    if (argc == 0 || strcmp(argv[0], "help") == 0) {
        prog_help_all();
        return PROG_OK;
    }
    if (strcmp(argv[0], "steps") == 0) {
        prog_help_steps();
        return PROG_OK;
    }
    if (strcmp(argv[0], "verifiers") == 0) {
        prog_help_verifiers();
        return PROG_OK;
    }
    command = prog_find_command(argv[0]);
    if (command == NULL) return unknown_command(argv[0]);
    prog_help_command(command);
    return PROG_OK;
}

static int asks_for_help(int argc, char **argv) {
    int i;
    for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return 1;
    return 0;
}

static int run(int argc, char **argv) {
    prog_values values;
    const prog_command *command = prog_find_command(argv[1]);
    if (command == NULL) return unknown_command(argv[1]);
    if (asks_for_help(argc - 2, argv + 2)) {
        prog_help_command(command);
        return PROG_OK;
    }
    if (prog_args_parse(command, argc - 2, argv + 2, &values) != PROG_OK) return PROG_USAGE;
    return command->run(&values);
}

int main(int argc, char **argv) {
    int code;
    wait_without_spinning(argv);
    if (argc < 2) {
        prog_help_all();
        return PROG_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        code = help(argc - 2, argv + 2);
    else if (strcmp(argv[1], "--version") == 0) {
        printf("urn %d.%d.%d, bits %d\n", urn_version() / 10000, urn_version() / 100 % 100, urn_version() % 100,
               urn_bits_version());
        code = PROG_OK;
    } else
        code = run(argc, argv);
    /* A full disk shows only when the last of stdout is written. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (code == PROG_OK) code = PROG_FAILED;
        fprintf(stderr, "urn: the output could not be written\n");
    }
    return code;
}
