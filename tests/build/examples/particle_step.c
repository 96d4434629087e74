/* particle_step.c - a bootstrap particle filter: log-weights are a row, N draws of it are the ancestors.
 *
 * Model: x' = 0.9 x + N(0, 1), y = x + N(0, 1). A Kalman filter knows its log-evidence exactly; the particle filter's
 * estimate is the sum of lse - ln N. Over seeds its standard deviation was measured as 0.055, so the two must agree
 * within 0.35. */
#include <math.h>
#include <stdio.h>

#include "urn/urn.h"

enum { N = 8192, STEPS = 50 };

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((call) != URN_OK) return fprintf(stderr, "%s: %s\n", #call, urn_last_error()), 1;                          \
    } while (0)

/* A standard normal from a small generator: the model's noise, not the sampler's. */
static uint64_t state = 1;
static double uniform(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}
static double normal(void) { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()); }

int main(void) {
    static float log_weight[N];
    static double x[N], moved[N];
    static int32_t ancestor[N];
    double y[STEPS], truth = normal();
    for (int t = 0; t < STEPS; t++) {
        y[t] = truth + normal();
        truth = 0.9 * truth + normal();
    }

    const double ln_2pi = 1.8378770664093453;
    double mean = 0, variance = 1, exact = 0;
    for (int t = 0; t < STEPS; t++) {
        double total = variance + 1, off = y[t] - mean, gain = variance / total;
        exact -= 0.5 * (ln_2pi + log(total) + off * off / total);
        mean = 0.9 * (mean + gain * off);
        variance = 0.81 * (1 - gain) * variance + 1;
    }

    urn_ctx *ctx;
    urn_stream *stream;
    urn_buffer *weights, *out;
    TRY(urn_ctx_create(NULL, &ctx));
    TRY(urn_stream_create(ctx, urn_sample_workspace(NULL, 1, N), &stream));
    TRY(urn_buffer_create(ctx, URN_DEVICE, sizeof log_weight, &weights));
    TRY(urn_buffer_create(ctx, URN_DEVICE, sizeof ancestor + sizeof(float), &out));

    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(urn_buffer_data(weights), URN_F32, 1, N, 0);
    p.draws = N; /* multinomial resampling: N independent draws of one row */
    p.seed_value = 2026;
    p.ids = (int32_t *)urn_buffer_data(out);
    p.lse = (float *)urn_buffer_data(out) + N;

    double estimate = 0;
    float lse;
    for (int i = 0; i < N; i++) x[i] = normal();
    for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < N; i++) log_weight[i] = (float)(-0.5 * (ln_2pi + (y[t] - x[i]) * (y[t] - x[i])));
        p.position_value = (uint32_t)t; /* fresh randomness every step */
        TRY(urn_buffer_write(stream, weights, 0, log_weight, sizeof log_weight));
        TRY(urn_sample(stream, &p));
        TRY(urn_buffer_read(stream, out, 0, ancestor, sizeof ancestor));
        TRY(urn_buffer_read_host(stream, out, sizeof ancestor, &lse, sizeof lse));
        estimate += lse - log(N);
        for (int i = 0; i < N; i++) moved[i] = 0.9 * x[ancestor[i]] + normal();
        for (int i = 0; i < N; i++) x[i] = moved[i];
    }
    printf("log-evidence: particles %.4f, Kalman %.4f\n", estimate, exact);

    urn_buffer_destroy(weights);
    urn_buffer_destroy(out);
    urn_stream_destroy(stream);
    urn_ctx_destroy(ctx);
    return fabs(estimate - exact) > 0.35;
}
