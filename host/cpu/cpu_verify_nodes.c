/* cpu_verify_nodes.c - a request: its slot, key and position, and its nodes in one form (bits_verify.h sections 1, 2).
 */
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_verify.h"

static int is_padding(const urn_sample_params *rows, int64_t b) {
    return (rows->row_count && b >= *rows->row_count) || (rows->slot && rows->slot[b] == -1);
}

/* The first request whose offsets run backwards: rows of later ones could be those of earlier ones. */
int64_t urnc_find_backward(const urn_verify_params *p) {
    int64_t b = 0;
    while (b < p->requests && (!p->node_offsets || p->node_offsets[b + 1] >= p->node_offsets[b])) b++;
    return b;
}

int urnc_verify_place(urnc_verifier *v, int64_t b) {
    const urn_verify_params *p = v->p;
    int64_t rows = v->call->target.rows->logits.rows, count = p->nodes;
    v->b = b;
    v->span = v->count = 0;
    v->first = b * p->nodes;
    if (b >= v->backward) return URN_ROW_INDEX;
    if (p->node_offsets) {
        v->first = p->node_offsets[b];
        int64_t end = p->node_offsets[b + 1];
        if (v->first < 0 || end < v->first || end > rows || end - v->first > p->nodes) return URN_ROW_INDEX;
        count = end - v->first;
    }
    v->span = (int32_t)count;
    if (p->node_count && p->node_count[b] < count) count = p->node_count[b];
    if (count < 1) return URN_ROW_INDEX;
    v->count = (int32_t)count;
    return URN_ROW_OK;
}

int urnc_verify_begin(urnc_verifier *v, int64_t b) {
    const urn_sample_params *rows = v->call->target.rows;
    const urn_slots_view *state = v->call->state;
    v->b = b;
    v->count = 0;
    v->emitted = v->accepted = 0;
    v->node = -1;
    if (is_padding(rows, b)) return URN_ROW_PADDING;
    v->slot = rows->slot ? rows->slot[b] : b;
    if (v->slot < 0 || v->slot >= rows->slots) return URN_ROW_INDEX;
    if (rows->done && rows->done[v->slot]) return URN_ROW_PADDING;
    if (urnc_verify_place(v, b) != URN_ROW_OK) return URN_ROW_INDEX;
    uint64_t seed = rows->seed ? rows->seed[v->slot] : rows->seed_value;
    v->key = urnc_row_key(seed, rows->label ? rows->label[v->slot] : (uint64_t)b);
    v->P0 = rows->position_value;
    if (rows->position)
        v->P0 = rows->position[b];
    else if (state)
        v->P0 = state->now.position[v->slot];
    return URN_ROW_OK;
}

int32_t urnc_verify_token(const urnc_verifier *v, int32_t node) {
    int64_t t = urnc_verify_row(v, node);
    if (!v->p->drafts) return 0; /* a shape without tokens */
    int tree = v->call->tree.parent || v->call->tree.first_child;
    return v->p->drafts[tree ? t : t - v->b - 1];
}

int32_t urnc_verify_child(const urnc_verifier *v, int32_t node, int32_t token) {
    int32_t c = v->child[node];
    while (c >= 0 && urnc_verify_token(v, c) != token) c = v->next[c];
    return c;
}

int urnc_verify_is_stop(const urnc_verifier *v, int32_t token) {
    for (int32_t i = 0; i < v->p->stops; i++)
        if (v->p->stop[i] == token) return 1;
    return 0;
}

/* Whose child each node says it is, -1: nobody's. */
static void find_parents(urnc_verifier *v) {
    const urn_draft_tree *tree = &v->call->tree;
    for (int32_t c = 0; c < v->count; c++)
        v->parent[c] = tree->parent ? tree->parent[urnc_verify_row(v, c)] : tree->first_child ? -1 : c - 1;
    if (!tree->first_child) return;
    for (int32_t n = 0; n < v->count; n++) {
        int32_t before = n, c = tree->first_child[urnc_verify_row(v, n)];
        while (c > before && c < v->count && v->parent[c] < 0) {
            v->parent[c] = n;
            before = c;
            c = tree->next_sibling[urnc_verify_row(v, c)];
        }
    }
}

static int is_distinct(int32_t verifier) {
    switch (verifier) {
    case URN_VERIFY_MULTISTEP:
    case URN_VERIFY_KSEQ:
    case URN_VERIFY_GREEDY_DRAFTS:
    case URN_VERIFY_IMPORTANCE:
        return 0;
    default:
        return 1;
    }
}

/* Put c behind the children that n has; 0 if it is one too many, or one that is there already. */
static int join(urnc_verifier *v, int32_t n, int32_t c, int distinct) {
    int32_t *link = &v->child[n], token = urnc_verify_token(v, c), siblings = 0;
    for (; *link >= 0; link = &v->next[*link], siblings++)
        if (distinct && urnc_verify_token(v, *link) == token) return 0;
    if (siblings >= URN_VERIFY_MAX_CHILDREN) return 0;
    *link = c;
    return 1;
}

/* Returns the largest depth. Parents come before their children, so one walk decides who is present: parent -1 is not,
 * the root is its own. */
int urnc_verify_nodes(urnc_verifier *v) {
    int deepest = 0, distinct = is_distinct(v->p->verifier);
    find_parents(v);
    v->parent[0] = 0;
    v->depth[0] = 0;
    for (int32_t c = 0; c < v->count; c++) {
        int32_t n = v->parent[c];
        v->child[c] = v->next[c] = -1;
        if (c == 0) continue;
        int there = n >= 0 && n < c && v->parent[n] >= 0 && urnc_verify_token(v, c) >= 0 && v->depth[n] < v->p->depth;
        if (!there || !join(v, n, c, distinct)) {
            v->parent[c] = -1;
            continue;
        }
        v->depth[c] = v->depth[n] + 1;
        if (v->depth[c] > deepest) deepest = v->depth[c];
    }
    return deepest;
}
