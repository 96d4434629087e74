/* bits.h - the bit contract: every rule that decides a bit of an output of urn, and its constants.
 *
 * Two implementations follow this page without looking at each other: host/cpu (plain C) and kernels/
 * (CUDA C++, also compiled for the CPU by the SIMT layer). Their outputs are compared by memcmp. This file
 * holds constants and prose, no code. A change of any output bit for any given input raises
 * URN_BITS_VERSION and the golden files under tests/kat.
 *
 * 0  Arithmetic
 *    "f32" and "f64" are IEEE binary32 and binary64, round to nearest even, denormals kept. Every operation
 *    below is a single rounded operation in the order written; a fused multiply-add happens where fma() is
 *    written and nowhere else (contraction is off for C, C++, nvcc's device pass and nvcc's host pass).
 *    Division is the correctly rounded one. floor(a * 2^s) of a float a >= 0 is exact: take the 24-bit
 *    significand as an integer and shift it. No libm, no exp, no MUFU. Entry points of host/cpu set the
 *    rounding mode and denormal handling that this needs and put the caller's back.
 *
 * 1  From logits to keys
 *    x    = f32(logit) + 0.0f          f16 and bf16 convert exactly; -0 becomes +0
 *    key  = b ^ 0x80000000 if the sign bit of b is 0, else ~b, where b = the bits of x, as u32
 *    NaN anywhere in a row, masked or not, sets URN_ROW_NAN; +inf sets URN_ROW_INF; such a row draws nothing.
 *    An id is *possible* while x > -inf and every mask step so far allows it.
 *    The *order* is: larger key first, then smaller id. It is total.
 *
 * 2  Steps, epochs, weights
 *    A list of steps runs in the caller's order. A step whose parameters have their neutral value for a row
 *    (steps.h) does not exist for that row. State: the kept set K (at first: the possible ids), the running
 *    temperature T (at first 1.0f).
 *      logit steps   temperature t: T = T * t (f32).   masks take ids out of K (section 7).
 *                    value steps change the x of ids in K (section 8). links replace the weights (section 9).
 *                    A logit step closes the current epoch, if one is open.
 *      keep steps    open an epoch if none is open, then remove ids from K by their rule (section 3).
 *      the draw      opens an epoch if none is open, then draws from K by its weights (section 4).
 *    If K is empty when an epoch opens: URN_ROW_EMPTY; a row with URN_ROW_NAN or URN_ROW_INF gets no other bit. A list
 *    whose temperatures (dynamic ones with delta = 0 among them) multiply, in f32 and list order, to a T that is not
 *    finite is URN_ROW_PARAM, known before the logits are read; a dynamic temperature that makes T so, when it runs.
 *    Neutral parameters, and -1 in a step's map, make a step absent; an empty list or a position past n does not. A
 *    parameter out of range counts also where others make the step neutral, unless those are all scalars; maps and
 *    offsets count only of steps that exist.
 *    INDEX comes before PARAM and STATE. Of a ragged row `cols` is its own length.
 *    Opening an epoch fixes
 *      M = the largest x in K,   c = URN_LOG2E / T (f32 division).
 *      If T == 0 or c is infinite the epoch is *greedy*: K becomes {the first of K in the order}, its weight
 *      is 2^F. Keep steps in a greedy epoch do nothing.
 *    Weight of an id with value x (all f32 until w):
 *      d = x - M                      may be -inf by overflow: then w = 0
 *      t = fma(d, c, URN_ROUND_MAGIC)
 *      n = t - URN_ROUND_MAGIC        an integer; w = 0 unless n >= -F
 *      f = fma(d, c, -n)              in [-1/2, 1/2]
 *      v = fma(fma(fma(fma(fma(E5, f, E4), f, E3), f, E2), f, E1), f, 1.0f)      (URN_EXP2_E1 .. E5)
 *      w = floor(v * 2^(F + n))       an integer in [0, 2^F]; exactly 2^F at x == M
 *    v's relative error against 2^f is at most 1.6e-7 over every f32 f in [-1/2, 1/2], and v <= 1 for f <= 0.
 *    Hence |w / 2^F - 2^(d*c)| <= 2^-F + 2^(d*c) * (3e-7 + |d*c| * 1e-7) for the d, c written above.
 *    F = URN_F = 40 for rows of up to URN_MAX_COLS = 2^22 entries: a sum of weights is below 2^63.
 *    (Longer rows belong to the resample family: F = 18 + ceil(log2 n) and 128-bit sums.)
 *    Integer sums have no order, so Z, prefix sums S_i and thresholds are the same on every launch shape.
 *
 * 3  Keep rules. w, M, c are the current epoch's; Z = sum of w over K at the moment the step runs; W = the weight of
 *    the first of K in the order (2^F, but in a link's epoch). ceil(p * Z) and the like are formed exactly from the
 *    f32 significand of p. "or the first" means: if no id qualifies, the first of K in the order stays.
 *      top-k k       neutral 0, -1. Keep the first min(k, |K|) of K in the order. With URN_STEP_TIES also every id
 *                    whose key equals that of the last one kept.
 *      top-p p       neutral 1. need = max(1, ceil(p * Z)). Keep the shortest prefix of K in the order whose weights
 *                    sum to at least need. URN_STEP_TIES as for top-k.
 *      min-p m       neutral 0. Keep w >= ceil(m * W).
 *      top-a a       neutral 0. Keep w * Z >= ceil(a * W * W), in 128 bits.
 *      epsilon e     neutral 0. Keep w >= ceil(e * Z), or the first.
 *      eta e         neutral 0. t = f32(min(f64(e), sqrt(f64(e)) * EXP2(-H2))). Keep w >= ceil(t * Z), or the first.
 *      typical p     neutral 1. s = f32(Hm). dev = |a - s| (f32), +inf where w = 0. Keep the shortest prefix, by
 *                    smaller dev and then smaller id, whose weights sum to at least max(1, ceil(p * Z)).
 *      tail-free z   neutral 1. n = |K|; w_0, w_1, ... the weights of K in the order; D_i = |w_i - 2 w_(i+1) +
 *                    w_(i+2)| for i <= n - 3; S = sum of D. n < 3 or S = 0: nothing. Else keep the first 1 + #{j in
 *                    1 .. n - 2 : D_0 + ... + D_(j-1) <= floor(z * S)} of K in the order.
 *      top-n-sigma s neutral <= 0. q = f32(M - x), at most FLT_MAX; R = the largest q in K; R = 0: nothing. e = 19 -
 *                    floor(log2 R); i = floor(q * 2^e), an integer below 2^20; S1 = sum of i, S2 = sum of i^2 over K
 *                    (below 2^62), V = |K| * S2 - S1^2 (128 bits); sd = sqrt(f64(V)) / f64(|K|) * 2^-e, where
 *                    f64(V) = f64(high half) * 2^64 + f64(low half). Keep q <= f32(f64(s) * sd). T has no part in it.
 *      XTC prob, t   neutral prob 0. Acts iff (U >> 24) < ceil(prob * 2^40), U the block {0, 0, position,
 *                    URN_STREAM_XTC} (section 5). A = the ids of K with w >= max(1, ceil(t * Z)). If |A| >= 2, all of
 *                    A leaves K but the last of A in the order.
 *      Mirostat 2 mu t = f32(min(1, EXP2(-mu))). Keep w >= ceil(t * Z), or the first.
 *      Mirostat 1 mu over the first m = min(100, |K|) of K in the order, numbered from 1: b_i = f64(a_(i+1)) -
 *                    f64(a_i), t_i = LOG2(f64(i + 1) / f64(i)), for i < m and while a_(i+1) is finite; up = the sum
 *                    of t_i * b_i, down = the sum of t_i * t_i, in f64 from i = 1 (no fma); s = up / down, g = s - 1,
 *                    N = f64(length of the row). No such i, or not s > 0, or N = 1: nothing. r = EXP2(mu) / (LN2 *
 *                    LOG2(N)) if |g| < 1e-9, else g * EXP2(mu) / (1 - POW(N, -g)). r not finite or not > 0: nothing.
 *                    k = POW(r, 1 / s) cut to an integer in [1, |K|], then as top-k k.
 *    Typical and XTC may take the first of K: where they acted (XTC: where its coin says so), they close the epoch; one
 *    opened again after a link is the link's still. In a greedy epoch keep steps do nothing.
 *    Of the current law: a = -(d * c) (f32) of an id; in a link's epoch section 9 says.
 *      E  as in section 6,  Hm = f64(E) / f64(Z),  L = log2(Z) - F,  H2 = Hm + L (bits)
 *    Functions, all f64:
 *      LOG2(v)   of a normal v > 0: as log2 of an integer in section 6, v's exponent and significand as e, m.
 *      EXP2(y)   y cut to [-1000, 1000]; n = (y + URN_ROUND_MAGIC_F64) - URN_ROUND_MAGIC_F64; f = y - n; p =
 *                URN_EXP2D_D11; p = fma(p, f, D10); ... p = fma(p, f, D1); p = fma(p, f, 1.0); and p * 2^n, exact.
 *      POW(a, b) a = 0: 0 (b > 0) or 1 (b = 0); else EXP2(b * LOG2(a)).
 *    sqrt is the correctly rounded one. Parameter ranges: steps.h. A NaN or out-of-range parameter in device memory
 *    sets URN_ROW_PARAM.
 *
 * 4  The draw, in id order over the final K with its epoch's weights; Z = sum of w over K
 *      U   = the 64 bits word0 | word1 << 32 of the draw's Philox block
 *      r   = (U * Z) >> 64            (128-bit product), so r < Z
 *      id  = the first i with S_i > r, S_i = sum of w_j over j <= i in K.   w_id > 0 always.
 *    With codes given, U is the caller's code. The code that comes back is floor(((U * Z) - 2^64 * S_(i-1)) / w_i) for
 *    the id i drawn (128-bit product), again uniform over 64 bits: what the draw left of U.
 *    By Gumbel keys (URN_DRAW_GUMBEL) the id is the first of K by larger key, then smaller id, among ids of w > 0:
 *      B    = the block {id >> 1, draw, position, URN_STREAM_GUMBEL}
 *      U    = word0 | word1 << 32 of B for an even id, word2 | word3 << 32 for an odd one
 *      E    = 64 - LOG2(f64(U) + 0.5)            if U < URN_GUMBEL_TURN; else
 *             v = (f64(~U) + 0.5) * 2^-64;  s = v / (2 - v);  z = s * s;  q as in LOG2 from this z;  E = s * q
 *      G    = -LOG2(E)
 *      key  = i64(floor((y + G) * 2^40)), y = max(f64(d) * f64(c), -2^20)
 *    so E is -log2 of a uniform in (0, 1), accurate at both ends, and keys reach 65 above y. In nats a key is
 *    (key * 2^-40) * LN2 - LN_LN2.
 *    In a greedy epoch the id is K's only member. No Philox word is used for it; its code comes back as it was.
 *
 * 5  Randomness: Philox4x32-10 (Salmon et al. 2011). A block maps (key 64 bits, counter 4 x 32 bits) to
 *    4 x 32 bits; the key's low word is Philox key word 0.
 *      row key = word0 | word1 << 32 of Philox(key = seed, counter = {label low, label high, 0, URN_STREAM_KEY})
 *      a block = Philox(key = row key, counter = {index, draw, position, stream})
 *    seed and label are the caller's 64-bit values for the row (default label: the index of the row in the
 *    caller's matrix). index is an id where noise belongs to ids, else 0. draw numbers the draws of a row.
 *    position is the caller's (tokens so far). Streams are numbered by purpose and never share a block.
 *    Draw j of urn_sample uses the block {0, j, position, URN_STREAM_DRAW}, words 0 and 1; words 2 and 3
 *    extend U downwards where Z is wider than 64 bits (resample).
 *
 * 6  Floating outputs, from integers, in f64, rounded once to f32 at the end
 *      log2 of an integer Z > 0:  e = 63 - clz64(Z);  m = f64(Z) * 2^-e  (the conversion rounds);
 *        if m > URN_SQRT2: m = m * 0.5, e = e + 1;   s = (m - 1) / (m + 1);   z = s * s;
 *        q = URN_LOG2_C8; q = fma(q, z, C7); ... ; q = fma(q, z, C0);   log2 Z = fma(s, q, f64(e))
 *      L             = log2(Z) - F     (f64 subtraction) for an epoch's sum Z
 *      logprob       = f32((y - L) * LN2),  y = f64(d) * f64(c) of the id in the final epoch, L of the final K
 *                      greedy: 0. An id with T == 0 elsewhere does not arise.
 *      logprob_raw   = the same formula on the raw law: all ids with x > -inf, no steps, T = 1
 *      lse           = f32(fma(L, LN2, f64(M))) of the raw law (natural log, units of the logits)
 *      rank          = how many ids come before the id in the order of section 1, masks ignored (0 = largest)
 *      entropy       = f32((f64(E) / f64(Z) + L) * LN2) nats of the law drawn from, where
 *                      E = sum over K of floor(g * 2^(F + n)), g = v * a (f32), a = -(d * c) (f32), for n >= -F;
 *                      f64(E), f64(Z) convert from u64. greedy: 0.
 *      kept_count    = |K| at the draw (ids of weight 0 in K count)
 *      kept_logmass  = f32(A * LN2), A = sum over epochs, in order, of log2(Z when the epoch ends) - log2(Z when it
 *                      opened), each difference rounded in f64, added in f64 to A = 0; greedy epochs add 0. An epoch
 *                      ends before the logit step that closes it acts, or at the draw. The natural log of the mass
 *                      that the keep steps left (log Z of the truncation).
 *      weight        = f32((f64(count) / f64(N)) * EXP2((yr - Lr) - (y - L))) of an id drawn `count` times in N draws,
 *                      yr and Lr of the raw law: count / N times raw probability over probability drawn from
 *      probs         = f32(f64(w) / f64(Z)); ids outside K 0; greedy 1 and 0
 *      processed     = f32(x / T) of ids in K if T is not 0 and c is finite, else x; outside K -inf; greedy: all but
 *                      the one id -inf. In a link's epoch f32(LOG2(f64(x)) * LN2).
 *      Where a value step ran, d, M and x are those after it. Raw outputs always are of the logits as given.
 *      Past a ragged row's end, up to cols, probs are 0, processed -inf and bits 0; from cols on nothing is written.
 *      A row that draws nothing has id -1, rank -1, kept_count 0, and the f32 NaN URN_NAN_BITS elsewhere; kept bits
 *      and counts are 0, codes come back as they were.
 *
 * 7  Masks: logit steps that take ids out of K and change no x.
 *      mask          ids whose bit is 0 leave.
 *      allow         ids that are not in the row's list leave.
 *      min-tokens n  while position < n, the ids of the row's list leave. Neutral 0.
 *      ban           sequences: one of length 1 takes its id out; a longer one takes its last id out if the context
 *                    (below) ends with the ids before it. An empty one does nothing.
 *      no-repeat n   neutral 0. N = |context|, h its ids. For every i in 0 .. N - n with h[i .. i+n-2] = h[N-n+1 ..
 *                    N-1], the id h[i+n-1] leaves.
 *    Ids outside [0, cols) in lists and contexts take nothing out; cols, here and below, is the length of the row.
 *    The *context* of a row is what its slot keeps of prompt and output, oldest first (slots.h: up to `history` ids),
 *    then the row's drafts in flight (urn_sample_params.overlay). The *outputs* are the ids committed as output since
 *    reset, counted by the slot, and the drafts in flight.
 *
 * 8  Value steps change x of ids in K. FIN(v): v + 0.0f cut to [-FLT_MAX, FLT_MAX]; a NaN ends the row with
 *    URN_ROW_NAN. Before it acts, a value step *settles*: unless T is 1 or 0, or c infinite, x = FIN(x / T) for all of
 *    K, and T = 1. All f32, each operation rounded, in the order written; none fused:
 *      bias b        x = FIN(x + b) for the ids of the row's list, or of a dense table. b = -inf: the id leaves K.
 *      penalties r, f, s, last_n
 *                    seen = the outputs, with URN_STEP_PROMPT also the prompt's set; count = how often an id is among
 *                    the outputs. last_n > 0: both over the last last_n ids of the context instead. Of a seen id: x =
 *                    x > 0 ? x / r : x * r. Of one with count > 0: x = x - f * f32(count); x = x - s. FIN at the end.
 *                    Neutral: r = 1, f = s = 0.
 *      DRY mult, base, allowed, last_n
 *                    h = the last last_n ids of the context (-1: all), N of them. limit = how many ids follow the last
 *                    breaker in h. m_i = the largest m <= min(limit, i + 1) with h[i-j] = h[N-1-j] for all j < m, for i
 *                    in 0 .. N - 2. For an id t, not a breaker: m = the largest m_i with h[i+1] = t; if m >= allowed:
 *                    P = mult; P = P * base, m - allowed times, ending early once P >= FLT_MAX; x = FIN(x - P).
 *                    Neutral: mult = 0.
 *      per-id temperature
 *                    x = FIN(x / t), t the id's in a dense table; each > 0 and finite.
 *      values b      the row's list gives ids and v: x = FIN(x + b * (v - mean)), mean = 0, or with URN_STEP_CENTRE
 *                    f32((sum of f64(v) in list order) / f64(how many)), of those with id in [0, cols) and finite v.
 *                    v = -inf: the id leaves K. Neutral: b = 0.
 *      mix s         x2 the id's logit in a second row: x = FIN(x2 + s * (x - x2)). x2 = -inf: the id leaves K. x2
 *                    NaN or +inf: URN_ROW_NAN, URN_ROW_INF. Neutral: s = 1.
 *      quadratic f, curve
 *                    M the largest x in K, d = x - M, k = (3 - curve) / 2, g = (curve - 1) / 2:
 *                    x = FIN(M + f * ((d * d) * (g * d - k))). Neutral: f = 0.
 *      quadratic score a, b, at
 *                    e = (x - at) - b: x = FIN(-(a * (e * e))). Neutral: none.
 *    A list that names an id of K twice, a NaN or +inf in a list or table at an id of K, a temperature out of range:
 *    URN_ROW_PARAM.
 *      dynamic temperature t, delta, power
 *                    changes T and no x. Opens an epoch if none is open; n = |K|. Greedy epoch, or n = 1: nothing.
 *                    u = min(1, max(0, H2 / LOG2(f64(n)))) in f64; lo = max(0, t - delta), hi = t + delta in f32;
 *                    T = T * f32(f64(lo) + f64(hi - lo) * POW(u, f64(power))). Closes the epoch. A T that is not
 *                    finite, then or after a later temperature: URN_ROW_PARAM. delta = 0: it is temperature t.
 *                    Neutral: t = 1 with delta = 0.
 *
 * 9  Links: at most one in a list, with only keep steps after it. A link closes the epoch, settles, and opens one of
 *    its own in which x becomes g, a linear weight in [0, 1] (f32), w = floor(g * 2^F), and the order is of g. K empty:
 *    URN_ROW_EMPTY. T = 0 or c infinite: greedy as ever. M and d = x - M (f32, cut to -FLT_MAX) are those before it. In
 *    the link's epoch a = f32(-LOG2(f64(g))), +inf where g = 0; y = max(LOG2(f64(g)), -2^20), -2^20 where g = 0; and a
 *    term of E is floor(f32(g * a) * 2^F), 0 where g = 0; top-n-sigma's M is the largest g; processed of g = 0 is -inf.
 *      sparsemax     u = floor(min(-d, 2) * 2^30). t = the largest integer with sum of max(t - u, 0) over K <= 2^30.
 *                    g = f32(max(t - u, 0)) * 2^-30; where that is 0 the id leaves K.
 *      inverse gap gamma, a
 *                    A = a, or f32(|K|) if a is 0. g = 1 / (A + gamma * -d), but of the first in the order g =
 *                    f32((2^F - sum of the others' w) >> 16) * 2^-24; a sum above 2^F: URN_ROW_PARAM.
 *      Tsallis eta   h = eta * -d + z, g = (4 / h) / h, z = the smallest f32 >= 2 with sum of w over K <= 2^F.
 *      mixture lam   a second row x2 (as in mix): w1, Z1 of x over K with T = 1, w2, Z2 of x2 over K likewise; p_k =
 *                    f32(f64(w_k) / f64(Z_k)); g = (1 - lam) * p1 + lam * p2. x2 = -inf weighs 0; if all do:
 *                    URN_ROW_EMPTY.
 *
 * 10  Short rows (tiny.h): `width` ids a row, Gumbel noise in f32 from 64-bit uniforms.
 *      L2(e, t)  = fma(t, P(t), f32(e)), P(t) by fma from URN_TINY_T8 down to URN_TINY_T0: log2(1 + t) + e
 *      SPLIT(v)  of a normal v > 0: i = bits of v as i32 - 0x3f3504f3, e = floor(i / 2^23), t = (the f32 whose bits are
 *                those of v - e * 2^23) - 1
 *      U         by id as in section 4, from the block {R, (R >> 32) * 16 + (id >> 1), position, URN_STREAM_TINY} under
 *                the row key of the call's seed and label. R = first_row + r, 64 bits, r the row's number in the call;
 *                the counter's words are cut to 32 bits.
 *      turn      = high word of U >= URN_TINY_TURN; h, l = the high and the low word of U, or of ~U where turn
 *      a         = fma(f32(l | 1), 2^-32, f32(h)) * 2^-32, where f32 of a word rounds
 *      E         = -L2(0, -a) where turn, else -L2(SPLIT(a));   G = -L2(SPLIT(E))
 *      s         = fma(x - M, k, G), M the largest x of the row, k = scale * URN_LOG2E. x = -inf has no s and p = 0.
 *      choice    the first id by larger s (section 1), then smaller id
 *      p_i       = e_i * (1 / S), S = e_0 + e_1 + ... in id order; e = v * 2^n where n >= -F, else 0, with v and n of
 *                section 2 for d = s - (the choice's s) and c = 1 / tau. All f32. Stored rounded to nearest even.
 *      blend_j   = the sum, from 0 and in id order, of those p_i (f32, before they are stored) whose pattern has bit j
 *      The odds of two ids are those of the law asked for up to a factor 1 +- (1e-6 + 1e-7 * |y|), y the less likely
 *      one's log2 odds; noise reaches 64 above and 6 below.
 *      NaN: URN_ROW_NAN, +inf: URN_ROW_INF, all -inf: URN_ROW_EMPTY. Such a row has choice 255, p and blend
 *      URN_NAN_BITS (f16 0x7e00, bf16 0x7fc0) and pattern bits 0.
 *
 * 11  Masked diffusion (unmask.h). Sequence s is rows s * length + i, i in [0, length); its candidates are the i below
 *    lengths[s] whose token is the mask id, n of them. Blocks are {index, draw, position, URN_STREAM_UNMASK} under the
 *    row key of the sequence's seed and label, whose default is s; a block's first 64 bits are word0 | word1 << 32, its
 *    second word2 | word3 << 32. E(U) as in section 4.
 *      step      candidate i stays masked iff (U >> 11) < ceil(stay * 2^53), U the first bits of block {i, 0}, stay f64
 *      one       opens candidate number (V * n) >> 64, from 0, V the second bits of block {0, 1}. factor = EXP2(-E(U)
 *                / f64(n)), U its first bits: a uniform to the power 1 / n; n = 0: 1. time = time * factor, in f64.
 *      all       opens every candidate.
 *    An opened candidate takes its drawn id, unless that is negative or the mask id. With a count k only the first k of
 *    these do, by larger score and then smaller i: score = confidence + 0.0f, or with a jitter j that is not 0,
 *    f32(f64(confidence) + f64(j) * (-LOG2(E(U)) * LN2 - LN_LN2)) + 0.0f, U the first bits of block {i, 2}. A NaN
 *    scores -inf.
 *
 * 12  Shards (shard.h): a row cut into slices of consecutive ids. Results are the bits of urn_sample on the whole row
 *    with the same list, wherever the list is one of these; ids, counters and ties are of the whole row.
 *      list      logit steps (temperature, mask, dense bias, per-id temperature), then, at the caller's choice,
 *                a) temperatures and min-p, nothing else; or
 *                b) a top-k with k in [1, URN_SHARD_K] and after it temperatures, top-k, top-p, min-p, top-a, epsilon.
 *      A row for which a step's parameter breaks this is URN_ROW_PARAM: in b), a first top-k that is neutral or larger.
 *      first     for each row: status bits of the slice; how many ids are possible; the largest raw x; and the first
 *                URN_SHARD_K ids (a: the first one) of the slice in the order, x after the logit steps.
 *      second    with M = the largest x of all shards: sums over the slice of raw weights; of a): |K|, w, the entropy's
 *                terms, and the id with the first Gumbel key. Of b) and of a greedy row: only the raw weights.
 *                What a row has no use for is 0, id -1.
 *      finish    sums over shards. b) takes the first k of all lists and runs the steps on those.
 *      A slice whose status is not 0 lists nothing and has possible 0, raw_max -inf. Of INDEX, PARAM known before the
 *      logits are read, NAN and INF, PARAM of a table, a slice has the first that is there; a row those of its slices,
 *      again the first of INDEX, NAN and INF, PARAM; EMPTY where nothing is possible.
 *
 * 13  Weighted rejection (reject.h). K, w, Z of the row as given: no steps, T = 1, c = URN_LOG2E. A = the accepted ids.
 *      recursive  the ids of K with w > 0 by Gumbel keys (section 4, draw 0). x = the first of A among them, R = the
 *                 sum of w of those before it, y = the one after it. q = Z - R if y is in A or there is no y, else w_x.
 *                 log_weight = f32((log2 q - log2 Z) * LN2). tried = how many come before x, + 1, + 1 if there is a y.
 *      geometric  trial j draws as draw j of urn_sample does (section 4, inverse, stream DRAW). Trials end when
 *                 `accepts` of them are in A or `rejects` are not; a, r = how many were, and were not. x = the first
 *                 that is in A. log_weight = f32((log2(min(accepts - 1, a)) - log2(a + r - 1)) * LN2). tried = a + r.
 *      log2 is that of integers (section 6). No x: id -1, log_weight -inf, and tried counts all that were looked at;
 *      the status is URN_ROW_EMPTY in the recursive form, 0 in the geometric one. K empty, NaN, +inf: as section 6,
 *      with log_weight URN_NAN_BITS and tried 0.
 *
 *    Families go on in pages of their own: bits_topk.h (without replacement), bits_resample.h (ancestors from weights),
 *    bits_verify.h (speculative decoding).
 */
