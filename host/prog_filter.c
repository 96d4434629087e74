/* prog_filter.c - `urn filter`: a particle filter of the local-level model, held against the Kalman filter.
 *
 * The model: y_t = x_t + N(0, H), x_(t+1) = x_t + N(0, Q), x_1 = N(m, P). Particles live in the backend's memory; a
 * step is urn_segments_moments (the filtered mean), urn_resample (which decides by itself whether to act), and two
 * calls that move the particles in place. Only the model runs here: weighting and moving by a normal. */
#include "host/prog_args.h"
#include "host/prog_device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTICLES,
    RUNS,
    SCHEME,
    THRESHOLD,
    OBSERVED,
    MOVED,
    FIRST_MEAN,
    FIRST_VARIANCE,
    SEED,
    TABLE,
    BACKEND,
    DEVICE,
    THREADS
};

#define SCHEMES "systematic|stratified|multinomial|sorted|residual|residual-stratified|residual-systematic|ssp|killing"

/* Annual flow of the Nile at Aswan, 10^8 cubic metres, 1871 to 1970 (Cobb 1978). */
static const double NILE[] = {1120, 1160, 963, 1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994,  1020,
                              960,  1180, 799, 958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,
                              874,  694,  940, 833,  701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,
                              1120, 1100, 832, 764,  821,  768,  845,  864,  862,  698,  845,  744,  796,  1040, 759,
                              781,  865,  845, 944,  984,  897,  822,  1010, 771,  676,  649,  846,  812,  742,  801,
                              1040, 860,  874, 848,  890,  744,  749,  838,  1050, 918,  986,  797,  923,  975,  815,
                              1020, 906,  901, 1170, 912,  746,  919,  718,  714,  740};

typedef struct model {
    double H, Q, m, P;
} model;

typedef struct job {
    const prog_values *v;
    model model;
    const double *y; /* [length] NaN: not observed */
    double *copy;    /* y, where it was read from a file */
    int64_t length, n, runs;
    float threshold;
    prog_device device;
    urn_buffer *x, *values, *lw, *lw_out, *ancestors, *resampled, *mean, *variance, *stats;
    double *particles, *weights;    /* [runs, n] on the host */
    float *single;                  /* [runs, n] the particles as f32 */
    float *run_mean, *run_variance; /* [runs] */
    urn_weight_stats *run_stats;    /* [runs] */
    double *filtered;               /* [length, 4] Kalman's mean and sd, ours */
    double evidence;                /* Kalman's log-evidence */
    int64_t acted;                  /* how often a row resampled */
    uint64_t state;                 /* of the generator that the model uses */
} job;

static double uniform(job *j) {
    uint64_t z = j->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(job *j) { return sqrt(-2 * log(uniform(j))) * cos(6.283185307179586 * uniform(j)); }

/* The exact answer: filtered means and standard deviations, log-evidence. */
static void kalman(job *j) {
    double m = j->model.m, P = j->model.P;
    int64_t t;
    j->evidence = 0;
    for (t = 0; t < j->length; t++) {
        if (!isnan(j->y[t])) {
            const double S = P + j->model.H, e = j->y[t] - m, K = P / S;
            j->evidence -= 0.5 * (log(6.283185307179586 * S) + e * e / S);
            m += K * e;
            P *= 1 - K;
        }
        j->filtered[4 * t] = m;
        j->filtered[4 * t + 1] = sqrt(P);
        P += j->model.Q;
    }
}

static int read_number(const job *j, int option, double low, double *value, prog_error *error) {
    const char *text = j->v->of[option].text;
    char *end;
    *value = strtod(text, &end);
    if (end != text && *end == 0 && *value >= low && *value <= 1e300) return 0;
    return prog_fail(error, "'%s': a number of at least %g is wanted", text, low);
}

static int read_series(job *j, prog_error *error) {
    prog_npy file;
    int64_t t;
    j->y = NILE;
    j->length = sizeof NILE / sizeof NILE[0];
    if (j->v->operands == 0) return 0;
    if (prog_npy_open(j->v->operand[0], &file, error) != 0) return -1;
    j->length = file.rows * file.cols;
    if ((file.type != PROG_F4 && file.type != PROG_F8) || j->length < 1) {
        prog_npy_close(&file);
        return prog_fail(error, "%s: a series of f4 or f8 is wanted", j->v->operand[0]);
    }
    j->y = j->copy = malloc((size_t)j->length * sizeof *j->copy);
    for (t = 0; j->copy != NULL && t < j->length; t++)
        j->copy[t] = file.type == PROG_F4 ? (double)((const float *)file.data)[t] : ((const double *)file.data)[t];
    prog_npy_close(&file);
    return j->copy == NULL ? prog_fail(error, "no memory") : 0;
}

static int read_options(job *j, prog_error *error) {
    double threshold;
    if (read_number(j, OBSERVED, 1e-300, &j->model.H, error) || read_number(j, MOVED, 0, &j->model.Q, error) ||
        read_number(j, FIRST_MEAN, -1e300, &j->model.m, error) ||
        read_number(j, FIRST_VARIANCE, 0, &j->model.P, error) || read_number(j, THRESHOLD, 0, &threshold, error))
        return -1;
    j->threshold = (float)(threshold < 3e38 ? threshold : 3e38);
    j->n = j->v->of[PARTICLES].number;
    j->runs = j->v->of[RUNS].number;
    j->state = j->v->of[SEED].wide;
    return 0;
}

static int make_buffer(job *j, urn_buffer **buffer, size_t bytes, prog_error *error) {
    return prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, bytes, buffer), "device memory", error);
}

