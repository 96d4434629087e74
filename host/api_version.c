/* api_version.c - the versions that were compiled in. */
#include "urn/version.h"

int urn_version(void) { return URN_VERSION; }

int urn_bits_version(void) { return URN_BITS_VERSION; }
