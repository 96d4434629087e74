/* bench_print.c - a result as a line of text and as a line of JSON. */
#include "perf/bench_op.h"

static const char *const DTYPES[] = {"f32", "f16", "bf16"};

/* Of the time, how much 2^y alone would take; 0 where it was not measured. */
static double poly_share(const bench_bed *bed, const bench_case *c, const bench_result *r) {
    return bed->poly > 0 ? 100 * (double)c->rows * (double)c->cols / (r->us * 1e-6) / bed->poly : 0;
}

static double rate(const bench_result *r) { return r->bytes_min / (r->us * 1e-6); }

void bench_print_head(FILE *file) {
    fprintf(file, "%-11s %-4s %-7s %6s %9s  %-30s | %10s %6s %5s %9s | %7s %6s %6s | %7s | %s\n", "op", "type", "input",
            "rows", "cols", "steps", "us", "mad %", "n", "us/row", "GB/s", "share", "poly", "rival x", "bits");
}

void bench_print(FILE *file, const bench_bed *bed, const bench_case *c, const bench_result *r) {
    fprintf(file,
            "%-11s %-4s %-7s %6lld %9lld  %-30s | %10.1f %6.1f %5d %9.2f | %7.2f %4.0f %% %4.0f %% | %7.1f | %s\n",
            c->op->name, DTYPES[c->dtype], bench_input_names[c->input], (long long)c->rows, (long long)c->cols,
            c->steps, r->us, r->mad_percent, r->samples, r->us / (double)c->rows, rate(r) * 1e-9,
            100 * rate(r) / bed->ceiling, poly_share(bed, c, r), r->rival_us / r->us, r->bits_ok ? "ok" : "DIFFER");
}

/* Strings that a user or a device names; control characters do not occur in them, quotes may. */
static void print_text(FILE *file, const char *name, const char *text) {
    fprintf(file, "\"%s\":\"", name);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') fputc('\\', file);
        fputc((unsigned char)*text < 32 ? ' ' : *text, file);
    }
    fputs("\",", file);
}

void bench_print_json(FILE *file, const bench_bed *bed, const bench_case *c, const bench_result *r) {
    fputc('{', file);
    print_text(file, "op", c->op->name);
    print_text(file, "backend", urn_backend_name((urn_backend_kind)bed->info.backend));
    print_text(file, "device", bed->info.device_name);
    print_text(file, "clone", bed->info.cpu_clone);
#ifdef __VERSION__
    print_text(file, "compiler", __VERSION__);
#endif
    print_text(file, "dtype", DTYPES[c->dtype]);
    print_text(file, "input", bench_input_names[c->input]);
    print_text(file, "steps", c->steps);
    fprintf(file, "\"k\":%lld,", (long long)c->k);
    fprintf(file, "\"threads\":%d,\"version\":%d,\"bits_version\":%d,\"rows\":%lld,\"cols\":%lld,\"draws\":1,",
            bed->info.threads, urn_version(), urn_bits_version(), (long long)c->rows, (long long)c->cols);
    fprintf(file, "\"us\":%.3f,\"mad_percent\":%.2f,\"n\":%d,\"bytes_min\":%.0f,", r->us, r->mad_percent, r->samples,
            r->bytes_min);
    if (r->bytes_done > 0)
        fprintf(file, "\"bytes_done\":%.0f,", r->bytes_done);
    else
        fputs("\"bytes_done\":null,", file);
    fprintf(file, "\"gb_s\":%.3f,\"ceiling\":\"%s\",\"ceiling_gb_s\":%.3f,\"share_percent\":%.2f,", rate(r) * 1e-9,
            bed->ceiling_name, bed->ceiling * 1e-9, 100 * rate(r) / bed->ceiling);
    if (bed->poly > 0) fprintf(file, "\"poly_per_s\":%.4g,\"poly_percent\":%.2f,", bed->poly, poly_share(bed, c, r));
    fprintf(file, "\"rival\":\"plain_f32\",\"rival_threads\":1,\"rival_us\":%.3f,\"ratio\":%.3f,\"bits_ok\":%s}\n",
            r->rival_us, r->rival_us / r->us, r->bits_ok ? "true" : "false");
}
