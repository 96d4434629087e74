/* prog_verify.c - `urn verify`: which drafted ids a target's rows accept. */
#include "host/prog_args.h"
#include "host/prog_device.h"
#include "host/prog_digest.h"
#include "host/prog_steps.h"
#include "host/prog_verifiers.h"

#include <stdlib.h>
#include <string.h>

enum { DRAFT, IDS_FILE, TREE, VERIFIER, STEPS, DRAFT_STEPS, PROBS, SEED, POSITION, THRESHOLD, EPSILON, ALPHA, RATE };
enum { OUT = RATE + 1, ACCEPTED, PATH, LOGPROBS, STATUS, BACKEND, DEVICE, THREADS };

/* Outputs of the call, all [requests, depth + 1] or [requests]. */
enum { O_IDS, O_PATH, O_LOGPROB, O_ACCEPTED, O_EMITTED, O_STATUS, OUTPUTS, WIDE = O_LOGPROB };

typedef struct job {
    const prog_values *v;
    prog_npy target, draft, ids; /* draft.rows 0: none */
    prog_tree tree;
    int is_tree;
    const prog_verifier *verifier;
    prog_device device;
    urn_sampler *sampler[2];
    urn_buffer *in[4], *out[OUTPUTS], *stats;
    void *result[OUTPUTS];
    urn_verify_stats counted;
} job;

static int is_numbers(prog_type type) { return type == PROG_F4 || type == PROG_F2 || type == PROG_U2; }

static urn_dtype dtype_of(const prog_npy *file) {
    return file->type == PROG_F4 ? URN_F32 : file->type == PROG_F2 ? URN_F16 : URN_BF16;
}

static int check_rows(const prog_npy *file, const char *what, int64_t rows, int64_t requests, prog_error *error) {
    if (!is_numbers(file->type))
        return prog_fail(error, "%s holds %s; f4, f2 or u2 (bf16) is wanted", what, prog_type_name(file->type));
    if (file->rows == rows) return 0;
    return prog_fail(error, "%s has %lld rows; %lld are wanted, %lld for each of %lld requests", what,
                     (long long)file->rows, (long long)rows, (long long)(rows / requests), (long long)requests);
}

static int open_files(job *j, prog_error *error) {
    const prog_values *v = j->v;
    int64_t requests, nodes;
    if (!v->of[IDS_FILE].given) return prog_fail(error, "--ids FILE is wanted: the drafts, i4");
    if (prog_npy_open(v->operand[0], &j->target, error) || prog_npy_open(v->of[IDS_FILE].text, &j->ids, error))
        return -1;
    if (v->of[DRAFT].given && prog_npy_open(v->of[DRAFT].text, &j->draft, error)) return -1;
    if (j->ids.type != PROG_I4) return prog_fail(error, "--ids holds %s; i4 is wanted", prog_type_name(j->ids.type));
    requests = j->ids.rows;
    if (j->is_tree && j->ids.cols != j->tree.nodes)
        return prog_fail(error, "--ids has %lld columns; %d are wanted, one for each node of --tree with its root",
                         (long long)j->ids.cols, j->tree.nodes);
    if (!j->is_tree) {
        if (j->ids.cols >= URN_VERIFY_MAX_NODES)
            return prog_fail(error, "--ids has %lld columns; %d are the most", (long long)j->ids.cols,
                             URN_VERIFY_MAX_NODES - 1);
        j->tree.depth = (int32_t)j->ids.cols;
        j->tree.nodes = j->tree.depth + 1;
    }
    nodes = j->tree.nodes;
    if (requests < 1) return prog_fail(error, "--ids has no rows");
    if (check_rows(&j->target, "the target", requests * nodes, requests, error)) return -1;
    if (j->draft.rows && check_rows(&j->draft, "--draft", requests * (j->is_tree ? nodes : nodes - 1), requests, error))
        return -1;
    return 0;
}

/* A copy on the device, or the host's own where that will do. NULL: no memory. */
static const void *place(job *j, int at, const void *host, size_t bytes, prog_error *error) {
    if (j->device.host_memory) return host;
    if (prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, bytes, &j->in[at]), "urn_buffer_create", error) ||
        prog_check(urn_buffer_write(j->device.stream, j->in[at], 0, host, bytes), "urn_buffer_write", error))
        return NULL;
    return urn_buffer_data(j->in[at]);
}

