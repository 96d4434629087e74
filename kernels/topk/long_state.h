// long_state.h - the state of a long row in the caller's memory, and lists of records in the workspace.
#ifndef URN_LONG_STATE_H
#define URN_LONG_STATE_H

#include "kernels/launch_topk.h"
#include "kernels/topk/record_buffer.h"

namespace urnd {

typedef Global<urn_topk_state> StateHead;

URN_DEVICE StateHead state_head(void *state) { return StateHead((urn_topk_state *)state, 1, TAG_STATE); }
URN_DEVICE Global<urn_topk_record> state_records(void *state, int64_t count) {
    return Global<urn_topk_record>((urn_topk_record *)((char *)state + sizeof(urn_topk_state)), count, TAG_STATE);
}
URN_DEVICE Global<const urn_topk_record> state_reader(const void *state, int64_t count) {
    return Global<const urn_topk_record>((const urn_topk_record *)((const char *)state + sizeof(urn_topk_state)), count,
                                         TAG_STATE);
}

// Is it one (bits_topk.h T5)?
URN_DEVICE bool state_good(const urn_topk_state &h, int64_t k) {
    return h.mark == URN_TOPK_STATE_MARK && h.k == k && h.held >= 0 && h.held <= k + 1;
}

// What a block made of its share: `held` records in its list.
struct alignas(16) ListHead {
    int64_t held, possible, items;
    int32_t status, unused;
};

// Lists of `need` records each.
struct Lists {
    urn_topk_record *records;
    ListHead *heads;
    uint32_t need;
    URN_DEVICE Global<urn_topk_record> of(int64_t list) const {
        return Global<urn_topk_record>(records + list * need, need, TAG_WORKSPACE);
    }
    URN_DEVICE Global<const urn_topk_record> reader(int64_t list) const {
        return Global<const urn_topk_record>(records + list * need, need, TAG_WORKSPACE);
    }
    URN_DEVICE Global<ListHead> head(int64_t list) const { return Global<ListHead>(heads + list, 1, TAG_WORKSPACE); }
};

// The whole block calls: the first of a block's records, and what it counted, become a list.
URN_DEVICE void write_list(Buffer &b, const Lists &lists, int64_t list, ListHead head) {
    cut_buffer(b, b.need);
    head.held = b.room.now.load(0);
    Global<urn_topk_record> out = lists.of(list);
    URN_ROLLED
    for (int64_t i = b.team.thread; i < head.held; i += b.team.threads)
        out.store(i, {drop_item(b.room.key.load(i)), (int64_t)b.room.id.load(i)});
    if (b.team.thread == 0) lists.head(list).store(0, head);
}

} // namespace urnd

#endif
