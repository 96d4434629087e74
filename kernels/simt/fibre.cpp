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
constexpr size_t kStride = kStack + kPage; // guard page below each stack
constexpr size_t kSlab = 128;              // stacks mapped together
constexpr size_t kMaxGuards = 24000;       // each splits a mapping; Linux allows 65,530 of them by default
constexpr uint64_t kCanary = 0x5ca1ab1e0ddba11full;

std::atomic<size_t> guards_in_use{0};

} // namespace

size_t StackPool::limit() {
    // TSan's runtime holds at most 8,128 threads and fibres together.
    return URN_FIBRE_TSAN ? 2048 : 16 * 1024;
}

bool StackPool::give(Context *context) {
    if (free_count == 0) {
        Slab *slab = new (std::nothrow) Slab;
        if (!slab) return false;
        slab->bytes = kSlab * kStride;
        void *base =
            mmap(nullptr, slab->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED) {
            delete slab;
            return false;
        }
        slab->base = static_cast<char *>(base);
        slab->guards = 0;
        if (guards_in_use.fetch_add(kSlab) + kSlab <= kMaxGuards) {
            slab->guards = kSlab;
            // A refused mprotect leaves that stack with its canary only.
            for (size_t i = 0; i < kSlab; i++) (void)mprotect(slab->base + i * kStride, kPage, PROT_NONE);
        } else {
            guards_in_use.fetch_sub(kSlab);
        }
        slab->next = slabs;
        slabs = slab;
        free_at = slab->base;
        free_count = kSlab;
    }
    context->stack = free_at + kPage;
    // Same-named frames of a warp's stacks would all fall into the same cache sets: let each start a few lines lower.
    context->stack_bytes = kStack - free_count * 5 * 64 % kPage;
    context->resume = nullptr;
    std::memcpy(context->stack, &kCanary, sizeof kCanary);
    free_at += kStride;
    free_count--;
    return true;
}

bool StackPool::intact(const Context *context) { return std::memcmp(context->stack, &kCanary, sizeof kCanary) == 0; }

StackPool::~StackPool() {
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