static int place_rows(job *j, int at, const prog_npy *file, urn_sample_params *rows, prog_error *error) {
    const size_t bytes = (size_t)(file->rows * file->cols) * prog_type_size(file->type);
    const void *data = place(j, at, file->data, bytes, error);
    if (data == NULL) return -1;
    rows->logits = urn_matrix_dense(data, dtype_of(file), file->rows, file->cols, 0);
    rows->sampler = j->sampler[at];
    rows->seed_value = j->v->of[SEED].wide;
    rows->position_value = (uint32_t)j->v->of[POSITION].number;
    return 0;
}

static int get_outputs(job *j, urn_verify_params *p, prog_error *error) {
    const size_t requests = (size_t)j->ids.rows, wide = requests * (size_t)(j->tree.depth + 1) * 4;
    int i;
    for (i = 0; i < OUTPUTS; i++) {
        const size_t bytes = i <= WIDE ? wide : requests * 4;
        j->result[i] = malloc(bytes);
        if (j->result[i] == NULL) return prog_fail(error, "no memory");
        if (prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, bytes, &j->out[i]), "urn_buffer_create", error))
            return -1;
    }
    p->ids = urn_buffer_data(j->out[O_IDS]);
    p->path = urn_buffer_data(j->out[O_PATH]);
    p->logprob = urn_buffer_data(j->out[O_LOGPROB]);
    p->accepted = urn_buffer_data(j->out[O_ACCEPTED]);
    p->emitted = urn_buffer_data(j->out[O_EMITTED]);
    p->status = urn_buffer_data(j->out[O_STATUS]);
    if (prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, sizeof j->counted, &j->stats), "urn_buffer_create",
                   error))
        return -1;
    p->stats = urn_buffer_data(j->stats);
    return prog_check(urn_buffer_zero(j->device.stream, j->stats, 0, sizeof j->counted), "urn_buffer_zero", error);
}

static int read_float(const prog_values *v, int option, const char *name, float *number, prog_error *error) {
    char *end;
    if (!v->of[option].given) return 0;
    *number = strtof(v->of[option].text, &end);
    return *end == 0 && end != v->of[option].text ? 0 : prog_fail(error, "--%s takes a number", name);
}

static int verify(job *j, prog_error *error) {
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft = URN_SAMPLE_PARAMS_INIT;
    urn_verify_params p = URN_VERIFY_PARAMS_INIT;
    urn_stream *stream = j->device.stream;
    urn_draft_tree tree = {NULL, NULL, NULL};
    const size_t requests = (size_t)j->ids.rows, nodes = (size_t)j->tree.nodes;
    int32_t *parent = NULL;
    size_t i;
    int bad;
    if (place_rows(j, 0, &j->target, &target, error)) return -1;
    if (j->draft.rows && place_rows(j, 1, &j->draft, &draft, error)) return -1;
    p.drafts = place(j, 2, j->ids.data, (size_t)(j->ids.rows * j->ids.cols) * 4, error);
    if (p.drafts == NULL || get_outputs(j, &p, error)) return -1;
    p.verifier = j->verifier->verifier;
    p.requests = (int64_t)requests;
    p.nodes = j->tree.nodes;
    p.depth = j->tree.depth;
    p.target = &target;
    p.draft = j->draft.rows ? &draft : NULL;
    p.target_rows = p.draft_rows = j->v->of[PROBS].given ? URN_ROWS_PROBS : URN_ROWS_LOGITS;
    if (read_float(j->v, THRESHOLD, "threshold", &p.threshold, error) ||
        read_float(j->v, EPSILON, "epsilon", &p.epsilon, error) || read_float(j->v, ALPHA, "alpha", &p.alpha, error) ||
        read_float(j->v, RATE, "rate", &p.rate, error) ||
        prog_check(urn_stream_reserve(stream, urn_verify_workspace(&p)), "urn_stream_reserve", error))
        return -1;
    if (j->is_tree) {
        parent = malloc(requests * nodes * sizeof *parent);
        if (parent == NULL) return prog_fail(error, "no memory");
        for (i = 0; i < requests * nodes; i++) parent[i] = j->tree.parent[i % nodes];
        tree.parent = place(j, 3, parent, requests * nodes * sizeof *parent, error);
    }
    bad = j->is_tree && tree.parent == NULL;
    if (!bad)
        bad = j->is_tree ? prog_check(urn_verify_tree(stream, &p, &tree), "urn_verify_tree", error)
                         : prog_check(urn_verify(stream, &p), "urn_verify", error);
    for (i = 0; i < OUTPUTS && !bad; i++)
        bad = prog_check(urn_buffer_read(stream, j->out[i], 0, j->result[i], urn_buffer_size(j->out[i])),
                         "urn_buffer_read", error);
    if (!bad)
        bad =
            prog_check(urn_buffer_read(stream, j->stats, 0, &j->counted, sizeof j->counted), "urn_buffer_read", error);
    if (prog_check(urn_stream_sync_host(stream), "urn_stream_sync_host", error)) bad = 1;
    free(parent);
    return bad ? -1 : 0;
}

