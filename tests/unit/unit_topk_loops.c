/* unit_topk_loops.c - the loops that look for the first k, in every table of loops: the bits of the plain one, and no
 * element that reaches a bound is ever passed over. */
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_topk.h"
#include "tests/urn_test.h"

enum { N = URNC_GROUP * 5 + 77, GROUPS = 6 };

static int has(const uint32_t *words, int i) { return (int)(words[i / 32] >> (i % 32) & 1); }

/* property  a bound's bits have every element whose key reaches it, for bounds from none to above all; uniforms are
 * those of the keys */
START_TEST(near_keys_miss_nothing) {
    float x[N];
    for (const urnc_loops *const *loops = urnc_loops_here(); *loops; loops++) {
        ut_rng rng = ut_rng_make(12);
        for (int t = 0; t < 40; t++) {
            for (int i = 0; i < N; i++) x[i] = (float)((1 + t % 9) * ut_normal(&rng));
            if (t % 4 == 0)
                for (int i = 0; i < N; i += 3) x[i] = -INFINITY;
            urnc_view view = {x, NULL, N, URN_F32};
            urnc_scale scale = {x[0], 1.4427f / (float)(1 + t % 3), 0};
            for (int i = 0; i < N; i++) scale.M = x[i] > scale.M ? x[i] : scale.M;
            urnc_noise noise = {.key = 7 + (uint64_t)t, .draw = 1, .position = 3, .least = scale.M - 27.0f / scale.c};
            for (int64_t g = 0; g < GROUPS; g++) {
                int64_t key[URNC_GROUP], bound = (int64_t)((ut_normal(&rng) * 6 - 2) * 0x1p40), at = INT64_MIN;
                uint64_t U[URNC_GROUP];
                uint32_t words[URNC_WORDS];
                if (!(*loops)->outputs->keys(&view, scale, &noise, g, NULL, key)) continue;
                for (int which = 0; which < 4; which++) {
                    at = which == 0 ? INT64_MIN : which == 1 ? bound : key[(size_t)ut_below(&rng, URNC_GROUP)];
                    int any = (*loops)->topk->near_keys(&view, scale, &noise, g, NULL, at, U, words);
                    for (int i = 0; i < URNC_GROUP; i++) {
                        int reaches = key[i] != INT64_MIN && key[i] >= at;
                        UT_ASSERT(!reaches || (any && has(words, i)), "%s: trial %d, element %d is passed over",
                                  (*loops)->name, t, (int)g * URNC_GROUP + i);
                    }
                }
            }
        }
    }
}
END_TEST

/* The key of an item as the page has it. */
static int64_t key_of(const urnc_item_rule *rule, double x, uint64_t i) {
    uint64_t pair = i >> 1;
    uint32_t counter[4] = {(uint32_t)pair, (uint32_t)(pair >> 32), rule->position, URN_STREAM_LONG};
    urnc_block B = urnc_philox(rule->key, counter);
    uint64_t U = B.word[i % 2 * 2] | (uint64_t)B.word[i % 2 * 2 + 1] << 32;
    double y = x * rule->c;
    y = y < -0x1p21 ? -0x1p21 : y > 0x1p21 ? 0x1p21 : y;
    return (int64_t)floor((y + urnc_gumbel(U)) * 0x1p40);
}

/* property  items before a bound, and no others, with the keys of the page: f32, f64 and no values, small and huge
 *           log-weights, indices above 2^32, chunks that begin and end anywhere */
