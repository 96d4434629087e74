/* prog_bench.c - `urn bench`: the harness of perf/ with the user's choice of cases. */
#include "host/prog_args.h"
#include "host/prog_device.h"
#include "host/prog_progress.h"
#include "perf/bench_op.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPS, ROWS, COLS, K, DTYPES, INPUTS, STEPS, LOGITS, OUT, QUICK, BACKEND, DEVICE, THREADS };
enum { MAX_SIZES = 32, MAX_LISTS = 32, MAX_OPS = 16 };

/* The cases: every combination of these. */
typedef struct plan {
    const bench_op *ops[MAX_OPS];
    int64_t rows[MAX_SIZES], cols[MAX_SIZES], k;
    int op_count, row_count, col_count, list_count;
    unsigned dtypes, inputs; /* bit sets */
    char text[1024];         /* the step lists, cut apart */
    const char *lists[MAX_LISTS];
} plan;

/* "f32,bf16" as a bit set over names; 0 for an unknown name. */
static unsigned names_to_set(const char *text, const char *const *names) {
    unsigned set = 0;
    for (;;) {
        const size_t n = strcspn(text, ",");
        int i;
        for (i = 0; names[i] != NULL; i++)
            if (strlen(names[i]) == n && memcmp(names[i], text, n) == 0) break;
        if (names[i] == NULL) return 0;
        set |= 1u << i;
        if (text[n] == 0) return set;
        text += n + 1;
    }
}

static int usage(const char *option, const char *wanted, const char *found) {
    fprintf(stderr, "urn bench: --%s: %s, not '%s'\n`urn help bench` lists the options.\n", option, wanted, found);
    return PROG_USAGE;
}

static int make_plan(const prog_values *v, plan *p) {
    static const char *const TYPES[] = {"f32", "f16", "bf16", NULL};
    const int quick = v->of[QUICK].given;
    const char *rows = quick && !v->of[ROWS].given ? "8" : v->of[ROWS].text;
    const char *inputs = quick && !v->of[INPUTS].given ? "normal1" : v->of[INPUTS].text;
    urn_step steps[URN_MAX_STEPS];
    const char *op;
    char *at;
    int32_t count;
    memset(p, 0, sizeof *p);
    for (op = v->of[OPS].text;; op += count) {
        count = (int32_t)strcspn(op, ",");
        if (p->op_count == MAX_OPS) return usage("op", "16 operations at most", "more");
        p->ops[p->op_count] = bench_op_find(op, (size_t)count);
        if (p->ops[p->op_count++] == NULL) return usage("op", bench_op_names(), op);
        if (op[count++] == 0) break;
    }
    p->k = (int64_t)v->of[K].number;
    p->row_count = prog_sizes(rows, 1, 1 << 20, p->rows, MAX_SIZES);
    p->col_count = prog_sizes(v->of[COLS].text, 1, INT64_C(1) << 28, p->cols, MAX_SIZES);
    if (p->row_count < 0 || p->col_count < 0) return usage("rows and --cols", "at most 32 sizes each", "more");
    p->dtypes = names_to_set(v->of[DTYPES].text, TYPES);
    if (p->dtypes == 0) return usage("dtype", "some of f32,f16,bf16", v->of[DTYPES].text);
    if (!(v->of[LOGITS].given && !v->of[INPUTS].given))
        p->inputs = names_to_set(inputs, bench_input_names);
    else
        p->inputs = 1u << BENCH_REAL;
    if (p->inputs == 0) return usage("input", "some of normal1,normal5,gumbel,flat,real", inputs);
    if ((p->inputs & 1u << BENCH_REAL) && !v->of[LOGITS].given)
        return usage("input", "real needs --logits FILE.npy (urn generate --dump-logits makes one)", inputs);
    if (strlen(v->of[STEPS].text) >= sizeof p->text) return usage("steps", "1,023 characters at most", "more");
    strcpy(p->text, v->of[STEPS].text);
    for (at = p->text; at != NULL;) {
        char *end = strchr(at, ';');
        if (end != NULL) *end++ = 0;
        if (p->list_count == MAX_LISTS) return usage("steps", "32 lists at most", "more");
        if (urn_steps_parse(at, steps, &count) != URN_OK) return usage("steps", urn_last_error(), at);
        p->lists[p->list_count++] = at;
        at = end;
    }
    return PROG_OK;
}

