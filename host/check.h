/* check.h - argument checks as named functions; the detail text names the call, the argument, what was found and what
 * was wanted. The conditions are inline, the texts are made out of line and only on failure. */
#ifndef URN_CHECK_H
#define URN_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "urn/status.h"
#include "urn/types.h"

#define URN_ERROR_TEXT 512 /* bytes of the longest detail, with its end */

/* Forward a failure. */
#define URN_TRY(call)                                                                                                  \
    do {                                                                                                               \
        urn_status urn_try_status_ = (call);                                                                           \
        if (urn_try_status_ != URN_OK) return urn_try_status_;                                                         \
    } while (0)

#if defined(__GNUC__)
#define URN_PRINTF_LIKE(text, values) __attribute__((format(printf, text, values), cold))
#else
#define URN_PRINTF_LIKE(text, values)
#endif

/* urn_fail - set this thread's detail text; returns `status`. */
urn_status urn_fail(urn_status status, const char *format, ...) URN_PRINTF_LIKE(2, 3);

/* For calls that try something, fail, and go on: the detail of an earlier failure must survive a call that succeeds. */
void urn_error_save(char text[URN_ERROR_TEXT]);
void urn_error_restore(const char text[URN_ERROR_TEXT]);

urn_status urn_fail_null(const char *call, const char *argument);
urn_status urn_fail_range(urn_status status, const char *call, const char *argument, int64_t value, int64_t low,
                          int64_t high);
urn_status urn_fail_mismatch(const char *call, const char *argument, const char *other);

static inline urn_status urn_check_pointer(const char *call, const char *argument, const void *pointer) {
    return pointer ? URN_OK : urn_fail_null(call, argument);
}

/* value in [low, high], or `status` */
static inline urn_status urn_check_range(urn_status status, const char *call, const char *argument, int64_t value,
                                         int64_t low, int64_t high) {
    return value >= low && value <= high ? URN_OK : urn_fail_range(status, call, argument, value, low, high);
}

static inline urn_status urn_check_same_ctx(const char *call, const char *argument, const void *found,
                                            const char *other, const void *wanted) {
    return found == wanted ? URN_OK : urn_fail_mismatch(call, argument, other);
}

#endif
