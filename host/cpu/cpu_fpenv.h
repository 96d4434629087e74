/* cpu_fpenv.h - the arithmetic that bits.h section 0 needs, whatever the caller's thread was set to. */
#ifndef URN_CPU_FPENV_H
#define URN_CPU_FPENV_H

#include <fenv.h>
#include <stdint.h>

typedef struct urnc_fpenv {
    uint64_t control;
    fenv_t rest; /* used where neither MXCSR nor FPCR is known */
} urnc_fpenv;

/* Round to nearest even, denormals kept, no traps; the old setting goes to `saved`. Each thread has its own. */
void urnc_fpenv_enter(urnc_fpenv *saved);

/* Put back what enter saved, sticky exception flags included: the caller sees no trace of us. */
void urnc_fpenv_leave(const urnc_fpenv *saved);

#endif
