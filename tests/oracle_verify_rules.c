/* oracle_verify_rules.c - what a node with children emits, rule by rule (bits_verify.h, sections 3, 4, 6, 7, 8). */
#include "tests/oracle_verify.h"

uint64_t oracle_high(uint64_t a, uint64_t b) { return (uint64_t)((oracle_wide)a * b >> 64); }

void oracle_lift(uint64_t *p, int64_t n, uint64_t *t) {
    if (*t == 0) return;
    int s = 0;
    while (*t << s < UINT64_C(1) << 62) s++;
    for (int64_t i = 0; i < n; i++) p[i] <<= s;
    *t <<= s;
}

oracle_pair *oracle_pair_of(oracle_request *r, int32_t i) {
    oracle_vlaw *target = oracle_target_law(r, i), *draft = oracle_draft_law(r, i);
    size_t bytes = 8 * (size_t)r->call->target->cols;
    oracle_pair *pair = (oracle_pair *)ut_malloc(sizeof *pair);
    pair->n = r->call->target->cols;
    pair->cols = target->n;
    pair->t = target->t;
    pair->s = draft ? draft->t : 0;
    pair->one_hot = !draft;
    pair->p = (uint64_t *)memcpy(ut_malloc(bytes), target->p, bytes);
    pair->q = (uint64_t *)memset(ut_malloc(bytes), 0, bytes);
    if (draft) memcpy(pair->q, draft->p, bytes);
    return pair;
}

void oracle_pair_free(oracle_pair *pair) {
    if (!pair) return;
    free(pair->p);
    free(pair->q);
    free(pair);
}

uint64_t oracle_q(const oracle_pair *pair, int64_t i, int64_t x) {
    if (pair->one_hot) return i == x ? pair->t : 0;
    if (pair->s == 0) return 0;
    uint64_t r = (uint64_t)(((oracle_wide)pair->t << 63) / pair->s);
    return (uint64_t)((oracle_wide)pair->q[i] * r >> 63);
}

/* Q_x > 0, and x is an id. */
static int can_come(const oracle_pair *pair, int64_t x) { return x < pair->cols && (pair->one_hot || pair->q[x] > 0); }

static int test(oracle_request *r, const oracle_pair *pair, int64_t x, uint64_t coin) {
    if (!can_come(pair, x)) {
        r->status |= URN_ROW_DRAFT;
        return 0;
    }
    return oracle_high(coin, oracle_q(pair, x, x)) < pair->p[x];
}

void oracle_residual_of(oracle_pair *pair, const uint64_t *d) {
    uint64_t w = 0;
    for (int64_t i = 0; i < pair->n; i++) w += d[i];
    if (w == 0) return;
    memcpy(pair->p, d, 8 * (size_t)pair->n);
    pair->t = w;
    oracle_lift(pair->p, pair->n, &pair->t);
}

static void residual(oracle_pair *pair, int64_t x) {
    uint64_t *d = (uint64_t *)ut_malloc(8 * (size_t)pair->n);
    for (int64_t i = 0; i < pair->n; i++) {
        uint64_t q = oracle_q(pair, i, x);
        d[i] = pair->p[i] > q ? pair->p[i] - q : 0;
    }
    oracle_residual_of(pair, d);
    free(d);
}

/* ---- one after the other: RECURSIVE, MULTISTEP ---- */

static int64_t one_by_one(oracle_request *r, int32_t n, oracle_pair *pair, int removes) {
    const oracle_node *node = r->node + n;
    for (int k = 0; k < node->children; k++) {
        int64_t x = r->node[node->child[k]].token;
        if (!pair->one_hot && pair->s == 0) {
            r->status |= URN_ROW_DRAFT;
            break;
        }
        if (test(r, pair, x, oracle_coin(r, node->child[k]))) return x;
        if (!can_come(pair, x)) continue;
        residual(pair, x);
        if (!removes || pair->one_hot) continue;
        pair->s -= pair->q[x];
        pair->q[x] = 0;
        oracle_lift(pair->q, pair->n, &pair->s);
    }
    return oracle_end_draw(r, n, pair);
}

/* ---- TARGET_ONLY ---- */

