/* oracle_topk.h - bits_topk.h by sorting everything. Outputs of params are host memory; rows are a job's. */
#ifndef URN_ORACLE_TOPK_H
#define URN_ORACLE_TOPK_H

#include "tests/oracle.h"

void oracle_topk(const ut_job *job, const urn_topk_params *p);

/* The first k of a long row or a segment. */
typedef struct oracle_item {
    int64_t key, id;
} oracle_item;

/* T4: the key of item i of log-weight x; by URN_TOPK_VALUE or URN_TOPK_GUMBEL. */
int64_t oracle_item_key(int32_t by, double x, int64_t i, uint64_t row_key, uint32_t position, float temperature);
double oracle_item_value(const void *values, int32_t type, int64_t at); /* 0 without values */
void oracle_item_sort(oracle_item *items, int64_t n);                   /* larger key, then smaller id */

/* T5: items of any order, and what finish writes of them; status the bits that came with them. */
void oracle_topk_long(const urn_topk_long_params *p, oracle_item *items, int64_t possible, int32_t status,
                      const urn_topk_long_results *results);
void oracle_topk_segments(const urn_topk_segments_params *p);

#endif
