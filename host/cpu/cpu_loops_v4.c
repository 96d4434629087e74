/* cpu_loops_v4.c - the loops for x86-64-v4. */
#include "host/cpu/cpu_loops.h"

#if URNC_HAS_X86_CLONES
#pragma GCC target("arch=x86-64-v4")
#include "host/cpu/cpu_loops_body.h"

const urnc_loops urnc_loops_v4 = URNC_LOOPS_TABLE("x86-64-v4");
#endif
