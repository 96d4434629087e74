/* cpu_fpenv.c - save, set and restore MXCSR on x86, FPCR and FPSR on aarch64, fenv elsewhere. */
#include "host/cpu/cpu_fpenv.h"

#if defined(__SSE__)
#include <immintrin.h>

#define URNC_MXCSR_DEFAULT 0x1f80u /* all exceptions masked, round to nearest, neither FTZ nor DAZ */

void urnc_fpenv_enter(urnc_fpenv *saved) {
    saved->control = _mm_getcsr();
    _mm_setcsr(URNC_MXCSR_DEFAULT);
}

void urnc_fpenv_leave(const urnc_fpenv *saved) { _mm_setcsr((unsigned)saved->control); }

#elif defined(__aarch64__) && defined(__GNUC__)

void urnc_fpenv_enter(urnc_fpenv *saved) {
    uint64_t control, status, zero = 0;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(status));
    saved->control = control | status << 32;
    __asm__ volatile("msr fpcr, %0" : : "r"(zero) : "memory");
}

void urnc_fpenv_leave(const urnc_fpenv *saved) {
    uint64_t control = saved->control & 0xffffffffu, status = saved->control >> 32;
    __asm__ volatile("msr fpcr, %0" : : "r"(control) : "memory");
    __asm__ volatile("msr fpsr, %0" : : "r"(status) : "memory");
}

#else

void urnc_fpenv_enter(urnc_fpenv *saved) {
    fegetenv(&saved->rest);
    fesetenv(FE_DFL_ENV);
}

void urnc_fpenv_leave(const urnc_fpenv *saved) { fesetenv(&saved->rest); }

#endif
