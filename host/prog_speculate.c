/* prog_speculate.c - rounds of drafting and verifying: bigram rows level by level, draws for their children, a trigram
 * row for every node, one urn_verify_tree for the batch, ids back. */
#include "host/prog_speculate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/prog_digest.h"
#include "host/prog_progress.h"

/* Arrays on the device, or the host's own memory where that is the same. */
enum { MASK, MAP, TARGET, DRAFT, TOKENS, PARENT, SLOT, POSITION, INDEX, LABEL, LEVEL_POSITION, STOP, PICKS, TOP, OUT };
enum { BUFFERS = OUT + 1 };

/* Of the call, each [rows, ...]: ids, then accepted, emitted, status, bound, overlap. */
typedef struct speculator {
    prog_device *device;
    prog_lm *lm;
    const prog_decode_params *p;
    const prog_tree *tree;
    const prog_verifier *verifier;
    prog_lm_info model;
    urn_sampler *sampler;
    urn_buffer *buffer[BUFFERS];
    float *target, *draft; /* [rows * nodes, words] */
    int32_t *tokens, *slot, *index, *picks, *top, *out;
    uint32_t *position, *level_position;
    uint64_t *label;
    prog_history *history; /* [rows * nodes]; a root's is the sentence's */
    prog_sentence *sentences;
} speculator;

static size_t cells(const speculator *s) { return (size_t)s->p->rows * (size_t)s->tree->nodes; }
static size_t out_cells(const speculator *s) { return (size_t)s->p->rows * (size_t)(s->tree->depth + 1 + 5); }

static int32_t widest(const prog_tree *tree) {
    int32_t d, most = 1;
    for (d = 0; d < tree->depth; d++) most = tree->width[d] > most ? tree->width[d] : most;
    return most;
}

static void *there(const speculator *s, int at) { return urn_buffer_data(s->buffer[at]); }

static int put(speculator *s, int at, const void *host, size_t bytes, prog_error *error) {
    return prog_check(urn_buffer_write(s->device->stream, s->buffer[at], 0, host, bytes), "urn_buffer_write", error);
}

static int get_memory(speculator *s, prog_error *error) {
    const size_t n = cells(s), rows = (size_t)s->p->rows, words = (size_t)s->model.words;
    const size_t picks = n * (size_t)widest(s->tree);
    const size_t bytes[BUFFERS] = {(words + 31) / 32 * 4,
                                   n * 4,
                                   n * words * 4,
                                   n * words * 4,
                                   n * 4,
                                   n * 4,
                                   rows * 4,
                                   rows * 4,
                                   n * 4,
                                   n * 8,
                                   n * 4,
                                   4,
                                   picks * 4,
                                   picks * 4,
                                   out_cells(s) * 4};
    int i;
    s->target = malloc(n * words * sizeof *s->target);
    s->draft = malloc(n * words * sizeof *s->draft);
    s->tokens = malloc(n * sizeof *s->tokens);
    s->slot = malloc(rows * sizeof *s->slot);
    s->index = malloc(n * sizeof *s->index);
    s->picks = malloc(picks * sizeof *s->picks);
    s->top = malloc(picks * sizeof *s->top);
    s->out = malloc(out_cells(s) * sizeof *s->out);
    s->position = malloc(rows * sizeof *s->position);
    s->level_position = malloc(n * sizeof *s->level_position);
    s->label = malloc(n * sizeof *s->label);
    s->history = malloc(n * sizeof *s->history);
    if (!s->target || !s->draft || !s->tokens || !s->slot || !s->index || !s->picks || !s->top || !s->out ||
        !s->position || !s->level_position || !s->label || !s->history)
        return prog_fail(error, "no memory for %d sentences of %d nodes", s->p->rows, s->tree->nodes);
    for (i = 0; i < BUFFERS; i++)
        if (prog_check(urn_buffer_create(s->device->ctx, URN_DEVICE, bytes[i], &s->buffer[i]), "urn_buffer_create",
                       error))
            return -1;
    return 0;
}

