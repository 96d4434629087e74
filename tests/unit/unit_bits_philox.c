/* unit_bits_philox.c - our Philox against other people's: the Random123 package and cuRAND's host generator. */
#include <dlfcn.h>
#include <stdio.h>

#include "host/cpu/cpu_philox.h"
#include "tests/urn_test.h"
#include "urn/bits.h"

#if defined(__has_include)
#if __has_include(<Random123/philox.h>)
#include <Random123/philox.h>
#define HAS_RANDOM123 1
#endif
#endif
#ifndef HAS_RANDOM123
#define HAS_RANDOM123 0
#endif

START_TEST(same_words_as_random123) {
#if HAS_RANDOM123
    ut_rng rng = ut_rng_make(6);
    for (int i = 0; i < ut_loops(200000); i++) {
        uint64_t key = ut_u64(&rng);
        philox4x32_ctr_t counter;
        philox4x32_key_t key32 = {{(uint32_t)key, (uint32_t)(key >> 32)}};
        for (int w = 0; w < 4; w++) counter.v[w] = (uint32_t)ut_u64(&rng);
        philox4x32_ctr_t theirs = philox4x32_R(10, counter, key32);
        urnc_block ours = urnc_philox(key, counter.v);
        ut_note("key 0x%016llx", (unsigned long long)key);
        UT_SAME_BITS(ours.word, theirs.v, 4, "block");
    }
#else
    puts("skip same_words_as_random123: Random123/philox.h was not found (package librandom123-dev)");
#endif
}
END_TEST

/* cuRAND by hand, so that the test builds without it; the values are those of curand.h. */
typedef struct {
    int (*create_host)(void **generator, int type);
    int (*seed)(void *generator, unsigned long long seed);
    int (*ordering)(void *generator, int ordering);
    int (*generate)(void *generator, unsigned *words, size_t n);
    int (*destroy)(void *generator);
} curand;

enum { PHILOX4_32_10 = 161, ORDERING_LEGACY = 103 };

static int find(void *library, const char *name, void *function) {
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol); /* C has no conversion from object to function pointers */
    return symbol != NULL;
}

static int open_curand(curand *c) {
    static const char *const names[] = {"libcurand.so.10", "libcurand.so", "/usr/local/cuda/lib64/libcurand.so.10",
                                        "/usr/local/cuda/lib64/libcurand.so"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW);
    return library && find(library, "curandCreateGeneratorHost", &c->create_host) &&
           find(library, "curandSetPseudoRandomGeneratorSeed", &c->seed) &&
           find(library, "curandSetGeneratorOrdering", &c->ordering) && find(library, "curandGenerate", &c->generate) &&
           find(library, "curandDestroyGenerator", &c->destroy);
}

/* cuRAND interleaves 65,536 subsequences (its first GPU's threads): word w of the block {b, 0, s, 0} under the seed as
 * key is output number 4 * (65536 * b + s) + w. */
#define SUBSEQUENCES 65536

START_TEST(same_words_as_curand_host_generator) {
    curand c;
    void *generator = NULL;
    static const uint64_t seeds[] = {0, 1, 0x123456789abcdef0u, UINT64_MAX};
    size_t n = (size_t)4 * SUBSEQUENCES * 2 + 4 * 1000;
    if (!open_curand(&c) || c.create_host(&generator, PHILOX4_32_10) != 0) {
        puts("skip same_words_as_curand_host_generator: libcurand was not found");
        return;
    }
    unsigned *words = ut_malloc(n * sizeof *words);
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        UT_ASSERT(c.ordering(generator, ORDERING_LEGACY) == 0 && c.seed(generator, seeds[i]) == 0 &&
                      c.generate(generator, words, n) == 0,
                  "cuRAND fails");
        for (size_t k = 0; k < n; k += 4) {
            uint32_t counter[4] = {(uint32_t)(k / 4 / SUBSEQUENCES), 0, (uint32_t)(k / 4 % SUBSEQUENCES), 0};
            urnc_block ours = urnc_philox(seeds[i], counter);
            ut_note("seed 0x%016llx, output %zu", (unsigned long long)seeds[i], k);
            UT_SAME_BITS(ours.word, words + k, 4, "block");
        }
        c.destroy(generator); /* a generator goes on where it stopped: a new one for each seed */
        UT_ASSERT(c.create_host(&generator, PHILOX4_32_10) == 0, "cuRAND fails");
    }
    c.destroy(generator);
    free(words);
}
END_TEST

/* property  the words of a counter are used where bits.h says: each word, its carry neighbours and the key's halves
 *           change the block; label and seed do not commute */
START_TEST(every_counter_word_counts) {
    uint64_t key = urnc_row_key(7, 3);
    static const uint32_t values[] = {0, 1, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu};
    urnc_block base = urnc_row_block(key, 5, 5, 5, 5);
    for (int w = 0; w < 4; w++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            uint32_t counter[4] = {5, 5, 5, 5};
            counter[w] = values[v];
            urnc_block one = urnc_philox(key, counter);
            urnc_block same = urnc_row_block(key, counter[0], counter[1], counter[2], counter[3]);
            UT_SAME_BITS(one.word, same.word, 4, "index, draw, position, stream in this order");
            UT_ASSERT(memcmp(&one, &base, sizeof one) != 0, "word %d = 0x%08x gives the block of 5", w, values[v]);
        }
    UT_ASSERT(urnc_row_key(7, 3) != urnc_row_key(3, 7), "seed and label commute");
    UT_ASSERT(urnc_row_key(7, 1) != urnc_row_key(7, UINT64_C(1) << 32), "label's halves are the same");
}
END_TEST

Suite *unit_bits_philox_suite(void);
Suite *unit_bits_philox_suite(void) {
    Suite *suite = suite_create("unit_bits_philox");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, same_words_as_random123);
    tcase_add_test(cpu, same_words_as_curand_host_generator);
    tcase_add_test(cpu, every_counter_word_counts);
    suite_add_tcase(suite, cpu);
    return suite;
}