static int save(const job *j, int option, int output, prog_error *error) {
    const int64_t cols = output <= WIDE ? j->tree.depth + 1 : 1;
    if (!j->v->of[option].given) return 0;
    return prog_npy_save(j->v->of[option].text, output == O_LOGPROB ? PROG_F4 : PROG_I4, output <= WIDE ? 2 : 1,
                         j->ids.rows, cols, j->result[output], error);
}

static void print_requests(const job *j) {
    const int32_t *ids = j->result[O_IDS], *accepted = j->result[O_ACCEPTED], *emitted = j->result[O_EMITTED],
                  *status = j->result[O_STATUS];
    const int64_t cols = j->tree.depth + 1;
    int64_t b, i;
    for (b = 0; b < j->ids.rows; b++) {
        printf("%d of %d accepted:", accepted[b], j->tree.depth);
        for (i = 0; i < emitted[b]; i++) printf(" %d", ids[b * cols + i]);
        printf("%s%s\n", status[b] ? "  status: " : "", status[b] ? urn_row_status_text(status[b]) : "");
    }
}

static void print_summary(const job *j) {
    const urn_verify_stats *s = &j->counted;
    char where[256];
    int32_t d;
    prog_device_text(&j->device, where, sizeof where);
    printf("%llu requests, %s: %.4f tokens a pass; by depth accepted", (unsigned long long)s->requests,
           j->verifier->name, s->requests ? (double)s->emitted / (double)s->requests : 0.0);
    for (d = 0; d < j->tree.depth && d < URN_VERIFY_DEPTHS; d++)
        printf(" %.3f", s->tried[d] ? (double)s->taken[d] / (double)s->tried[d] : 0.0);
    printf("; %s\ndigest %016llx\n", where,
           (unsigned long long)prog_digest_ids(PROG_DIGEST_START, j->result[O_IDS],
                                               (size_t)j->ids.rows * (size_t)(j->tree.depth + 1)));
}

static int make_sampler(job *j, int side, const char *text, prog_error *error) {
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    if (prog_check(urn_steps_parse(text, steps, &list.count), side ? "--draft-steps" : "--steps", error)) return -1;
    if (list.count == 0) return 0;
    if (prog_reads_context(steps, list.count))
        return prog_fail(error, "steps that read what was said before are not for urn verify");
    return prog_check(urn_sampler_create(j->device.ctx, &list, 1, &j->sampler[side]), "urn_sampler_create", error);
}

static void release(job *j) {
    int i;
    for (i = 0; i < OUTPUTS; i++) {
        urn_buffer_destroy(j->out[i]);
        free(j->result[i]);
    }
    for (i = 0; i < 4; i++) urn_buffer_destroy(j->in[i]);
    urn_buffer_destroy(j->stats);
    urn_sampler_destroy(j->sampler[0]);
    urn_sampler_destroy(j->sampler[1]);
    prog_device_close(&j->device);
    prog_npy_close(&j->target);
    prog_npy_close(&j->draft);
    prog_npy_close(&j->ids);
}

