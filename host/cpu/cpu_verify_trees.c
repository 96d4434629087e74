/* cpu_verify_trees.c - shapes of trees, rows of accepted paths, token recycling, maps (bits_verify.h section 13). */
#include <string.h>

#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_verify.h"

typedef struct {
    const urn_tree_shape_params *p;
    urn_verify_params as_verified; /* requests and nodes, as urnc_verify_nodes wants them */
    urn_sample_params rows;
    urnc_verify_call call;
    int64_t backward;
} shape;

static void put_row(const urn_tree_shape_params *p, int64_t t, const urnc_verifier *v, int32_t n, int there,
                    uint32_t P0) {
    if (p->parent) p->parent[t] = there && n > 0 ? v->parent[n] : -1;
    if (p->first_child) p->first_child[t] = there ? v->child[n] : -1;
    if (p->next_sibling) p->next_sibling[t] = there ? v->next[n] : -1;
    if (p->node_depth) p->node_depth[t] = there ? v->depth[n] : -1;
    if (p->node_position) p->node_position[t] = P0 + (there ? (uint32_t)v->depth[n] : 0);
    if (!p->mask) return;
    uint32_t *mask = p->mask + t * p->mask_stride;
    memset(mask, 0, sizeof *mask * (size_t)((p->nodes + 31) / 32));
    for (int32_t a = n; there; a = v->parent[a]) {
        mask[a / 32] |= 1u << (a % 32);
        if (a == 0) break;
    }
}

static void shape_request(const void *argument, int64_t b) {
    const shape *s = argument;
    int32_t parent[URN_VERIFY_MAX_NODES], depth[URN_VERIFY_MAX_NODES], child[URN_VERIFY_MAX_NODES],
        next[URN_VERIFY_MAX_NODES];
    urnc_verifier v;
    v.call = &s->call;
    v.p = &s->as_verified;
    v.backward = s->backward;
    v.parent = parent, v.depth = depth, v.child = child, v.next = next;
    if (urnc_verify_place(&v, b) == URN_ROW_OK) urnc_verify_nodes(&v);
    uint32_t P0 = s->p->position ? s->p->position[b] : s->p->position_value;
    for (int32_t n = 0; n < v.span; n++) put_row(s->p, v.first + n, &v, n, n < v.count && parent[n] >= 0, P0);
}

void urnc_tree_shape(const urn_tree_shape_params *p, int threads) {
    static const urn_verify_params defaults = URN_VERIFY_PARAMS_INIT;
    shape s;
    memset(&s, 0, sizeof s);
    s.p = p;
    s.as_verified = defaults;
    s.as_verified.verifier = p->distinct ? URN_VERIFY_MATCH : URN_VERIFY_MULTISTEP;
    s.as_verified.requests = p->requests;
    s.as_verified.nodes = p->nodes;
    s.as_verified.depth = p->depth;
    s.as_verified.node_offsets = p->node_offsets;
    s.as_verified.node_count = p->node_count;
    s.as_verified.drafts = p->tokens;
    s.rows.logits.rows = p->rows;
    s.call.target.rows = &s.rows;
    s.call.tree = p->tree;
    s.backward = urnc_find_backward(&s.as_verified);
    urnc_over_rows(p->requests, p->nodes, threads, shape_request, &s);
}

void urnc_tree_compact(const int32_t *path, const int32_t *used, int64_t requests, int32_t nodes, int32_t depth,
                       const int64_t *node_offsets, int32_t *rows, int64_t rows_size, int64_t *offsets) {
    int64_t at = 0;
    for (int64_t b = 0; b < requests; b++) {
        int64_t first = node_offsets ? node_offsets[b] : b * nodes;
        offsets[b] = at;
        for (int32_t j = 0; j <= depth && j < used[b]; j++) {
            int32_t node = path[b * (depth + 1) + j];
            if (node < 0) break;
            rows[at++] = (int32_t)(first + node);
        }
    }
    offsets[requests] = at;
    for (int64_t i = at; i < rows_size; i++) rows[i] = -1;
}

typedef struct {
    const urn_recycle *recycle;
    const int32_t *root;
    int32_t *tokens;
} drafting;

static int has_twin(const urn_recycle *r, const int32_t *token, int32_t i) {
    for (int32_t s = 1; s < i; s++)
        if (r->parent[s] == r->parent[i] && token[s] == token[i]) return 1;
    return 0;
}

static void draft_request(const void *argument, int64_t b) {
    const drafting *d = argument;
    const urn_recycle *r = d->recycle;
    int32_t *token = d->tokens + b * r->nodes;
    token[0] = d->root[b];
    for (int32_t i = 1; i < r->nodes; i++) {
        int32_t n = r->parent[i], rank = r->rank[i];
        token[i] = -1;
        if (n < 0 || n >= i || rank < 0 || rank >= r->k || token[n] < 0 || token[n] >= r->cols) continue;
        token[i] = r->matrix[(int64_t)token[n] * r->k + rank];
        if (has_twin(r, token, i)) token[i] = -1;
    }
}

void urnc_recycle_draft(const urn_recycle *recycle, const int32_t *root, int64_t requests, int32_t *tokens,
                        int threads) {
    const drafting d = {recycle, root, tokens};
    urnc_over_rows(requests, recycle->nodes, threads, draft_request, &d);
}

/* In order, so the last row of a token stays. */
void urnc_recycle_update(const urn_recycle *recycle, const int32_t *tokens, const int32_t *top, int64_t rows) {
    for (int64_t t = 0; t < rows; t++)
        if (tokens[t] >= 0 && tokens[t] < recycle->cols)
            memcpy(recycle->matrix + (int64_t)tokens[t] * recycle->k, top + t * recycle->k,
                   sizeof *top * (size_t)recycle->k);
}

void urnc_draft_invert(const int32_t *map, int64_t n, int64_t cols, int32_t *draft_of, int32_t *status) {
    int32_t found = URN_ROW_OK;
    for (int64_t i = 0; i < cols; i++) draft_of[i] = -1;
    for (int64_t j = 0; j < n; j++) {
        if (map[j] < 0 || map[j] >= cols)
            found |= URN_ROW_INDEX;
        else if (draft_of[map[j]] >= 0)
            found |= URN_ROW_PARAM;
        else
            draft_of[map[j]] = (int32_t)j;
    }
    if (status) *status = found;
}
