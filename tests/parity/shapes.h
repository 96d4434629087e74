/* shapes.h - the launch shapes of the simt backend that random calls are tried in, and one call held against cpu. */
#ifndef URN_PARITY_SHAPES_H
#define URN_PARITY_SHAPES_H

#include "tests/any_case.h"

typedef struct hint {
    const char *name;
    int32_t team, threads, cluster, streamed;
    int64_t cols; /* longest rows that this shape takes */
} hint;

/* A bed on simt in this shape, with so many CPU threads over clusters. */
ut_bed *hinted(const hint *h, int32_t lane_order, int32_t threads);

/* Every output of the case of `seed` is the same on both, and no kernel committed a fault. */
void hold(ut_bed *cpu, ut_bed *simt, uint64_t seed, const any_limits *limits, const char *shape);

#endif
