/* any_case.c - random calls of urn_sample: rows, views, slots, state, lists, draws, outputs. Steps are in any_step.c.
 */
#include "tests/any_case.h"

#include <math.h>

int64_t any_below(any_source *s, int64_t n) {
    uint64_t v = 0;
    int bytes = n <= 256 ? 1 : n <= 65536 ? 2 : n <= INT64_C(1) << 32 ? 4 : 8;
    if (s->at + (size_t)bytes > s->size) return ut_below(&s->rng, n);
    for (int i = 0; i < bytes; i++) v = v << 8 | s->data[s->at++];
    return (int64_t)(v % (uint64_t)n);
}

double any_uniform(any_source *s) { return (double)any_below(s, INT64_C(1) << 53) * 0x1p-53; }

void *any_own(any_case *c, size_t bytes) {
    if (c->owns == c->room) {
        c->room = 2 * c->room + 64;
        c->owned = (void **)realloc(c->owned, (size_t)c->room * sizeof *c->owned);
        UT_ASSERT(c->owned, "out of memory");
    }
    return c->owned[c->owns++] = memset(ut_malloc(bytes), 0, bytes ? bytes : 1);
}

void any_case_free(any_case *c) {
    for (int i = 0; i < c->owns; i++) free(c->owned[i]);
    free(c->owned);
    free(c);
}

/* ---- logits ---- */

static void fill_row(any_case *c, any_source *s, float *x, int64_t n) {
    static const double scales[] = {1, 3, 0.3, 10, 60};
    uint64_t seed = (uint64_t)any_below(s, 1 << 20);
    ut_rng rng = ut_rng_make(seed);
    int64_t kinds = c->limits.good ? 10 : 14;
    double scale = scales[any_below(s, 5)];
    ut_fill(x, n, UT_NORMAL, scale, seed);
    switch (any_one_in(s, 3) ? any_below(s, kinds) : any_below(s, 4)) {
    case 1:
        ut_fill(x, n, UT_GUMBEL, scale / 2, seed);
        break;
    case 2:
        ut_fill(x, n, UT_TIES, scale, seed);
        break;
    case 3:
        ut_punch(x, n, any_uniform(s), seed);
        break;
    case 4:
        ut_fill(x, n, UT_FLAT, -1.25, seed);
        break;
    case 5: /* one possible id */
        ut_punch(x, n, 1.0, seed);
        break;
    case 6: /* heavy tail */
        for (int64_t i = 0; i < n; i++) x[i] = x[i] * x[i] * x[i];
        break;
    case 7: /* a head over a flat tail, zeros of both signs */
        for (int64_t i = 0; i < n; i++) x[i] = i % 2 ? 0.0f : -0.0f;
        x[ut_below(&rng, n)] = 12;
        break;
    case 8: /* denormals */
        for (int64_t i = 0; i < n; i++) x[i] *= 1e-40f;
        break;
    case 9: /* a large offset */
        for (int64_t i = 0; i < n; i++) x[i] = 516 + x[i] * 1e-3f;
        break;
    case 10: /* differences past f32 */
        for (int64_t i = 0; i < n; i++) x[i] *= i % 3 == 0 ? 3e37f : i % 3 == 1 ? 1.0f : 1e-38f;
        x[ut_below(&rng, n)] = 3.40282347e38f;
        x[ut_below(&rng, n)] = -3.40282347e38f;
        break;
    case 11:
        for (int64_t i = 0; i < n; i++) x[i] = -INFINITY;
        break;
    case 12:
        if (any_one_in(s, 2)) x[ut_below(&rng, n)] = any_one_in(s, 2) ? NAN : -NAN;
        if (any_one_in(s, 2)) x[ut_below(&rng, n)] = INFINITY;
        break;
    case 13: /* any bits: NaN, infinities, denormals, both zeros among them */
        for (int64_t i = 0; i < n && i < 48; i++) {
            uint32_t bits = (uint32_t)any_below(s, INT64_C(1) << 32);
            memcpy(x + i * (n / 48 + 1) % n, &bits, 4);
        }
        break;
    default:
        break;
    }
}

