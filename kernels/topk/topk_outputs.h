// topk_outputs.h - what is written of a row: its picks, what its law says of them, of their order and of their set.
#ifndef URN_TOPK_OUTPUTS_H
#define URN_TOPK_OUTPUTS_H

#include "kernels/topk/topk_candidates.h"
#include "kernels/topk/topk_children.h"

namespace urnd {

// Threads of one block call: entries [from, span.count) of a row's place are empty.
URN_DEVICE void empty_picks(const urn_topk_params &p, DrawSpan span, uint32_t from, uint32_t thread, uint32_t threads) {
    const float none = bits_f32(URN_NAN_BITS);
    URN_ROLLED
    for (uint32_t j = from + thread; j < span.count; j += threads) {
        int64_t at = span.at + j;
        if (p.ids) Global<int32_t>(p.ids, span.size, TAG_OUT).store(at, -1);
        if (p.keys) Global<int64_t>(p.keys, span.size, TAG_OUT).store(at, INT64_MIN);
        if (p.values) Global<float>(p.values, span.size, TAG_OUT).store(at, none);
        if (p.logprob) Global<float>(p.logprob, span.size, TAG_OUT).store(at, none);
        if (p.logmass) Global<float>(p.logmass, span.size, TAG_OUT).store(at, none);
        if (p.inclusion_logprob) Global<float>(p.inclusion_logprob, span.size, TAG_OUT).store(at, none);
        if (p.beam_keys) Global<int64_t>(p.beam_keys, span.size, TAG_OUT).store(at, INT64_MIN);
        if (p.beam_logprob) Global<double>(p.beam_logprob, span.size, TAG_OUT).store(at, bits_f64(URN_NAN_BITS_F64));
    }
}

// One thread calls.
URN_DEVICE void write_row(const urn_topk_params &p, int64_t rows, int64_t row, RowTopk topk, int32_t status,
                          float ordered, float set) {
    if (p.found) Global<int32_t>(p.found, rows, TAG_OUT).store(row, (int32_t)topk.found);
    if (p.status) Global<int32_t>(p.status, rows, TAG_OUT).store(row, status);
    if (p.threshold) Global<int64_t>(p.threshold, rows, TAG_OUT).store(row, topk.threshold);
    if (p.ordered_logprob) Global<float>(p.ordered_logprob, rows, TAG_OUT).store(row, ordered);
    if (p.set_logprob) Global<float>(p.set_logprob, rows, TAG_OUT).store(row, set);
}

// ln of the probability that an id with y bits of weight has a key above the threshold (bits_topk.h T3).
URN_DEVICE float inclusion(double y, int64_t threshold) {
    if (threshold == INT64_MIN) return 0.0f;
    double u = exp2_f64(y - (double)threshold * 0x1p-40);
    double a = u * URN_LN2, q;
    if (a < 0x1p-5) {
        double h5 = 1.0 - a * (1.0 / 5.0);
        double h4 = 1.0 - (a * (1.0 / 4.0)) * h5;
        double h3 = 1.0 - (a * (1.0 / 3.0)) * h4;
        double h2 = 1.0 - (a * (1.0 / 2.0)) * h3;
        q = a * h2;
    } else {
        q = 1.0 - exp2_f64(-u);
    }
    return (float)(log2_f64(q) * URN_LN2);
}

// Threads of block 0 call: number_at of each pick, where it stands by increasing id; and id_number, the inverse.
template <int TEAM> URN_DEVICE void number_ids(const Team<TEAM> &team, TopkRoom t, uint32_t found) {
    URN_ROLLED
    for (uint32_t j = team.thread; j < found; j += team.threads)
        t.id_place.store(j, t.place.load(j)), t.id_number.store(j, j);
    block_meet<TEAM>();
    uint32_t size = 2;
    while (size < found) size *= 2;
    sort_network(team, size, found, true, [&](uint32_t i, uint32_t j) {
        uint32_t a = t.id_place.load(i), b = t.id_place.load(j);
        if (a <= b) return;
        uint32_t na = t.id_number.load(i), nb = t.id_number.load(j);
        t.id_place.store(i, b), t.id_number.store(i, nb);
        t.id_place.store(j, a), t.id_number.store(j, na);
    });
    URN_ROLLED
    for (uint32_t i = team.thread; i < found; i += team.threads) t.number_at.store(t.id_number.load(i), i);
    block_meet<TEAM>();
}

// What a pick weighs, and all of K: 2^F in a greedy epoch.
URN_DEVICE uint64_t pick_weight(const Epoch &e, FullLaw law, float x) {
    return e.greedy ? UINT64_C(1) << URN_F : law.of(x);
}

// Threads of block 0 call, after number_ids: f of bits_topk.h T3 over all sets of the picks, by how many they are.
// 2^found sums of up to `found` quotients.
template <int TEAM>
URN_DEVICE float set_log_probability(const Team<TEAM> &team, TopkRoom t, const Epoch &e, FullLaw law, uint64_t mass,
                                     uint32_t found) {
    if (found > URN_TOPK_SET_K) return bits_f32(URN_NAN_BITS);
    if (team.thread < found)
        t.member.store(team.thread, pick_weight(e, law, bits_f32(t.x.load(t.id_number.load(team.thread)))));
    if (team.thread == 0) t.set.store(0, f64_bits(1.0));
    URN_ROLLED
    for (uint32_t size = 1; size <= found; size++) {
        block_meet<TEAM>();
        URN_ROLLED
        for (uint32_t set = team.thread; set < 1u << found; set += team.threads) {
            if ((uint32_t)popc_u32(set) != size) continue;
            uint64_t all = 0;
            double f = 0.0;
            URN_ROLLED
            for (uint32_t a = 0; a < found; a++) all += (set >> a & 1) ? t.member.load(a) : 0;
            URN_ROLLED
            for (uint32_t a = 0; a < found; a++) {
                if (!(set >> a & 1)) continue;
                uint64_t w = t.member.load(a);
                f = f + bits_f64(t.set.load(set ^ 1u << a)) * ((double)w / (double)(mass - (all - w)));
            }
            t.set.store(set, f64_bits(f));
        }
    }
    block_meet<TEAM>();
    float v = (float)(log2_f64(bits_f64(t.set.load((1u << found) - 1))) * URN_LN2);
    return v < 0.0f ? v : 0.0f;
}

// Threads of block 0 call: the picks lie in order in its room. The remaining mass before each is a prefix sum of
// integers: a thread takes consecutive picks.
template <int TEAM, bool RESIDENT>
URN_DEVICE void write_picks(FullState<TEAM, RESIDENT> &s, TopkRoom t, const TopkArgs &args, int64_t index,
                            DrawSpan span, RowTopk topk) {
    const urn_topk_params &p = args.p;
    const Epoch &e = s.epoch;
    const FullLaw law = s.law();
    const bool lawful = p.logmass || p.ordered_logprob || p.set_logprob; // plain has none of these
    const uint32_t found = topk.found;
    const uint64_t mass = e.greedy ? UINT64_C(1) << URN_F : e.mass.all.sum;
    const bool by_id = (p.flags & URN_TOPK_BY_ID) != 0;
    if (by_id || p.set_logprob) number_ids(s.team, t, found);
    uint32_t each = (found + s.team.threads - 1) / s.team.threads;
    uint32_t first = min_of(s.team.thread * each, found), until = min_of(first + each, found);
    uint64_t left = mass;
    if (lawful) {
        uint64_t mine = 0;
        URN_ROLLED
        for (uint32_t j = first; j < until; j++) mine += pick_weight(e, law, bits_f32(t.x.load(j)));
        left -= block_before(s.team, mine);
    }
    const double all_bits = lawful ? log2_u64(mass) : 0.0;
    const bool beams = p.beam_keys || p.beam_logprob;
    Parent parent = {INT64_MAX, 0.0, 0.0};
    int64_t first_key = 0;
    if (beams && found != 0) {
        const int64_t rows = args.rows.call.params.logits.rows;
        if (p.beam_keys) parent.key = Global<const int64_t>(p.parent_key, rows, TAG_INDEX).load(index);
        parent.logprob = Global<const double>(p.parent_logprob, rows, TAG_INDEX).load(index);
        parent.total = law_total(e);
        first_key = drop_gumbel(t.key.load(0));
    }
    block_meet<TEAM>(); // everyone knows the first key, whose place may be used again
    URN_ROLLED
    for (uint32_t j = first; j < until; j++) {
        int64_t at = span.at + (by_id ? t.number_at.load(j) : j);
        uint32_t place = t.place.load(j);
        float x = bits_f32(t.x.load(j));
        if (p.ids) Global<int32_t>(p.ids, span.size, TAG_OUT).store(at, (int32_t)(place - s.row.shift));
        if (p.keys) Global<int64_t>(p.keys, span.size, TAG_OUT).store(at, key_of_pick(p, t.key.load(j)));
        if (p.values) Global<float>(p.values, span.size, TAG_OUT).store(at, x != x ? bits_f32(URN_NAN_BITS) : x);
        if (p.logprob) Global<float>(p.logprob, span.size, TAG_OUT).store(at, law_log_probability<Full>(e, x));
        if (p.inclusion_logprob)
            Global<float>(p.inclusion_logprob, span.size, TAG_OUT)
                .store(at, inclusion(e.greedy ? 0.0 : gumbel_bits_of_law(e, x), topk.threshold));
        if (beams) {
            double y = e.greedy ? 0.0 : gumbel_bits_of_law(e, x);
            if (p.beam_keys)
                Global<int64_t>(p.beam_keys, span.size, TAG_OUT)
                    .store(at, child_key(parent, first_key, drop_gumbel(t.key.load(j))));
            if (p.beam_logprob) {
                double own = e.greedy ? parent.logprob : parent.logprob + (y - parent.total) * URN_LN2;
                Global<double>(p.beam_logprob, span.size, TAG_OUT).store(at, own);
            }
        }
        if (!lawful) continue;
        double left_bits = left ? log2_u64(left) : 0.0;
        uint64_t w = pick_weight(e, law, x);
        if (p.logmass)
            Global<float>(p.logmass, span.size, TAG_OUT)
                .store(at, left ? (float)((left_bits - all_bits) * URN_LN2) : bits_f32(0xff800000u));
        if (p.ordered_logprob) t.key.store(j, f64_bits(log2_u64(w) - left_bits)); // keys have been written
        left -= w;
    }
    empty_picks(p, span, found, s.team.thread, s.team.threads);
    float set = p.set_logprob ? set_log_probability(s.team, t, e, law, mass, found) : 0.0f;
    block_meet<TEAM>();
    if (s.team.thread != 0) return;
    double ordered = 0.0;
    URN_ROLLED
    for (uint32_t j = 0; p.ordered_logprob && j < found; j++) ordered = ordered + bits_f64(t.key.load(j));
    write_row(p, args.rows.call.params.logits.rows, index, topk, URN_ROW_OK, (float)(ordered * URN_LN2), set);
}

} // namespace urnd

#endif
