/* machine.h - what the host's processor is. */
#ifndef URN_MACHINE_H
#define URN_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* urn_machine_cores - processors that this process may run on; at least 1. */
int32_t urn_machine_cores(void);

/* urn_machine_name - the processor's model name; "cpu" where the system does not tell. */
void urn_machine_name(char *name, size_t bytes);

#endif
