/* cpu_verify.h - one request on its way through a verifier (bits_verify.h), and the parts that the rules share.
 *
 * Rows are opened one at a time. Single weights come from the opened row; only a rule that needs whole laws (a
 * residual) has them filled into arrays, 8 bytes an id. */
#ifndef URN_CPU_VERIFY_H
#define URN_CPU_VERIFY_H

#include "host/cpu/cpu_calls_verify.h"
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_wide.h"

#define URNC_ONE (UINT64_C(1) << 63) /* 1 as Q0.63 */

/* floor of a product over 2^64, 2^63; of a quotient that fits 64 bits */
static inline uint64_t urnc_mulhi(uint64_t a, uint64_t b) { return (uint64_t)((urnc_u128)a * b >> 64); }
static inline uint64_t urnc_mul63(uint64_t a, uint64_t b) { return (uint64_t)((urnc_u128)a * b >> 63); }
static inline uint64_t urnc_div63(uint64_t a, uint64_t b) { return (uint64_t)(((urnc_u128)a << 63) / b); }

/* A row as a law: P_i = w_i << shift, T their total. */
typedef struct urnc_lawrow {
    const urnc_verify_side *side;
    urn_sample_params own; /* the side's params, with the node's drafts in flight as row 0 of the overlay */
    urnc_plan plan;
    urnc_row row;
    void *scratch;
    float *linear;                  /* room for a row of probabilities */
    const urn_row_summary *summary; /* what urn_sample said of the row, while that is enough; or NULL */
    int status, team;
    int begun; /* sums are prefix sums, for draws */
    int64_t n;
    uint64_t T;
    int shift;
} urnc_lawrow;

/* Which node's row, and under which words its steps run. */
typedef struct urnc_lawplace {
    int64_t r, slot, request;
    uint32_t position;
    const int32_t *overlay;
    int64_t overlay_n;
    const urn_row_summary *summary; /* of this row, or NULL */
} urnc_lawplace;

void urnc_lawrow_open(urnc_lawrow *law, const urnc_verify_call *call, const urnc_lawplace *place);
uint64_t urnc_lawrow_weight(const urnc_lawrow *law, int64_t id); /* P_i */
void urnc_lawrow_full(urnc_lawrow *law); /* run the row's steps, where its summary has spared that so far */
void urnc_lawrow_fill(urnc_lawrow *law, uint64_t *weights, int64_t n);
int32_t urnc_lawrow_draw(urnc_lawrow *law, int method, const uint64_t *code); /* urn_sample's draw 0, or by code */
int32_t urnc_lawrow_first(urnc_lawrow *law);
float urnc_lawrow_logprob(urnc_lawrow *law, int64_t id);

/* One thread's room and the request in hand. */
typedef struct urnc_verifier {
    const urnc_verify_call *call;
    const urn_verify_params *p;
    int64_t backward; /* requests from here on come after offsets that run backwards */
    /* the request */
    int64_t b, first, slot;
    int32_t span, count; /* rows; nodes in use */
    uint32_t P0;
    uint64_t key;
    int32_t status;
    int32_t emitted, accepted;
    /* its nodes: [nodes] each */
    int32_t *parent, *depth, *child, *next; /* parent -1: not present; child: the first; next: sibling; -1: none */
    uint64_t *weight, *now;                 /* TRAVERSAL: v when the node was entered first, and now */
    uint8_t *gone;                          /* TRAVERSAL: how it left its parent; TYPICAL: whether it is reached */
    double *score;                          /* TYPICAL */
    int32_t *flight;                        /* [depth + 1] tokens of a path */
    /* the node in hand: its rows, and their laws as they now are */
    int32_t node;
    urnc_lawrow target, draft;
    int has_draft;       /* 0: one-hot */
    int32_t hot;         /* one-hot: the token */
    int filled;          /* laws are in P and Q */
    int64_t n;           /* ids */
    uint64_t T, S, R;    /* of P, of Q, and q = Q * R >> 63 */
    uint64_t *P, *Q, *A; /* [cols] */
} urnc_verifier;

