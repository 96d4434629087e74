/* oracle_verify.c - requests, nodes, rows and the walk of bits_verify.h (sections 1, 2, 4, 11). */
#include "tests/oracle_verify.h"

#include <math.h>

static int is_distinct(int32_t verifier) {
    return verifier != URN_VERIFY_MULTISTEP && verifier != URN_VERIFY_KSEQ && verifier != URN_VERIFY_GREEDY_DRAFTS &&
           verifier != URN_VERIFY_IMPORTANCE;
}

/* ---- nodes ---- */

static void read_parents(oracle_request *r) {
    const urn_draft_tree *tree = r->call->tree;
    for (int64_t i = 0; i < r->count; i++) {
        oracle_node *node = r->node + i;
        node->parent = -1;
        if (i > 0 && !tree) node->parent = (int32_t)i - 1;
        if (i > 0 && tree && tree->parent) node->parent = tree->parent[r->first + i];
        if (i > 0) node->token = r->call->p->drafts[tree ? r->first + i : r->first + i - r->b - 1];
    }
    if (!tree || tree->parent) return;
    for (int64_t n = 0; n < r->count; n++) {
        int64_t before = n;
        for (int64_t c = tree->first_child[r->first + n]; c > before && c < r->count;
             c = tree->next_sibling[r->first + c]) {
            if (r->node[c].parent >= 0) break;
            r->node[c].parent = (int32_t)n;
            before = c;
        }
    }
}

static void find_present(oracle_request *r) {
    int distinct = is_distinct(r->call->p->verifier);
    r->node[0].present = 1;
    for (int32_t c = 1; c < r->count; c++) {
        oracle_node *node = r->node + c;
        if (node->parent < 0 || node->parent >= c || node->token < 0) continue;
        oracle_node *up = r->node + node->parent;
        node->depth = up->depth + 1;
        if (!up->present || node->depth > r->call->p->depth || up->children == URN_VERIFY_MAX_CHILDREN) continue;
        int twin = 0;
        for (int k = 0; k < up->children; k++) twin |= r->node[up->child[k]].token == node->token;
        if (distinct && twin) continue;
        node->present = 1;
        up->child[up->children++] = c;
    }
}

void oracle_read_nodes(oracle_request *r) {
    read_parents(r);
    find_present(r);
}

/* ---- rows ---- */

/* A job whose row t is that of node i: its slot, its position, its drafts in flight. */
static oracle_row *row_of(const oracle_request *r, const ut_job *of, int64_t t, int32_t i) {
    const ut_job *target = r->call->target;
    ut_job job = *of;
    int64_t path = r->node[i].depth;
    size_t rows = (size_t)job.rows;
    int32_t *slot = (int32_t *)ut_malloc(4 * rows), *overlay = NULL;
    uint32_t *position = (uint32_t *)ut_malloc(4 * rows);
    for (size_t k = 0; k < rows; k++) {
        slot[k] = (int32_t)r->slot;
        position[k] = r->position + (uint32_t)r->node[i].depth;
    }
    job.slot = slot;
    job.position = position;
    job.slots = ut_slots_of(target) > r->slot ? ut_slots_of(target) : r->slot + 1;
    job.held = target->held;
    job.row_count = NULL;
    job.done = NULL;
    job.overlay = NULL;
    if (target->overlay) { /* the node's own row of it */
        path = target->overlay_stride;
        if (target->overlay_count) {
            int32_t count = target->overlay_count[r->first + i];
            path = count < 0 ? 0 : count < path ? count : path;
        }
    }
    if (path) {
        overlay = (int32_t *)memset(ut_malloc(4 * rows * (size_t)path), 0, 4 * rows * (size_t)path);
        int32_t *own = overlay + t * path, n = i;
        if (target->overlay) memcpy(own, target->overlay + (r->first + i) * target->overlay_stride, 4 * (size_t)path);
        for (int64_t k = path; k-- > 0 && !target->overlay; n = r->node[n].parent) own[k] = r->node[n].token;
        job.overlay = overlay;
        job.overlay_stride = path;
        job.overlay_count = NULL;
    }
    oracle_row *row = oracle_row_of(&job, t);
    if (!job.label) row->label = (uint64_t)r->b;
    free(slot);
    free(position);
    free(overlay);
    return row;
}