static int fail(const char *text) {
    fprintf(stderr, "urn bench: %s\n", text);
    return PROG_FAILED;
}

/* Whether the operation takes this case: what it cannot take is left out, as --help says. */
static int fits(const bench_op *op, const bench_case *c, int list) {
    if (c->rows > op->most_rows || c->cols > op->most_cols || (op->steps && c->k > URN_TOPK_K)) return 0;
    return op->steps || (c->dtype == URN_F32 && list == 0);
}

static int run_case(bench_bed *bed, const bench_case *c, int done, int total, FILE *json, int *differ) {
    prog_progress bar;
    bench_result result;
    int bad;
    prog_progress_begin(&bar, "measuring", total);
    prog_progress_update(&bar, done, c->op->steps ? c->steps : c->op->name);
    bad = bench_run(bed, c, &result);
    prog_progress_end(&bar); /* erased before the line of results */
    if (bad) return fail(bed->error);
    bench_print(stdout, bed, c, &result);
    fflush(stdout);
    if (json != NULL) bench_print_json(json, bed, c, &result);
    *differ += !result.bits_ok;
    return PROG_OK;
}

/* All cases; with `run` 0 they are only counted. */
static int run_cases(bench_bed *bed, const plan *p, int run, int *total, FILE *json, int *differ) {
    int i, j, k, t, n, o, done = 0, code = PROG_OK;
    bench_case c;
    for (o = 0; o < p->op_count; o++)
        for (n = 0; n < BENCH_INPUTS; n++)
            for (t = 0; t < 3; t++)
                for (k = 0; k < p->list_count; k++)
                    for (j = 0; j < p->col_count; j++)
                        for (i = 0; i < p->row_count && code == PROG_OK; i++) {
                            if (!(p->inputs >> n & 1) || !(p->dtypes >> t & 1)) continue;
                            if (n == BENCH_REAL && j > 0) continue; /* a file has one length of rows */
                            c.op = p->ops[o];
                            c.input = (bench_input)n;
                            c.dtype = (urn_dtype)t;
                            c.cols = n == BENCH_REAL ? bed->real.cols : p->cols[j];
                            c.rows = p->rows[i];
                            c.steps = c.op->steps ? p->lists[k] : "none";
                            c.k = p->k < c.cols ? p->k : c.cols;
                            if (!fits(c.op, &c, k)) continue;
                            if (run) code = run_case(bed, &c, done, *total, json, differ);
                            done++;
                        }
    *total = done;
    return code;
}

/* Real logits are kept as f32 and rounded to each dtype. */
static int read_real(const char *path, prog_npy *file, bench_real *real) {
    prog_error error;
    if (prog_npy_open(path, file, &error) != 0) return fail(error.text);
    if (file->type != PROG_F4) return fail("--logits: f4 is wanted (urn generate --dump-logits writes it)");
    if (file->cols > URN_MAX_COLS) return fail("--logits: rows are too long");
    real->data = file->data;
    real->rows = file->rows;
    real->cols = file->cols;
    return PROG_OK;
}

static int run(const prog_values *v) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    bench_bed bed;
    plan p;
    prog_npy file;
    bench_real real = {NULL, 0, 0};
    FILE *json = NULL;
    int differ = 0, total = 0, code = make_plan(v, &p);
    if (code != PROG_OK) return code;
    memset(&file, 0, sizeof file);
    memset(&bed, 0, sizeof bed);
    if (v->of[LOGITS].given) code = read_real(v->of[LOGITS].text, &file, &real);
    params.backend = (int32_t)v->of[BACKEND].number;
    params.device = (int32_t)v->of[DEVICE].number;
    params.threads = (int32_t)v->of[THREADS].number;
    if (code == PROG_OK && bench_open(&bed, &params, v->of[QUICK].given) != 0) code = fail(bed.error);
    bed.real = real;
    if (code == PROG_OK && v->of[OUT].given && (json = fopen(v->of[OUT].text, "a")) == NULL) {
        fprintf(stderr, "urn bench: %s: %s\n", v->of[OUT].text, strerror(errno));
        code = PROG_FAILED;
    }
    if (code == PROG_OK) {
        prog_device where;
        char text[256];
        where.info = bed.info;
        prog_device_text(&where, text, sizeof text);
        printf("%s; %s %.1f GB/s, 2^y %.2f G/s\n", text, bed.ceiling_name, bed.ceiling * 1e-9, bed.poly * 1e-9);
        bench_print_head(stdout);
        run_cases(&bed, &p, 0, &total, NULL, NULL);
        if (total == 0) fprintf(stderr, "urn bench: no case that --op takes; `urn help bench` says what each takes\n");
        code = total ? run_cases(&bed, &p, 1, &total, json, &differ) : PROG_USAGE;
    }
    if (json != NULL && fclose(json) != 0) code = fail("the results could not be written");
    if (differ > 0) code = fail("bits differ between two runs or two backends: the times above mean nothing");
    bench_close(&bed);
    prog_npy_close(&file);
    return code;
}

