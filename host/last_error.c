/* last_error.c - the detail text of a thread's last failing call. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/check.h"

#if defined(__GNUC__)
#define URN_THREAD __thread
#else
#define URN_THREAD _Thread_local
#endif

static URN_THREAD char last_error[URN_ERROR_TEXT];

const char *urn_last_error(void) { return last_error; }

urn_status urn_fail(urn_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

urn_status urn_set_last_error(urn_status status, const char *detail) {
    return urn_fail(status, "%s", detail ? detail : "");
}

void urn_error_save(char text[URN_ERROR_TEXT]) { memcpy(text, last_error, URN_ERROR_TEXT); }

void urn_error_restore(const char text[URN_ERROR_TEXT]) { memcpy(last_error, text, URN_ERROR_TEXT); }

urn_status urn_fail_null(const char *call, const char *argument) {
    return urn_fail(URN_E_NULL, "%s: %s is NULL; wanted a pointer", call, argument);
}

urn_status urn_fail_range(urn_status status, const char *call, const char *argument, int64_t value, int64_t low,
                          int64_t high) {
    return urn_fail(status, "%s: %s is %lld; wanted %lld to %lld", call, argument, (long long)value, (long long)low,
                    (long long)high);
}

urn_status urn_fail_mismatch(const char *call, const char *argument, const char *other) {
    return urn_fail(URN_E_MISMATCH, "%s: %s belongs to another urn_ctx than %s; wanted the same one", call, argument,
                    other);
}