/* Section 3: a row of probabilities as a link's epoch. */
static oracle_run *run_of_probs(oracle_row *row) {
    float most = 0;
    int below = 0, e = 0;
    for (int64_t k = 0; k < row->n && !row->status; k++) {
        below |= row->x[k] < 0;
        most = row->x[k] > most ? row->x[k] : most;
    }
    if (!row->status && below) row->status = URN_ROW_PARAM;
    if (!row->status && most == 0) row->status = URN_ROW_EMPTY;
    if (row->status) return NULL;
    if (frexpf(most, &e) == 0.5f) e--;
    oracle_run *run = oracle_run_begin(row);
    for (int64_t k = 0; k < row->n; k++) {
        run->x[k] = ldexpf(row->x[k], -e);
        run->kept[k] = row->x[k] > 0;
        run->w[k] = run->kept[k] ? oracle_scaled(run->x[k], URN_F, 0) : 0;
    }
    run->open = run->link = run->valued = 1;
    run->c = 1;
    return run;
}

static oracle_vlaw *law_of(oracle_row *row, int32_t kind, int64_t room) {
    oracle_vlaw *law = (oracle_vlaw *)ut_malloc(sizeof *law);
    memset(law, 0, sizeof *law);
    law->row = row;
    law->n = row->n;
    law->p = (uint64_t *)memset(ut_malloc(8 * (size_t)room), 0, 8 * (size_t)room);
    if (!row->status && row->n == 0) row->status = URN_ROW_EMPTY;
    if (!row->status) law->run = kind == URN_ROWS_PROBS ? run_of_probs(row) : oracle_run_of(row);
    law->status = row->status ? row->status : law->run->status;
    if (law->status) return law;
    law->z = law->t = oracle_mass(law->run);
    for (int64_t k = 0; k < row->n && k < room; k++) law->p[k] = law->run->kept[k] ? law->run->w[k] : 0;
    oracle_lift(law->p, room, &law->t);
    return law;
}

void oracle_vlaw_free(oracle_vlaw *law) {
    if (!law) return;
    if (law->run) oracle_run_free(law->run);
    oracle_row_free(law->row);
    free(law->p);
    free(law);
}

oracle_vlaw *oracle_target_law(oracle_request *r, int32_t i) {
    oracle_node *node = r->node + i;
    if (!node->target) {
        node->target =
            law_of(row_of(r, r->call->target, r->first + i, i), r->call->p->target_rows, r->call->target->cols);
    }
    return node->target;
}

static oracle_row *missing_row(void) {
    oracle_row *row = (oracle_row *)memset(ut_malloc(sizeof *row), 0, sizeof *row);
    row->status = URN_ROW_INDEX;
    return row;
}

oracle_vlaw *oracle_draft_law(oracle_request *r, int32_t i) {
    const urn_verify_params *p = r->call->p;
    const ut_job *draft = r->call->draft;
    oracle_node *node = r->node + i;
    int64_t t = r->first + i, from = r->call->tree ? t : t - r->b, cols = r->call->target->cols;
    if (p->draft_row) from = p->draft_row[t];
    if (!draft || from < 0) return NULL;
    if (node->draft) return node->draft;
    oracle_vlaw *own =
        law_of(from >= draft->rows ? missing_row() : row_of(r, draft, from, i), p->draft_rows, draft->cols);
    uint64_t *q = (uint64_t *)memset(ut_malloc(8 * (size_t)cols), 0, 8 * (size_t)cols);
    for (int64_t k = 0; k < cols; k++) {
        int64_t id = p->draft_of ? p->draft_of[k] : k;
        if (id >= 0 && id < own->n && k < oracle_target_law(r, i)->n) q[k] = own->p[id];
    }
    free(own->p);
    own->p = q;
    return node->draft = own;
}

/* ---- words and draws ---- */

static uint64_t head(oracle_philox b) { return b.word[0] | (uint64_t)b.word[1] << 32; }

uint64_t oracle_coin(const oracle_request *r, int32_t i) {
    if (r->call->p->coins) return r->call->p->coins[r->first + i];
    return head(oracle_block(r->key, (uint32_t)i, 0, r->position, URN_STREAM_COIN));
}

static int64_t first_above(const uint64_t *w, int64_t n, uint64_t r) {
    uint64_t sum = 0;
    for (int64_t k = 0; k < n; k++) {
        sum += w[k];
        if (sum > r) return k;
    }
    ut_fail(__FILE__, __LINE__, "a draw at or past the sum");
}

