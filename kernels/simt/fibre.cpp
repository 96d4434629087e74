// fibre.cpp - stacks and start of contexts.
#include "kernels/simt/fibre.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <pthread.h>
#include <sys/mman.h>

namespace simt {

namespace {

constexpr size_t kPage = 4096;
// Kernels keep small arrays only. Sanitizers pad frames, so they get more.
constexpr size_t kStack = (URN_FIBRE_ASAN || URN_FIBRE_TSAN ? 256 : 64) * 1024;
constexpr size_t kStride = kStack + kPage; // a page below each stack: a guard, or slack
constexpr size_t kSlab = 128;              // stacks mapped together
// A guard splits its mapping, which triples what a stack costs: a block's worth has them, the crowd of a large cluster
// has canaries. All threads of a launch run the same code, so an overflow is likely to meet a guard anyhow.
constexpr size_t kMaxGuards = 1024;
constexpr size_t kCanaryRoom = 64; // above every stack, for the canary of the next: a page that is touched anyway
constexpr uint64_t kCanary = 0x5ca1ab1e0ddba11full;

std::atomic<size_t> guards_in_use{0};
#if URN_FIBRE_TSAN
constexpr size_t kMaxTsan = 7000; // its runtime holds at most 8,128 threads and fibres together
std::atomic<size_t> tsan_fibres{0};
#endif

} // namespace

size_t StackPool::limit() {
    return URN_FIBRE_TSAN ? 2048 : 16 * 1024; // TSan makes each of them slowly
}

bool StackPool::give(Context *context) {
#if URN_FIBRE_TSAN
    if (tsan_fibres.fetch_add(1) >= kMaxTsan) {
        tsan_fibres.fetch_sub(1);
        return false;
    }
    given++;
#endif
    if (free_count == 0) {
        Slab *slab = new (std::nothrow) Slab;
        if (!slab) return false;
        slab->bytes = kPage + kSlab * kStride;
        void *base =
            mmap(nullptr, slab->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED) {
            delete slab;
            return false;
        }
        slab->base = static_cast<char *>(base);
        slab->guards = 0;
        if (guards_in_use.fetch_add(kSlab) + kSlab <= kMaxGuards) {
            while (slab->guards < kSlab && mprotect(slab->base + kPage + slab->guards * kStride, kPage, PROT_NONE) == 0)
                slab->guards++;
        }
        guards_in_use.fetch_sub(kSlab - slab->guards);
        slab->next = slabs;
        slabs = slab;
        free_at = slab->base + kPage;
        free_count = kSlab;
    }
    context->guarded = kSlab - free_count < slabs->guards;
    context->stack = free_at + (context->guarded ? kPage : 0);
    // Same-named frames of a warp's stacks would all fall into the same cache sets: let each start a few lines lower.
    size_t colour = free_count * 5 * 64 % kPage;
    context->stack_bytes = static_cast<size_t>(free_at + kStride - kCanaryRoom - colour - context->stack);
    context->resume = nullptr;
    if (!context->guarded) std::memcpy(context->stack - kCanaryRoom, &kCanary, sizeof kCanary);
    free_at += kStride;
    free_count--;
    return true;
}

bool StackPool::intact(const Context *context) {
    return context->guarded || std::memcmp(context->stack - kCanaryRoom, &kCanary, sizeof kCanary) == 0;
}

StackPool::~StackPool() {
#if URN_FIBRE_TSAN
    tsan_fibres.fetch_sub(given);
#endif
    while (slabs) {
        Slab *next = slabs->next;
#if URN_FIBRE_ASAN
        __asan_unpoison_memory_region(slabs->base, slabs->bytes);
#endif
        munmap(slabs->base, slabs->bytes);
        guards_in_use.fetch_sub(slabs->guards);
        delete slabs;
        slabs = next;
    }
}

void context_adopt_thread(Context *self) {
    pthread_attr_t attributes;
    void *low = nullptr;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &low, &bytes);
        pthread_attr_destroy(&attributes);
    }
    self->stack = static_cast<char *>(low);
    self->stack_bytes = bytes;
#if URN_FIBRE_TSAN
    self->tsan = __tsan_get_current_fiber();
#endif
}

void context_start(Context *context, void (*entry)(boost::context::detail::transfer_t)) {
#if URN_FIBRE_ASAN
    __asan_unpoison_memory_region(context->stack, context->stack_bytes); // frames that were discarded
    context->fake_stack = nullptr;
#endif
#if URN_FIBRE_TSAN
    if (context->tsan) __tsan_destroy_fiber(context->tsan);
    context->tsan = __tsan_create_fiber(0);
#endif
    context->resume =
        boost::context::detail::make_fcontext(context->stack + context->stack_bytes, context->stack_bytes, entry);
}

} // namespace simt