static int prepare(job *j, prog_error *error) {
    const size_t count = (size_t)(j->runs * j->n), runs = (size_t)j->runs;
    size_t a = urn_resample_workspace((urn_resample_scheme)j->v->of[SCHEME].number, j->runs, j->n, j->n);
    size_t b = urn_ancestors_workspace(j->runs, j->n, j->n);
    j->particles = malloc(count * sizeof *j->particles);
    j->weights = calloc(count, sizeof *j->weights);
    j->single = malloc(count * sizeof *j->single);
    j->run_mean = malloc(runs * sizeof *j->run_mean);
    j->run_variance = malloc(runs * sizeof *j->run_variance);
    j->run_stats = malloc(runs * sizeof *j->run_stats);
    j->filtered = malloc((size_t)j->length * 4 * sizeof *j->filtered);
    if (!j->particles || !j->weights || !j->single || !j->run_mean || !j->run_variance || !j->run_stats || !j->filtered)
        return prog_fail(error, "no memory for %zu particles", count);
    if (make_buffer(j, &j->x, count * 8, error) || make_buffer(j, &j->values, count * 4, error) ||
        make_buffer(j, &j->lw, count * 8, error) || make_buffer(j, &j->lw_out, count * 8, error) ||
        make_buffer(j, &j->ancestors, count * 4, error) || make_buffer(j, &j->resampled, runs * 4, error) ||
        make_buffer(j, &j->mean, runs * 4, error) || make_buffer(j, &j->variance, runs * 4, error) ||
        make_buffer(j, &j->stats, runs * sizeof(urn_weight_stats), error))
        return -1;
    return prog_check(urn_stream_reserve(j->device.stream, a > b ? a : b), "urn_stream_reserve", error);
}

static int write_to(job *j, urn_buffer *buffer, const void *host, size_t bytes, prog_error *error) {
    return prog_check(urn_buffer_write(j->device.stream, buffer, 0, host, bytes), "urn_buffer_write", error);
}

static int read_from(job *j, const urn_buffer *buffer, void *host, size_t bytes, prog_error *error) {
    return prog_check(urn_buffer_read(j->device.stream, buffer, 0, host, bytes), "urn_buffer_read", error);
}