/* Dense, through an index, or ragged; returns how many elements exist. */
static int64_t pick_view(any_case *c, any_source *s) {
    ut_job *job = &c->job;
    int64_t view = any_below(s, 5);
    job->row_stride = job->cols + (view == 1 ? 1 + any_below(s, 9) : 0);
    if (view == 2) {
        job->data_rows = 1 + any_below(s, job->rows + 1);
        int32_t *index = (int32_t *)any_own(c, 4 * (size_t)job->rows);
        for (int64_t r = 0; r < job->rows; r++) {
            index[r] = (int32_t)any_below(s, job->data_rows);
            if (!c->limits.good && any_one_in(s, 60)) index[r] = any_one_in(s, 2) ? -1 : (int32_t)job->data_rows;
        }
        job->row_index = index;
        return (job->data_rows - 1) * job->row_stride + job->cols;
    }
    if (view == 3) {
        int64_t *offsets = (int64_t *)any_own(c, 8 * (size_t)(job->rows + 1));
        offsets[0] = any_below(s, 5);
        for (int64_t r = 0; r < job->rows; r++) {
            int empty = !c->limits.good && any_one_in(s, 20);
            offsets[r + 1] = offsets[r] + (empty ? 0 : 1 + any_below(s, job->cols));
        }
        job->data_size = offsets[job->rows] + 1 + any_below(s, 4);
        if (!c->limits.good && any_one_in(s, 12)) offsets[any_below(s, job->rows + 1)] -= job->cols;
        job->offsets = offsets;
        return job->data_size;
    }
    return (job->rows - 1) * job->row_stride + job->cols;
}

static void pick_logits(any_case *c, any_source *s) {
    ut_job *job = &c->job;
    int64_t n = pick_view(c, s), at = 0;
    float *x = (float *)any_own(c, 4 * (size_t)n);
    void *packed = any_own(c, 4 * (size_t)n);
    while (at < n) { /* rows of ragged views begin elsewhere: kinds mix there */
        int64_t length = n - at < job->row_stride ? n - at : job->row_stride;
        fill_row(c, s, x + at, length);
        at += length;
    }
    ut_pack(x, n, job->dtype, packed);
    job->logits = packed;
    job->misalign = any_one_in(s, 2) ? 0 : urn_dtype_size(job->dtype) * (size_t)any_below(s, 17);
}

/* ---- slots and state ---- */

static void pick_slots(any_case *c, any_source *s) {
    ut_job *job = &c->job;
    int64_t rows = job->rows, slots = rows + any_below(s, 4);
    job->slots = slots;
    if (any_one_in(s, 2)) {
        int32_t *slot = (int32_t *)any_own(c, 4 * (size_t)rows);
        for (int64_t r = 0; r < rows; r++) {
            slot[r] = (int32_t)any_below(s, slots);
            if (any_one_in(s, 12)) slot[r] = -1;
            if (!c->limits.good && any_one_in(s, 60)) slot[r] = (int32_t)slots;
        }
        job->slot = slot;
    }
    uint64_t *seed = (uint64_t *)any_own(c, 8 * (size_t)slots), *label = (uint64_t *)any_own(c, 8 * (size_t)slots);
    uint32_t *position = (uint32_t *)any_own(c, 4 * (size_t)rows);
    int32_t *list = (int32_t *)any_own(c, 4 * (size_t)slots), *row_count = (int32_t *)any_own(c, 4);
    uint8_t *done = (uint8_t *)any_own(c, (size_t)slots);
    ut_rng rng = ut_rng_make((uint64_t)any_below(s, 1 << 20));
    for (int64_t i = 0; i < slots; i++) {
        seed[i] = ut_u64(&rng);
        label[i] = ut_u64(&rng);
        list[i] = (int32_t)any_below(s, job->list_count ? job->list_count : 1);
        if (!c->limits.good && any_one_in(s, 60) && job->list_count) list[i] = any_one_in(s, 2) ? -1 : job->list_count;
        done[i] = (uint8_t)any_one_in(s, 6);
    }
    for (int64_t r = 0; r < rows; r++) position[r] = (uint32_t)any_below(s, any_one_in(s, 4) ? INT64_C(1) << 32 : 90);
    *row_count = (int32_t)any_below(s, rows + 3) - 1;
    if (any_one_in(s, 2)) job->seed = seed;
    if (any_one_in(s, 2)) job->label = label;
    if (any_one_in(s, 2)) job->position = position;
    if (any_one_in(s, 8)) job->row_count = row_count;
    if (any_one_in(s, 4)) job->done = done;
    job->list = list;
    if (any_one_in(s, 4))
        job->list = NULL, job->list_value = (int32_t)any_below(s, job->list_count ? job->list_count : 1);
    job->seed_value = (uint64_t)any_below(s, INT64_C(1) << 40);
    job->position_value = (uint32_t)any_below(s, 100);
}

