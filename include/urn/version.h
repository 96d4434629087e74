/* version.h - two versions: URN_VERSION of the API, URN_BITS_VERSION (bits.h) of the outputs. */
#ifndef URN_VERSION_H
#define URN_VERSION_H

#include "urn/bits.h"
#include "urn/export.h"

#define URN_VERSION_MAJOR 0
#define URN_VERSION_MINOR 1
#define URN_VERSION_PATCH 0
#define URN_VERSION (URN_VERSION_MAJOR * 10000 + URN_VERSION_MINOR * 100 + URN_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* urn_version - URN_VERSION of the library that was loaded, which may differ from the header's. */
URN_API int urn_version(void);

/* urn_bits_version - URN_BITS_VERSION of the library that was loaded. Outputs of two builds with the same
 * number are the same bits for the same inputs. */
URN_API int urn_bits_version(void);

#ifdef __cplusplus
}
#endif

#endif
