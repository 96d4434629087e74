/* bits_topk.h - the bit contract of the topk family: without replacement, long rows, segments, beams, fixed sizes,
 * uniform choices. bits.h comes first; its sections are named by number here, ours by T and number.
 *
 * T1  The first k of a row (topk.h). A row, its key, position, steps and status are those of urn_sample for the same
 *     members (sections 1 to 9); the draw of section 2 opens the epoch that is drawn from. By `by`:
 *       plain     no steps, no epoch, no weights. Every element is a candidate, -inf and +inf too. x and key as in
 *                 section 1. A NaN: URN_ROW_NAN; with URN_TOPK_NANS instead its key is 2^32 - 1 whatever its bits, so
 *                 that it comes before +inf. Candidates by larger key, with URN_TOPK_SMALLEST by smaller key, then by
 *                 smaller id. A row of length 0: URN_ROW_EMPTY.
 *       value     candidates K, in the order of section 1 (in a link's epoch: of g).
 *       gumbel    candidates the ids of K with w > 0, by larger key of section 4 and then smaller id. The block is
 *                 {id >> 1, draw, position, URN_STREAM_GUMBEL}, draw the call's. So the first is urn_sample's draw
 *                 number `draw` by Gumbel keys.
 *       race      candidates the ids of K with w > 0, in the order in which T2 picks them.
 *     The row's k: with offsets the length of the row's range, else its entry of k_of_row, else k. Of a k_of_row
 *     outside [0, k]: URN_ROW_PARAM. Offsets that do not ascend, pass out_size, or span more than k: URN_ROW_INDEX, and
 *     nothing is written to that row's range. Both are known before the logits are read, and come after PADDING.
 *     found = min(k, how many candidates). The *picks* are the first `found` candidates, numbered from 0 in that order.
 *     They are written in that order, with URN_TOPK_BY_ID by increasing id; entries from found to k are empty.
 *     In a greedy epoch there is one candidate, K's only id; its w is 2^F, its key 0, and no Philox word is used.
 *
 * T2  The race: the same law as that of gumbel, drawn from the top. For pick j: R_j = Z - the sum of w of picks before
 *     it. B = the block {0, j, position, URN_STREAM_RACE}.
 *       V      = word0 | word1 << 32 of B;  r = (V * R_j) >> 64   (128-bit product)
 *       id     = the first i with S_i > r, S_i = sum of w over ids <= i of K that are not picks yet
 *       E_j    = E of section 4 for U = word2 | word3 << 32 of B
 *       t_j    = t_(j-1) + E_j / (f64(R_j) * 2^-F), in f64, t_(-1) = 0
 *       key_j  = i64(floor(-LOG2(t_j) * 2^40))
 *     It ends before a j with R_j = 0. The picks' keys are those of gumbel in law, not in bits, and never rise. k is at
 *     most URN_TOPK_RACE_K.
 *
 * T3  Outputs. w, Z, L are of the epoch drawn from (sections 2, 6; a link's: 9); R_j = Z - the sum of w of picks 0 ..
 *     j - 1, an integer; sums in f64 start at 0 and go by increasing j.
 *       values    x of the id in the last epoch: after value steps, T aside; a link's: g; plain: x of section 1, NaN as
 *                 URN_NAN_BITS
 *       keys      gumbel, race: as above. plain, value: the key of section 1 as i64 (with URN_TOPK_NANS as above)
 *       logprob   as in section 6
 *       logmass   f32((log2(R_j) - log2(Z)) * LN2), log2 of integers; -inf where R_j = 0 (value only). logprob -
 *                 logmass is the log-probability of pick j given the picks before it.
 *       ordered_logprob
 *                 f32((sum of (log2(w_j) - log2(R_j))) * LN2) over the picks: of picking these in this order
 *       set_logprob
 *                 of picking these in any order. found > URN_TOPK_SET_K: NaN (URN_NAN_BITS), for the sum has 2^found
 *                 terms. Else the picks by increasing id are the members; for a set A of members f(A) = the sum, from 0
 *                 and over a in A by increasing id, of f(A - a) * (f64(w_a) / f64(Z - w(A - a))), all f64, f(none) = 1;
 *                 min(0, f32(LOG2(f(all)) * LN2)); f(all) is above 2^-800.
 *       threshold i64: the key of the candidate that comes after the picks, or INT64_MIN if there is none. race: key_j
 *                 of T2 for j = found, with the block of that j; none where R_found = 0.
 *       inclusion_logprob
 *                 ln of the probability q that the id's key passes the threshold: f32(LOG2(q) * LN2). With y of section
 *                 4 (a link's: 9), in f64: u = EXP2(y - f64(threshold) * 2^-40), a = u * LN2. If a < 2^-5: h5 = 1 - a *
 *                 (1/5), h4 = 1 - (a * (1/4)) * h5, h3 = 1 - (a * (1/3)) * h4, h2 = 1 - (a * (1/2)) * h3, q = a * h2,
 *                 the fractions rounded to f64; else q = 1 - EXP2(-u). No threshold: 0.
 *       beam_keys, beam_logprob: T7.
 *     An empty entry: id -1, key INT64_MIN, all f32 URN_NAN_BITS, f64 URN_NAN_BITS_F64. A row whose status is not 0 has
 *     found 0, only empty
 *     entries, threshold INT64_MIN and its other f32 URN_NAN_BITS. found 0 without a status (k 0): ordered_logprob and
 *     set_logprob 0, threshold as above.
 *
 * T4  Items of long rows (topk_long.h) and of segments (topk_segments.h). An item has an index i, 64 bits, below 2^40,
 *     and a log-weight x, f32 or f64, exactly as f64; no values: x = 0. NaN sets URN_ROW_NAN, +inf URN_ROW_INF; -inf
 *     is not possible; the others are *possible*.
 *       value     key = b as i64 if the sign of x + 0.0 is 0, else b ^ INT64_MAX as i64, b = the bits of x + 0.0, f64
 *       gumbel    c = URN_LOG2E_F64 / f64(temperature) (f64 division);  y = x * c (f64) cut to [-2^21, 2^21]
 *                 B = the block {low word of p, high word of p, position, URN_STREAM_LONG}, p = i >> 1; U, E and G of
 *                 it as in section 4, by i's last bit;  key = i64(floor((y + G) * 2^40))
 *     The order is: larger key first, then smaller i. So an item's key knows nothing of the other items: keys are
 *     absolute, in units of 2^-40 bits, and hold while |x * c| is at most 2^21; below 2^62 all.
 *
 * T5  Long rows. The row key is that of the call's seed and label (section 5). A *state* holds the first k + 1 possible
 *     items of all that was pushed and merged, or all of them; in any order. The result is the first k: found =
 *     min(k, possible), threshold = the key of item k + 1 or INT64_MIN. So it is the same for all chunkings, orders of
 *     pushes and shards, as long as each index is pushed once. Written in the order of T4, with URN_TOPK_BY_ID by
 *     increasing index; then id -1, key INT64_MIN. A status bit anywhere: found 0, only empty entries, threshold
 *     INT64_MIN. Nothing possible: URN_ROW_EMPTY.
 *     A state *is none* if its mark, its k or a `held` outside [0, k + 1] say so. Merging one that is none sets
 *     URN_ROW_PARAM, which stays. A push or a merge into one does nothing; its finish is URN_ROW_PARAM.
 *
 * T6  Segments. Segment s is items offsets[s] .. offsets[s + 1] of the values; i counts from 0 in each segment; its row
 *     key is that of its seed and label (default: s). ids are offsets[s] + i, or i with URN_TOPK_LOCAL. Results are as
 *     in T5, from the segment's place in the outputs; the other entries of its room are empty. Its status is the first
 *     that holds of: INDEX (not 0 <= offsets[s] <= offsets[s + 1] <= size, or longer than `longest`; not 0 <=
 *     out_offsets[s] <= out_offsets[s + 1] <= out_size, or more than k: then nothing is written to its place), PARAM (k
 *     outside [0, its room]; gumbel: temperature not > 0 or not finite), NAN and INF, EMPTY. PARAM too has found 0.
 *
 * T7  Beams (topk.h, topk_beam.h). A parent has a key P (i64, as any key in units of 2^-40 bits) and a log-probability
 *     b (f64, nats). Of its row's picks, in f64: beam_logprob = b + (y - L) * LN2 (greedy: b); o = b * LOG2E_F64 - L
 *     (greedy: L = 0); T = f64(P) * 2^-40; Z = o + f64(key_0) * 2^-40; D = f64(key_0 - key_j) * 2^-40; beam_keys:
 *       P = INT64_MAX  (no condition, a root): i64(floor((o + f64(key_j) * 2^-40) * 2^40))
 *       D = 0          P
 *       else           a = D * LN2; h = a * (1 + (a * (1/2)) * (1 + (a * (1/3)) * (1 + a * (1/4)))) if D < 2^-10,
 *                      else EXP2(D) - 1;  s = (T - Z) + LOG2(h);
 *                      i64(floor(g * 2^40)), g = T - s if s > 60, else T - LOG2(1 + EXP2(s))
 *     Arrivals are 2^-key: given that the first child comes when its parent does, the others keep their distances. So
 *     the largest of a parent's beam_keys is P, to the bit. y here is at least -2^20, as in section 4.
 *     Selection: candidates are the entries of a group's rows with id not -1, numbered row by row; the first `width` by
 *     larger beam_keys, then smaller number.
 *
 * T8  Fixed size (topk_fixed.h). Probabilities are u64 in units of 2^-62, at most ONE = 2^62; larger: URN_ROW_PARAM.
 *     Blocks are {j, draw, position, URN_STREAM_FIXED}, U = word0 | word1 << 32 unless said.
 *       pivotal     a binary tree over ids: node j of level h covers ids j * 2^h .. (j + 1) * 2^h - 1 below n, and
 *                   hands up one (id, p) with 0 < p < ONE, or nothing. A leaf of p = ONE is chosen, of p = 0 not, and
 *                   hands up nothing. Of two that come up, (i, a) from the left and (k, b) from the right, s = a + b,
 *                   U of block {j, h}: s <= ONE: i wins iff (U * s) >> 64 < a; the other is not chosen; the winner
 *                   goes up with s, or is chosen if s = ONE. s > ONE: i is chosen iff (U * (2 * ONE - s)) >> 64 < ONE
 *                   - b, else k is; the other goes up with s - ONE. At the root, level H = ceil(log2 n): what comes up
 *                   is chosen iff U >> 2 < p, U of block {0, 63}.
 *       Poisson     id i is chosen iff U >> 2 < p, U of block {i >> 1, 64}, words 2 and 3 for an odd id
 *       systematic  r = U >> 2 of block {0, 65}; S_i = the sum of p over ids <= i, mod 2^64: id i is chosen iff
 *                   (S_i + r) >> 62 differs from (S_(i-1) + r) >> 62, sums mod 2^64; p = 0 is never chosen
 *     ids ascend; `found` counts all that are chosen, entries past the room are left out. weight = f32(2^62 / f64(p)).
 *     n = 0 or all p = 0: found 0, status 0.
 *     Solving: weights x, f32, >= 0 and finite, else URN_ROW_PARAM (NaN: URN_ROW_NAN, +inf: URN_ROW_INF, which come
 *     first); -0 is 0. A k_of_row outside [0, k]: URN_ROW_PARAM, likewise. w = floor(x * 2^(40 - e)), 2^e the least
 *     power of two not below the largest x. No w > 0: URN_ROW_EMPTY and p 0. Fewer than k, or k, with w > 0: these
 *     have p = ONE. Else t = the largest integer in [1, 2^40] with S >= (k - m) * t, m = how many have w > t, S = the
 *     sum of w over the others; those m have p = ONE, the others p_i = Q_i - Q_(i-1), Q_i = floor((k - m) * 2^62 * P_i
 *     / S), P_i = the sum of w over the others with ids <= i. So the sum of p is k * 2^62, exactly.
 *
 * T9  Uniform choices (topk_uniform.h). Blocks are {low word of j, draw, position, URN_STREAM_UNIFORM}.
 *       permutation of [0, n), n <= 2^40: q = max(2, ceil(log2 n)) bits, l = floor(q / 2), m = q - l. x = A * 2^l + B,
 *                   A of m bits, B of l bits. Rounds r = 0 .. 7: even: A = A ^ (f(B) cut to m bits), odd: B = B ^ (f(A)
 *                   cut to l bits), f(v) = word0 of the block with j = v, draw = r. Then again from the start while x
 *                   >= n: the cycle ends below n. The inverse does rounds 7 .. 0.
 *       resample    draw j of m from [0, n): (U * n) >> 64, U = word0 | word1 << 32 of block {j >> 1, 16} for an even
 *                   j, words 2 and 3 for an odd one. counts of an id: how many j.
 *       field       bit i: word i % 4 of block {i >> 2, 32} < p, p in [0, 2^32] in units of 2^-32. i < 2^34. Bits past
 *                   n in the last word are 0.
 */
#ifndef URN_BITS_TOPK_H
#define URN_BITS_TOPK_H

#include <stdint.h>

#define URN_STREAM_RACE 11u /* picks and arrival times of the race */
#define URN_STREAM_LONG 12u /* noise of items with 64-bit indices */
#define URN_STREAM_FIXED 13u /* choices with given inclusion probabilities */
#define URN_STREAM_UNIFORM 14u /* permutations, resamples, fields of bits */

#define URN_NAN_BITS_F64 UINT64_C(0x7ff8000000000000)
#define URN_FIXED_ONE (UINT64_C(1) << 62) /* a probability of 1 */
#define URN_PERMUTE_ROUNDS 8

#define URN_LOG2E_F64 0x1.71547652b82fep+0

#define URN_TOPK_K 2048     /* largest k of urn_topk */
#define URN_TOPK_RACE_K 64  /* largest k of the race */
#define URN_TOPK_SET_K 12   /* most picks whose set_logprob is summed */

#endif