/* cpu_verify.c: the room of one thread, laid out at `rest`; what is behind it. Then requests over threads. */
size_t urnc_verify_share(const urnc_verify_call *call);
char *urnc_verify_settle_in(urnc_verifier *v, const urnc_verify_call *call, char *rest);
typedef void (*urnc_verify_work)(urnc_verifier *v, char *extra, int64_t b, const void *argument);
void urnc_over_requests(const urnc_verify_call *call, size_t extra, urnc_verify_work work, const void *argument);

/* cpu_verify_nodes.c: where the request is, and which nodes it has. Returns a row status. */
int urnc_verify_begin(urnc_verifier *v, int64_t b);
int urnc_verify_place(urnc_verifier *v, int64_t b); /* its rows and nodes only */
int urnc_verify_nodes(urnc_verifier *v);
int64_t urnc_find_backward(const urn_verify_params *p);

static inline int64_t urnc_verify_row(const urnc_verifier *v, int32_t node) { return v->first + node; }
int32_t urnc_verify_token(const urnc_verifier *v, int32_t node);
int32_t urnc_verify_child(const urnc_verifier *v, int32_t node, int32_t token); /* the first with it; -1 */
int urnc_verify_is_stop(const urnc_verifier *v, int32_t token);

/* cpu_verify_words.c */
uint64_t urnc_verify_coin(const urnc_verifier *v, int32_t node);
int32_t urnc_verify_own(urnc_verifier *v); /* own draw at the node in hand */
int32_t urnc_verify_end(urnc_verifier *v); /* end draw from P */

/* cpu_verify_laws.c: open the target's row of a node; its status. Then the draft's: 0, and the request's status has
 * DRAFT, if that row has a status. */
int urnc_verify_open(urnc_verifier *v, int32_t node);
int urnc_verify_open_draft(urnc_verifier *v);
void urnc_verify_fill(urnc_verifier *v); /* P and, unless one-hot, Q */
void urnc_verify_rate(urnc_verifier *v); /* R, after S or T has changed */
uint64_t urnc_verify_P(const urnc_verifier *v, int64_t id);
uint64_t urnc_verify_Q(const urnc_verifier *v, int64_t id);
uint64_t urnc_verify_q(const urnc_verifier *v, int64_t id);
int urnc_verify_test(urnc_verifier *v, int32_t token, uint64_t coin);
void urnc_verify_take(urnc_verifier *v, const uint64_t *minus); /* residual (P - minus)+, minus NULL: q */
uint64_t urnc_lift(uint64_t *weights, int64_t n, uint64_t total);
void urnc_verify_drop(urnc_verifier *v, int32_t token);           /* out of Q */
int urnc_verify_adopt(urnc_verifier *v, uint64_t *D, uint64_t W); /* P, T = D, W lifted; 0 if W = 0 */

/* Rules: y at the node in hand, whose rows are open and which has children. */
int32_t urnc_verify_recursive(urnc_verifier *v, int replace);
int32_t urnc_verify_target_only(urnc_verifier *v);
int32_t urnc_verify_kseq(urnc_verifier *v);
int32_t urnc_verify_greedy_drafts(urnc_verifier *v);
int32_t urnc_verify_importance(urnc_verifier *v);

/* The rest decide at once. */
void urnc_verify_walk(urnc_verifier *v);
void urnc_verify_traverse(urnc_verifier *v);
void urnc_verify_typical(urnc_verifier *v);
void urnc_verify_synthetic(urnc_verifier *v);

/* cpu_verify_outputs.c: the next emitted id, from the row of `node`, which is open where logprob is wanted; the path to
 * a node, then y; what is not emitted; statistics. */
void urnc_verify_emit(urnc_verifier *v, int32_t node, int32_t id, int accepted);
int urnc_verify_emit_path(urnc_verifier *v, int32_t node); /* 0: a stop id ended it */
void urnc_verify_finish(urnc_verifier *v);

#endif
