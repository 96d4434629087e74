/* check_weights.h - checks that the calls of the resample family share. */
#ifndef URN_CHECK_WEIGHTS_H
#define URN_CHECK_WEIGHTS_H

#include "host/special_call.h"
#include "urn/resample.h"

/* urn_check_weights - a view of weights of 1 to max_items items; its stride becomes final. */
urn_status urn_check_weights(const char *call, urn_weights *weights, int64_t max_items);

/* urn_check_area - rows * width elements of `size` bytes that an address can reach. */
urn_status urn_check_area(const char *call, const char *name, int64_t rows, int64_t width, int64_t size);

size_t urn_weight_size(int32_t type); /* 0 for what is no type */

#endif
