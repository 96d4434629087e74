/* cpu_philox_body.h - Philox4x32-10 of many counters abreast; included by cpu_outputs_body.h. */
#if URNC_HAS_X86_CLONES
#include <immintrin.h>
#endif

#define BLOCKS (URNC_GROUP / 2)

/* A vector of words, and the two halves of the products with one factor. Left to itself gcc widens each word to 64 bits
 * and multiplies those, at three times the price (12 to 4 ns a block on an EPYC with AVX-512, 2026-11-22). */
#if URNC_HAS_X86_CLONES && defined(__AVX512F__)
#define LANES 16
typedef __m512i words;
static inline words all_of(uint32_t word) { return _mm512_set1_epi32((int32_t)word); }
static inline words get_words(const uint32_t *from) { return _mm512_loadu_si512(from); }
static inline void put_words(uint32_t *to, words a) { _mm512_storeu_si512(to, a); }
static inline words mix(words a, words b, words c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }
static inline void multiply(words a, words factor, words *high, words *low) {
    words even = _mm512_mul_epu32(a, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), factor);
    *high = _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
    *low = _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA);
}
#elif URNC_HAS_X86_CLONES && defined(__AVX2__)
#define LANES 8
typedef __m256i words;
static inline words all_of(uint32_t word) { return _mm256_set1_epi32((int32_t)word); }
static inline words get_words(const uint32_t *from) { return _mm256_loadu_si256((const __m256i *)from); }
static inline void put_words(uint32_t *to, words a) { _mm256_storeu_si256((__m256i *)to, a); }
static inline words mix(words a, words b, words c) { return _mm256_xor_si256(_mm256_xor_si256(a, b), c); }
static inline void multiply(words a, words factor, words *high, words *low) {
    words even = _mm256_mul_epu32(a, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), factor);
    *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
#else
#define LANES 1
typedef uint32_t words;
static inline words all_of(uint32_t word) { return word; }
static inline words get_words(const uint32_t *from) { return *from; }
static inline void put_words(uint32_t *to, words a) { *to = a; }
static inline words mix(words a, words b, words c) { return a ^ b ^ c; }
static inline void multiply(words a, words factor, words *high, words *low) {
    uint64_t product = (uint64_t)factor * a;
    *high = (uint32_t)(product >> 32);
    *low = (uint32_t)product;
}
#endif

/* The four words of Philox4x32-10 of each {index[i], draw[i], position, stream}; all rounds of a vector in registers.
 */
static void philox_blocks(uint64_t key, const uint32_t index[BLOCKS], const uint32_t draw[BLOCKS], uint32_t position,
                          uint32_t stream, uint32_t word[4][BLOCKS]) {
    const words m0 = all_of(URN_PHILOX_M0), m1 = all_of(URN_PHILOX_M1);
    for (int i = 0; i < BLOCKS; i += LANES) {
        words a = get_words(index + i), b = get_words(draw + i), c = all_of(position), d = all_of(stream);
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        for (int round = 0; round < URN_PHILOX_ROUNDS; round++) {
            words high0, low0, high1, low1;
            multiply(a, m0, &high0, &low0);
            multiply(c, m1, &high1, &low1);
            a = mix(high1, b, all_of(k0));
            b = low1;
            c = mix(high0, d, all_of(k1));
            d = low0;
            k0 += URN_PHILOX_W0;
            k1 += URN_PHILOX_W1;
        }
        put_words(word[0] + i, a);
        put_words(word[1] + i, b);
        put_words(word[2] + i, c);
        put_words(word[3] + i, d);
    }
}
