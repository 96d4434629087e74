// simt_launch.cpp - from launch() to clusters on OS threads.
#include "kernels/simt/simt_machine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <unordered_map>

#include "kernels/launch.h"
#include "kernels/simt/simt_stream.h"

namespace simt {

namespace {

constexpr int32_t kDefaultShared = 232448; // sm_90's 227 KiB
constexpr size_t kUnasked = 48 * 1024;     // shared memory that a kernel may have without prepare()
constexpr uint32_t kPortableCluster = 8, kLargestCluster = 16, kMostThreads = 1024;
constexpr uint32_t kMultiprocessors = 132; // an H100's
constexpr int kMostWorkers = 64;

thread_local simt_options current_options = {1, 0, 0, 1, 1};

std::atomic<uint64_t> launch_count{0};

struct Totals {
    std::mutex mutex;
    simt_traffic by_tag[TAG_COUNT] = {};
};

Totals &totals() {
    static Totals *t = new Totals;
    return *t;
}

void merge_traffic() {
    Totals &t = totals();
    std::lock_guard<std::mutex> lock(t.mutex);
    for (int tag = 0; tag < TAG_COUNT; tag++) {
        t.by_tag[tag].read += traffic[tag].read;
        t.by_tag[tag].written += traffic[tag].written;
        traffic[tag] = {0, 0};
    }
}

size_t shared_limit(const simt_options &options) {
    return static_cast<size_t>(options.shared_limit > 0 ? options.shared_limit : kDefaultShared);
}

// Kernels that prepare() was called for.
struct Prepared {
    std::mutex mutex;
    std::unordered_map<const void *, size_t> shared;
};

Prepared &prepared() {
    static Prepared *p = new Prepared;
    return *p;
}

// The n-th cluster to run: another order of blocks must not be another result.
uint32_t cluster_in_order(const Launch &launch, uint32_t n, uint32_t count, uint32_t stride) {
    if (launch.options.lane_order == 0) return n;
    if (launch.options.lane_order == 1) return count - 1 - n;
    return static_cast<uint32_t>((uint64_t{n} * stride + launch.options.seed) % count);
}

uint32_t stride_through(uint32_t count) {
    auto divides = [](uint32_t a, uint32_t b) {
        while (b) {
            uint32_t r = a % b;
            a = b;
            b = r;
        }
        return a != 1;
    };
    uint32_t stride = count / 2 + count / 8 + 1;
    while (divides(stride, count)) stride++;
    return stride;
}

// One launch under way: workers take cluster numbers until none is left or one faulted.
struct Progress {
    const Launch *launch;
    uint32_t count, stride;
    std::atomic<uint32_t> next{0};
    std::atomic<bool> failed{false};
};

void work_on(Progress *p) {
    static thread_local std::unique_ptr<Worker> worker;
    if (!worker) worker.reset(new Worker);
    while (!p->failed.load(std::memory_order_relaxed)) {
        uint32_t n = p->next.fetch_add(1);
        if (n >= p->count) break;
        if (!worker->run(*p->launch, cluster_in_order(*p->launch, n, p->count, p->stride))) p->failed = true;
    }
    merge_traffic();
}

// Helpers that streams share, made when a launch first wants them. Never destroyed, threads detached: they sleep while
// the process exits. After a fork the child starts a pool of its own.
struct Pool {
    std::mutex mutex;
    std::condition_variable posted, finished;
    struct Task {
        Progress *progress;
        int *left;
    };
    std::deque<Task> tasks;
    int workers = 0;
    pid_t process = getpid();
};

Pool &pool() {
    static std::mutex mutex;
    static Pool *p = nullptr;
    std::lock_guard<std::mutex> lock(mutex);
    if (!p || p->process != getpid()) p = new Pool;
    return *p;
}

void help(Pool *p) {
    std::unique_lock<std::mutex> lock(p->mutex);
    for (;;) {
        p->posted.wait(lock, [p] { return !p->tasks.empty(); });
        Pool::Task task = p->tasks.front();
        p->tasks.pop_front();
        lock.unlock();
        work_on(task.progress);
        lock.lock();
        --*task.left;
        p->finished.notify_all();
    }
}

} // namespace

int execute_launch(const Launch &launch) {
    Progress progress;
    progress.launch = &launch;
    progress.count = launch.grid / launch.together();
    progress.stride = stride_through(progress.count);
    int helpers =
        static_cast<int>(std::min<int64_t>(std::min<int64_t>(launch.options.threads, kMostWorkers), progress.count)) -
        1;
    int left = 0;
    Pool *p = nullptr;
    if (helpers > 0) {
        p = &pool();
        std::lock_guard<std::mutex> lock(p->mutex);
        try {
            while (p->workers < helpers) {
                std::thread(help, p).detach();
                p->workers++;
            }
        } catch (const std::system_error &) {
            // fewer helpers, the same result
        }
        left = std::min(helpers, p->workers);
        for (int i = 0; i < left; i++) p->tasks.push_back({&progress, &left});
        p->posted.notify_all();
    }
    work_on(&progress);
    if (p) {
        std::unique_lock<std::mutex> lock(p->mutex);
        // helpers that never got to it need not
        for (auto t = p->tasks.begin(); t != p->tasks.end();) {
            if (t->progress == &progress) {
                t = p->tasks.erase(t);
                left--;
            } else {
                ++t;
            }
        }
        p->finished.wait(lock, [&left] { return left == 0; });
    }
    return progress.failed ? kLaunch : kOk;
}

int enqueue_launch(const Launch &request, const void *kernel, size_t call_bytes, struct CUstream_st *stream) {
    Launch launch = request;
    launch.options = current_options;
    if (launch.cluster == 0) launch.cluster = 1;
    if (launch.grid == 0 || launch.threads == 0 || launch.threads > kMostThreads || launch.threads % 32 ||
        launch.cluster > kLargestCluster || launch.grid % launch.cluster || launch.grid > INT32_MAX ||
        (launch.crew && (launch.cluster > 1 || launch.grid % launch.crew)))
        return kConfiguration;
    if (launch.crew > 1 && (launch.grid > blocks_at_once() || launch.crew * launch.threads > most_crew_threads()))
        return kTooLarge;
    {
        Prepared &all = prepared();
        std::lock_guard<std::mutex> lock(all.mutex);
        auto found = all.shared.find(kernel);
        size_t allowed = found == all.shared.end() ? kUnasked : std::max(found->second, kUnasked);
        if (launch.shared > std::min(allowed, shared_limit(launch.options))) return kInvalidValue;
        if (launch.cluster > kPortableCluster && found == all.shared.end()) return kConfiguration;
    }
    // The arguments travel with the work: the caller's may be gone when it runs.
    void *copy = ::operator new(call_bytes, std::nothrow);
    if (!copy) return kMemory;
    std::memcpy(copy, request.call, call_bytes);
    std::shared_ptr<void> call(copy, [](void *m) { ::operator delete(m); });
    launch_count.fetch_add(1);
    return stream_push(stream, [launch, call]() mutable {
        launch.call = call.get();
        return execute_launch(launch);
    });
}

uint32_t blocks_at_once() { return kMultiprocessors; } // each holds one

uint32_t most_crew_threads() { return static_cast<uint32_t>(StackPool::limit()); }

int allow_shared(const void *kernel, size_t shared) {
    if (shared > shared_limit(current_options)) return kInvalidValue;
    Prepared &all = prepared();
    std::lock_guard<std::mutex> lock(all.mutex);
    all.shared[kernel] = shared;
    return kOk;
}

void set_options(const urnk_device *device) {
    simt_options o = current_options;
    o.threads = device->threads;
    o.lane_order = device->lane_order;
    o.shared_limit = device->simt_shared;
    current_options = o;
}

} // namespace simt

using namespace simt;

simt_options simt_get_options(void) { return current_options; }

void simt_set_options(const simt_options *options) { current_options = *options; }

simt_traffic simt_bytes(int tag) {
    if (tag < 0 || tag >= TAG_COUNT) return {0, 0};
    Totals &t = totals();
    std::lock_guard<std::mutex> lock(t.mutex);
    return t.by_tag[tag];
}

void simt_clear_bytes(void) {
    Totals &t = totals();
    std::lock_guard<std::mutex> lock(t.mutex);
    std::memset(t.by_tag, 0, sizeof t.by_tag);
}

uint64_t simt_launches(void) { return launch_count.load(); }
