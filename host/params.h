/* params.h - structs that grow: every public params or info struct starts with its size as the caller compiled it. */
#ifndef URN_PARAMS_H
#define URN_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "urn/status.h"

/* A struct as this library knows it. Sizes below `least` (its first version) or above `ours` were never shipped, nor
 * were sizes that no alignment of its members allows. */
typedef struct urn_struct_sizes {
    size_t least, ours, align;
} urn_struct_sizes;

/* The end of a member: where a struct that stopped there would end. */
#define URN_END_OF(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* urn_params_check - is `found` the struct_size of a version we know? URN_OK or URN_E_STRUCT. */
urn_status urn_params_check(const char *call, const char *name, uint32_t found, urn_struct_sizes sizes);

/* urn_params_copy - `to`, which holds the defaults, takes the members that the caller's struct has. Then its
 * struct_size is ours. */
urn_status urn_params_copy(const char *call, const char *name, void *to, const void *from, urn_struct_sizes sizes);

/* urn_params_give - the other way, for structs that the library fills: as many bytes as the caller has room for;
 * the caller's struct_size stays. */
urn_status urn_params_give(const char *call, const char *name, void *to, const void *from, urn_struct_sizes sizes);

#endif
