/* prog_progress.h - one line on stderr that says how far a long command is. Nothing where stderr is no terminal. */
#ifndef PROG_PROGRESS_H
#define PROG_PROGRESS_H

#include <stdint.h>

typedef struct prog_progress {
    int shown; /* 1: stderr is a terminal that can move its cursor */
    const char *label;
    int64_t total;
    double begin, last; /* seconds, monotonic */
} prog_progress;

/* prog_seconds - the monotonic clock. */
double prog_seconds(void);

/* prog_progress_begin - `total` units are to come (0: not known). prog_progress_update - `done` of them are over;
 * `note` (may be NULL) goes at the end of the line. Redrawn at most ten times a second. prog_progress_end - erase. */
void prog_progress_begin(prog_progress *bar, const char *label, int64_t total);
void prog_progress_update(prog_progress *bar, int64_t done, const char *note);
void prog_progress_end(prog_progress *bar);

#endif