START_TEST(items_are_those_before_the_bound) {
    static const double sizes[] = {1, 30, 2000, 3e6, 1e300};
    double x[N];
    float small[N];
    for (const urnc_loops *const *loops = urnc_loops_here(); *loops; loops++) {
        ut_rng rng = ut_rng_make(21);
        for (int t = 0; t < 60; t++) {
            int wide = t % 3 == 1, none = t % 3 == 2;
            int64_t first = t % 2 ? INT64_C(0x1fffffff00) + t : t;
            for (int i = 0; i < N; i++) {
                x[i] = none ? 0 : sizes[t % 5 - (!wide && t % 5 == 4)] * ut_normal(&rng);
                if (!none && i % 7 == 0) x[i] = -INFINITY;
                small[i] = (float)x[i];
                if (!wide) x[i] = small[i];
            }
            urnc_items items = {none   ? NULL
                                : wide ? (const void *)x
                                       : small,
                                wide ? URN_ITEM_F64 : URN_ITEM_F32, N, first};
            urnc_item_rule rule = {t % 4 == 3, URN_LOG2E_F64 / 0.9, 5, 6};
            for (int64_t g = first / URNC_GROUP; g <= (first + N - 1) / URNC_GROUP; g++) {
                urn_topk_record record[URNC_GROUP], bound = {INT64_MIN, INT64_MAX};
                urnc_item_tally tally = {0, 0};
                int possible = 0;
                for (int turn = 0; turn < 3; turn++) {
                    int n = (*loops)->topk->items(&items, &rule, g, &bound, record, &tally), seen = 0;
                    for (int64_t i = g * URNC_GROUP; i < (g + 1) * URNC_GROUP; i++) {
                        if (i < first || i >= first + N || x[i - first] == -INFINITY) continue;
                        double v = x[i - first] + 0.0;
                        uint64_t b = urnc_bits_of_f64(v);
                        int64_t by_value = (int64_t)(b >> 63 ? b ^ (uint64_t)INT64_MAX : b);
                        urn_topk_record want = {rule.by_value ? by_value : key_of(&rule, v, (uint64_t)i), i};
                        possible += turn == 0;
                        if (!urnc_record_before(&want, &bound)) continue;
                        UT_ASSERT(seen < n && record[seen].key == want.key && record[seen].id == i,
                                  "%s: trial %d, index %lld is passed over", (*loops)->name, t, (long long)i);
                        seen++;
                    }
                    UT_ASSERT(seen == n, "%s: trial %d gives %d items, wanted %d", (*loops)->name, t, n, seen);
                    if (n == 0) break;
                    bound = record[(size_t)ut_below(&rng, n)];
                }
                UT_ASSERT(tally.status == 0 && tally.possible % (possible ? possible : 1) == 0, "tally");
            }
        }
    }
}
END_TEST

static int compare(const void *a, const void *b) {
    const urn_topk_record *i = (const urn_topk_record *)a, *j = (const urn_topk_record *)b;
    return urnc_record_before(i, j) ? -1 : urnc_record_before(j, i);
}

/* property  selection and sort agree with the C library's sort, with many equal keys, ascending and descending */
START_TEST(records_are_sorted_and_selected) {
    enum { MOST = 70000 };
    urn_topk_record *a = (urn_topk_record *)ut_malloc(sizeof *a * MOST),
                    *b = (urn_topk_record *)ut_malloc(sizeof *b * MOST);
    urn_topk_record *spare = (urn_topk_record *)ut_malloc(sizeof *a * MOST);
    ut_rng rng = ut_rng_make(2);
    for (int t = 0; t < 60; t++) {
        int64_t n = t < 50 ? 1 + ut_below(&rng, 400) : MOST - t, k = ut_below(&rng, n + 1);
        for (int64_t i = 0; i < n; i++) {
            urn_topk_record r = {t % 4 == 0   ? ut_below(&rng, 5)
                                 : t % 4 == 1 ? i
                                 : t % 4 == 2 ? -i
                                              : (int64_t)ut_u64(&rng),
                                 i};
            a[i] = b[i] = r;
        }
        qsort(b, (size_t)n, sizeof *b, compare);
        urnc_records_first(a, n, k);
        urnc_records_sort(a, k, spare, 2);
        UT_SAME_BITS(&a[0].key, &b[0].key, 2 * k, "the first k");
        urnc_records_sort(a, n, spare, 2);
        UT_SAME_BITS(&a[0].key, &b[0].key, 2 * n, "all");
    }
    free(a), free(b), free(spare);
}
END_TEST

Suite *unit_topk_loops_suite(void) {
    Suite *suite = suite_create("unit_topk_loops");
    TCase *tests = tcase_create("topk_loops");
    tcase_add_test(tests, near_keys_miss_nothing);
    tcase_add_test(tests, items_are_those_before_the_bound);
    tcase_add_test(tests, records_are_sorted_and_selected);
    suite_add_tcase(suite, tests);
    return suite;
}
