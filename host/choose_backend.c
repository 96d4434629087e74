/* choose_backend.c - which backends this build has, and which one answers. */
#include "host/choose_backend.h"

#include "host/check.h"

static urn_status find_backend(const char *call, urn_backend_kind kind, const urn_backend **backend) {
    switch (kind) {
    case URN_BACKEND_CPU:
        *backend = &urn_backend_cpu;
        return URN_OK;
    case URN_BACKEND_NONE:
        *backend = &urn_backend_none;
        return URN_OK;
    case URN_BACKEND_CUDA:
#if URN_WITH_CUDA
        *backend = &urn_backend_cuda;
        return URN_OK;
#else
        break;
#endif
    case URN_BACKEND_SIMT:
#if URN_WITH_SIMT
        *backend = &urn_backend_simt;
        return URN_OK;
#else
        break;
#endif
    case URN_BACKEND_AUTO:
        break;
    }
    return urn_fail(URN_E_BACKEND, "%s: backend \"%s\": this library was built without it", call,
                    urn_backend_name(kind));
}

urn_status urn_choose_backend(const char *call, int32_t kind, const urn_backend **backend) {
    *backend = NULL;
    URN_TRY(urn_check_range(URN_E_VALUE, call, "backend", kind, URN_BACKEND_AUTO, URN_BACKEND_NONE));
    if (kind == URN_BACKEND_AUTO) {
        char earlier[URN_ERROR_TEXT];
        urn_error_save(earlier);
        if (find_backend(call, URN_BACKEND_CUDA, backend) == URN_OK && (*backend)->available() == URN_OK) return URN_OK;
        urn_error_restore(earlier);
        kind = URN_BACKEND_CPU;
    }
    URN_TRY(find_backend(call, (urn_backend_kind)kind, backend));
    return (*backend)->available();
}
