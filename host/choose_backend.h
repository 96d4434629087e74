/* choose_backend.h - from a kind to its table. */
#ifndef URN_CHOOSE_BACKEND_H
#define URN_CHOOSE_BACKEND_H

#include "host/backend.h"

/* urn_choose_backend - the table of `kind`, whose backend answers here; AUTO becomes CUDA where a device answers, else
 * CPU. URN_OK | URN_E_VALUE (kind) | URN_E_BACKEND */
urn_status urn_choose_backend(const char *call, int32_t kind, const urn_backend **backend);

#endif