static int run(const prog_values *v) {
    prog_error error;
    job j;
    int code = PROG_FAILED;
    memset(&j, 0, sizeof j);
    j.v = v;
    j.verifier = prog_verifier_at(v->of[VERIFIER].number);
    j.is_tree = v->of[TREE].given;
    if ((j.is_tree && prog_tree_parse(v->of[TREE].text, &j.tree, &error)) || open_files(&j, &error)) {
        code = PROG_USAGE;
    } else if (!prog_device_open(&j.device, v->of[BACKEND].number, v->of[DEVICE].number, v->of[THREADS].number,
                                 &error) &&
               !make_sampler(&j, 0, v->of[STEPS].text, &error) &&
               !make_sampler(&j, 1, v->of[v->of[DRAFT_STEPS].given ? DRAFT_STEPS : STEPS].text, &error) &&
               !verify(&j, &error) && !save(&j, OUT, O_IDS, &error) && !save(&j, ACCEPTED, O_ACCEPTED, &error) &&
               !save(&j, PATH, O_PATH, &error) && !save(&j, LOGPROBS, O_LOGPROB, &error) &&
               !save(&j, STATUS, O_STATUS, &error)) {
        if (!v->of[OUT].given) print_requests(&j);
        print_summary(&j);
        code = PROG_OK;
    }
    if (code != PROG_OK) fprintf(stderr, "urn verify: %s\n", error.text);
    release(&j);
    return code;
}

#define FILE_OPTION(name, help)                                                                                        \
    { name, 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL, help }

static const prog_option OPTIONS[] = {
    FILE_OPTION("draft",
                "the rows that the drafts were drawn from: [requests * drafts, ids] for chains, a row for each "
                "node for trees; without it drafts count as certain (n-grams, greedy drafters)"),
    FILE_OPTION("ids", "the drafts, i4: [requests, drafts], a negative id ends a chain; for trees a column for each "
                       "node, the root's is not read"),
    {"tree", 0, PROG_TEXT, "WIDTHS", NULL, 0, 0, NULL,
     "drafts are trees: 4x2x1 is a root with four children, each with two, each with one; level by level"},
    {"verifier", 'V', PROG_CHOICE, "NAME", "chain", 0, 0, PROG_VERIFIERS, "`urn help verifiers` explains them"},
    {"steps", 0, PROG_TEXT, "LIST", "none", 0, 0, NULL, "steps that the target's rows go through; `urn help steps`"},
    {"draft-steps", 0, PROG_TEXT, "LIST", "none", 0, 0, NULL,
     "steps of the draft's rows; those of --steps if not given"},
    {"probs", 0, PROG_FLAG, NULL, NULL, 0, 0, NULL, "both files hold probabilities, not logits"},
    PROG_OPTION_SEED,
    {"position", 0, PROG_INT, "N", "0", 0, 4294967295, NULL, "position of the roots: tokens before this one"},
    {"threshold", 0, PROG_TEXT, "X", "1", 0, 0, NULL, "of target_only: mass that counts as all; below 1 it is lossy"},
    {"epsilon", 0, PROG_TEXT, "X", "0.09", 0, 0, NULL, "of typical: a probability that is always enough"},
    {"alpha", 0, PROG_TEXT, "X", "0.3", 0, 0, NULL, "of typical: or this times exp(-entropy)"},
    {"rate", 0, PROG_TEXT, "X", "0", 0, 0, NULL, "of synthetic: how often a draft is accepted"},
    FILE_OPTION("out", "write the ids, i4 [requests, depth + 1], -1 behind the last"),
    FILE_OPTION("accepted", "write how many drafts were accepted, i4"),
    FILE_OPTION("path", "write the node whose row gave each id, i4"),
    FILE_OPTION("logprobs", "write the ids' log-probabilities in the target's law, f4"),
    FILE_OPTION("status", "write the status of each request, i4; 0 is good"),
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_verify = {
    "verify",
    "which drafted ids a target accepts: speculative decoding",
    "TARGET.npy --ids IDS.npy [--draft DRAFT.npy] [OPTIONS]",
    "Reads a target model's rows of logits for chains or trees of drafts, and says for every request how many drafts "
    "are accepted and which id follows them. A request with n drafts has n + 1 rows: after the last committed token, "
    "and after each draft. Steps are applied here, to both sides: what is accepted has the law that `urn sample` would "
    "draw from.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    1,
    1,
    "For every request: how many drafts were accepted, then the ids, the last one being the target's own or of what "
    "was "
    "left. Then ids a pass, the rate of acceptance by depth, and a digest of all ids, the same on every backend.",
    "  urn verify target.npy --draft draft.npy --ids ids.npy\n"
    "  urn verify target.npy --draft draft.npy --ids ids.npy --verifier block --steps temperature=0.8,top_k=50\n"
    "  urn verify target.npy --ids tree.npy --tree 4x2x1 --verifier target_only\n"
    "  urn help verifiers\n",
    run,
};
