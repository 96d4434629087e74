/* processor.h - what the host's processor is. */
#ifndef URN_PROCESSOR_H
#define URN_PROCESSOR_H

#include <stddef.h>
#include <stdint.h>

/* urn_processor_cores - processors that this process may run on; at least 1. */
int32_t urn_processor_cores(void);

/* urn_processor_name - the processor's model name; "cpu" where the system does not tell. */
void urn_processor_name(char *name, size_t bytes);

#endif