#ifndef URN_BITS_H
#define URN_BITS_H

#include <stdint.h>

#define URN_BITS_VERSION 1

#define URN_F 40                       /* fraction bits of a weight */
#define URN_MAX_COLS (INT64_C(1) << 22) /* longest row with F = 40 */

#define URN_LOG2E 0x1.715476p+0f       /* log2(e) rounded to f32 */
#define URN_ROUND_MAGIC 0x1.8p+23f     /* 1.5 * 2^23: adding it rounds to an integer */

/* 2^f on [-1/2, 1/2], minimax in relative error with the constant term fixed at 1: 9.4e-8 in exact
 * arithmetic, 1.56e-7 with f32 rounding, over all f32 (tests/unit walks every one of them). */
#define URN_EXP2_E1 0x1.62e42ap-1f
#define URN_EXP2_E2 0x1.ebf9c2p-3f
#define URN_EXP2_E3 0x1.c6b6d8p-5f
#define URN_EXP2_E4 0x1.3ce8acp-7f
#define URN_EXP2_E5 0x1.5bda54p-10f

/* log2(m) = s * (C0 + C1 z + ... + C8 z^8), z = s^2: the atanh series, C_k = 2 / ln 2 / (2k + 1) in f64.
 * |s| <= 3 - 2 sqrt 2 for m in [sqrt 1/2, sqrt 2]; the first term left out is below 1e-15. */
