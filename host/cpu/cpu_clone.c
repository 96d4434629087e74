/* cpu_clone.c - which table of loops runs here. */
#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_loops.h"

/* __builtin_cpu_supports reads what libgcc found at load time: a few loads, no CPUID. */
const urnc_loops *const *urnc_loops_here(void) {
    static const urnc_loops *const plain[] = {&urnc_loops_default, 0};
#if URNC_HAS_X86_CLONES
    static const urnc_loops *const v4[] = {&urnc_loops_v4, &urnc_loops_v3, &urnc_loops_default, 0};
    if (__builtin_cpu_supports("x86-64-v4")) return v4;
    if (__builtin_cpu_supports("x86-64-v3")) return v4 + 1;
#endif
    return plain;
}

const char *urnc_clone(void) { return urnc_loops_here()[0]->name; }
