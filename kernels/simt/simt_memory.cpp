// simt_memory.cpp - the stand-in for device memory: redzones, a limit, and where each allocation ends.
#include "kernels/simt/simt_machine.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace simt {

void wait_for_all_streams(); // simt_stream.cpp
bool spoil_captures();       // simt_graph.cpp

namespace {

constexpr size_t kRedzone = 256; // keeps 256-alignment
constexpr uint8_t kRedzoneByte = 0xFB, kFreshByte = 0xCB;

struct Heap {
    std::shared_mutex mutex;
    std::map<uintptr_t, size_t> live; // by first byte given out
    size_t held = 0, limit = SIZE_MAX;
    std::atomic<uint64_t> version{1}; // of `live`: what workers remember is good while it stands
};

Heap &heap() {
    static Heap *h = new Heap; // never destroyed: stream threads may outlive static destructors
    return *h;
}

// [first, last) in which `address` may be touched. Outside of allocations and their redzones: everything up to the
// next.
struct Range {
    uintptr_t first, last;
    uint64_t version;
};

Range find_range(uintptr_t address) {
    Heap &h = heap();
    std::shared_lock<std::shared_mutex> lock(h.mutex);
    uint64_t version = h.version.load(std::memory_order_relaxed);
    auto after = h.live.upper_bound(address);
    if (after != h.live.begin()) {
        auto before = std::prev(after);
        uintptr_t end = before->first + before->second;
        if (address < end) return {before->first, end, version};
        if (address < end + kRedzone) return {address, address, version};
    }
    if (after == h.live.end()) return {address, UINTPTR_MAX, version};
    uintptr_t redzone = after->first - kRedzone;
    return {address, std::max(address, redzone), version};
}

bool clean(const uint8_t *zone, size_t bytes) {
    return std::all_of(zone, zone + bytes, [](uint8_t b) { return b == kRedzoneByte; });
}

} // namespace

size_t reachable_bytes(const void *pointer, size_t bytes) {
    constexpr size_t kWays = 16;
    static thread_local Range cache[kWays] = {};
    uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
    Range &r = cache[(address >> 8) % kWays];
    if (r.version != heap().version.load(std::memory_order_acquire) || address < r.first || address >= r.last)
        r = find_range(address);
    return std::min<size_t>(bytes, r.last > address ? r.last - address : 0);
}

} // namespace simt

using namespace simt;

int simt_malloc(void **pointer, size_t bytes) {
    if (!pointer) return kInvalidValue;
    *pointer = nullptr;
    if (bytes == 0) return kOk;
    if (spoil_captures()) return kCapture;
    Heap &h = heap();
    size_t rounded = (bytes + 255) & ~size_t{255};
    if (rounded < bytes || rounded > SIZE_MAX / 2) return kMemory;
    std::lock_guard<std::shared_mutex> lock(h.mutex);
    if (bytes > h.limit || h.held > h.limit - bytes) return kMemory;
    uint8_t *base = static_cast<uint8_t *>(std::aligned_alloc(256, rounded + 2 * kRedzone));
    if (!base) return kMemory;
    uint8_t *first = base + kRedzone;
    std::memset(base, kRedzoneByte, kRedzone);
    std::memset(first, kFreshByte, bytes);
    std::memset(first + bytes, kRedzoneByte, rounded - bytes + kRedzone);
    h.live[reinterpret_cast<uintptr_t>(first)] = bytes;
    h.held += bytes;
    h.version.fetch_add(1, std::memory_order_release);
    *pointer = first;
    return kOk;
}

int simt_free(void *pointer) {
    if (!pointer) return kOk;
    if (spoil_captures()) return kCapture;
    wait_for_all_streams(); // as cudaFree
    Heap &h = heap();
    uint8_t *first = static_cast<uint8_t *>(pointer);
    size_t bytes;
    {
        std::lock_guard<std::shared_mutex> lock(h.mutex);
        auto found = h.live.find(reinterpret_cast<uintptr_t>(pointer));
        if (found == h.live.end()) return kInvalidValue;
        bytes = found->second;
        h.live.erase(found);
        h.held -= bytes;
        h.version.fetch_add(1, std::memory_order_release);
    }
    size_t rounded = (bytes + 255) & ~size_t{255};
    bool before = clean(first - kRedzone, kRedzone);
    bool after = clean(first + bytes, rounded - bytes + kRedzone);
    std::free(first - kRedzone);
    if (before && after) return kOk;
    char text[128];
    std::snprintf(text, sizeof text, "simt_free: somebody wrote %s an allocation of %zu bytes",
                  before ? "past the end of" : "before the start of", bytes);
    record_fault(text);
    return kLaunch;
}

void simt_set_malloc_limit(size_t bytes) {
    Heap &h = heap();
    std::lock_guard<std::shared_mutex> lock(h.mutex);
    h.limit = bytes;
}
