/* oracle_math.c - exact arithmetic for the oracle: every fma is an exact 113-bit sum, rounded to odd and then once to
 * its type (Boldo and Melquiond 2008); every product of integers is 128 bits wide; Philox; the functions of bits.h. */
#include <math.h>

#include "tests/oracle.h"

#if defined(__x86_64__)
__extension__ typedef __float128 wide;
#else
typedef long double wide; /* binary128 on the other 64-bit machines */
#endif

oracle_philox oracle_block(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
    oracle_philox c = {{c0, c1, c2, c3}};
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)c.word[0] * 0xD2511F53u, b = (uint64_t)c.word[2] * 0xCD9E8D57u;
        oracle_philox next = {
            {(uint32_t)(b >> 32) ^ c.word[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c.word[3] ^ k1, (uint32_t)a}};
        c = next;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

static uint64_t first_two(oracle_philox block) { return block.word[0] | (uint64_t)block.word[1] << 32; }

uint64_t oracle_row_key(uint64_t seed, uint64_t label) {
    return first_two(oracle_block(seed, (uint32_t)label, (uint32_t)(label >> 32), 0, URN_STREAM_KEY));
}

uint64_t oracle_u64(uint64_t seed, uint64_t label, uint32_t draw, uint32_t position) {
    return first_two(oracle_block(oracle_row_key(seed, label), 0, draw, position, URN_STREAM_DRAW));
}

static wide sum_to_odd(wide a, wide b) {
    wide sum = a + b, part = sum - a, rest = (a - (sum - part)) + (b - part);
    union {
        wide value;
        oracle_wide bits;
    } u;
    u.value = sum;
    if (rest != rest || rest == 0 || (u.bits & 1)) return sum; /* exact, not finite, or odd already */
    u.bits += (rest > 0) == (sum > 0) ? 1 : (oracle_wide)-1;
    return u.value;
}

float oracle_fma32(float a, float b, float c) { return (float)sum_to_odd((wide)a * b, c); }
double oracle_fma64(double a, double b, double c) { return (double)sum_to_odd((wide)a * b, c); }

static int split_float(float v, uint64_t *m) {
    uint32_t bits;
    memcpy(&bits, &v, 4);
    int e = (int)(bits >> 23 & 255);
    *m = bits & 0x7fffff;
    if (e) *m |= 0x800000;
    return (e ? e : 1) - 150;
}

uint64_t oracle_scaled(float v, int s, int up) {
    uint64_t m;
    int shift = split_float(v, &m) + s;
    if (shift >= 0) return m << shift;
    if (shift <= -64) return up && m;
    uint64_t kept = m >> -shift;
    return kept + (up && kept << -shift != m);
}

oracle_wide oracle_share(float p, oracle_wide z, int up) {
    uint64_t m;
    int shift = -split_float(p, &m); /* p <= 1: at least 23 */
    oracle_wide product = (oracle_wide)m * z, kept = shift >= 128 ? 0 : product >> shift;
    int exact = shift >= 128 ? product == 0 : kept << shift == product;
    return kept + (up && !exact);
}

static const double log2_terms[] = {URN_LOG2_C0, URN_LOG2_C1, URN_LOG2_C2, URN_LOG2_C3, URN_LOG2_C4,
                                    URN_LOG2_C5, URN_LOG2_C6, URN_LOG2_C7, URN_LOG2_C8};

double oracle_log2_series(double z) {
    double q = log2_terms[8];
    for (int k = 7; k >= 0; k--) q = oracle_fma64(q, z, log2_terms[k]);
    return q;
}

static double log2_parts(double m, int e) {
    if (m > URN_SQRT2) m = m * 0.5, e = e + 1;
    double s = (m - 1) / (m + 1), z = s * s;
    return oracle_fma64(s, oracle_log2_series(z), e);
}

double oracle_log2_of(uint64_t z) {
    int e = 0;
    while (z >> e > 1) e++;
    return log2_parts(ldexp((double)z, -e), e);
}

double oracle_log2(double v) {
    int e;
    double m = frexp(v, &e); /* in [1/2, 1) */
    return log2_parts(2 * m, e - 1);
}

double oracle_exp2(double y) {
    static const double terms[] = {URN_EXP2D_D1, URN_EXP2D_D2, URN_EXP2D_D3, URN_EXP2D_D4,  URN_EXP2D_D5, URN_EXP2D_D6,
                                   URN_EXP2D_D7, URN_EXP2D_D8, URN_EXP2D_D9, URN_EXP2D_D10, URN_EXP2D_D11};
    y = y > 1000 ? 1000 : y < -1000 ? -1000 : y;
    double n = (y + URN_ROUND_MAGIC_F64) - URN_ROUND_MAGIC_F64, f = y - n, p = terms[10];
    for (int k = 9; k >= 0; k--) p = oracle_fma64(p, f, terms[k]);
    return ldexp(oracle_fma64(p, f, 1.0), (int)n);
}

double oracle_pow(double a, double b) {
    if (a == 0) return b > 0 ? 0 : 1;
    return oracle_exp2(b * oracle_log2(a));
}

double oracle_exponential(uint64_t u) {
    if (u < URN_GUMBEL_TURN) return 64 - oracle_log2((double)u + 0.5);
    double v = ((double)~u + 0.5) * 0x1p-64, s = v / (2 - v), z = s * s;
    return s * oracle_log2_series(z);
}

int64_t oracle_gumbel_key(uint64_t u, double y) {
    return (int64_t)floor((y + -oracle_log2(oracle_exponential(u))) * 0x1p40);
}

uint64_t oracle_gumbel_u64(const oracle_row *row, int64_t id, uint32_t draw) {
    oracle_philox b = oracle_block(oracle_row_key(row->seed, row->label), (uint32_t)(id >> 1), draw, row->position,
                                   URN_STREAM_GUMBEL);
    return id & 1 ? b.word[2] | (uint64_t)b.word[3] << 32 : first_two(b);
}
