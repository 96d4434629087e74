/* unit_bits_special.c - the parts of host/cpu that only the special calls use: rows in parts, and the loops of keys and
 * of short rows, in every table of loops. */
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_shard.h"
#include "host/cpu/cpu_tiny.h"
#include "tests/urn_test.h"

/* property  the stack has room for what the row engine wants for a part, and for the longest first message */
START_TEST(a_part_has_room) {
    size_t bytes = urnc_row_bytes(URNC_PART) + urnc_values_bytes(URNC_PART, URN_NEEDS_FULL);
    UT_ASSERT(bytes <= URNC_PART_BYTES, "a part wants %zu bytes, has %d", bytes, URNC_PART_BYTES);
    UT_ASSERT(URNC_PART_MASKS >= URN_SHARD_MAX_STEPS && URN_SHARD_K <= URNC_FIRST_MOST, "limits");
}
END_TEST

typedef struct {
    int64_t elements, wrong;
    const float *x;
    const uint32_t *mask;
    const float *bias;
    int64_t first;
} seen;

static int check_part(void *argument, urnc_row *row) {
    seen *a = argument;
    int64_t in = 0, counted = urnc_row_count(row);
    for (int64_t i = 0; i < row->raw.n; i++) {
        int64_t at = a->elements + i, id = a->first + at;
        in += (int64_t)(a->mask[id / 32] >> (id % 32) & 1);
    }
    a->wrong += in != counted || row->first != a->first + a->elements;
    for (int64_t i = 0; i < row->kept.n; i++) {
        int64_t id = row->first + urnc_row_id(row, i);
        float x = urnc_view_at(&row->kept, i);
        if (x > -INFINITY) a->wrong += x != a->x[id - a->first] + a->bias[id] || !(a->mask[id / 32] >> (id % 32) & 1);
    }
    a->elements += row->raw.n;
    return 1;
}

/* property  whatever id a slice begins at, its parts have the bits and values of the whole row's tables, and no word
 *           past the last id is read (under valgrind and the sanitizers: tables are as long as they must be) */
START_TEST(parts_shift_tables) {
    static const int64_t firsts[] = {0, 1, 31, 32, 77, 4097};
    int64_t first = firsts[_i], n = 9001, total = first + n;
    float *x = (float *)ut_malloc(4 * (size_t)n), *bias = (float *)ut_malloc(4 * (size_t)total);
    uint32_t *mask = (uint32_t *)ut_malloc(4 * (size_t)((total + 31) / 32));
    ut_rng rng = ut_rng_make(4);
    for (int64_t i = 0; i < n; i++) x[i] = (float)ut_normal(&rng);
    for (int64_t i = 0; i < total; i++) bias[i] = (float)ut_normal(&rng);
    for (int64_t i = 0; i < (total + 31) / 32; i++) mask[i] = (uint32_t)ut_u64(&rng);
    urn_step steps[] = {urn_mask(mask, 1, (total + 31) / 32, NULL), urn_dense_bias(bias, 1, total, NULL)};
    urn_matrix logits = urn_matrix_dense(x, URN_F32, 1, n, 0);
    urnc_labels labels = {0};
    urnc_plan plan;
    int status = urnc_special_plan(&logits, &labels, steps, 2, 0, &plan);
    urnc_parts parts = {&plan, URN_F32, first, NULL};
    seen a = {0, 0, x, mask, bias, first};
    if (!status) status = urnc_over_parts(&parts, check_part, &a);
    UT_ASSERT(status == 0 && a.elements == n && a.wrong == 0, "status %d, %d elements, %d wrong", status,
              (int)a.elements, (int)a.wrong);
    free(x), free(bias), free(mask);
}
END_TEST

/* property  a group's keys are those of the formula, id by id, whatever the id of its first element and whether ids are
 *           numbers or a list */
