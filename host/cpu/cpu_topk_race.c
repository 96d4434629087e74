/* cpu_topk_race.c - picks without replacement drawn from the top (bits_topk.h T2).
 *
 * Prefix sums stay those of all of K: a draw from what is left is found there by adding the weights of picks whose
 * intervals come before it. */
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_topk.h"
#include "host/cpu/cpu_wide.h"

/* A pick's interval of the prefix sums. */
typedef struct {
    uint64_t before, w;
} gap;

/* r of the sums without the gaps, as one of the sums with them. Gaps are in their order. */
static uint64_t step_over(const gap *gaps, int32_t n, uint64_t r) {
    for (int32_t i = 0; i < n && r >= gaps[i].before; i++) r += gaps[i].w;
    return r;
}

static void insert(gap *gaps, int32_t n, gap found) {
    for (; n > 0 && gaps[n - 1].before > found.before; n--) gaps[n] = gaps[n - 1];
    gaps[n] = found;
}

/* The arrival of the pick that block B stands for, R the mass it is drawn from. */
static double arrival(double before, urnc_block B, uint64_t R) {
    uint64_t U = B.word[2] | (uint64_t)B.word[3] << 32;
    return before + urnc_exponential(U) / ((double)R * 0x1p-40);
}

static int64_t key_of(double t) { return urnc_floor_i64(-urnc_log2_of(t) * 0x1p40); }

int32_t urnc_race(urnc_row *row, const urnc_law *law, int32_t k, urnc_pick *pick, int64_t *threshold) {
    gap gaps[URN_TOPK_RACE_K];
    uint64_t R = law->Z;
    double t = 0.0;
    const urnc_plan *plan = row->plan;
    *threshold = INT64_MIN;
    urnc_draw_begin(row);
    for (int32_t j = 0; R > 0; j++) {
        urnc_block B = urnc_row_block(plan->key, 0, (uint32_t)j, plan->position, URN_STREAM_RACE);
        t = arrival(t, B, R);
        if (j == k) {
            *threshold = key_of(t);
            return j;
        }
        uint64_t r = (uint64_t)((urnc_u128)urnc_block_u64(B) * R >> 64);
        gap found;
        int64_t at = urnc_draw_find(row, step_over(gaps, j, r), &found.before, &found.w);
        insert(gaps, j, found);
        R -= found.w;
        pick[j].key = key_of(t);
        pick[j].w = found.w;
        pick[j].id = urnc_row_id(row, at);
        pick[j].x = urnc_view_at(&row->kept, at);
        if (R == 0) return j + 1;
    }
    return 0;
}
