/* cpu_law.c - probabilities of single ids in the law drawn from and in the raw law (bits.h section 6). */
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_outputs.h"

urnc_law urnc_law_of(urnc_row *row) {
    urnc_law law = {row->scale, UINT64_C(1) << URN_F, 0, row->greedy};
    if (row->greedy) return law;
    urnc_epoch_weigh(row);
    law.Z = row->Z;
    law.L = urnc_log2_mass(row->Z);
    return law;
}

double urnc_law_y(const urnc_law *law, float x) {
    if (!law->scale.linear) {
        float d = x - law->scale.M;
        return (double)d * (double)law->scale.c;
    }
    double y = x > 0.0f ? urnc_log2_of((double)x) : -0x1p20;
    return y > -0x1p20 ? y : -0x1p20;
}

float urnc_law_logprob(const urnc_law *law, float x) {
    return law->greedy ? 0.0f : (float)((urnc_law_y(law, x) - law->L) * URN_LN2);
}

static int32_t largest(const urnc_row *row) {
    int32_t order = row->raw_top[0];
    for (int64_t g = 1; g < urnc_groups(&row->raw); g++) order = row->raw_top[g] > order ? row->raw_top[g] : order;
    return order;
}

/* T = 1, nothing masked: one more pass over the row, unless K is all of it and T is 1. */
const urnc_law *urnc_answer_raw(urnc_answer *answer) {
    urnc_row *row = answer->row;
    urnc_law *law = &answer->raw;
    if (answer->has_raw) return law;
    law->scale.M = urnc_f32_of_order(largest(row));
    law->scale.c = URN_LOG2E / 1.0f;
    law->scale.linear = 0;
    law->greedy = 0;
    int same = !row->greedy && row->kept.data == row->raw.data && !row->kept.bits && row->scale.c == law->scale.c;
    law->Z = same ? row->Z : urnc_weigh_view(row, &row->raw, law->scale, row->sums).sum;
    law->L = urnc_log2_mass(law->Z);
    answer->has_raw = 1;
    return law;
}
