// step_list_values.h - beta * (v - mean) is added to the ids of a list: urn_bias (beta 1, mean 0) and urn_values.
#ifndef URN_STEP_LIST_VALUES_H
#define URN_STEP_LIST_VALUES_H

#include "kernels/row/values.h"
#include "kernels/steps/id_list.h"

namespace urnd {

// The whole team calls: the mean of the list's finite values at ids of the row, in list order. A sum of f64 has an
// order, so one thread makes it; the rest get its bits from a tally.
template <int TEAM, bool RESIDENT>
URN_DEVICE float mean_value(Team<TEAM> &team, const Row<Full, RESIDENT> &row, const IdList &list) {
    float mean = 0.0f;
    if (team.leads()) {
        double sum = 0.0;
        int64_t n = 0;
        URN_ROLLED
        for (int64_t k = 0; k < list.count; k++) {
            int64_t id = list.ids.load(k);
            float v = list.values.load(k);
            if (id < 0 || id >= (int64_t)(row.end - row.shift) || !(v >= -URN_FLT_MAX && v <= URN_FLT_MAX)) continue;
            sum = sum + (double)v, n++;
        }
        mean = n ? (float)(sum / (double)n) : 0.0f; // with none, only -inf or an error is left to add
    }
    return bits_f32((uint32_t)team_tally(team, {f32_bits(mean), 0, 0}).all.sum);
}

// The team's threads of this block call, between clear_marks and a walk that looks for -inf. True: the caller met an
// error: a value that is NaN or +inf, or the second of two entries for one id of K. K does not change here, so both
// entries see the id in it; who marks it first adds.
template <int TEAM, bool RESIDENT>
URN_DEVICE bool add_list(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, const IdList &list, float beta,
                         float mean) {
    const float minus_inf = bits_f32(Full::minus_inf);
    bool bad = false;
    URN_ROLLED
    for (int64_t k = team.thread; k < list.count; k += team.threads) {
        int32_t id = list.ids.load(k);
        uint32_t place;
        if (!place_of(row, id, place) || !row.keeps(place)) continue;
        float v = list.values.load(k);
        if (!mark_id(row, id) || !(v <= URN_FLT_MAX))
            bad = true;
        else
            row.put_x(place, v == minus_inf ? v : fin(row.x_at(place) + beta * (v - mean)));
    }
    return bad;
}

} // namespace urnd

#endif
