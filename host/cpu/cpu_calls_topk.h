/* cpu_calls_topk.h - the topk family in plain C as host/ calls it; as in cpu_calls.h, arguments have been checked. */
#ifndef URN_CPU_CALLS_TOPK_H
#define URN_CPU_CALLS_TOPK_H

#include "urn/topk.h"
#include "urn/topk_long.h"
#include "urn/topk_segments.h"

#endif