static int64_t target_only(oracle_request *r, int32_t n, oracle_pair *pair) {
    const oracle_node *node = r->node + n;
    const urn_verify_params *p = r->call->p;
    uint64_t coin = oracle_coin(r, node->child[0]), sum = 0;
    uint64_t low = (uint64_t)oracle_share(p->threshold, pair->t, 1),
             single = (uint64_t)oracle_share(p->threshold_single, pair->t, 1);
    low = low ? low : 1;
    single = single ? single : 1;
    for (int k = 0; k < node->children; k++) {
        int64_t x = r->node[node->child[k]].token;
        uint64_t mass = x < pair->cols ? pair->p[x] : 0;
        sum += mass;
        if (oracle_high(coin, low) < sum || mass >= single) return x;
    }
    uint64_t left = pair->t - sum;
    for (int k = 0; k < node->children && left; k++) {
        int64_t x = r->node[node->child[k]].token;
        if (x < pair->cols) pair->p[x] = 0;
    }
    if (left) pair->t = left;
    return oracle_end_draw(r, n, pair);
}

/* ---- KSEQ ---- */

typedef struct division {
    uint64_t i, b, a; /* I, b, a of section 6 */
} division;

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t share_of(const oracle_pair *pair, const division *d, int64_t i) {
    return (uint64_t)((oracle_wide)pair->p[i] * d->i >> 63);
}

static division divide(const oracle_pair *pair, uint64_t rho, int k) {
    const uint64_t one = UINT64_C(1) << 63;
    division d = {(uint64_t)(((oracle_wide)1 << 73) / rho), 0, 0};
    oracle_wide both = 0;
    uint64_t t = one;
    for (int64_t i = 0; i < pair->n; i++) both += least(share_of(pair, &d, i), oracle_q(pair, i, -1));
    oracle_wide b = (both << 63) / pair->t;
    d.b = b < one ? (uint64_t)b : one;
    for (int j = 0; j < k; j++) t = (uint64_t)((oracle_wide)t * (one - d.b) >> 63);
    oracle_wide most = (oracle_wide)d.b * (unsigned)k;
    d.a = one - t < most ? one - t : (uint64_t)most;
    return d;
}

static int64_t k_seq(oracle_request *r, int32_t n, oracle_pair *pair) {
    const oracle_node *node = r->node + n;
    int k = node->children;
    uint64_t low = 1024, high = 1024 * (uint64_t)k;
    while (low < high) {
        uint64_t middle = (low + high) >> 1;
        division d = divide(pair, middle, k);
        if ((oracle_wide)d.a << 10 <= (oracle_wide)middle * d.b)
            high = middle;
        else
            low = middle + 1;
    }
    division d = divide(pair, low, k);
    for (int j = 0; j < k; j++) {
        int64_t x = r->node[node->child[j]].token;
        if (!can_come(pair, x))
            r->status |= URN_ROW_DRAFT;
        else if (oracle_high(oracle_coin(r, node->child[j]), oracle_q(pair, x, -1)) < share_of(pair, &d, x))
            return x;
    }
    oracle_wide g = d.b ? ((oracle_wide)d.a << 57) / d.b : (oracle_wide)k << 57;
    uint64_t *rest = (uint64_t *)ut_malloc(8 * (size_t)pair->n);
    for (int64_t i = 0; i < pair->n; i++) {
        oracle_wide taken = least(share_of(pair, &d, i), oracle_q(pair, i, -1)) * g >> 57;
        rest[i] = pair->p[i] > taken ? pair->p[i] - (uint64_t)taken : 0;
    }
    oracle_residual_of(pair, rest);
    free(rest);
    return oracle_end_draw(r, n, pair);
}

/* ---- GREEDY_DRAFTS ---- */

static int64_t greedy_drafts(oracle_request *r, int32_t n, oracle_pair *pair) {
    const oracle_node *node = r->node + n;
    int32_t last = node->child[node->children - 1];
    for (int j = 0; j + 1 < node->children; j++) {
        int64_t x = r->node[node->child[j]].token;
        if (x >= pair->cols) continue;
        pair->s -= pair->q[x];
        pair->q[x] = 0;
    }
    oracle_lift(pair->q, pair->n, &pair->s);
    int64_t x = r->node[last].token;
    if (pair->s == 0) return oracle_own_draw(r, n);
    if (test(r, pair, x, oracle_coin(r, last))) return x;
    if (!can_come(pair, x)) return oracle_own_draw(r, n);
    residual(pair, x);
    return oracle_end_draw(r, n, pair);
}

