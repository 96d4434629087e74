/* check_sample.h - the members of urn_sample_params, checked and completed. */
#ifndef URN_CHECK_SAMPLE_H
#define URN_CHECK_SAMPLE_H

#include "urn/sample.h"

/* urn_check_sample - all that a call may be refused for but its owners and its workspace. Afterwards slots, strides and
 * top_n are final: nothing stands for a default any more. */
urn_status urn_check_sample(const char *call, urn_sample_params *params, const urn_sampler *sampler);

#endif
