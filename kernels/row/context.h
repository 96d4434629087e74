// context.h - a row's context (bits.h section 7): what its slot's ring holds, oldest first, then its drafts in flight.
//
// Nothing is copied: a place is a word of the ring or of the overlay, read where it lies. The ring of one slot is a few
// KB that every block of the team reads, so it comes from L2 once and from L1 after that.
#ifndef URN_CONTEXT_H
#define URN_CONTEXT_H

#include "kernels/simt/words.h"
#include "urn/sample.h"

namespace urnd {

// The row's drafts in flight, oldest first.
struct Drafts {
    Global<const int32_t> ids;
    uint32_t count;
};

// What the call's overlay has for a row. Any thread calls for itself.
URN_DEVICE Drafts drafts_of(const urn_sample_params &p, int64_t row) {
    int64_t most = p.overlay ? p.overlay_stride : 0, count = most;
    if (p.overlay && p.overlay_count) {
        count = Global<const int32_t>(p.overlay_count, p.logits.rows, TAG_INDEX).load(row);
        count = count < 0 ? 0 : count > most ? most : count;
    }
    return {Global<const int32_t>(p.overlay + row * most, count, TAG_INDEX), (uint32_t)count};
}

struct Context {
    Global<const int32_t> ring;
    Drafts drafts;
    uint32_t history, oldest; // places of the ring, and which of them holds the oldest id
    uint32_t held;            // ids in the ring
    uint32_t skipped, count;  // the context is its last `count` ids: all but `skipped`

    URN_DEVICE int32_t at(uint32_t i) const {
        i += skipped;
        if (i >= held) return drafts.ids.load(i - held);
        uint32_t place = oldest + i; // below 2^21
        return ring.load(place >= history ? place - history : place);
    }
    // Its last n ids, or all of them.
    URN_DEVICE Context newest(uint32_t n) const {
        Context c = *this;
        if (n < count) c.skipped += count - n, c.count = n;
        return c;
    }
};

// Any thread calls for itself.
URN_DEVICE Context context_of(const urn_slots_view &v, int64_t slot, Drafts drafts) {
    uint32_t length = Global<uint32_t>(v.now.length, v.slots, TAG_STATE).load(slot), history = (uint32_t)v.history;
    uint32_t held = length < history ? length : history;
    uint32_t oldest = held == 0 ? 0 : (length - held) % history;
    return {Global<const int32_t>(v.now.ids + slot * v.history, v.history, TAG_STATE),
            drafts,
            history,
            oldest,
            held,
            0,
            held + drafts.count};
}

} // namespace urnd

#endif
