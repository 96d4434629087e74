/* check_step.h - is a step of a list one that can be run? What is wrong is told by list, step and parameter. */
#ifndef URN_CHECK_STEP_H
#define URN_CHECK_STEP_H

#include "host/check.h"
#include "host/step_rules.h"

/* Where a step stands, for the detail text. */
typedef struct urn_step_place {
    const char *call;
    int32_t list, step;
} urn_step_place;

/* urn_check_step - URN_OK or URN_E_STEP. */
urn_status urn_check_step(urn_step_place place, const urn_step *step);

#endif
