/* consume.c - one draw from an installed urn: id 2 carries all the mass, so the answer is known. */
#include <math.h>
#include <stdio.h>
#include <urn/urn.h>

int main(void) {
    float logits[4] = {-INFINITY, -INFINITY, 1.5f, -INFINITY};
    int32_t id = -7;
    urn_ctx *ctx = NULL;
    urn_stream *stream = NULL;
    urn_ctx_params on_cpu = URN_CTX_PARAMS_INIT;
    on_cpu.backend = URN_BACKEND_CPU;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(logits, URN_F32, 1, 4, 0);
    p.ids = &id;
    int ok = urn_version() == URN_VERSION && urn_bits_version() == URN_BITS_VERSION &&
             urn_ctx_create(&on_cpu, &ctx) == URN_OK &&
             urn_stream_create(ctx, urn_sample_workspace(NULL, 1, 4), &stream) == URN_OK &&
             urn_sample(stream, &p) == URN_OK && urn_stream_sync_host(stream) == URN_OK && id == 2;
    if (!ok) printf("id %d, last error \"%s\"\n", (int)id, urn_last_error());
    urn_stream_destroy(stream);
    urn_ctx_destroy(ctx);
    return !ok;
}
