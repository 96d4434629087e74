/* api_tree_plan.c - urn_tree_plan: the best tree for rates of acceptance by rank.
 *
 * A node is accepted with the product of the rates on its path, and tokens a pass are the sum of that over all nodes. A
 * node's is below its parent's and its elder siblings', so taking the best node that may come next, one after the
 * other, gives the best tree of every size. */
#include "host/check.h"
#include "urn/verify_draft.h"

static urn_status check(const char *call, const float *rates, int32_t children) {
    for (int32_t b = 0; b < children; b++)
        if (!(rates[b] >= 0.0f && rates[b] <= (b ? rates[b - 1] : 1.0f)))
            return urn_fail(URN_E_VALUE, "%s: rates[%d] is %g; wanted 0 to %g", call, b, (double)rates[b],
                            b ? (double)rates[b - 1] : 1.0);
    return URN_OK;
}

urn_status urn_tree_plan(const float *rates, int32_t children, int32_t nodes, int32_t depth, int32_t *parent,
                         double *expected) {
    static const char call[] = "urn_tree_plan";
    double chance[URN_VERIFY_MAX_NODES], sum = 1.0;
    int32_t level[URN_VERIFY_MAX_NODES], next[URN_VERIFY_MAX_NODES], made = 1;
    URN_TRY(urn_check_pointer(call, "rates", rates));
    URN_TRY(urn_check_pointer(call, "parent", parent));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "children", children, 1, URN_VERIFY_MAX_CHILDREN));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "nodes", nodes, 1, URN_VERIFY_MAX_NODES));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "depth", depth, 0, nodes - 1));
    URN_TRY(check(call, rates, children));
    chance[0] = 1.0;
    level[0] = next[0] = 0;
    for (int32_t i = 0; i < nodes; i++) parent[i] = -1;
    while (made < nodes) {
        int32_t best = -1;
        double most = -1.0;
        for (int32_t n = 0; n < made; n++) {
            if (level[n] >= depth || next[n] >= children) continue;
            double value = chance[n] * (double)rates[next[n]];
            if (value > most) most = value, best = n;
        }
        if (best < 0) break;
        next[best]++;
        parent[made] = best;
        chance[made] = most;
        level[made] = level[best] + 1;
        next[made++] = 0;
        sum += most;
    }
    if (expected) *expected = sum;
    return URN_OK;
}
