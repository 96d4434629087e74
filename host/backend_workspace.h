/* backend_workspace.h - scratch that satisfies every backend of this build, so that a size does not depend on where a
 * call runs. */
#ifndef URN_BACKEND_WORKSPACE_H
#define URN_BACKEND_WORKSPACE_H

#include <stddef.h>
#include <stdint.h>

/* urn_backend_sample_workspace - rows and cols are in range; needs: URN_NEEDS_ bits; pure, monotone in rows and cols.
 */
size_t urn_backend_sample_workspace(int64_t rows, int64_t cols, int32_t needs);

#endif
