/* bits_verify.h - the verify family's part of the bit contract: which drafted ids are accepted, and what is drawn after
 * them. Sections 0 to 9 of bits.h hold; this page names what they define (weights w, Z, M, c, epochs, the draw, blocks,
 * LOG2, EXP2, logprob). All that follows is integers but where f64 is said. x >> s rounds down; mulhi(a, b) =
 * (a * b) >> 64 of 64-bit a, b; div(a, b) = floor(a / b) of a 128-bit a, where it fits 64 bits; (a)+ = max(a, 0).
 *
 * 1  Requests and nodes
 *    Request b has count nodes; its node 0 is the root, the last committed token. Node i stands for row t = first + i
 *    of the target's rows, which is the law of the token after node i. first = node_offsets[b], or b * nodes. count =
 *    node_offsets[b+1] - first, or nodes; and at most node_count[b], if given. A request whose offsets run backwards,
 *    past the target's rows, or over `nodes`, has URN_ROW_INDEX and emits nothing; so has a count below 1, and so have
 *    all requests after one whose offsets run backwards.
 *    The token of node i > 0 is tokens[t] in a tree, and drafts[t - b - 1] in a chain, where node i is the child of
 *    node i - 1. A tree given by parents: parent[t] is a node's number within its request. A tree given by first_child
 *    and next_sibling: n from 0 on, in increasing order, walks its chain of siblings (first_child, then next_sibling
 *    while it grows); the walk ends at a c that is not above n and not above the one before it, or at or past count, or
 *    that has a parent already; else n becomes c's parent. So children are always in increasing order.
 *    Node c is *present* if c < count, c = 0 or: 0 <= its parent < c; its parent is present; its token is not negative;
 *    depth(c) = depth(parent) + 1 <= depth; and among the present children of its parent it is one of the first
 *    URN_VERIFY_MAX_CHILDREN. Tokens at or past cols are present and have weight 0. All else is as if it were not
 *    there. In verifiers marked "distinct", a child whose token a present sibling before it has, is not present either,
 *    nor are its descendants.
 *
 * 2  Row, key, position
 *    Slot s of request b: slot[b], or b. seed, label, list by slot; label's default is b. Padding as in urn_sample, by
 *    request: URN_ROW_PADDING, nothing emitted. P0 = position[b], or the state's position of the slot, or
 *    position_value. Node i has position P0 + depth(i) (mod 2^32). Row t runs its list as a row of urn_sample with
 *    these, its own number t in parameters by row and in maps. Drafts in flight (bits.h section 7) of node i: overlay
 *    row t if given, else the tokens of the path from the root to i, root left out, oldest first.
 *    The draft row of node i is draft_row[t], or in a chain t - b, in a tree t; negative: none. Past the draft's rows:
 *    URN_ROW_INDEX of the draft row. It runs the draft's list with the node's slot, position and drafts in flight, seed
 *    and label the draft's.
 *    key = the row key of the target's seed and label. Words of this family, U the first 64 bits of a block:
 *      coin of node i     {i, 0, P0, URN_STREAM_COIN},        or coins[t] where given
 *      end draw at node i {i, 0, P0, URN_STREAM_RESIDUAL},    or draws[t]
 *      own draw at node i urn_sample's draw 0 of row t, by its method and with its words, at the node's position; with
 *                         `draws` given by inverse with U = draws[t]. It is drawn from the target's law of bits.h,
 *    whole. Every round emits a token, so P0 never comes again; coins at one's own position could.
 *
 * 3  Laws. From logits: the w, Z of the final epoch, K as drawn from. From probabilities: the row is a link's epoch
 *    (bits.h section 9) with g = x * 2^-e, 2^e the least power of two not below the row's largest x, K = the ids with
 *    x > 0. x = NaN: URN_ROW_NAN; +inf: URN_ROW_INF; x < 0: URN_ROW_PARAM; all 0: URN_ROW_EMPTY, in this order of
 *    precedence; NaN and INF together are both set.
 *    A law is P_i = w_i << s, s = clz64(Z) - 1, so that its total T = Z << s is in [2^62, 2^63).
 *    *Lifting* a law of total T means P_i << s, T << s with s = clz64(T) - 1.
 *    Target: P, T. Draft: Q, S, likewise. With a map draft_of, Q_i of target id i is that of draft id draft_of[i], 0
 *    where that is negative or past the draft's columns; without, of i itself, 0 past the draft's columns. Ids at or
 *    past the target row's columns have Q = 0.
 *    Q in P's units:  R = div(T << 63, S), in (2^62, 2^64);  q_i = (Q_i * R) >> 63 (128 bits), below 2^63. Whenever P
 *    or Q changes, R and q are taken again from the new T, S.
 *    q_i lies within 2 of its real value: that is the error of a round, V * 2^-61 of the mass at most.
 *    A node without a draft row has the *one-hot* law of the child in question: q = T at its token, else 0.
 *    To *test* token x against a coin U: accepted iff mulhi(U, q_x) < P_x, and Q_x > 0 (one-hot: always so). Hence P_x
 *    = 0 is never accepted, and what is rejected has P_x < q_x. Q_x = 0 sets URN_ROW_DRAFT; so does a token at or past
 *    cols. *Residual*: D_i = (P_i - q_i)+, W = sum of D. W = 0: P stays as it is. Else P, T = D, W lifted.
 *    *End draw* at node n: r = mulhi(U, T), the first i with sum of P_j over j <= i above r.
 *
 * 4  The walk (all verifiers but BLOCK, TRAVERSAL, TYPICAL, SYNTHETIC). From n = 0:
 *      the target row of n has a status: it is or-ed to the request's; the id is -1, and the walk ends.
 *      n has no child present: y = own draw at n; in GREEDY the first of K. Ends with y.
 *      the draft row of n has a status, in a verifier that reads it: URN_ROW_DRAFT; as if n had no child.
 *      else y by the verifier's rule. If a child of n has token y: it is accepted, n = the first such child, and on.
 *      Else ends with y.
 *    Emitted: the tokens accepted, then y. An accepted token that is a stop id ends the walk without y (in sections 5
 *    and 9: what would follow the first such one is neither accepted nor emitted, and no y is drawn). `accepted`
 *    counts accepted ones among those emitted. path[j] = the node whose row emitted token j. logprob of token j = that
 *    of bits.h section 6 in the law of row path[j], before any residual: -inf where its weight is 0 (greedy: 0 of its
 *    id, else -inf). Elsewhere ids and path are -1, logprob URN_NAN_BITS. An id -1 is not counted as emitted.
 *    Rules, P, T, Q, S those of n's rows; children in their order, k of them, tokens x_1 .. x_k:
 *      MATCH       distinct. y = own draw at n. Lossless: what decoding without drafts would emit.
 *      GREEDY      distinct. y = the first of K in the order (bits.h section 1; of probabilities: by x). No words.
 *      RECURSIVE   distinct. For j = 1 .. k: test x_j against its node's coin; accepted: y = x_j. Else the residual is
 *                  taken, and then Q_(x_j) = 0, S = S - Q_(x_j), lifted; S = 0: later children are not tested, and set
 *                  URN_ROW_DRAFT. Where Q_(x_j) = 0 nothing is taken. None accepted: y = end draw at n. Lossless for
 *                  children drawn without replacement, in that order; of a chain it is the rule CHAIN.
 *                  Without a draft row: each child's residual is P_(x_j) = 0.
 *      MULTISTEP   as RECURSIVE, with siblings that may be equal, and Q, S never change. Lossless for children drawn
 *                  with replacement.
 *      TARGET_ONLY distinct; reads no draft row. U the coin of the first child; A = 0. For each child: A = A + P_x; y =
 *                  x if mulhi(U, max(1, ceil(threshold * T))) < A or P_x >= max(1, ceil(threshold_single * T)); ceil
 *                  as for top-p. None: P = 0 at all tokens of children; total 0: P as it was; y = end draw. Lossless
 *                  iff both thresholds are 1.
 *      KSEQ        section 6.   GREEDY_DRAFTS section 7.   IMPORTANCE section 8. At a node without a draft row these
 *                  three and MULTISTEP are RECURSIVE's rule.
 *
 * 5  TRAVERSAL, and BLOCK, which is TRAVERSAL of a chain. Distinct. Weights v are Q0.63: at most 2^63, which is 1.
 *    Every node has P, T, Q, S of its rows until they change, and v; the root's is 2^63. Start at n = 0:
 *      1. If v_n > 0 and n has a child left, let c be the first, x its token. v_c = 0 if Q_x = 0 (URN_ROW_DRAFT), or x
 *         is at or past cols (likewise), or P_x = 0; else 2^63 if q_x = 0; else min(2^63, floor(v_n * P_x / q_x)).
 *         n = c; again 1.
 *      2. Else: if n is the root or coin(n) >> 1 < v_n: stop here.
 *      3. Else c = n, n = c's parent, x c's token, q as above. p_i = (v_n * P_i) >> 63, D_i = (p_i - q_i)+, W = their
 *         sum, C = ((2^63 - v_n) * T) >> 63. v_n = 2^63 if W + C = 0, else div(W << 63, W + C). If W > 0: P, T = D, W
 *         lifted. Then Q_x = 0, S = S - Q_x, lifted; S = 0: later children have v = 0, and set URN_ROW_DRAFT. c leaves
 *         n's children. Where Q_x was 0: only c leaves. Again 1.
 *    One-hot: q is T at x, the child's in hand. A node whose target or draft row has a status has no children; its
 *    draft's, where the target's has none, sets URN_ROW_DRAFT. Stopped at n: accepted are the tokens of the path to n.
 *    y = own draw at n if no child has left it, else the end draw from its P. A target row with a status: -1, as in
 *    section 4. Statuses of rows count when a node is reached in 1, of target rows where it stops without a stop id on
 *    the path; a row is looked at only where a node has a child left, or stops. If y is the token of a child of n, that
 *    child is not accepted for it.
 *
 * 6  KSEQ (SpecTr). Factors are rho / 2^10, rho an integer in [2^10, k * 2^10].
 *      I = div(2^73, rho);  p_i = (P_i * I) >> 63;  B = sum of min(p_i, q_i);  b = min(2^63, div(B << 63, T));
 *      t = 2^63, then k times t = (t * (2^63 - b)) >> 63;  a = min(2^63 - t, k * b);
 *      rho is *valid* if a * 2^10 <= rho * b (128 bits).
 *    low = 2^10, high = k * 2^10; while low < high: mid = (low + high) >> 1; valid: high = mid, else low = mid + 1.
 *    rho = low. For child j in order: y = x_j if mulhi(U, q_x) < p_x and Q_x > 0, U its coin. None: G = div(a << 57,
 *    b), k << 57 if b = 0; D_i = (P_i - ((min(p_i, q_i) * G) >> 57))+, then as a residual; y = end draw. Lossless for
 *    children drawn with replacement.
 *
 * 7  GREEDY_DRAFTS. The first k - 1 children are the likeliest ids of the draft, the last is drawn from what is left.
 *    Q = 0 at the tokens of the first k - 1, S without them, lifted. S > 0: test x_k against its coin; accepted: y =
 *    x_k; else, if Q_(x_k) > 0, the residual; y = end draw. S = 0 or Q_(x_k) = 0: y = own draw. Lossless,
 *    whatever the k - 1 are if they are not random.
 *
 * 8  IMPORTANCE (canonical two-step selection). A_i is the law of the incumbent, in P's units; A = q at first, and X =
 *    x_1. prod(a, b) = (((a * b) >> 62) * N) >> 63, N = div(2^125, T): a * b / T for a, b <= T.
 *    For j = 2 .. k, the challenger x_j of law q:
 *      H = the first URN_VERIFY_LP of the ids with A_i + q_i > 0, by larger P_i - prod(A_i, q_i) (signed), then smaller
 *      id. i not in H is *wanted* if P_i > A_i. TA, TQ: sums of A and q; HA, HQ: over H; BQ, BA: over ids neither in H
 *      nor wanted. Shares in H, members numbered in H's order from 0: m_uv = prod(A_u, q_v) + prod(q_u, A_v) for u < v,
 *      all of it the share of u at first. load_u = prod(A_u, q_u) + prod(A_u, TQ - HQ) + prod(q_u, TA - HA) + its
 *      shares. At most 64 times: breadth-first over H from all u with load_u > P_u, in their order; from u to any v not
 *      yet reached, v in their order, where u's share of m_uv is above 0; until the first v with load_v < P_v is
 *      reached. None: done. Else move the least of (load - P) at the path's start, (P - load) at its end, and the
 *      shares on it along the path: each step's u gives that much of m_uv to v; loads follow.
 *      X against x_j: equal: X stays. Both in H: with U the coin of child j, m = m of the two: X stays iff mulhi(U, m)
 *      < X's share. One in H: that one. Else one wanted: that one. Else X stays.
 *      A'_i in H = load_i; wanted: prod(A_i, TQ - HQ) + prod(q_i, BA); else prod(A_i, BQ).    A = A'.
 *    T must not be 0 here, and Q_x = 0 of any child sets URN_ROW_DRAFT and takes that child out before k is counted;
 *    none left: y = own draw. Then X against the coin of child 1: y = X iff mulhi(U, A_X) < P_X. Else D_i = (P_i -
 *    A_i)+, as a residual; y = end draw. Lossless for children drawn with replacement, within V * k * 2^-58.
 *
 * 9  TYPICAL. Distinct; lossy; reads no draft row. t = f32(min(f64(epsilon), f64(alpha) * EXP2(-H2))), H2 as in bits.h
 *    section 3; greedy: t = 0. A child of n is accepted iff w_x > floor(t * Z), exact from the significand.
 *    score(child) = score(n) + (y - L), f64, bits.h section 6 (greedy 0); score(root) = 0. A node is reached if all
 *    from its first ancestor but the root to itself are accepted. The walk stops at the node reached with the largest
 *    depth, then larger score, then smaller number; then y = own draw there. Rows with a status have no children; where
 *    it stops: -1. Of all rows reached that have children, and where it stops, the statuses count.
 *
 * 10 SYNTHETIC. Distinct; lossy; for benchmarks. At n, the first child whose coin has (U >> 24) < ceil(rate * 2^40) is
 *    accepted, rate that of its depth: rates[depth - 1], clamped to [0, 1], NaN as 0; or rate. Tokens at or past cols
 *    are passed over (URN_ROW_DRAFT). None: y = own draw; ends. A target row with a status: as in section 4.
 *
 * 11 Statistics, added in 64 bits for every request that is not padding: requests 1; emitted, accepted as above;
 *    drafted the present nodes but the root; tried[d] for d < min(accepted + 1, the largest depth of a present node),
 *    taken[d] for d < accepted; d at or past URN_VERIFY_DEPTHS counts there.
 *
 * 12 urn_verify_bound: no verifier accepts one of k drafts more often, of each pair of rows, laws as in section 3.
 *    Ids with q_i > 0 fall into bins: bin 0 where P_i = 0; else with z = f32(f64(q_i) / f64(P_i)), e its exponent, m
 *    the first 6 bits of its significand after the leading one, but e = -32, m = 0 where e < -32 and e = 31, m = 63
 *    where e > 31: bin 1 + (31 - e) * 64 + (63 - m). By bin, integer sums of P_i, of q_i, and with h = f64(q_i) /
 *    f64(T) cut to at most 1 - 2^-20 and u = h / (1 - h), of floor(u * 2^40) and floor((u * h) * 2^40).
 *    Over the bins 0 .. j: p = f64(sum P) / f64(T), h = min(1, f64(sum q) / f64(T)), u and v = f64 of the other two
 *    sums, * 2^-40. F = h to the power k by k - 1 multiplications h * h * ... from the left with replacement or k = 1;
 *    without, k = 2, F = h * u - v (two operations). bound = f32(min(1, 1 + least)), least = the least of 0 and all
 *    p - F.
 *    Ids of one bin differ by less than 2^-6 in q / p, which costs the bound about the square of that.
 *    overlap = f32(f64(sum of min(P_i, q_i)) / f64(T)): how often a single draft is accepted.
 *
 * 13 Trees (verify_draft.h). Nodes, presence, depth as in section 1, with distinct siblings only where said; tokens
 *    NULL: none is negative. Of a request with bad offsets nothing is written; one with count < 1 has no node present.
 *      shape     of present nodes: parent (of the root -1), first_child, next_sibling (-1: none), depth, position P0 +
 *                depth; mask row: bit j iff j is the node itself or above it. Of others: -1, -1, -1, -1, position P0,
 *                mask row 0. A request's rows go up to node_offsets[b+1], or are `nodes`.
 *      compact   offsets[b] = the sum of n_a over a < b, n_b = min(max(used[b], 0), depth + 1), cut before the first
 *                negative path[b][j]; rows[offsets[b] + j] = first_b + path[b][j], j < n_b; -1 behind
 *                offsets[requests], up to rows_size.
 *      recycle   draft: token of the root of b: root[b]; of node i > 0 of the template: M[token of its parent][rank of
 *                i]; -1 where the parent's is not in [0, cols), the rank is not in [0, k), its parent is not below it,
 *                or a sibling before it has the same token. update: for every row t with tokens[t] in [0, cols):
 *                M[tokens[t]] = top[t], but of rows with equal tokens only the last.
 *      invert    draft_of[i] = the least j with map[j] = i, -1: none. status: URN_ROW_INDEX if some map[j] is outside
 *                [0, cols), URN_ROW_PARAM if two are equal.
 */
#ifndef URN_BITS_VERIFY_H
#define URN_BITS_VERIFY_H

#define URN_VERIFY_MAX_NODES 1024
#define URN_VERIFY_MAX_CHILDREN 64
#define URN_VERIFY_MAX_STOPS 64
#define URN_VERIFY_LP 5      /* ids whose pairs importance weights are solved for */
#define URN_VERIFY_LP_PATHS 64
#define URN_VERIFY_RHO 1024  /* rho's unit: 2^-10 */
#define URN_VERIFY_BINS 4097 /* of q / p in urn_verify_bound */

#endif
