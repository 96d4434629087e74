// fibre.h - stackful contexts: make one, switch to another. Knows nothing of GPUs.
//
// A switch is one jump of Boost.Context's assembly (callee-saved registers, MXCSR, x87 control word). Sanitizers are
// told of every switch. A context stays on the OS thread that made it.
#ifndef URN_FIBRE_H
#define URN_FIBRE_H

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define URN_FIBRE_ASAN 1
#else
#define URN_FIBRE_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define URN_FIBRE_TSAN 1
#else
#define URN_FIBRE_TSAN 0
#endif

namespace simt {

struct Context {
    void *resume = nullptr; // where it goes on; null: not started
    char *stack = nullptr;  // lowest address
    size_t stack_bytes = 0;
    bool guarded = false;       // an unmapped page lies below; else a canary
    void *fake_stack = nullptr; // ASan's
    void *tsan = nullptr;       // TSan's fibre
};

// The first thing a context does after it was switched to: note where the one that left goes on.
inline void context_land(boost::context::detail::transfer_t t, Context *self) {
    static_cast<Context *>(t.data)->resume = t.fctx;
#if URN_FIBRE_ASAN
    __sanitizer_finish_switch_fiber(self->fake_stack, nullptr, nullptr);
#endif
    (void)self;
}

// Leave `from`, go on with `to`; returns when somebody switches to `from`.
inline void context_switch(Context *from, Context *to) {
#if URN_FIBRE_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
#endif
#if URN_FIBRE_TSAN
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
    context_land(boost::context::detail::jump_fcontext(to->resume, from), from);
}

// Describe the stack that the calling OS thread runs on.
void context_adopt_thread(Context *self);
// Let `context` start in `entry` at the next switch; whatever it was doing is discarded, nothing is unwound.
void context_start(Context *context, void (*entry)(boost::context::detail::transfer_t));

// Stacks for the fibres of one OS thread: kept until the pool dies; the first ones of a process are guarded by an
// unmapped page each, the others by a canary word.
class StackPool {
  public:
    StackPool() = default;
    StackPool(const StackPool &) = delete;
    StackPool &operator=(const StackPool &) = delete;
    ~StackPool();
    bool give(Context *context); // false: out of memory
    static bool intact(const Context *context);
    static size_t limit(); // most fibres an OS thread may have in this build

  private:
    struct Slab {
        char *base;
        size_t bytes, guards;
        Slab *next;
    };
    Slab *slabs = nullptr;
    char *free_at = nullptr;
    size_t free_count = 0, given = 0;
};

} // namespace simt

#endif