#define URN_ROUND_MAGIC_F64 0x1.8p+52
#define URN_GUMBEL_TURN UINT64_C(0xB504F333F9DE6484) /* 2^64 / sqrt 2: above it E comes from 1 - U */
#define URN_LN_LN2 -0x1.774f29bdd6b9fp-2

#define URN_SQRT2 0x1.6a09e667f3bcdp+0
#define URN_LN2 0x1.62e42fefa39efp-1
#define URN_LOG2_C0 0x1.71547652b82fep+1
#define URN_LOG2_C1 0x1.ec709dc3a03fdp-1
#define URN_LOG2_C2 0x1.2776c50ef9bfep-1
#define URN_LOG2_C3 0x1.a61762a7aded9p-2
#define URN_LOG2_C4 0x1.484b13d7c02a9p-2
#define URN_LOG2_C5 0x1.0c9a84994022dp-2
#define URN_LOG2_C6 0x1.c68f568d31760p-3
#define URN_LOG2_C7 0x1.89f3b1694cffep-3
#define URN_LOG2_C8 0x1.5b9ac9b743f0dp-3

/* 2^f on [-1/2, 1/2] in f64: (ln 2)^k / k!, to 7e-15. */
#define URN_EXP2D_D1 0x1.62e42fefa39efp-1
#define URN_EXP2D_D2 0x1.ebfbdff82c58fp-3
#define URN_EXP2D_D3 0x1.c6b08d704a0c0p-5
#define URN_EXP2D_D4 0x1.3b2ab6fba4e77p-7
#define URN_EXP2D_D5 0x1.5d87fe78a6731p-10
#define URN_EXP2D_D6 0x1.430912f86c787p-13
#define URN_EXP2D_D7 0x1.ffcbfc588b0c7p-17
#define URN_EXP2D_D8 0x1.62c0223a5c824p-20
#define URN_EXP2D_D9 0x1.b5253d395e7c4p-24
#define URN_EXP2D_D10 0x1.e4cf5158b8ecap-28
#define URN_EXP2D_D11 0x1.e8cac7351bb25p-32