static int32_t *pick_texts(any_case *c, any_source *s, int64_t most, int64_t **offsets) {
    int64_t slots = c->job.slots, size = 0;
    *offsets = (int64_t *)any_own(c, 8 * (size_t)(slots + 1));
    int32_t *ids = (int32_t *)any_own(c, 4 * (size_t)(slots * most + 1));
    for (int64_t i = 0; i < slots; i++) {
        int64_t n = any_below(s, most + 1);
        (*offsets)[i] = size;
        for (int64_t j = 0; j < n; j++) {
            int32_t id = c->alphabet[any_below(s, any_one_in(s, 4) ? 8 : 3)];
            if (any_one_in(s, 8)) id = (int32_t)any_below(s, c->job.cols + 5);
            ids[size++] = id < 0 ? 0 : id;
        }
    }
    (*offsets)[slots] = size;
    return ids;
}

static void pick_state(any_case *c, any_source *s) {
    if (!c->needs_state && !any_one_in(s, 5)) return;
    ut_state *state = &c->state;
    int64_t *prompts, *outputs, rows = c->job.rows;
    state->slots = (int32_t)c->job.slots;
    state->history = (int32_t)(any_one_in(s, 10) ? 0 : 1 + any_below(s, 70));
    state->counts = (int32_t)(any_one_in(s, 8) ? 1 + any_below(s, 3) : 40);
    state->prompt_cols = (int32_t)(any_one_in(s, 4) ? 1 + any_below(s, c->job.cols) : c->job.cols + 4);
    state->prompt = pick_texts(c, s, 25, &prompts);
    state->output = pick_texts(c, s, 39, &outputs);
    state->prompt_offsets = prompts;
    state->output_offsets = outputs;
    c->job.held = state;
    if (any_one_in(s, 3)) {
        c->job.overlay_stride = 1 + any_below(s, 6);
        int32_t *overlay = (int32_t *)any_own(c, 4 * (size_t)(rows * c->job.overlay_stride));
        int32_t *count = (int32_t *)any_own(c, 4 * (size_t)rows);
        for (int64_t i = 0; i < rows * c->job.overlay_stride; i++) overlay[i] = c->alphabet[any_below(s, 4)];
        for (int64_t r = 0; r < rows; r++) count[r] = (int32_t)any_below(s, c->job.overlay_stride + 4) - 2;
        c->job.overlay = overlay;
        if (!any_one_in(s, 3)) c->job.overlay_count = count;
    }
}

/* ---- lists ---- */

static int allowed(const any_case *c, int32_t op) { return !c->limits.ops || (c->limits.ops >> op & 1); }
static int is_keep(int32_t op) { return op >= URN_OP_TOP_K && op <= URN_OP_MIROSTAT_V1; }

static void pick_all_lists(any_case *c, any_source *s) {
    int32_t count = (int32_t)any_below(s, 4);
    urn_list *lists = (urn_list *)any_own(c, sizeof *lists * 4);
    for (int32_t l = 0; l < count; l++) {
        urn_step *steps = (urn_step *)any_own(c, sizeof *steps * 8);
        int linked = 0;
        int32_t wanted = (int32_t)any_below(s, 7);
        lists[l].steps = steps;
        for (int32_t i = 0; i < wanted; i++) {
            int32_t op = any_ops[any_below(s, any_op_count)];
            if (!allowed(c, op) || (linked && !is_keep(op))) continue;
            linked |= op >= URN_OP_SPARSEMAX;
            steps[lists[l].count++] = any_step(c, s, op);
        }
    }
    c->job.lists = lists;
    c->job.list_count = count;
}

/* ---- draws and outputs ---- */

