/* simt_util.h - run a kernel on the SIMT layer and say what became of it. */
#ifndef URN_SIMT_UTIL_H
#define URN_SIMT_UTIL_H

#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/words.h"

#include <check.h> /* last: it has a macro `fail` */

struct Outcome {
    int launched, finished, faults;
    std::string text;
};

inline simt_options options_of(int order, int threads = 1, int races = 1) {
    simt_options o = {threads, order, 0, races, 7};
    return o;
}

// Launch, wait, collect faults and clear them.
template <class Args>
Outcome run(void (*kernel)(Args), urnd::Shape shape, const Args &args, simt_options options = options_of(0)) {
    simt_clear_faults();
    simt_set_options(&options);
    Outcome o;
    urnd::prepare(kernel, 200 * 1024);
    o.launched = urnd::launch(kernel, shape, nullptr, args);
    o.finished = simt_stream_sync(nullptr);
    o.faults = simt_fault_count();
    o.text = simt_first_fault();
    simt_clear_faults();
    return o;
}

// A kernel that does nothing wrong.
#define EXPECT_CLEAN(outcome)                                                                                          \
    do {                                                                                                               \
        Outcome o_ = (outcome);                                                                                        \
        ck_assert_msg(o_.launched == 0 && o_.finished == 0 && o_.faults == 0,                                          \
                      "launched %d, finished %d, %d faults: %s", o_.launched, o_.finished, o_.faults,                  \
                      o_.text.c_str());                                                                                \
    } while (0)

// A kernel whose planted fault must be caught and named.
#define EXPECT_FAULT(outcome, words)                                                                                   \
    do {                                                                                                               \
        Outcome o_ = (outcome);                                                                                        \
        ck_assert_msg(o_.launched == 0 && o_.finished == 719 && o_.faults >= 1,                                        \
                      "not caught: launched %d, finished %d, %d faults", o_.launched, o_.finished, o_.faults);         \
        ck_assert_msg(o_.text.find(words) != std::string::npos, "wanted \"%s\", got: %s", words, o_.text.c_str());     \
    } while (0)

// Device memory of `count` elements of T for the length of a scope.
template <class T> struct Device {
    T *p;
    size_t count;
    explicit Device(size_t n, const T *from = nullptr) : p(nullptr), count(n) {
        void *m;
        ck_assert_int_eq(simt_malloc(&m, n * sizeof(T)), 0);
        p = static_cast<T *>(m);
        if (from) std::memcpy(m, from, n * sizeof(T));
    }
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;
    ~Device() { simt_free(p); }
    T operator[](size_t i) const { return p[i]; }
};

// Deterministic numbers for operands.
inline uint64_t mix(uint64_t x) {
    x = (x + 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

inline Suite *suite_of(const char *name, std::initializer_list<const TTest *> tests) {
    Suite *s = suite_create(name);
    TCase *c = tcase_create("simt");
    for (const TTest *t : tests) tcase_add_test(c, t);
    tcase_set_timeout(c, 120);
    suite_add_tcase(s, c);
    return s;
}

#endif