/* What follows the weights of step t: moments, resampling, moving. All enqueued; the last line waits. */
static int enqueue(job *j, int64_t t, prog_error *error) {
    const size_t count = (size_t)(j->runs * j->n), runs = (size_t)j->runs;
    urn_stream *stream = j->device.stream;
    urn_segments_moments_params moments = URN_SEGMENTS_MOMENTS_PARAMS_INIT;
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    urn_ancestors_params order = URN_ANCESTORS_PARAMS_INIT;
    urn_particles_gather_params move = URN_PARTICLES_GATHER_PARAMS_INIT;
    p.weights = urn_weights_dense(urn_buffer_data(j->lw), URN_WEIGHT_LOG_F64, j->runs, j->n);
    moments.weights = p.weights;
    moments.values = urn_buffer_data(j->values);
    moments.mean = urn_buffer_data(j->mean), moments.variance = urn_buffer_data(j->variance);
    p.scheme = (int32_t)j->v->of[SCHEME].number;
    p.outputs = j->n;
    p.seed_value = j->v->of[SEED].wide;
    p.position_value = (uint32_t)t;
    p.threshold_value = t + 1 < j->length ? j->threshold : 0;
    p.ancestors = urn_buffer_data(j->ancestors);
    p.resampled = urn_buffer_data(j->resampled);
    p.stats = urn_buffer_data(j->stats);
    order.rows = j->runs, order.items = order.outputs = j->n, order.ancestors = p.ancestors;
    move.rows = j->runs, move.items = move.outputs = j->n, move.particle_bytes = 8;
    move.from = move.to = urn_buffer_data(j->x);
    move.ancestors = p.ancestors, move.resampled = p.resampled;
    p.lw_out = urn_buffer_data(j->lw_out); /* of one value in a row that resampled, so that the order is no matter */
    return prog_check(urn_segments_moments(stream, &moments), "urn_segments_moments", error) ||
           prog_check(urn_resample(stream, &p), "urn_resample", error) ||
           prog_check(urn_ancestors_permute(stream, &order), "urn_ancestors_permute", error) ||
           prog_check(urn_particles_gather(stream, &move), "urn_particles_gather", error) ||
           read_from(j, j->mean, j->run_mean, runs * 4, error) ||
           read_from(j, j->variance, j->run_variance, runs * 4, error) ||
           read_from(j, j->stats, j->run_stats, runs * sizeof *j->run_stats, error) ||
           read_from(j, j->x, j->particles, count * 8, error) ||
           read_from(j, j->lw_out, j->weights, count * 8, error) ||
           prog_check(urn_stream_sync_host(stream), "urn_stream_sync_host", error);
}

static int filter(job *j, prog_error *error) {
    const int64_t count = j->runs * j->n;
    int64_t i, r, t;
    for (i = 0; i < count; i++) j->particles[i] = j->model.m + sqrt(j->model.P) * normal(j);
    for (t = 0; t < j->length; t++) {
        double mean = 0, variance = 0;
        for (i = 0; i < count; i++) {
            const double e = j->y[t] - j->particles[i];
            if (!isnan(j->y[t])) j->weights[i] -= 0.5 * (log(6.283185307179586 * j->model.H) + e * e / j->model.H);
            j->single[i] = (float)j->particles[i];
        }
        if (write_to(j, j->x, j->particles, (size_t)count * 8, error) ||
            write_to(j, j->values, j->single, (size_t)count * 4, error) ||
            write_to(j, j->lw, j->weights, (size_t)count * 8, error) || enqueue(j, t, error))
            return -1;
        for (r = 0; r < j->runs; r++) {
            if (j->run_stats[r].status != 0)
                return prog_fail(error, "run %lld at step %lld: %s", (long long)r, (long long)t,
                                 urn_row_status_text(j->run_stats[r].status));
            mean += (double)j->run_mean[r] / (double)j->runs;
            variance += (double)j->run_variance[r] / (double)j->runs;
            j->acted += j->run_stats[r].resampled && t + 1 < j->length;
        }
        j->filtered[4 * t + 2] = mean;
        j->filtered[4 * t + 3] = sqrt(variance);
        for (i = 0; i < count; i++) j->particles[i] += sqrt(j->model.Q) * normal(j);
    }
    return 0;
}

static int write_table(const job *j, const char *path, prog_error *error) {
    FILE *file = fopen(path, "w");
    int64_t t;
    if (file == NULL) return prog_fail(error, "%s: cannot be written", path);
    fprintf(file, "# t  observed  kalman_mean  kalman_sd  filter_mean  filter_sd\n");
    for (t = 0; t < j->length; t++)
        fprintf(file, "%lld %.10g %.10g %.10g %.10g %.10g\n", (long long)t, j->y[t], j->filtered[4 * t],
                j->filtered[4 * t + 1], j->filtered[4 * t + 2], j->filtered[4 * t + 3]);
    return fclose(file) == 0 ? 0 : prog_fail(error, "%s: cannot be written", path);
}