static void pick_draws(any_case *c, any_source *s) {
    ut_job *job = &c->job;
    int64_t cells = job->rows * job->draws;
    if (any_one_in(s, 4)) {
        int64_t *offsets = (int64_t *)any_own(c, 8 * (size_t)(job->rows + 1));
        offsets[0] = any_below(s, 3);
        for (int64_t r = 0; r < job->rows; r++) offsets[r + 1] = offsets[r] + any_below(s, job->draws + 1);
        job->draws_size = cells = offsets[job->rows] + 1 + any_below(s, 3);
        if (!c->limits.good && any_one_in(s, 10))
            offsets[any_below(s, job->rows + 1)] += any_one_in(s, 2) ? cells : -cells;
        job->draw_offsets = offsets;
    }
    if (any_one_in(s, 5)) {
        job->method = URN_DRAW_GUMBEL;
    } else if (any_one_in(s, 3)) {
        uint64_t *codes = (uint64_t *)any_own(c, 8 * (size_t)cells);
        ut_rng rng = ut_rng_make((uint64_t)any_below(s, 1 << 20));
        for (int64_t i = 0; i < cells; i++)
            codes[i] = ut_below(&rng, 12) ? ut_u64(&rng) : ut_below(&rng, 2) ? 0 : UINT64_MAX;
        job->codes = codes;
        job->codes_in_place = any_one_in(s, 2) && !job->draw_offsets;
    }
}

static void pick_wants(any_case *c, any_source *s) {
    ut_job *job = &c->job;
    uint32_t want = 0, may = c->limits.wants ? c->limits.wants : UINT32_MAX;
    int64_t style = any_below(s, 4), words = (job->cols + 31) / 32;
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        if (style == 0 || any_below(s, 4) < style) want |= UINT32_C(1) << k;
    }
    if (job->codes_in_place) want |= UT_WANT(codes_out);
    if (job->method == URN_DRAW_GUMBEL || !job->codes) want &= ~UT_WANT(codes_out);
    if (any_one_in(s, 3)) { /* whole rows are long to compare: not in all cases */
        want &= ~(UT_WANT(probs) | UT_WANT(processed) | UT_WANT(kept_bits) | UT_WANT(kept_ids));
    }
    if (want & (UT_WANT(given_logprob) | UT_WANT(given_logprob_raw) | UT_WANT(given_rank))) {
        job->given_stride = 1 + any_below(s, 5);
        int32_t *given = (int32_t *)any_own(c, 4 * (size_t)(job->rows * job->given_stride));
        for (int64_t i = 0; i < job->rows * job->given_stride; i++) given[i] = (int32_t)any_below(s, job->cols + 4) - 2;
        job->given = given;
    }
    if (want & (UT_WANT(top_id) | UT_WANT(top_logprob))) {
        job->top_n = 1 + (int32_t)any_below(s, any_one_in(s, 6) ? URN_MAX_TOP_N : 8);
        job->top_of = (int32_t)any_below(s, 2);
    }
    if (want & UT_WANT(kept_bits)) job->kept_bits_stride = words + any_below(s, 3);
    if (want & UT_WANT(kept_ids)) {
        int64_t *offsets = (int64_t *)any_own(c, 8 * (size_t)(job->rows + 1));
        offsets[0] = any_below(s, 3);
        for (int64_t r = 0; r < job->rows; r++) {
            offsets[r + 1] = offsets[r] + (any_one_in(s, 2) ? any_below(s, 20) : job->cols);
        }
        job->kept_ids_size = offsets[job->rows] + any_below(s, 3);
        if (!c->limits.good && any_one_in(s, 12)) offsets[any_below(s, job->rows + 1)] -= job->kept_ids_size + 1;
        job->kept_offsets = offsets;
    }
    if (want & UT_WANT(probs)) job->probs_stride = any_one_in(s, 2) ? 0 : job->cols + any_below(s, 4);
    if (want & UT_WANT(processed)) {
        job->processed_stride = any_one_in(s, 2) ? 0 : job->cols + any_below(s, 4);
        job->in_place = job->dtype == URN_F32 && !job->row_index && !job->offsets && any_one_in(s, 2);
        if (job->in_place) job->processed_stride = job->row_stride;
    }
    if (want & (UT_WANT(distinct) | UT_WANT(distinct_count) | UT_WANT(distinct_weight))) want |= UT_WANT(distinct_id);
    want &= may;
    if (!job->given) want &= ~(UT_WANT(given_logprob) | UT_WANT(given_logprob_raw) | UT_WANT(given_rank));
    if (!(want & UT_WANT(kept_ids))) job->kept_offsets = NULL, job->kept_ids_size = 0;
    job->in_place &= (want & UT_WANT(processed)) != 0;
    job->want = want ? want : UT_WANT(ids);
}