/* ---- IMPORTANCE ---- */

typedef struct round_of {
    const oracle_pair *pair;
    uint64_t *a, *q; /* the incumbent's law, the challenger's */
    uint64_t big_n;
    int64_t h[URN_VERIFY_LP];
    int size;
    uint64_t load[URN_VERIFY_LP], share[URN_VERIFY_LP][URN_VERIFY_LP], pairs[URN_VERIFY_LP][URN_VERIFY_LP];
} round_of;

static uint64_t prod(const round_of *o, uint64_t a, uint64_t b) {
    return (uint64_t)((((oracle_wide)a * b) >> 62) * o->big_n >> 63);
}

static int place_of(const round_of *o, int64_t id) {
    for (int u = 0; u < o->size; u++) {
        if (o->h[u] == id) return u;
    }
    return -1;
}

static int wanted(const round_of *o, int64_t id) { return place_of(o, id) < 0 && o->pair->p[id] > o->a[id]; }

__extension__ typedef __int128 whole;

static void choose_heads(round_of *o) {
    for (o->size = 0; o->size < URN_VERIFY_LP; o->size++) {
        int64_t best = -1;
        whole most = 0;
        for (int64_t i = 0; i < o->pair->n; i++) {
            if (o->a[i] + o->q[i] == 0 || place_of(o, i) >= 0) continue;
            whole gain = (whole)o->pair->p[i] - (whole)prod(o, o->a[i], o->q[i]);
            if (best < 0 || gain > most) best = i, most = gain;
        }
        if (best < 0) return;
        o->h[o->size] = best;
    }
}

/* One path from a member with too much to one with too little. 0: none. */
static int move_once(round_of *o) {
    int queue[URN_VERIFY_LP], from[URN_VERIFY_LP], reached[URN_VERIFY_LP] = {0}, head = 0, tail = 0, end = -1;
    const uint64_t *p = o->pair->p;
    for (int u = 0; u < o->size; u++) {
        from[u] = -1;
        if (o->load[u] > p[o->h[u]]) queue[tail++] = u, reached[u] = 1;
    }
    for (; head < tail && end < 0; head++) {
        int u = queue[head];
        for (int v = 0; v < o->size && end < 0; v++) {
            if (reached[v] || u == v || o->share[u][v] == 0) continue;
            reached[v] = 1;
            from[v] = u;
            queue[tail++] = v;
            if (o->load[v] < p[o->h[v]]) end = v;
        }
    }
    if (end < 0) return 0;
    uint64_t much = p[o->h[end]] - o->load[end];
    int start = end;
    for (; from[start] >= 0; start = from[start]) much = least(much, o->share[from[start]][start]);
    much = least(much, o->load[start] - p[o->h[start]]);
    for (int v = end; from[v] >= 0; v = from[v]) {
        o->share[from[v]][v] -= much;
        o->share[v][from[v]] += much;
    }
    o->load[start] -= much;
    o->load[end] += much;
    return 1;
}

static void share_out(round_of *o) {
    uint64_t ta = 0, tq = 0, ha = 0, hq = 0;
    for (int64_t i = 0; i < o->pair->n; i++) ta += o->a[i], tq += o->q[i];
    for (int u = 0; u < o->size; u++) ha += o->a[o->h[u]], hq += o->q[o->h[u]];
    for (int u = 0; u < o->size; u++) {
        uint64_t a = o->a[o->h[u]], q = o->q[o->h[u]];
        o->load[u] = prod(o, a, q) + prod(o, a, tq - hq) + prod(o, q, ta - ha);
        for (int v = u + 1; v < o->size; v++) {
            o->pairs[u][v] = o->pairs[v][u] = prod(o, a, o->q[o->h[v]]) + prod(o, q, o->a[o->h[v]]);
            o->share[u][v] = o->pairs[u][v];
            o->share[v][u] = 0;
            o->load[u] += o->pairs[u][v];
        }
    }
    for (int k = 0; k < URN_VERIFY_LP_PATHS && move_once(o); k++) {
    }
}