START_TEST(keys_follow_the_formula) {
    float x[300];
    int32_t list[300];
    ut_rng rng = ut_rng_make(8);
    for (int i = 0; i < 300; i++) x[i] = (float)(3 * ut_normal(&rng)), list[i] = 3 * i + (i % 2);
    urnc_view view = {x, NULL, 300, URN_F32};
    urnc_scale scale = {20.0f, 1.3f, 0};
    for (const urnc_loops *const *loops = urnc_loops_here(); *loops; loops++)
        for (int listed = 0; listed < 2; listed++)
            for (int64_t g = 0; g < 2; g++) {
                urnc_noise noise = {77, 2, 9, 0.0f, 10 + _i, listed ? list : NULL};
                int64_t key[URNC_GROUP];
                UT_ASSERT((*loops)->outputs->keys(&view, scale, &noise, g, NULL, key), "keys");
                for (int64_t i = 0; i < URNC_GROUP; i++) {
                    int64_t at = g * URNC_GROUP + i, wanted = INT64_MIN;
                    if (at < 300 && x[at] >= 0.0f) {
                        uint32_t id = (uint32_t)(noise.first + (listed ? list[at] : at));
                        urnc_block block = urnc_row_block(77, id / 2, 2, 9, URN_STREAM_GUMBEL);
                        const uint32_t *word = block.word + id % 2 * 2;
                        double y = (double)(x[at] - scale.M) * (double)scale.c;
                        wanted = (int64_t)floor((y + urnc_gumbel(word[0] | (uint64_t)word[1] << 32)) * 0x1p40);
                    }
                    UT_ASSERT(key[i] == wanted, "%s: element %d of group %d", (*loops)->name, (int)i, (int)g);
                }
            }
}
END_TEST

/* property  scores and shares of short rows have the same bits in every table; a row's do not depend on its place */
START_TEST(short_rows_agree_in_every_table) {
    static urnc_tiny_rows plain, other;
    urnc_tiny_noise noise = {5, (UINT64_C(3) << 32) - 60, 11};
    for (const urnc_loops *const *loops = urnc_loops_here(); *loops; loops++)
        for (int first = 1; first >= 0; first--) {
            const urnc_loops *table = first ? &urnc_loops_default : *loops;
            urnc_tiny_rows *rows = first ? &plain : &other;
            ut_rng rng = ut_rng_make(2);
            memset(rows, 0, sizeof *rows);
            for (int id = 0; id < URN_TINY_MAX_WIDTH; id++)
                for (int i = 0; i < URNC_TINY_ROWS; i++) {
                    rows->x[id][i] = ut_below(&rng, 5) ? (float)ut_normal(&rng) : -INFINITY;
                    if (id == 0) rows->M[i] = 6, rows->best[i] = -1;
                }
            table->tiny->scores(&noise, URN_TINY_MAX_WIDTH, 1.4f, rows);
            table->tiny->shares(URN_TINY_MAX_WIDTH, 0.8f, rows);
            if (!first) UT_SAME_BITS((const char *)&plain, (const char *)&other, (int64_t)sizeof plain, table->name);
        }
    for (int i = 0; i < URNC_TINY_ROWS; i++) {
        double sum = 0;
        for (int id = 0; id < URN_TINY_MAX_WIDTH; id++) sum += (double)plain.x[id][i];
        UT_ASSERT(fabs(sum - 1) < 1e-6 && plain.best[i] >= 0, "row %d sums to %g", i, sum);
    }
}
END_TEST

/* property  merging keeps the first in the order, equal values by smaller id */
START_TEST(lists_merge_in_the_order) {
    static const float x[] = {3, 2, 2, -1}, y[] = {4, 2, 1};
    static const int32_t a[] = {5, 1, 6, 0}, b[] = {9, 8, 7}, wanted[] = {9, 5, 1, 6, 8};
    urnc_shard_list list = {0, {0}, {0}};
    urnc_shard_merge(&list, x, a, 4, 5);
    urnc_shard_merge(&list, y, b, 3, 5);
    UT_ASSERT(list.count == 5, "%d", list.count);
    UT_SAME_BITS(list.id, wanted, 5, "ids");
}
END_TEST

Suite *unit_bits_special_suite(void);
Suite *unit_bits_special_suite(void) {
    Suite *suite = suite_create("unit_bits_special");
    TCase *tcase = tcase_create("special");
    tcase_add_test(tcase, a_part_has_room);
    tcase_add_loop_test(tcase, parts_shift_tables, 0, 6);
    tcase_add_loop_test(tcase, keys_follow_the_formula, 0, 2);
    tcase_add_test(tcase, short_rows_agree_in_every_table);
    tcase_add_test(tcase, lists_merge_in_the_order);
    suite_add_tcase(suite, tcase);
    return suite;
}