static any_case *make(any_source *s, uint64_t seed, const any_limits *limits) {
    any_case *c = (any_case *)ut_malloc(sizeof *c);
    memset(c, 0, sizeof *c);
    ut_job *job = &c->job;
    c->seed = seed;
    c->limits = *limits;
    job->rows = 1 + any_below(s, limits->rows);
    int64_t most = limits->cols < 40 || any_one_in(s, 4) ? limits->cols : limits->cols < 600 ? limits->cols : 600;
    if (any_one_in(s, 5)) most = 1 + most / 20;
    job->cols = 1 + any_below(s, most);
    job->dtype = (urn_dtype)any_below(s, 3);
    job->draws = 1 + (int32_t)any_below(s, any_one_in(s, 8) ? 40 : 4);
    for (int i = 0; i < 8; i++) c->alphabet[i] = (int32_t)any_below(s, job->cols);
    ut_note("any_case %llu: %lld rows of %lld, dtype %d", (unsigned long long)seed, (long long)job->rows,
            (long long)job->cols, (int)job->dtype);
    pick_logits(c, s);
    job->slots = job->rows + 3; /* for parameters by slot */
    pick_all_lists(c, s);
    pick_slots(c, s);
    pick_state(c, s);
    pick_draws(c, s);
    pick_wants(c, s);
    return c;
}

any_case *any_case_of(uint64_t seed, const any_limits *limits) {
    any_source s = {NULL, 0, 0, ut_rng_make(seed)};
    return make(&s, seed, limits);
}

any_case *any_case_from_bytes(const uint8_t *data, size_t size, const any_limits *limits) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
    any_source s = {data, size, 0, ut_rng_make(sum)};
    return make(&s, sum, limits);
}

static void print_param(const urn_param *p, int64_t n, FILE *to) {
    static const char *const by[] = {"", "slot:", "row:"};
    if (p->by == URN_SCALAR) fprintf(to, " %g/%d", (double)p->f, (int)p->i);
    if (p->by != URN_SCALAR) fprintf(to, " %s", by[p->by]);
    for (int64_t i = 0; p->by != URN_SCALAR && i < n; i++) {
        fprintf(to, "%s%g/%d", i ? "," : "", (double)((const float *)p->array)[i], (int)((const int32_t *)p->array)[i]);
    }
}

void any_case_print(const any_case *c, FILE *to) {
    const ut_job *j = &c->job;
    fprintf(to,
            "case %llu: %lld rows of %lld, dtype %d, stride %lld%s%s, draws %d%s, method %d, want %06x, slots %lld\n",
            (unsigned long long)c->seed, (long long)j->rows, (long long)j->cols, (int)j->dtype,
            (long long)j->row_stride, j->row_index ? ", indexed" : "", j->offsets ? ", ragged" : "", (int)j->draws,
            j->draw_offsets ? " ragged" : "", (int)j->method, (unsigned)j->want, (long long)j->slots);
    fprintf(to, "  %s%s%s%s%s%s top %d of %d\n", j->codes ? "codes " : "", j->codes_in_place ? "in place " : "",
            j->done ? "done " : "", j->row_count ? "row_count " : "", j->in_place ? "processed in place " : "",
            j->overlay ? "overlay" : "", (int)j->top_n, (int)j->top_of);
    if (j->held) {
        fprintf(to, "  state: history %d counts %d prompt_cols %d\n", (int)j->held->history, (int)j->held->counts,
                (int)j->held->prompt_cols);
    }
    for (int32_t l = 0; l < j->list_count; l++) {
        fprintf(to, "  list %d:\n", (int)l);
        for (int32_t i = 0; i < j->lists[l].count; i++) {
            const urn_step *s = j->lists[l].steps + i;
            fprintf(to, "    %s flags %u", any_op_name(s->op), (unsigned)s->flags);
            for (int k = 0; k < 4; k++)
                print_param(s->param + k, s->param[k].by == URN_BY_ROW ? j->rows : j->slots, to);
            fprintf(to, " rows %lld stride %lld%s%s\n", (long long)s->table_rows, (long long)s->table_stride,
                    s->map ? " map" : "", s->offsets ? " lists" : "");
        }
    }
}

void any_check(const any_case *c, const ut_draws *a, const ut_draws *b, const char *what) {
    int same = 1;
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        ut_cells x = ut_output_of(a, k, -1), y = ut_output_of(b, k, -1);
        if (x.data && y.data) same &= memcmp(x.data, y.data, x.n * x.size) == 0;
    }
    if (!same) any_case_print(c, stderr);
    UT_SAME_DRAWS(a, b, what);
}