/* log2(1 + t) / t on [1 / sqrt 2 - 1, sqrt 2 - 1], minimax in relative error: 2.7e-8, 1.4e-7 with f32 rounding. */
#define URN_TINY_T0 0x1.715476p+0f
#define URN_TINY_T1 -0x1.715470p-1f
#define URN_TINY_T2 0x1.ec73d6p-2f
#define URN_TINY_T3 -0x1.715c4ep-2f
#define URN_TINY_T4 0x1.26d384p-2f
#define URN_TINY_T5 -0x1.e95be8p-3f
#define URN_TINY_T6 0x1.b9c914p-3f
#define URN_TINY_T7 -0x1.a87d00p-3f
#define URN_TINY_T8 0x1.01b6dcp-3f
#define URN_TINY_TURN 0xB504F334u /* 2^32 / sqrt 2: above it E comes from 1 - U */

#define URN_SHARD_K 128 /* ids that a shard's first message lists */

#define URN_NAN_BITS 0x7fc00000u

#define URN_PHILOX_M0 0xD2511F53u
#define URN_PHILOX_M1 0xCD9E8D57u
#define URN_PHILOX_W0 0x9E3779B9u
#define URN_PHILOX_W1 0xBB67AE85u
#define URN_PHILOX_ROUNDS 10

/* Streams: one number a purpose, for life. */
#define URN_STREAM_KEY 0u      /* label -> row key */
#define URN_STREAM_DRAW 1u     /* the draw of urn_sample; the bonus draw of verification at its position */
#define URN_STREAM_DRAFT 2u    /* a drafter's draws */
#define URN_STREAM_COIN 3u     /* acceptance coins */
#define URN_STREAM_RESIDUAL 4u /* draws from a residual law */
#define URN_STREAM_GUMBEL 5u   /* noise that belongs to ids */
#define URN_STREAM_RESAMPLE 6u /* ancestors */
#define URN_STREAM_XTC 7u      /* whether an XTC step acts */
#define URN_STREAM_UNMASK 8u   /* which positions a masked-diffusion step opens */
#define URN_STREAM_TINY 10u    /* noise of Gumbel-softmax over many short rows */

#endif
