/* cpu_clone.c - which table of loops runs here. */
#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_loops.h"

#if URNC_HAS_X86_CLONES
/* Feature by feature: gcc 11 compiles for "x86-64-v3" but cannot ask for it. Processors with these have the rest of
 * their level too. __builtin_cpu_supports reads what libgcc found at load time: a few loads, no CPUID. */
static int has_v3(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
static int has_v4(void) {
    return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

const urnc_loops *const *urnc_loops_here(void) {
    static const urnc_loops *const plain[] = {&urnc_loops_default, 0};
#if URNC_HAS_X86_CLONES
    static const urnc_loops *const v4[] = {&urnc_loops_v4, &urnc_loops_v3, &urnc_loops_default, 0};
    if (has_v4()) return v4;
    if (has_v3()) return v4 + 1;
#endif
    return plain;
}

const char *urnc_clone(void) { return urnc_loops_here()[0]->name; }
