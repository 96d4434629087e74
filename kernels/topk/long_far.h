// long_far.h - calls on long rows with k above URN_TOPK_K, and what finish says whatever k is.
#ifndef URN_LONG_FAR_H
#define URN_LONG_FAR_H

#include "kernels/topk/long_state.h"

namespace urnd {

// long_far.cu
int far_push(const urnk_device &d, const urnk_topk_long_call &call, struct CUstream_st *stream);
int far_merge(const urnk_device &d, const urnk_topk_long_call &call, struct CUstream_st *stream);
int far_finish(const urnk_device &d, const urnk_topk_long_call &call, struct CUstream_st *stream);

URN_DEVICE int32_t finish_status(const urn_topk_state &state, int64_t k) {
    if (!state_good(state, k)) return URN_ROW_PARAM;
    return state.status ? state.status : state.possible == 0 ? URN_ROW_EMPTY : URN_ROW_OK;
}

// One thread calls.
URN_DEVICE void finish_scalars(const urn_topk_long_results &r, int64_t found, int64_t threshold, int32_t status) {
    if (r.found) Global<int64_t>(r.found, 1, TAG_OUT).store(0, found);
    if (r.threshold) Global<int64_t>(r.threshold, 1, TAG_OUT).store(0, threshold);
    if (r.status) Global<int32_t>(r.status, 1, TAG_OUT).store(0, status);
}

} // namespace urnd

#endif
