/* oracle_verify_draft.c - shapes of trees, accepted rows, token recycling, maps (bits_verify.h, section 13). */
#include "tests/oracle_verify.h"

static void put_shape(const urn_tree_shape_params *p, const oracle_request *r, int64_t rows, uint32_t position) {
    for (int64_t i = 0; i < rows; i++) {
        const oracle_node *node = i < r->count ? r->node + i : NULL;
        int64_t t = r->first + i;
        int here = node && node->present, last = 0;
        int32_t next = -1;
        const oracle_node *up = here && i > 0 ? r->node + node->parent : NULL;
        for (int k = 0; up && k + 1 < up->children; k++) next = up->child[k] == i ? up->child[k + 1] : next;
        if (p->parent) p->parent[t] = up ? node->parent : -1;
        if (p->first_child) p->first_child[t] = here && node->children ? node->child[0] : -1;
        if (p->next_sibling) p->next_sibling[t] = next;
        if (p->node_depth) p->node_depth[t] = here ? node->depth : -1;
        if (p->node_position) p->node_position[t] = position + (here ? (uint32_t)node->depth : 0);
        for (int64_t w = 0; p->mask && w < (p->nodes + 31) / 32; w++) p->mask[t * p->mask_stride + w] = 0;
        for (int64_t j = i; p->mask && here && !last; j = r->node[j].parent) {
            p->mask[t * p->mask_stride + j / 32] |= UINT32_C(1) << (j % 32);
            last = j == 0;
        }
    }
}

void oracle_tree_shape(const urn_tree_shape_params *p) {
    urn_verify_params v = URN_VERIFY_PARAMS_INIT;
    oracle_drafts call = {&v, &p->tree, NULL, NULL};
    int32_t *any = (int32_t *)ut_malloc(4 * (size_t)p->rows);
    int backwards = 0;
    for (int64_t t = 0; t < p->rows; t++) any[t] = (int32_t)t;
    v.verifier = p->distinct ? URN_VERIFY_MATCH : URN_VERIFY_MULTISTEP;
    v.drafts = p->tokens ? p->tokens : any;
    v.depth = p->depth;
    for (int64_t b = 0; b < p->requests; b++) {
        oracle_request r;
        memset(&r, 0, sizeof r);
        r.call = &call, r.b = b, r.first = b * p->nodes, r.count = p->nodes;
        const int64_t *o = p->node_offsets;
        if (o) {
            backwards |= o[b + 1] < o[b];
            r.first = o[b], r.count = o[b + 1] - o[b];
            if (backwards || o[b] < 0 || o[b + 1] > p->rows || r.count > p->nodes) continue;
        }
        int64_t rows = r.count;
        if (p->node_count && p->node_count[b] < r.count) r.count = p->node_count[b];
        if (r.count < 0) r.count = 0;
        r.node =
            (oracle_node *)memset(ut_malloc(sizeof *r.node * (size_t)r.count), 0, sizeof *r.node * (size_t)r.count);
        if (r.count > 0) oracle_read_nodes(&r);
        put_shape(p, &r, rows, p->position ? p->position[b] : p->position_value);
        free(r.node);
    }
    free(any);
}

void oracle_tree_compact(const int32_t *path, const int32_t *used, int64_t requests, int32_t nodes, int32_t depth,
                         const int64_t *node_offsets, int32_t *rows, int64_t rows_size, int64_t *offsets) {
    int64_t at = 0;
    for (int64_t b = 0; b < requests; b++) {
        offsets[b] = at;
        for (int64_t j = 0; j < used[b] && j <= depth && path[b * (depth + 1) + j] >= 0; j++) {
            rows[at++] = (int32_t)((node_offsets ? node_offsets[b] : b * nodes) + path[b * (depth + 1) + j]);
        }
    }
    offsets[requests] = at;
    while (at < rows_size) rows[at++] = -1;
}

void oracle_recycle_draft(const urn_recycle *recycle, const int32_t *root, int64_t requests, int32_t *tokens) {
    for (int64_t b = 0; b < requests; b++) {
        int32_t *own = tokens + b * recycle->nodes;
        own[0] = root[b];
        for (int32_t i = 1; i < recycle->nodes; i++) {
            int32_t up = recycle->parent[i], rank = recycle->rank[i];
            own[i] = -1;
            if (up < 0 || up >= i || rank < 0 || rank >= recycle->k || own[up] < 0 || own[up] >= recycle->cols)
                continue;
            int32_t token = recycle->matrix[(int64_t)own[up] * recycle->k + rank];
            int twin = 0;
            for (int32_t s = 1; s < i; s++) twin |= recycle->parent[s] == up && own[s] == token;
            if (!twin) own[i] = token;
        }
    }
}

void oracle_recycle_update(const urn_recycle *recycle, const int32_t *tokens, const int32_t *top, int64_t rows) {
    for (int64_t t = 0; t < rows; t++) {
        if (tokens[t] < 0 || tokens[t] >= recycle->cols) continue;
        memcpy(recycle->matrix + (int64_t)tokens[t] * recycle->k, top + t * recycle->k, 4 * (size_t)recycle->k);
    }
}

void oracle_draft_invert(const int32_t *map, int64_t n, int64_t cols, int32_t *draft_of, int32_t *status) {
    int32_t found = 0;
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
