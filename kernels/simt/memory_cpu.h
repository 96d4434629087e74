// memory_cpu.h - shared and global memory on the CPU: every access inside its array, initialised, counted by tag.
#ifndef URN_MEMORY_CPU_H
#define URN_MEMORY_CPU_H

#ifndef URN_WORDS_CPU_H
#error "include kernels/simt/words.h"
#endif

namespace urnd {

struct alignas(16) Vec16 {
    uint32_t w[4];
};

// shared memory: an array of a block's dynamic arena, at the same offset as on a GPU
template <class T> struct Shared {
    simt::Block *block;
    uint32_t offset, count;
    const char *name;

    T load(size_t i) const {
        uint32_t at = byte(i, 1);
        T v;
        simt::touch_shared<sizeof(T)>(block, at, sizeof(T), simt::Use::read, nullptr, name, i);
        std::memcpy(&v, block->shared + at, sizeof v);
        return v;
    }
    void store(size_t i, T v) const {
        uint32_t at = byte(i, 1);
        simt::touch_shared<sizeof(T)>(block, at, sizeof(T), simt::Use::write, &v, name, i);
        std::memcpy(block->shared + at, &v, sizeof v);
    }
    T add(size_t i, T v) const {
        return change(i, [v](T old) { return static_cast<T>(old + v); });
    }
    T max(size_t i, T v) const {
        return change(i, [v](T old) { return old > v ? old : v; });
    }
    T or_(size_t i, T v) const {
        return change(i, [v](T old) { return static_cast<T>(old | v); });
    }
    // 16 bytes from element i, whose address is a multiple of 16
    Vec16 load16(size_t i) const {
        uint32_t at = aligned16(i);
        Vec16 v;
        simt::touch_shared<16>(block, at, sizeof(T), simt::Use::read, nullptr, name, i);
        std::memcpy(&v, block->shared + at, sizeof v);
        return v;
    }
    void store16(size_t i, Vec16 v) const {
        uint32_t at = aligned16(i);
        simt::touch_shared<16>(block, at, sizeof(T), simt::Use::write, &v, name, i);
        std::memcpy(block->shared + at, &v, sizeof v);
    }
    // The same array in block `rank` of the cluster.
    Shared<T> on_rank(uint32_t rank) const {
        simt::Cluster *c = block->cluster;
        if (rank >= c->launch->cluster)
            simt::fault("on_rank(%u) of %s in a cluster of %u blocks", rank, name, c->launch->cluster);
        return {c->block + (c->launch->crew ? block->rank : rank), offset, count, name};
    }

    // Shared byte of elements [i, i + n), which must exist.
    uint32_t byte(size_t i, size_t n) const {
        if (i >= count || n > count - i)
            simt::fault("shared memory: %s[%zu], %zu elements, is outside of its %u elements", name, i, n, count);
        return offset + static_cast<uint32_t>(i * sizeof(T));
    }

  private:
    uint32_t aligned16(size_t i) const {
        static_assert(16 % sizeof(T) == 0, "16 bytes hold whole elements");
        uint32_t at = byte(i, 16 / sizeof(T));
        if (at % 16) simt::fault("shared memory: 16 bytes at %s[%zu] are not aligned", name, i);
        return at;
    }
    template <class F> T change(size_t i, F f) const {
        static_assert(std::is_integral<T>::value && sizeof(T) >= 4, "atomics on integers only");
        uint32_t at = byte(i, 1);
        simt::touch_shared<sizeof(T)>(block, at, sizeof(T), simt::Use::atomic, nullptr, name, i);
        T old, now;
        std::memcpy(&old, block->shared + at, sizeof old);
        now = f(old);
        std::memcpy(block->shared + at, &now, sizeof now);
        return old;
    }
};

// Hands out shared memory from the start of the block's dynamic arena. Arena(false) only counts, for the launcher.
struct Arena {
    size_t used;
    bool real;
    explicit Arena(bool on_device) : used(0), real(on_device) {}
    // `count` elements, 16-aligned. `name` appears in fault texts.
    template <class T> Shared<T> take(size_t count, const char *name) {
        static_assert(std::is_trivially_copyable<T>::value, "shared memory holds plain data");
        size_t at = (used + 15) & ~static_cast<size_t>(15);
        used = at + count * sizeof(T);
        if (!real || !simt::running) return {nullptr, static_cast<uint32_t>(at), static_cast<uint32_t>(count), name};
        simt::Block *block = simt::running->block;
        if (used > block->shared_bytes)
            simt::fault("arena: %s ends at byte %zu, the launch gave a block %zu", name, used, block->shared_bytes);
        return {block, static_cast<uint32_t>(at), static_cast<uint32_t>(count), name};
    }
};

// global memory
template <class T> struct Global {
    using V = std::remove_cv_t<T>;
    T *p;
    int64_t count;
    int64_t reach; // elements that may be touched: fewer than count where the allocation ends sooner, 0 if unusable
    int tag;

    Global(T *pointer, int64_t elements, int buffer)
        : p(pointer), count(elements), reach(elements), tag(buffer >= 0 && buffer < TAG_COUNT ? buffer : 0) {
        if (!p || elements <= 0 || reinterpret_cast<uintptr_t>(p) % alignof(T))
            reach = 0;
        else if (simt::running)
            reach = static_cast<int64_t>(
                simt::reachable_bytes(const_cast<const V *>(p), static_cast<size_t>(elements) * sizeof(T)) / sizeof(T));
    }
    V load(int64_t i) const {
        const T *from = at(i, 1);
        simt::traffic[tag].read += sizeof(T);
        return *from;
    }
    V load_once(int64_t i) const { return load(i); }
    void store(int64_t i, V v) const {
        T *to = at(i, 1);
        simt::traffic[tag].written += sizeof(T);
        *to = v;
    }
    V or_(int64_t i, V v) const {
        T *to = at(i, 1);
        simt::traffic[tag].read += sizeof(T);
        simt::traffic[tag].written += sizeof(T);
        return __atomic_fetch_or(to, v, __ATOMIC_RELAXED);
    }
    V add(int64_t i, V v) const {
        T *to = at(i, 1);
        simt::traffic[tag].read += sizeof(T);
        simt::traffic[tag].written += sizeof(T);
        return __atomic_fetch_add(to, v, __ATOMIC_RELAXED);
    }
    V max(int64_t i, V v) const {
        T *to = at(i, 1);
        simt::traffic[tag].read += sizeof(T);
        simt::traffic[tag].written += sizeof(T);
        V old = __atomic_load_n(to, __ATOMIC_RELAXED);
        while (old < v && !__atomic_compare_exchange_n(to, &old, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        }
        return old;
    }
    void store16(int64_t i, Vec16 v) const {
        T *to = at(i, 16 / sizeof(T));
        if (reinterpret_cast<uintptr_t>(to) % 16)
            simt::fault("global memory, tag %d: 16 bytes at element %lld are not aligned", tag,
                        static_cast<long long>(i));
        simt::traffic[tag].written += 16;
        std::memcpy(to, &v, sizeof v);
    }
    Vec16 load16_once(int64_t i) const {
        const T *from = at(i, 16 / sizeof(T));
        if (reinterpret_cast<uintptr_t>(from) % 16)
            simt::fault("global memory, tag %d: 16 bytes at element %lld are not aligned", tag,
                        static_cast<long long>(i));
        simt::traffic[tag].read += 16;
        Vec16 v;
        std::memcpy(&v, const_cast<const V *>(from), sizeof v);
        return v;
    }
    Vec16 load16(int64_t i) const { return load16_once(i); }
    bool null() const { return p == nullptr; }
    uintptr_t address(int64_t i) const {
        return reinterpret_cast<uintptr_t>(p) + static_cast<uintptr_t>(i) * sizeof(T);
    }

    // Elements [i, i + n), which must exist.
    T *at(int64_t i, int64_t n) const {
        if (i < 0 || i >= reach || n > reach - i) refuse(i, n);
        return p + i;
    }

  private:
    [[noreturn]] __attribute__((noinline, cold)) void refuse(int64_t i, int64_t n) const {
        const char *why = !p                                            ? "the pointer is null"
                          : reinterpret_cast<uintptr_t>(p) % alignof(T) ? "the pointer is not aligned to its elements"
                          : i < 0 || i >= count || n > count - i        ? "outside of the array"
                                                                        : "past the end of its allocation";
        simt::fault("global memory, tag %d: elements %lld to %lld of %lld: %s", tag, static_cast<long long>(i),
                    static_cast<long long>(i + n - 1), static_cast<long long>(count), why);
    }
};

} // namespace urnd

#endif