int64_t oracle_end_draw(const oracle_request *r, int32_t i, const oracle_pair *pair) {
    uint64_t u = r->call->p->draws ? r->call->p->draws[r->first + i]
                                   : head(oracle_block(r->key, (uint32_t)i, 0, r->position, URN_STREAM_RESIDUAL));
    return first_above(pair->p, pair->n, oracle_high(u, pair->t));
}

int64_t oracle_own_draw(oracle_request *r, int32_t i) {
    oracle_vlaw *law = oracle_target_law(r, i);
    const oracle_run *run = law->run;
    if (law->status) return -1;
    if (run->greedy) return oracle_first(run);
    if (!r->call->p->draws && r->call->target->method == URN_DRAW_GUMBEL) {
        int64_t best = -1, best_key = 0;
        for (int64_t k = 0; k < law->n; k++) {
            if (!run->kept[k] || !run->w[k]) continue;
            int64_t key = oracle_gumbel_key(oracle_gumbel_u64(law->row, k, 0), oracle_y(run, k, 1));
            if (best < 0 || key > best_key) best = k, best_key = key;
        }
        return best;
    }
    uint64_t u = r->call->p->draws ? r->call->p->draws[r->first + i]
                                   : oracle_u64(law->row->seed, law->row->label, 0, law->row->position);
    uint64_t sum = 0, at = oracle_high(u, law->z);
    int64_t k = 0;
    for (;; k++) {
        if (run->kept[k]) sum += run->w[k];
        if (sum > at) return k;
    }
}

/* ---- what comes out ---- */

static float logprob_of(const oracle_vlaw *law, int64_t id) {
    if (id >= law->n || !law->run->kept[id] || !law->run->w[id]) return -INFINITY;
    return law->run->greedy ? 0.0f : (float)((oracle_y(law->run, id, 0) - (oracle_log2_of(law->z) - URN_F)) * URN_LN2);
}

void oracle_emit(oracle_request *r, int64_t token, int32_t node, int accepted) {
    const urn_verify_params *p = r->call->p;
    int64_t at = r->b * (p->depth + 1) + r->emitted;
    p->ids[at] = (int32_t)token;
    if (p->path) p->path[at] = node;
    oracle_vlaw *law = oracle_target_law(r, node);
    if (p->logprob && !law->status) p->logprob[at] = logprob_of(law, token);
    r->emitted++;
    r->accepted += accepted;
    for (int32_t k = 0; k < p->stops && accepted; k++) r->ended |= p->stop[k] == token;
}

void oracle_emit_path(oracle_request *r, int32_t to) {
    if (to == 0) return;
    oracle_emit_path(r, r->node[to].parent);
    if (!r->ended) oracle_emit(r, r->node[to].token, r->node[to].parent, 1);
}

void oracle_finish(oracle_request *r, int32_t i, int64_t y) {
    oracle_vlaw *law = oracle_target_law(r, i);
    if (law->status)
        r->status |= law->status;
    else
        oracle_emit(r, y, i, 0);
    r->ended = 1;
}

/* Section 4. */
static void walk(oracle_request *r) {
    int32_t verifier = r->call->p->verifier, n = 0;
    int reads = verifier != URN_VERIFY_MATCH && verifier != URN_VERIFY_GREEDY && verifier != URN_VERIFY_TARGET_ONLY;
    while (!r->ended) {
        oracle_vlaw *law = oracle_target_law(r, n);
        if (law->status) {
            oracle_finish(r, n, -1);
            return;
        }
        int children = r->node[n].children;
        oracle_vlaw *draft = reads && children ? oracle_draft_law(r, n) : NULL;
        if (draft && draft->status) r->status |= URN_ROW_DRAFT, children = 0;
        int64_t y;
        if (verifier == URN_VERIFY_GREEDY)
            y = oracle_first(law->run);
        else
            y = children ? oracle_rule(r, n) : oracle_own_draw(r, n);
        int32_t next = -1;
        for (int k = children; k-- > 0;) {
            if (r->node[r->node[n].child[k]].token == y) next = r->node[n].child[k];
        }
        if (next < 0) {
            oracle_finish(r, n, y);
            return;
        }
        oracle_emit(r, y, n, 1);
        n = next;
    }
}

/* ---- requests ---- */

