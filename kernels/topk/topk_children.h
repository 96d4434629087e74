// topk_children.h - picks as children of a beam: keys conditioned on the parent's, log-probabilities of paths
// (bits_topk.h T7).
#ifndef URN_TOPK_CHILDREN_H
#define URN_TOPK_CHILDREN_H

#include "kernels/bits/dev_gumbel.h"
#include "kernels/bits/dev_log2.h"

namespace urnd {

// floor(v * 2^40), cut to what 64 bits hold.
URN_DEVICE int64_t fixed_key(double v) {
    double at = v * 0x1p40;
    if (!(at > -0x1p63)) return INT64_MIN; // a NaN too
    if (at >= 0x1p63) return INT64_MAX;
    int64_t whole = (int64_t)at; // towards 0
    return (double)whole > at ? whole - 1 : whole;
}

// A row's parent.
struct Parent {
    int64_t key;    // INT64_MAX: none
    double logprob; // nats
    double total;   // L of the row's law
};

// One thread: the key of the child with key `own`, the first child's being `first`.
URN_DEVICE int64_t child_key(const Parent &parent, int64_t first, int64_t own) {
    double o = parent.logprob * URN_LOG2E_F64 - parent.total;
    if (parent.key == INT64_MAX) return fixed_key(o + (double)own * 0x1p-40);
    double t = (double)parent.key * 0x1p-40, z = o + (double)first * 0x1p-40;
    double d = (double)(first - own) * 0x1p-40;
    if (d == 0.0) return parent.key;
    double a = d * URN_LN2, h;
    if (d < 0x1p-10)
        h = a * (1.0 + (a * (1.0 / 2.0)) * (1.0 + (a * (1.0 / 3.0)) * (1.0 + a * (1.0 / 4.0))));
    else
        h = exp2_f64(d) - 1.0;
    double s = (t - z) + log2_f64(h);
    return fixed_key(s > 60.0 ? t - s : t - log2_f64(1.0 + exp2_f64(s)));
}

} // namespace urnd

#endif
