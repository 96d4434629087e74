/* bits_resample.h - the bit contract of the resample family: a part of bits.h, which says what f32, f64, blocks, row
 * keys, LOG2, EXP2 and log2 of an integer are. Constants and prose, no code.
 *
 * 1  Rows and weights
 *    A row has n items, 1 <= n <= URN_RESAMPLE_MAX_ITEMS, and M outputs, 0 <= M <= URN_RESAMPLE_MAX_ITEMS. It is
 *    *narrow* if n <= URN_MAX_COLS and *wide* else. F = 40 in a narrow row, 18 + ceil(log2 n) in a wide one (41 to 48).
 *      log f32       x = item + 0.0f, m = the largest x, d = x - m in f32
 *      log f64       x = item + 0.0,  m = the largest x, d = f32(x - m), the subtraction in f64
 *                    w = the weight of bits.h section 2 for d, c = URN_LOG2E and this F; -inf weighs 0
 *      linear        x >= 0, f32 or f64 (-0 is 0), m = the largest, 2^e the least power of two >= m, w = floor(x * 2^(F
 *                    - e)), exact: a subnormal x is the number it is. w <= 2^F, and above 2^(F - 1) for the largest
 *    NaN: URN_ROW_NAN. +inf: URN_ROW_INF. A negative linear weight: URN_ROW_PARAM. The bits found are or-ed. None of
 *    these and every weight 0 (m = -inf or 0), or a ragged row of no items: URN_ROW_EMPTY. A bad offset: URN_ROW_INDEX
 *    alone. A bad parameter of the row (M, threshold, pin, as each call says): URN_ROW_PARAM alone, before the row is
 *    read. W = the largest w. S_i = w_0 + ... + w_i, S_(-1) = 0, T = S_(n-1). T <= 2^62 in a narrow row, below 2^78 in
 *    a wide one; M * T below 2^108. Q = sum of w^2, below 2^126. FIRST(r) = the first i with S_i > r, for r < T; w > 0
 *    there.
 *
 *    U, V = word0 | word1 << 32 and word2 | word3 << 32 of a block B.
 *      PICK(B, Z)    floor(U * Z / 2^64) in a narrow row, WIDE(B, Z) in a wide one
 *      WIDE(B, Z)    floor((U * 2^64 + V) * Z / 2^128), Z below 2^127
 *    Blocks are {index, draw, position, stream} under the row's key; draw and stream are written where they are not 0
 *    and URN_STREAM_RESAMPLE.
 *
 * 2  Statistics of a row, f64, of its w
 *      f64(Z)        of an integer of more than 64 bits: f64(high half) * 2^64 + f64(low half). log2 of one of k > 64
 *                    bits: log2(floor(Z / 2^(k - 64))) + f64(k - 64), by bits.h section 6
 *      ess           (f64(T) * f64(T)) / f64(Q)
 *      L             log2(T) - f64(F), and for linear weights + f64(e), each an f64 operation, in this order
 *      log_sum       fma(L, LN2, f64(m)); linear: L * LN2
 *      log_mean      the same with L - LOG2(f64(n)) for L
 *      ratio         f64(T) / (f64(n) * f64(W)): the mean weight over the largest
 *      max           f64(m)
 *    EMPTY: ess 0, ratio 0, log_sum and log_mean -inf, max m (no items: -inf, linear 0). Other statuses: all five the
 *    f64 NaN URN_NAN_BITS_F64.
 *
 * 3  urn_resample: the law drawn from has the w of `law` where that is given, else of `weights`.
 *      cap           neutral 0. t = the largest integer in [0, W] with M * t <= cap * sum of min(w_i, t); every w_i
 *                    becomes min(w_i, t), then T, S, W are theirs. t = 0: URN_ROW_PARAM. M = 0: no cap. Statistics are
 *                    those before.
 *      trigger       where M = n: the row resamples iff ess < f64(threshold) * f64(n). A row that does not: a_m = m,
 *                    o_i = 1, lw_out the bits of `weights`, and the cap is not looked at. Threshold
 *                    URN_RESAMPLE_ALWAYS (or more), the default, or M != n: it always resamples. A threshold that is
 *                    NaN or negative: URN_ROW_PARAM.
 *    o_i = how often item i is an ancestor. Where a scheme below gives C_i (C_(-1) = 0) or o_i, the ancestors are in
 *    increasing order: item i at outputs C_(i-1) .. C_i - 1, C_i = o_0 + ... + o_i.
 *      n_i, f_i      floor(M * w_i / T), M * w_i mod T.  N_i = n_0 + ... + n_i, R = M - N_(n-1), sum of f_i = R * T.
 *      systematic    r = PICK({0}, T). C_i = floor((M * S_i + r) / T)
 *      stratified    k = floor(M * S_i / T), f = M * S_i mod T. C_i = k + [f > 0 and PICK({k}, T) < f]
 *      multinomial   a_m = FIRST(PICK({m}, T)). The outputs are exchangeable.
 *      multinomial sorted
 *                    o_i = how many of these a_m are i
 *      residual      o_i = n_i + how many of g_j, j in 0 .. R - 1, are i. g_j = the first i with f_0 + ... + f_i >
 *                    WIDE({j}, R * T)
 *      residual stratified
 *                    k, f as in stratified. C_i = k + [f > 0 and PICK({k - N_i}, T) < f]
 *      residual systematic
 *                    is systematic: the remainders' strata have the same edges mod T
 *      SSP           o_i = n_i + b_i. A node (l, k), l >= 0, stands for the items k * 2^l up to (k + 1) * 2^l - 1 below
 *                    n, and carries an item and its fraction: a node of level 0 item k with f_k; one of level l > 0
 *                    what comes of its halves (l - 1, 2 k) with (a, f_a) and (l - 1, 2 k + 1) with (b, f_b); an absent
 *                    node carries fraction 0. f_b = 0: (a, f_a). Else f_a = 0: (b, f_b). Else with s = f_a + f_b and B
 *                    = {k, l, position, URN_STREAM_PAIRS}:
 *                      s < T:   PICK(B, s) < f_a: (a, s), else (b, s)
 *                      s >= T:  PICK(B, 2 T - s) < T - f_b: b_a = 1 and (b, s - T), else b_b = 1 and (a, s - T)
 *                    b_i is 0 where no node made it 1. The root's fraction is 0.
 *      killing       M = n, else URN_ROW_PARAM. a_m = m if PICK({m}, W) < w_m, else FIRST(PICK({m, draw 1}, T))
 *      branching     o_i = n_i + [f_i > 0 and PICK({i}, T) < f_i]. Their sum is the row's `produced`; outputs past it
 *                    are -1, and those that do not fit in M are left out (o_i counts them). Elsewhere produced is M.
 *      minimum error o_i = n_i + 1 for the first R items by larger f_i, then smaller i; n_i for the rest
 *    Chains: output m begins at item k = m mod n. Iteration b = 0 .. iterations - 1 has the block {m, b, position,
 *    URN_STREAM_CHAIN}, with U and V; `move to j` is: if floor(V * w_k / 2^64) < w_j then k = j. a_m = k at the end.
 *      Metropolis    move to j = floor(U * n / 2^64)
 *      C1, C2        n mod segment is not 0: URN_ROW_PARAM. Us = U of {floor(m / 32), 0 (C1) or b (C2), position,
 *                    URN_STREAM_SEGMENT}. s = floor(Us * (n / segment) / 2^64). Move to j = s * segment + floor(U *
 *                    segment / 2^64)
 *      Megopolis     Us = U of {0, b, position, URN_STREAM_SEGMENT}. Move to j = (m + floor(Us * n / 2^64)) mod n
 *      rejection     b = 0: j = m mod n; b > 0: j = floor(U * n / 2^64). The first j with floor(V * W / 2^64) < w_j is
 *                    a_m. If none: a_m = FIRST(PICK({m}, T))
 *
 *    Pinned rows: output s (slot) must have ancestor p. A pin of slot -1 is absent. s outside [0, M) or p outside [0,
 *    n): URN_ROW_PARAM. w_p = 0, known once the row is read: URN_ROW_PARAM. The trigger does not act on a pinned row. B
 *    = {0, draw 4}.
 *      multinomial   a_s = p, the others as they are
 *      systematic    A = M * w_p, q = floor(A / T), f = A mod T, y = WIDE(B, A), z = q * (T - f). If y < z: r = floor(y
 *                    / q), c = y mod q. Else r = T - f + floor((y - z) / (q + 1)), c = (y - z) mod (q + 1). Then r0 =
 *                    (r - M * S_(p-1)) mod T, C_i = floor((M * S_i + r0) / T); the ancestor that would be at output j
 *                    is at output (j - C_(p-1) - c + s) mod M.
 *      killing       y = WIDE(B, n * W). D_j = the sum of W - w_i over i <= j, i != p. J = the first j with D_j > y, or
 *                    p if there is none (J is never p else: D_p = D_(p-1)). a as in killing, but a_J = p; the ancestor
 *                    that would be at output j is at output (j - J + s) mod n.
 *
 *      lw_out[m]     of output m with ancestor a >= 0: lw = weights[a], lr = law[a] (lw where law is absent), v =
 *                    (f64(lw) - f64(lr)) + log_mean of the law drawn from; where law is absent v = log_mean. Stored as
 *                    f32(v), or v. A NaN is stored as URN_NAN_BITS or URN_NAN_BITS_F64, as is that of an ancestor -1.
 *    A row with a status: ancestors -1, offspring 0, lw_out NaN, produced 0, resampled 0. Outputs past a row's M, up to
 *    `outputs` (with output_offsets: up to the next offset): ancestors -1, lw_out NaN. M = 0 is no error: offspring 0.
 *    M outside [0, `outputs`]: URN_ROW_PARAM. An output offset below 0, below the one before or past output_size:
 *    URN_ROW_INDEX, and none of the row's ancestors and lw_out are written; likewise its offspring where an offset of
 *    the weights is bad. Parameters of a row are looked at after its offsets and before anything else.
 *
 * 4  Around it
 *      permute       d_j = the smallest m with a_m = j, or n if there is none. For every m: place = a_m if d_(a_m) = m;
 *                    else place = m, and while d_place < n, place = d_place. out_place = a_m. A row in which an a_m is
 *                    outside [0, n) comes out as it is, status URN_ROW_INDEX.
 *      moments       n <= URN_MAX_COLS. Over the items of w > 0, for each dimension: 2^e the least power of two >= the
 *                    largest |x|, q = floor(x * 2^(30 - e)), A = sum of w * q (128 bits, signed), mean = (f64(A) /
 *                    f64(T)) * 2^(e - 30), f64(A) = -f64(-A) below 0; g = floor(A / T) towards -inf, Y = sum of w * (q
 *                    - g)^2, below 2^126, variance = (f64(Y) / f64(T)) * 2^(2 e - 60). All x 0: both 0. An x that is
 *                    not finite: both URN_NAN_BITS. Scaling by powers of two is exact, rounded once to f32 at the end.
 *                    A row with a status: NaN.
 *
 * 5  Draws from a row's law, n <= URN_MAX_COLS in all of them
 *      alias table   L = the items with n * w <= T, H = the others, both in increasing order; i = j = 0, r = n * w of
 *                    H_0. While H_j exists: if r > T: item L_i has cut floor(n * w * 2^64 / T) and alias H_j; r = r -
 *                    (T - n * w), i = i + 1. Else if H_(j+1) exists: item H_j has cut floor(r * 2^64 / T) and alias
 *                    H_(j+1); r = r + n * w of H_(j+1) - T, j = j + 1. Else j = j + 1. A cut of 2^64, and every item
 *                    that got none, is cut 2^64 - 1 with the item itself as alias. A row with a status: cut 0, alias
 *                    -1.
 *      alias draw    P = U * n (128 bits) of {j, draw 2}, k = floor(P / 2^64): the item k if P mod 2^64 < cut_k, else
 *                    alias_k
 *      inverse       point m of M has a code u, 64 bits, i = FIRST(floor(u * T / 2^64)), rest = floor((u * T - 2^64 *
 *                    S_(i-1)) / w_i), y = f64(floor(rest / 2^11)) * 2^-53, value = f32(fma(y, f64(right) - f64(left),
 *                    f64(left))), left and right the edges of bin i. u is the caller's, or by kind, U of {m, draw 3}
 *                    (systematic: of {0, draw 3}):
 *                      random U; stratified and systematic floor((m * 2^64 + U) / M); midpoints floor((2 m + 1) * 2^63
 *                      / M)
 *                    A NaN value is URN_NAN_BITS. A row with a status: bin -1, value NaN.
 *      backward      child c, draw j; the index of blocks is c * draws + j, below 2^32. Trial b = 0 .. trials - 1: the
 *                    block {index, 2 b, position, URN_STREAM_BACKWARD} gives i = FIRST(floor(U * T / 2^64)), its V the
 *                    coin: d = f32(log_m[c][i] - bound), accepted iff floor(V / 2^24) < the weight of bits.h section 2
 *                    for d, c = URN_LOG2E, F = 40. d > 0 or NaN: the draw is -1 and the child's status gains
 *                    URN_ROW_PARAM. No trial accepted: i = FIRST(floor(U * T' / 2^64)) with U of {index, 1, position,
 *                    URN_STREAM_BACKWARD}, and T', FIRST of the child's row: x_i = weights_i + log_m_i, in the dtype of
 *                    weights, -inf where either is -inf, as log weights. A status of that row is the child's, its draws
 *                    that get here are -1, or, if the status is EMPTY, the child's fallback where one is given (in [0,
 *                    n), else -1 and URN_ROW_INDEX). A status of the weights is every child's, draws -1.
 *
 * 6  Genealogy (genealogy.h): a tree of at most S nodes a row. Node u has parent[u] (-1: none) and count[u], how many
 *    children it has, 1 for a leaf, 0 where it is free. leaf[m] is the node of particle m.
 *      begin         ancestors NULL: every node becomes free, then nodes are inserted with parent -1.
 *      prune         o_i = how many a_m are i. For every i: u = leaf[i], count[u] = o_i; then while count[u] = 0: u =
 *                    parent[u], and if that is -1 stop, else count[u] = count[u] - 1. (Any order gives the same.)
 *      insert        s_m = the m-th free node by number, from 0: parent[s_m] = the old leaf[a_m], count[s_m] = 1,
 *                    leaf[m] = s_m. parent of a node that is free afterwards is -1.
 *      An a_m outside [0, n): URN_ROW_INDEX; fewer than n free nodes: URN_ROW_STATE; a row whose leaf[0] is -1 while
 *      ancestors is not NULL: URN_ROW_EMPTY alone. Such a row then has every node free and every leaf -1.
 *      trace         of leaf m: the nodes from it to its first ancestor, the leaf at place length - 1, its parent at
 *                    length - 2 and so on; -1 at places before the first; nodes that do not fit are left out. m outside
 *                    [0, n): all -1, URN_ROW_INDEX. A row of leaf[0] = -1: all -1, URN_ROW_EMPTY alone.
 */
#ifndef URN_BITS_RESAMPLE_H
#define URN_BITS_RESAMPLE_H

#include <stdint.h>

#define URN_RESAMPLE_MAX_ITEMS (INT64_C(1) << 30)
#define URN_RESAMPLE_TEAM 32u /* outputs that share a segment in Metropolis C1 and C2 */

#define URN_NAN_BITS_F64 UINT64_C(0x7ff8000000000000)

#define URN_STREAM_PAIRS 15u    /* SSP: which of two fractions goes on */
#define URN_STREAM_CHAIN 16u    /* Metropolis and rejection: proposals and coins of an output */
#define URN_STREAM_SEGMENT 17u  /* what outputs of a chain share: a segment, an offset */
#define URN_STREAM_BACKWARD 18u /* backward draws: proposals, coins, exact draws */

#endif