int32_t oracle_find_request(oracle_request *r) {
    const urn_verify_params *p = r->call->p;
    const ut_job *target = r->call->target;
    int64_t b = r->b, slots = target->slots ? target->slots : target->held ? target->held->slots : p->requests;
    if (target->row_count && b >= *target->row_count) return URN_ROW_PADDING;
    r->slot = target->slot ? target->slot[b] : b;
    if (r->slot == -1) return URN_ROW_PADDING;
    if (r->slot < 0 || r->slot >= slots) return URN_ROW_INDEX;
    if (target->done && target->done[r->slot]) return URN_ROW_PADDING;
    r->first = b * p->nodes;
    r->count = p->nodes;
    if (p->node_offsets) {
        const int64_t *o = p->node_offsets;
        for (int64_t k = 0; k <= b; k++) {
            if (o[k + 1] < o[k]) return URN_ROW_INDEX;
        }
        r->first = o[b];
        r->count = o[b + 1] - o[b];
        if (o[b] < 0 || o[b + 1] > target->rows || r->count > p->nodes) return URN_ROW_INDEX;
    }
    if (p->node_count && p->node_count[b] < r->count) r->count = p->node_count[b];
    return r->count < 1 ? URN_ROW_INDEX : 0;
}

static void add_stats(const oracle_request *r) {
    urn_verify_stats *s = r->call->p->stats;
    int64_t deepest = 0;
    s->requests++;
    s->emitted += (uint64_t)r->emitted;
    s->accepted += (uint64_t)r->accepted;
    for (int64_t i = 1; r->node && i < r->count; i++) {
        s->drafted += r->node[i].present != 0;
        if (r->node[i].present && r->node[i].depth > deepest) deepest = r->node[i].depth;
    }
    for (int64_t d = 0; d <= r->accepted && d < deepest; d++) {
        int64_t at = d < URN_VERIFY_DEPTHS ? d : URN_VERIFY_DEPTHS - 1;
        s->tried[at]++;
        s->taken[at] += d < r->accepted;
    }
}

static void run_request(oracle_request *r) {
    const ut_job *target = r->call->target;
    r->node =
        (oracle_node *)memset(ut_malloc(sizeof *r->node * (size_t)r->count), 0, sizeof *r->node * (size_t)r->count);
    r->key = oracle_row_key(target->seed ? target->seed[r->slot] : target->seed_value,
                            target->label ? target->label[r->slot] : (uint64_t)r->b);
    r->position = target->position_value;
    if (target->held) {
        const int64_t *o = target->held->output_offsets;
        r->position = target->held->output ? (uint32_t)(o[r->slot + 1] - o[r->slot]) : 0;
    }
    if (target->position) r->position = target->position[r->b];
    oracle_read_nodes(r);
    int32_t verifier = r->call->p->verifier;
    if (verifier == URN_VERIFY_TRAVERSAL)
        oracle_traversal(r);
    else if (verifier == URN_VERIFY_TYPICAL)
        oracle_typical(r);
    else if (verifier == URN_VERIFY_SYNTHETIC)
        oracle_synthetic(r);
    else
        walk(r);
}

void oracle_verify(const oracle_drafts *call) {
    const urn_verify_params *p = call->p;
    for (int64_t b = 0; b < p->requests; b++) {
        oracle_request r;
        memset(&r, 0, sizeof r);
        r.call = call, r.b = b;
        for (int64_t at = b * (p->depth + 1); at < (b + 1) * (p->depth + 1); at++) {
            uint32_t nan = URN_NAN_BITS;
            p->ids[at] = -1;
            if (p->path) p->path[at] = -1;
            if (p->logprob) memcpy(p->logprob + at, &nan, 4);
        }
        r.status = oracle_find_request(&r);
        if (!r.status) run_request(&r);
        if (p->accepted) p->accepted[b] = (int32_t)r.accepted;
        if (p->emitted) p->emitted[b] = (int32_t)r.emitted;
        if (p->status) p->status[b] = r.status;
        if (p->stats && r.status != URN_ROW_PADDING) add_stats(&r);
        for (int64_t i = 0; r.node && i < r.count; i++) {
            oracle_vlaw_free(r.node[i].target);
            oracle_vlaw_free(r.node[i].draft);
            oracle_pair_free(r.node[i].pair);
        }
        free(r.node);
    }
}