static const prog_option OPTIONS[] = {
    {"op", 0, PROG_TEXT, "LIST", "sample", 0, 0, NULL,
     "some of sample,topk,gumbel_topk,long_topk,long_gumbel,systematic,stratified,multinomial,residual,ssp. The last "
     "seven take f32 log-weights and no steps; long_ ones one row"},
    {"rows", 'r', PROG_SIZES, "N,N...", "1,8,64", 1, 1 << 20, NULL, "rows of a call"},
    {"cols", 'c', PROG_SIZES, "N,N...", "128256", 1, 1 << 28, NULL, "logits of a row, items"},
    {"k", 'k', PROG_INT, "N", "50", 1, 1 << 24, NULL, "of the top-k operations; at most 2048 but for the long_ ones"},
    {"dtype", 0, PROG_TEXT, "LIST", "f32,bf16", 0, 0, NULL, "some of f32,f16,bf16"},
    {"input", 0, PROG_TEXT, "LIST", "normal1,normal5,gumbel,flat", 0, 0, NULL,
     "some of normal1 (N(0,1)), normal5 (N(0,5)), gumbel, flat (all equal), real (the rows of --logits)"},
    {"steps", 0, PROG_TEXT, "LISTS", "none;temperature=0.8,top_p=0.95;top_k=50", 0, 0, NULL,
     "lists of steps, separated by semicolons"},
    {"logits", 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL,
     "real logits, f4 .npy, as urn generate --dump-logits writes; alone it replaces the other inputs"},
    {"out", 'o', PROG_TEXT, "FILE", NULL, 0, 0, NULL, "append one JSON object a case"},
    {"quick", 'q', PROG_FLAG, NULL, NULL, 0, 0, NULL, "fewer cases (8 rows, normal1), fewer samples: a smoke test"},
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_bench = {
    "bench",
    "check the bits, then time sampling against its ceiling and a rival",
    "[OPTIONS]",
    "For every combination of rows, cols, dtype, input and steps: first checks that two runs, and every backend that "
    "opens here, give the same bits on a small case of the kind; then times calls on cold inputs (matrices in turn, "
    "four "
    "times the last-level cache in all; 256 MiB on a GPU) with the monotonic clock.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    0,
    0,
    "One line a case: us, the median of a call; mad %, the median distance from it; n, the samples; GB/s, the bytes "
    "that "
    "must be read and written (every logit once) by the time; share, that rate against the copy bandwidth measured at "
    "the start of the same run (first line); poly, the time of 2^y alone on as many values, in percent of ours (CPU); "
    "rival x, the time of softmax, f32 running sum and search in plain C on "
    "one "
    "thread, without any truncation (of the other operations: plain f32 loops, perf/bench_rival_long.c), divided by "
    "ours; bits, ok or DIFFER, which makes the exit code 1. perf/README.md "
    "says more.",
    "  urn bench --quick\n"
    "  urn bench --rows 1,64 --cols 32000,128256 --threads 1 --out results.jsonl\n"
    "  urn bench --op systematic,ssp --rows 1 --cols 1048576,16777216\n"
    "  urn bench --op long_gumbel --rows 1 --cols 16777216 --k 1000\n"
    "  urn generate --rows 64 --dump-logits real.npy && urn bench --logits real.npy\n",
    run,
};
