/* params.c - copy of min(sizes) between a caller's struct and ours. */
#include "host/params.h"

#include <string.h>

#include "host/check.h"

urn_status urn_params_check(const char *call, const char *name, uint32_t found, urn_struct_sizes sizes) {
    if (found >= sizes.least && found <= sizes.ours && found % sizes.align == 0) return URN_OK;
    return urn_fail(URN_E_STRUCT, "%s: %s->struct_size is %u; wanted %zu to %zu, a multiple of %zu", call, name, found,
                    sizes.least, sizes.ours, sizes.align);
}

urn_status urn_params_copy(const char *call, const char *name, void *to, const void *from, urn_struct_sizes sizes) {
    uint32_t found, ours = (uint32_t)sizes.ours;
    memcpy(&found, from, sizeof found);
    URN_TRY(urn_params_check(call, name, found, sizes));
    memcpy(to, from, found);
    memcpy(to, &ours, sizeof ours);
    return URN_OK;
}

urn_status urn_params_give(const char *call, const char *name, void *to, const void *from, urn_struct_sizes sizes) {
    uint32_t found;
    memcpy(&found, to, sizeof found);
    URN_TRY(urn_params_check(call, name, found, sizes));
    memcpy((char *)to + sizeof found, (const char *)from + sizeof found, found - sizeof found);
    return URN_OK;
}