/* The evidence itself is unbiased, its logarithm is not: runs are averaged before the logarithm. */
static void print_summary(const job *j) {
    const double runs = (double)j->runs;
    double mean = 0, square = 0, worst = 0;
    char where[256];
    int64_t r, t;
    for (r = 0; r < j->runs; r++) {
        const double ratio = exp(j->run_stats[r].log_mean - j->evidence);
        mean += ratio / runs;
        square += ratio * ratio / runs;
    }
    for (t = 0; t < j->length; t++) {
        const double off = fabs(j->filtered[4 * t + 2] - j->filtered[4 * t]) / j->filtered[4 * t + 1];
        worst = off > worst ? off : worst;
    }
    const double error = sqrt((square - mean * mean) / (runs > 1 ? runs - 1 : 1));
    prog_device_text(&j->device, where, sizeof where);
    printf("%lld steps, %lld filters of %lld particles, resampled %lld times of %lld; %s\n", (long long)j->length,
           (long long)j->runs, (long long)j->n, (long long)j->acted, (long long)(j->runs * (j->length - 1)), where);
    printf("log-evidence  Kalman %.6f   particles %.6f\n", j->evidence, j->evidence + log(mean));
    printf("evidence      particles / Kalman %.5f, standard error %.5f: %+.2f standard errors from 1\n", mean, error,
           error > 0 ? (mean - 1) / error : 0.0);
    printf("filtered mean at most %.4f of Kalman's standard deviation from Kalman's\n", worst);
}

static void release(job *j) {
    urn_buffer *const buffers[] = {j->x,         j->values, j->lw,       j->lw_out, j->ancestors,
                                   j->resampled, j->mean,   j->variance, j->stats};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) urn_buffer_destroy(buffers[i]);
    free(j->copy), free(j->particles), free(j->weights), free(j->single), free(j->filtered);
    free(j->run_mean), free(j->run_variance), free(j->run_stats);
    prog_device_close(&j->device);
}

static int run(const prog_values *v) {
    prog_error error;
    job j;
    int code = PROG_FAILED;
    memset(&j, 0, sizeof j);
    j.v = v;
    if (read_options(&j, &error) != 0 || read_series(&j, &error) != 0 ||
        prog_device_open(&j.device, v->of[BACKEND].number, v->of[DEVICE].number, v->of[THREADS].number, &error) != 0 ||
        prepare(&j, &error) != 0) {
        fprintf(stderr, "urn filter: %s\n", error.text);
    } else {
        kalman(&j);
        if (filter(&j, &error) != 0 || (v->of[TABLE].given && write_table(&j, v->of[TABLE].text, &error) != 0)) {
            fprintf(stderr, "urn filter: %s\n", error.text);
        } else {
            print_summary(&j);
            code = PROG_OK;
        }
    }
    release(&j);
    return code;
}

static const prog_option OPTIONS[] = {
    {"particles", 'n', PROG_INT, "N", "1000", 1, 1 << 22, NULL, "particles of each filter"},
    {"runs", 'r', PROG_INT, "N", "32", 1, 1 << 16, NULL, "independent filters, rows of one call"},
    {"scheme", 0, PROG_CHOICE, "NAME", "systematic", 0, 0, SCHEMES, "how ancestors are chosen"},
    {"threshold", 0, PROG_TEXT, "SHARE", "0.5", 0, 0, NULL, "resample where ESS is below SHARE of the particles"},
    {"observed", 0, PROG_TEXT, "H", "15098.5", 0, 0, NULL, "variance of an observation"},
    {"moved", 0, PROG_TEXT, "Q", "1469.1", 0, 0, NULL, "variance of a step of the level"},
    {"first-mean", 0, PROG_TEXT, "M", "1000", 0, 0, NULL, "mean of the first level"},
    {"first-variance", 0, PROG_TEXT, "P", "250000", 0, 0, NULL, "its variance"},
    PROG_OPTION_SEED,
    {"table", 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL,
     "write both filters' means and deviations as text, a line a step"},
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_filter = {
    "filter",
    "a particle filter against the Kalman filter, on the Nile or a series of yours",
    "[SERIES.npy] [OPTIONS]",
    "Filters a series by the local-level model, y = level + N(0, H), level' = level + N(0, Q), with bootstrap filters "
    "and "
    "with the Kalman filter, which is exact. Without a file the series is the annual flow of the Nile, 1871 to 1970, "
    "and "
    "H and Q are its maximum-likelihood values. NaN in a series is a year without an observation.\n\n"
    "The filters resample by themselves: which rows do, the host does not ask.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    0,
    1,
    "The log-evidence by both; the ratio of the evidences, whose expectation is 1, with its standard error over runs; "
    "and "
    "how far the filtered means are apart.",
    "  urn filter\n"
    "  urn filter --scheme ssp -n 10000 --table nile.txt\n"
    "  gnuplot -p -e \"plot 'nile.txt' u 1:2, '' u 1:3 w l, '' u 1:5 w l\"\n",
    run,
};
