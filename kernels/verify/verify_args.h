// verify_args.h - what a launch of verification is told, and what its launches leave for the next one in the workspace.
#ifndef URN_VERIFY_ARGS_H
#define URN_VERIFY_ARGS_H

#include "kernels/launch_verify.h"
#include "kernels/steps/step_room.h"

namespace urnd {

// A row's law, as the launch that takes rows leaves it for the walk: with the row's kept bits (and its values, where
// steps changed them) it gives any weight. 64 bytes.
struct alignas(16) LawHead {
    uint64_t data;  // address of the row as given
    uint64_t total; // Z
    float max, c;
    uint32_t
        first; // id of the first of K in the order; a greedy law has no other. Only where it is greedy, or GREEDY asks
    int32_t status;       // of the row
    uint32_t cols, shift; // ids; a place is id + shift
    int32_t scale;        // of probabilities: g = x * 2^-scale
    float threshold;      // TYPICAL: t
    uint32_t flags;       // LAW_
    uint32_t unused;
};
enum : uint32_t { LAW_GREEDY = 1, LAW_LINEAR = 2, LAW_CHANGED = 4, LAW_PROBS = 8 };

// A node of a tree: numbers within its request, of present nodes only; depth -1: it is not present.
struct alignas(16) PlanNode {
    int32_t parent, depth, first_child, next_sibling;
};

struct VerifyArgs {
    urnk_verify_call call;
    SampleArgs side[2]; // rows of the target, of the draft
    LawHead *laws[2];   // by the target's row: of the node's row, of its draft row
    int32_t *own;       // by the target's row: the own draw
    PlanNode *plan;     // by the target's row; trees
    int32_t *path;      // [rows, depth] tokens from the root to the node; trees
    bool pairs;         // urn_verify_bound: row t of the target with row t of the draft, whatever has children
    uint32_t rows;      // of all requests: blocks of the launch that takes them
};

enum { SIDE_TARGET = 0, SIDE_DRAFT = 1 };

URN_DEVICE const urn_sample_params &rows_of(const VerifyArgs &v, int side) { return v.side[side].call.params; }
URN_DEVICE bool is_tree(const VerifyArgs &v) { return v.call.tree.parent || v.call.tree.first_child; }
URN_HOST_DEVICE bool is_distinct(int32_t verifier) {
    return verifier != URN_VERIFY_MULTISTEP && verifier != URN_VERIFY_KSEQ && verifier != URN_VERIFY_GREEDY_DRAFTS &&
           verifier != URN_VERIFY_IMPORTANCE;
}
URN_HOST_DEVICE bool reads_drafts(int32_t verifier) {
    return verifier == URN_VERIFY_RECURSIVE || (verifier >= URN_VERIFY_TRAVERSAL && verifier <= URN_VERIFY_IMPORTANCE);
}

} // namespace urnd

#endif
