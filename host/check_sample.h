/* check_sample.h - the members of urn_sample_params, checked and completed. */
#ifndef URN_CHECK_SAMPLE_H
#define URN_CHECK_SAMPLE_H

#include "urn/sample.h"

/* urn_check_sample - all that a call may be refused for but its owners and its workspace. Afterwards slots, strides and
 * top_n are final: nothing stands for a default any more. */
urn_status urn_check_sample(const char *call, urn_sample_params *params, const urn_sampler *sampler);

/* urn_check_sample_inputs - for families whose rows are those of an urn_sample call: the same checks and completions of
 * the members that say what the rows and their laws are (logits to state, done, overlay); every output must be NULL;
 * draws, method, codes and workspace are not looked at. `params` is the caller's struct copied by urn_sample_copy. */
urn_status urn_check_sample_inputs(const char *call, urn_sample_params *params, const urn_sampler *sampler);

/* urn_sample_copy - the caller's struct, of whatever version, over the defaults. */
urn_status urn_sample_copy(const char *call, urn_sample_params *params, const urn_sample_params *given);

#endif
