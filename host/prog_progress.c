/* prog_progress.c - a progress bar for terminals. */
#define _DEFAULT_SOURCE
#include "host/prog_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

double prog_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int terminal_width(void) {
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

void prog_progress_begin(prog_progress *bar, const char *label, int64_t total) {
    const char *term = getenv("TERM");
    bar->shown = isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
    bar->label = label;
    bar->total = total;
    bar->begin = prog_seconds();
    bar->last = 0;
    prog_progress_update(bar, 0, NULL);
}

void prog_progress_update(prog_progress *bar, int64_t done, const char *note) {
    char line[512], cells[64];
    const double now = bar->shown ? prog_seconds() : 0;
    int width, filled, n;
    if (!bar->shown || (now - bar->last < 0.1 && done != bar->total)) return;
    bar->last = now;
    width = terminal_width() - 1; /* the last column would wrap on some terminals */
    if (width > (int)sizeof line - 1) width = (int)sizeof line - 1;
    if (bar->total > 0) {
        const double share = (double)done / (double)bar->total, spent = now - bar->begin;
        const int length = 24;
        filled = (int)(share * length);
        memset(cells, '#', (size_t)filled);
        memset(cells + filled, '.', (size_t)(length - filled));
        cells[length] = 0;
        n = snprintf(line, sizeof line, "%s [%s] %3.0f %%", bar->label, cells, 100 * share);
        if (done > 0 && done < bar->total && spent > 1 && n < (int)sizeof line)
            n += snprintf(line + n, sizeof line - (size_t)n, "  %.0f s left", spent * (1 / share - 1));
    } else
        n = snprintf(line, sizeof line, "%s ...", bar->label);
    if (note != NULL && n < (int)sizeof line) snprintf(line + n, sizeof line - (size_t)n, "  %s", note);
    line[width > 0 ? width : 0] = 0;
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
}

void prog_progress_end(prog_progress *bar) {
    if (!bar->shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    bar->shown = 0;
}