/* The user's steps after a mask that allows words and </s>, for both sides. */
static int make_sampler(speculator *s, prog_error *error) {
    const size_t words = ((size_t)s->model.words + 31) / 32;
    uint32_t *bits = calloc(words, sizeof *bits);
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, s->p->step_count + 1};
    int32_t id;
    size_t i;
    int bad;
    if (bits == NULL) return prog_fail(error, "no memory for the mask");
    for (id = 0; id < s->model.words; id++)
        if (id == s->model.end || !prog_lm_is_marker(s->lm, id)) bits[id / 32] |= UINT32_C(1) << id % 32;
    memset(s->index, 0, cells(s) * 4); /* one mask row serves all */
    for (i = 0; i < cells(s); i++) s->tokens[i] = s->tree->parent[i % (size_t)s->tree->nodes];
    bad = put(s, MASK, bits, words * 4, error) || put(s, MAP, s->index, cells(s) * 4, error) ||
          put(s, PARENT, s->tokens, cells(s) * 4, error) || put(s, STOP, &s->model.end, 4, error) ||
          prog_check(urn_stream_sync_host(s->device->stream), "urn_stream_sync_host", error);
    free(bits);
    if (bad) return -1;
    steps[0] = urn_mask(there(s, MASK), 1, (int64_t)words, there(s, MAP));
    memcpy(steps + 1, s->p->steps, (size_t)s->p->step_count * sizeof *steps);
    return prog_check(urn_sampler_create(s->device->ctx, &list, 1, &s->sampler), "--steps", error);
}

/* A row of bigrams for every node of a level that can have children, and its place in the level's call. Returns how
 * many. A draw belongs to its sentence and node: nodes of a level must not share their noise. */
static int32_t make_level(speculator *s, int32_t first, int32_t count) {
    int32_t r, n, made = 0;
    for (r = 0; r < s->p->rows; r++)
        for (n = first; n < first + count; n++) {
            const int32_t t = r * s->tree->nodes + n, last = s->history[t].last;
            const prog_history bigram = {-1, last};
            if (s->slot[r] < 0 || s->tokens[t] < 0 || (n > 0 && last == s->model.end)) continue;
            prog_lm_row(s->lm, bigram, s->draft + (size_t)t * (size_t)s->model.words);
            s->label[made] = (uint64_t)r << 32 | (uint64_t)n;
            s->level_position[made] = s->position[r];
            s->index[made++] = t;
        }
    return made;
}

static int pick(speculator *s, const urn_sample_params *rows, int32_t by, int32_t k, int at, int32_t *host,
                prog_error *error) {
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    p.by = by;
    p.rows = rows;
    p.k = k;
    p.ids = there(s, at);
    if (prog_check(urn_stream_reserve(s->device->stream,
                                      urn_topk_workspace(s->sampler, rows->logits.rows, rows->logits.cols, k)),
                   "urn_stream_reserve", error) ||
        prog_check(urn_topk(s->device->stream, &p), "urn_topk", error))
        return -1;
    return prog_check(urn_buffer_read(s->device->stream, s->buffer[at], 0, host, (size_t)(rows->logits.rows * k) * 4),
                      "urn_buffer_read", error);
}

static int is_among(const int32_t *ids, int32_t n, int32_t id) {
    int32_t i = 0;
    while (i < n && ids[i] != id) i++;
    return i < n;
}

/* The likeliest k - 1, then the first of k picks without replacement that is none of them: a draw from the rest. */
static void put_last(speculator *s, int32_t rows, int32_t k) {
    int32_t i, j;
    for (i = 0; i < rows; i++) {
        const int32_t *picks = s->picks + (size_t)i * (size_t)k, *top = s->top + (size_t)i * (size_t)(k - 1);
        int32_t children[URN_VERIFY_MAX_CHILDREN];
        for (j = 0; j < k && (picks[j] < 0 || is_among(top, k - 1, picks[j])); j++) continue;
        memcpy(children, top, (size_t)(k - 1) * 4);
        children[k - 1] = j < k ? picks[j] : -1;
        memcpy(s->picks + (size_t)i * (size_t)k, children, (size_t)k * 4);
    }
}

