/* processor.c - cores by affinity, model name from /proc/cpuinfo; no allocation, so no stdio. */
#define _GNU_SOURCE
#include "host/processor.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int32_t urn_processor_cores(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return (int32_t)CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than a cpu_set_t holds */
    return online > 0 ? (int32_t)online : 1;
}

void urn_processor_name(char *name, size_t bytes) {
    char text[4096];
    ssize_t got = -1;
    snprintf(name, bytes, "cpu");
    int file = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    got = read(file, text, sizeof text - 1);
    close(file);
    if (got <= 0) return;
    text[got] = 0;
    char *line = strstr(text, "model name");
    char *value = line ? strchr(line, ':') : NULL;
    if (!value) return;
    value += 1 + strspn(value + 1, " \t");
    value[strcspn(value, "\n")] = 0;
    if (*value) snprintf(name, bytes, "%s", value);
}
