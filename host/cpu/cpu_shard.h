/* cpu_shard.h - what the three rounds of a sharded row share (bits.h section 12). */
#ifndef URN_CPU_SHARD_H
#define URN_CPU_SHARD_H

#include "host/cpu/cpu_parts.h"
#include "urn/shard.h"

/* A row of a call: its list is logit steps, then either temperatures and min-p, or a top-k and what follows. */
typedef struct urnc_shard_row {
    const urn_shard_params *p;
    int64_t r;
    urnc_plan plan;   /* the whole list; a plan runs its first `acts` */
    int32_t acts;     /* of the list */
    int32_t logits;   /* those before its first keep step */
    int listed;       /* with a top-k: what follows runs on the ids of the first messages */
    int greedy;       /* some epoch is; without a top-k only */
    float T;          /* after the logit steps; without a top-k, after all */
    int32_t status;   /* before the logits are read; of urnc_shard_gather: of the whole row */
    float M, raw_max; /* urnc_shard_gather: of the whole row */
} urnc_shard_row;

void urnc_shard_begin(const urn_shard_params *params, int64_t r, urnc_shard_row *row);

/* With all shards' first messages. */
void urnc_shard_gather(const urn_shard_message1 *all, urnc_shard_row *row);

/* cpu_shard_list.c: ids in the order, with their values. */
typedef struct urnc_shard_list {
    int32_t count;
    float x[URN_SHARD_K];
    int32_t id[URN_SHARD_K];
} urnc_shard_list;

/* The first `most` of both lists -> list. Ids of `more` are larger. */
void urnc_shard_merge(urnc_shard_list *list, const float *x, const int32_t *id, int32_t count, int32_t most);

#endif