/* k children for each row of the level into picks, [rows, k]. */
static int draw_level(speculator *s, int32_t rows, int32_t k, prog_error *error) {
    urn_stream *stream = s->device->stream;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    const size_t bytes = cells(s) * (size_t)s->model.words * 4;
    int bad;
    if (put(s, DRAFT, s->draft, bytes, error) || put(s, INDEX, s->index, (size_t)rows * 4, error) ||
        put(s, LABEL, s->label, (size_t)rows * 8, error) ||
        put(s, LEVEL_POSITION, s->level_position, (size_t)rows * 4, error))
        return -1;
    p.logits = urn_matrix_indexed(urn_matrix_dense(there(s, DRAFT), URN_F32, (int64_t)cells(s), s->model.words, 0),
                                  there(s, INDEX), rows);
    p.sampler = s->sampler;
    p.seed_value = URN_DRAFT_SEED(s->p->seed);
    p.label = there(s, LABEL);
    p.position = there(s, LEVEL_POSITION);
    if (s->verifier->siblings != PROG_WITH) {
        bad = pick(s, &p, URN_TOPK_RACE, k, PICKS, s->picks, error);
        if (!bad && s->verifier->siblings == PROG_LIKELIEST && k > 1)
            bad = pick(s, &p, URN_TOPK_VALUE, k - 1, TOP, s->top, error);
    } else {
        p.draws = k;
        p.ids = there(s, PICKS);
        bad = prog_check(urn_stream_reserve(stream, urn_sample_workspace(s->sampler, rows, s->model.words)),
                         "urn_stream_reserve", error) ||
              prog_check(urn_sample(stream, &p), "urn_sample", error) ||
              prog_check(urn_buffer_read(stream, s->buffer[PICKS], 0, s->picks, (size_t)rows * (size_t)k * 4),
                         "urn_buffer_read", error);
    }
    if (bad || prog_check(urn_stream_sync_host(stream), "urn_stream_sync_host", error)) return -1;
    if (s->verifier->siblings == PROG_LIKELIEST && k > 1) put_last(s, rows, k);
    return 0;
}

static int draft(speculator *s, prog_error *error) {
    const prog_tree *tree = s->tree;
    int32_t first = 0, count = 1, d, i, c, r;
    for (r = 0; r < s->p->rows; r++)
        for (i = 0; i < tree->nodes; i++) s->tokens[r * tree->nodes + i] = i ? -1 : 0;
    for (d = 0; d < tree->depth; d++) {
        const int32_t k = tree->width[d], rows = make_level(s, first, count), next = first + count;
        if (rows > 0 && draw_level(s, rows, k, error)) return -1;
        for (i = 0; i < rows; i++) {
            const int32_t t = s->index[i], n = t % tree->nodes, root = t - n, child = next + (n - first) * k;
            for (c = 0; c < k; c++) {
                const prog_history h = {s->history[t].last, s->picks[i * k + c]};
                s->tokens[root + child + c] = h.last;
                s->history[root + child + c] = h;
            }
        }
        first = next;
        count *= k;
    }
    return 0;
}

/* The target's row after every node that is there. */
static void make_targets(speculator *s) {
    int32_t t;
    for (t = 0; t < (int32_t)cells(s); t++) {
        const int32_t r = t / s->tree->nodes, is_root = t % s->tree->nodes == 0;
        if (s->slot[r] < 0 || s->tokens[t] < 0 || (!is_root && s->tokens[t] == s->model.end)) continue;
        prog_lm_row(s->lm, s->history[t], s->target + (size_t)t * (size_t)s->model.words);
    }
}

