/* no_gpu.c - on a machine without a GPU: auto opens the cpu, cuda answers URN_E_BACKEND or URN_E_DEVICE with a text.
 *
 *   no_gpu with|without      how the library was built, which the text must agree with */
#include <stdio.h>
#include <string.h>

#include "urn/urn.h"

int main(int argc, char **argv) {
    int with = argc > 1 && strcmp(argv[1], "with") == 0;
    urn_ctx *ctx = NULL;
    if (urn_ctx_create(NULL, &ctx) != URN_OK) {
        printf("auto does not open: %s\n", urn_last_error());
        return 1;
    }
    urn_ctx_info info = URN_CTX_INFO_INIT;
    if (urn_ctx_get_info(ctx, &info) != URN_OK || info.backend != URN_BACKEND_CPU) {
        printf("auto opened %s\n", urn_backend_name((urn_backend_kind)info.backend));
        return 1;
    }
    urn_ctx_destroy(ctx);

    urn_status can = urn_backend_available(URN_BACKEND_CUDA);
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_CUDA;
    ctx = (urn_ctx *)&params; /* must become NULL */
    urn_status got = urn_ctx_create(&params, &ctx);
    if (got == URN_OK || got != can || ctx != NULL) {
        printf("available says %s, create says %s\n", urn_status_name(can), urn_status_name(got));
        return 1;
    }
    if (with ? got != URN_E_BACKEND && got != URN_E_DEVICE : got != URN_E_BACKEND) {
        printf("an unexpected status: %s\n", urn_status_name(got));
        return 1;
    }
    if (strlen(urn_last_error()) < 10) {
        printf("the text says too little: \"%s\"\n", urn_last_error());
        return 1;
    }
    printf("%s, \"%s\"", urn_status_name(got), urn_last_error());
    return 0;
}
