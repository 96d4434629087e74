/* abuse_args.h - what the suites of refused arguments share. */
#ifndef ABUSE_ARGS_H
#define ABUSE_ARGS_H

#include "tests/urn_test.h"

/* The call returns `status` and the detail text has `needle`: the argument's name, as the caller wrote it. */
#define REFUSED(call, status, needle) abuse_refused(__FILE__, __LINE__, #call, (call), (status), (needle))

static inline void abuse_refused(const char *file, int line, const char *text, urn_status found, urn_status wanted,
                                 const char *needle) {
    ut_status(file, line, text, found, wanted);
    if (!strstr(urn_last_error(), needle))
        ut_fail(file, line, "%s: the detail \"%s\" does not have \"%s\"", text, urn_last_error(), needle);
}

/* NONE, then every backend that answers here. */
#define FOR_NONE_AND_EACH_BACKEND(kind)                                                                                \
    for (urn_backend_kind kind = URN_BACKEND_NONE; kind != URN_BACKEND_AUTO;                                           \
         kind = ut_next_backend(kind == URN_BACKEND_NONE ? URN_BACKEND_AUTO : kind))

#endif