static int verify(speculator *s, prog_speculated *result, prog_error *error) {
    const int64_t rows = s->p->rows, words = s->model.words, nodes = s->tree->nodes;
    const size_t n = cells(s), line = (size_t)rows * (size_t)(s->tree->depth + 1);
    int32_t *out = there(s, OUT);
    urn_stream *stream = s->device->stream;
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft_rows;
    urn_verify_params p = URN_VERIFY_PARAMS_INIT;
    urn_verify_bound_params b = URN_VERIFY_BOUND_PARAMS_INIT;
    const urn_draft_tree tree = {there(s, PARENT), NULL, NULL};
    const int has_bound = s->verifier->siblings == PROG_WITH || s->tree->width[0] <= 2;
    size_t need;
    if (put(s, TARGET, s->target, n * (size_t)words * 4, error) ||
        put(s, DRAFT, s->draft, n * (size_t)words * 4, error) || put(s, TOKENS, s->tokens, n * 4, error) ||
        put(s, SLOT, s->slot, (size_t)rows * 4, error) || put(s, POSITION, s->position, (size_t)rows * 4, error))
        return -1;
    target.logits = urn_matrix_dense(there(s, TARGET), URN_F32, (int64_t)n, words, 0);
    target.sampler = s->sampler;
    target.slot = there(s, SLOT);
    target.position = there(s, POSITION);
    target.seed_value = s->p->seed;
    draft_rows = target;
    draft_rows.logits = urn_matrix_dense(there(s, DRAFT), URN_F32, (int64_t)n, words, 0);
    p.verifier = s->verifier->verifier;
    p.requests = rows;
    p.nodes = s->tree->nodes;
    p.depth = s->tree->depth;
    p.drafts = there(s, TOKENS);
    p.target = &target;
    p.draft = &draft_rows;
    p.stop = there(s, STOP);
    p.stops = 1;
    p.ids = out;
    p.accepted = out + line;
    p.emitted = out + line + rows;
    p.status = out + line + 2 * rows;
    need = urn_verify_workspace(&p);
    if (prog_check(urn_stream_reserve(stream, need), "urn_stream_reserve", error) ||
        prog_check(urn_verify_tree(stream, &p, &tree), "urn_verify_tree", error))
        return -1;
    result->passes += 1;
    if (has_bound) {
        target.logits = urn_matrix_dense(there(s, TARGET), URN_F32, rows, words, nodes * words);
        draft_rows.logits = urn_matrix_dense(there(s, DRAFT), URN_F32, rows, words, nodes * words);
        b.drafts = s->tree->width[0];
        b.replacement = s->verifier->siblings == PROG_WITH || b.drafts == 1;
        b.target = &target;
        b.draft = &draft_rows;
        b.bound = (float *)(void *)(out + line + 3 * rows);
        b.overlap = (float *)(void *)(out + line + 4 * rows);
        if (prog_check(urn_stream_reserve(stream, urn_verify_bound_workspace(&b)), "urn_stream_reserve", error) ||
            prog_check(urn_verify_bound(stream, &b), "urn_verify_bound", error))
            return -1;
    }
    return prog_check(urn_buffer_read_host(stream, s->buffer[OUT], 0, s->out, out_cells(s) * 4), "urn_buffer_read_host",
                      error);
}

/* What was emitted goes to its sentence. Returns how many still run, or -1. */
static int32_t take_tokens(speculator *s, prog_speculated *result, prog_error *error) {
    const int32_t rows = s->p->rows, cols = s->tree->depth + 1;
    const int32_t *accepted = s->out + rows * cols, *emitted = accepted + rows, *status = emitted + rows;
    const float *bound = (const float *)(const void *)(status + rows), *overlap = bound + rows;
    urn_verify_stats *stats = &result->stats;
    int32_t r, i, running = 0;
    for (r = 0; r < rows; r++) {
        prog_sentence *sentence = &s->sentences[r];
        prog_history *h = &s->history[r * s->tree->nodes];
        if (s->slot[r] < 0) continue;
        if (status[r] != URN_ROW_OK) return prog_fail(error, "sentence %d: %s", r, urn_row_status_text(status[r]));
        stats->requests++;
        stats->accepted += (uint64_t)accepted[r];
        stats->emitted += (uint64_t)emitted[r];
        for (i = 0; i < s->tree->depth && i <= accepted[r]; i++) stats->tried[i]++;
        for (i = 0; i < accepted[r]; i++) stats->taken[i]++;
        result->bound += (double)bound[r];
        result->overlap += (double)overlap[r];
        for (i = 0; i < emitted[r] && sentence->tokens < s->p->tokens && !sentence->ended; i++) {
            const int32_t id = s->out[r * cols + i];
            sentence->ids[sentence->tokens++] = id;
            sentence->ended = id == s->model.end;
            h->before = h->last;
            h->last = id;
        }
        s->position[r] = (uint32_t)sentence->tokens;
        if (sentence->ended || sentence->tokens == s->p->tokens)
            s->slot[r] = -1;
        else
            running++;
    }
    return running;
}

