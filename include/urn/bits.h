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
 *      logit steps   temperature t: T = T * t (f32).   mask: ids whose bit is 0 leave K.
 *                    A logit step closes the current epoch, if one is open.
 *      keep steps    open an epoch if none is open, then remove ids from K by their rule (section 3).
 *      the draw      opens an epoch if none is open, then draws from K by its weights (section 4).
 *    If K is empty when an epoch opens: URN_ROW_EMPTY; a row with URN_ROW_NAN or URN_ROW_INF gets no other bit. A list
 *    whose temperatures multiply to a T that is not finite is URN_ROW_PARAM, known before the logits are read.
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
 * 3  Keep rules. w, M, c are the current epoch's; Z = sum of w over K at the moment the step runs.
 *      top-k k    neutral 0, -1. Keep the first min(k, |K|) of K in the order.
 *      top-p p    neutral 1. need = max(1, ceil(p * Z)), p * Z formed exactly from p's f32 significand.
 *                 Keep the shortest prefix of K in the order whose weights sum to at least need.
 *      min-p m    neutral 0. thr = ceil(m * 2^F), exact. Keep ids of K with w >= thr.
 *    Parameter ranges: steps.h. A NaN or out-of-range parameter in device memory sets URN_ROW_PARAM.
 *
 * 4  The draw, in id order over the final K with its epoch's weights; Z = sum of w over K
 *      U   = the 64 bits word0 | word1 << 32 of the draw's Philox block
 *      r   = (U * Z) >> 64            (128-bit product), so r < Z
 *      id  = the first i with S_i > r, S_i = sum of w_j over j <= i in K.   w_id > 0 always.
 *    In a greedy epoch the id is K's only member. No Philox word is used for it.
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
 *      A row that draws nothing has id -1, rank -1, kept_count 0, and the f32 NaN URN_NAN_BITS elsewhere.
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

#endif