static int64_t winner(const round_of *o, int64_t x, int64_t y, uint64_t coin) {
    int u = place_of(o, x), v = place_of(o, y);
    if (x == y) return x;
    if (u >= 0 && v >= 0) return oracle_high(coin, o->pairs[u][v]) < o->share[u][v] ? x : y;
    if (u >= 0) return x;
    if (v >= 0) return y;
    return wanted(o, y) && !wanted(o, x) ? y : x;
}

static void next_law(round_of *o) {
    uint64_t bq = 0, ba = 0, tq = 0, hq = 0;
    uint64_t *next = (uint64_t *)ut_malloc(8 * (size_t)o->pair->n);
    for (int64_t i = 0; i < o->pair->n; i++) {
        tq += o->q[i];
        if (place_of(o, i) >= 0)
            hq += o->q[i];
        else if (!wanted(o, i))
            bq += o->q[i], ba += o->a[i];
    }
    for (int64_t i = 0; i < o->pair->n; i++) {
        int u = place_of(o, i);
        if (u >= 0)
            next[i] = o->load[u];
        else if (wanted(o, i))
            next[i] = prod(o, o->a[i], tq - hq) + prod(o, o->q[i], ba);
        else
            next[i] = prod(o, o->a[i], bq);
    }
    memcpy(o->a, next, 8 * (size_t)o->pair->n);
    free(next);
}

static int64_t importance(oracle_request *r, int32_t n, oracle_pair *pair) {
    const oracle_node *node = r->node + n;
    int32_t child[URN_VERIFY_MAX_CHILDREN];
    int k = 0;
    for (int j = 0; j < node->children; j++) {
        if (can_come(pair, r->node[node->child[j]].token))
            child[k++] = node->child[j];
        else
            r->status |= URN_ROW_DRAFT;
    }
    if (k == 0) return oracle_own_draw(r, n);
    round_of o;
    memset(&o, 0, sizeof o);
    o.pair = pair;
    o.big_n = (uint64_t)(((oracle_wide)1 << 125) / pair->t);
    o.a = (uint64_t *)ut_malloc(8 * (size_t)pair->n);
    o.q = (uint64_t *)ut_malloc(8 * (size_t)pair->n);
    for (int64_t i = 0; i < pair->n; i++) o.a[i] = o.q[i] = oracle_q(pair, i, -1);
    int64_t x = r->node[child[0]].token;
    for (int j = 1; j < k; j++) {
        choose_heads(&o);
        share_out(&o);
        x = winner(&o, x, r->node[child[j]].token, oracle_coin(r, child[j]));
        next_law(&o);
    }
    int accepted = oracle_high(oracle_coin(r, child[0]), o.a[x]) < pair->p[x];
    for (int64_t i = 0; i < pair->n; i++) o.a[i] = pair->p[i] > o.a[i] ? pair->p[i] - o.a[i] : 0;
    if (!accepted) oracle_residual_of(pair, o.a);
    free(o.a);
    free(o.q);
    return accepted ? x : oracle_end_draw(r, n, pair);
}

int64_t oracle_rule(oracle_request *r, int32_t i) {
    int32_t verifier = r->call->p->verifier;
    if (verifier == URN_VERIFY_MATCH) return oracle_own_draw(r, i);
    oracle_pair *pair = oracle_pair_of(r, i);
    int64_t y;
    if (verifier == URN_VERIFY_TARGET_ONLY)
        y = target_only(r, i, pair);
    else if (verifier == URN_VERIFY_RECURSIVE || pair->one_hot)
        y = one_by_one(r, i, pair, 1);
    else if (verifier == URN_VERIFY_MULTISTEP)
        y = one_by_one(r, i, pair, 0);
    else if (verifier == URN_VERIFY_KSEQ)
        y = k_seq(r, i, pair);
    else if (verifier == URN_VERIFY_GREEDY_DRAFTS)
        y = greedy_drafts(r, i, pair);
    else
        y = importance(r, i, pair);
    oracle_pair_free(pair);
    return y;
}