static int decode(speculator *s, prog_speculated *result, prog_error *error) {
    const int32_t n = s->p->prompt_count, *words = s->p->prompt;
    prog_history start = {-1, s->model.begin};
    prog_progress bar;
    int32_t r, running = s->p->rows, rounds = 0;
    int bad = 0;
    if (n > 0) start.last = words[n - 1], start.before = n > 1 ? words[n - 2] : s->model.begin;
    for (r = 0; r < s->p->rows; r++) {
        s->history[r * s->tree->nodes] = start;
        s->slot[r] = r;
        s->position[r] = 0;
    }
    memset(s->target, 0, cells(s) * (size_t)s->model.words * sizeof *s->target);
    memset(s->draft, 0, cells(s) * (size_t)s->model.words * sizeof *s->draft);
    prog_progress_begin(&bar, s->verifier->name, s->p->tokens);
    while (running > 0 && !bad) {
        const double begin = prog_seconds();
        double made;
        bad = draft(s, error);
        if (bad) break;
        make_targets(s);
        made = prog_seconds();
        bad = verify(s, result, error);
        result->urn_seconds += prog_seconds() - made;
        result->model_seconds += made - begin;
        if (!bad) running = take_tokens(s, result, error);
        bad = bad || running < 0;
        prog_progress_update(&bar, ++rounds, NULL);
    }
    prog_progress_end(&bar);
    return bad ? -1 : 0;
}

static void summarise(const speculator *s, prog_speculated *result) {
    const int32_t separator = -1;
    int32_t r;
    result->digest = PROG_DIGEST_START;
    for (r = 0; r < s->p->rows; r++) {
        result->tokens += s->sentences[r].tokens;
        result->digest = prog_digest_ids(result->digest, s->sentences[r].ids, (size_t)s->sentences[r].tokens);
        result->digest = prog_digest_ids(result->digest, &separator, 1);
    }
    result->bound /= (double)result->stats.requests;
    result->overlap /= (double)result->stats.requests;
    if (s->verifier->siblings != PROG_WITH && s->tree->width[0] > 2) result->bound = result->overlap = NAN;
}

int prog_speculate(prog_device *device, prog_lm *lm, const prog_decode_params *params, const prog_tree *tree,
                   const prog_verifier *verifier, prog_sentence *sentences, prog_speculated *result,
                   prog_error *error) {
    speculator s;
    int32_t r;
    int i, bad = 0;
    memset(&s, 0, sizeof s);
    memset(result, 0, sizeof *result);
    s.device = device, s.lm = lm, s.p = params, s.tree = tree, s.verifier = verifier, s.sentences = sentences;
    s.model = prog_lm_get_info(lm);
    for (r = 0; r < params->rows && !bad; r++) {
        memset(&sentences[r], 0, sizeof sentences[r]);
        sentences[r].ids = malloc((size_t)params->tokens * 4);
        if (sentences[r].ids == NULL) bad = prog_fail(error, "no memory for %d sentences", params->rows);
    }
    bad = bad || get_memory(&s, error) || make_sampler(&s, error) || decode(&s, result, error);
    if (!bad) summarise(&s, result);
    urn_stream_sync_host(device->stream);
    urn_sampler_destroy(s.sampler);
    for (i = 0; i < BUFFERS; i++) urn_buffer_destroy(s.buffer[i]);
    free(s.target), free(s.draft), free(s.tokens), free(s.slot), free(s.index), free(s.picks), free(s.top);
    free(s.out), free(s.position), free(s.level_position), free(s.label), free(s.history);
    return bad ? -1 : 0;
}

void prog_speculate_free(prog_sentence *sentences, int32_t rows) {
    int32_t r;
    for (r = 0; r < rows; r++) free(sentences[r].ids);
}
