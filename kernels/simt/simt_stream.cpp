// simt_stream.cpp - streams and events. A stream is a queue and a thread that empties it.
#include "kernels/simt/simt_machine.h"

#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <system_error>
#include <unistd.h>

#include "kernels/simt/simt_stream.h"

namespace simt {

namespace {

// What one record on a stream completes. Shared by the event and the work that mentions it.
struct Mark {
    std::mutex mutex;
    std::condition_variable changed;
    uint64_t asked = 0, done = 0; // records enqueued, records passed
    std::chrono::steady_clock::time_point when;
};

// Open streams and the one that NULL stands for. After a fork the child starts with none: threads do not survive it.
struct Streams {
    std::mutex mutex;
    std::set<CUstream_st *> open;
    CUstream_st *fallback = nullptr;
    pid_t process = getpid();
};

Streams &streams() {
    static std::mutex mutex;
    static Streams *s = nullptr; // never destroyed: work may still run while the process exits
    std::lock_guard<std::mutex> lock(mutex);
    if (!s || s->process != getpid()) s = new Streams;
    return *s;
}

void serve(CUstream_st *s) {
    std::unique_lock<std::mutex> lock(s->mutex);
    for (;;) {
        s->changed.wait(lock, [s] { return s->closing || !s->queue.empty(); });
        if (s->queue.empty()) return;
        std::function<int()> work = std::move(s->queue.front());
        s->queue.pop_front();
        s->busy = true;
        lock.unlock();
        int error = work();
        work = nullptr;
        lock.lock();
        s->busy = false;
        if (error && !s->error) s->error = error;
        s->changed.notify_all();
    }
}

void drain(CUstream_st *s) {
    std::unique_lock<std::mutex> lock(s->mutex);
    s->changed.wait(lock, [s] { return s->queue.empty() && !s->busy; });
}

CUstream_st *fallback() {
    Streams &all = streams();
    std::lock_guard<std::mutex> lock(all.mutex);
    if (!all.fallback) {
        all.fallback = new (std::nothrow) CUstream_st;
        if (all.fallback) all.open.insert(all.fallback);
    }
    return all.fallback;
}

int push(CUstream_st *stream, bool always, std::function<int()> work) {
    CUstream_st *s = stream ? stream : fallback();
    if (!s) return kMemory;
    if (record_work(s, work)) return kOk;
    {
        std::lock_guard<std::mutex> lock(s->mutex);
        if (!s->thread.joinable()) {
            try {
                s->thread = std::thread(serve, s);
            } catch (const std::system_error &) {
                return kMemory;
            }
        }
        if (always)
            s->queue.push_back(std::move(work));
        else
            s->queue.push_back([s, work = std::move(work)] {
                {
                    std::lock_guard<std::mutex> guard(s->mutex);
                    if (s->error) return 0; // as on a GPU: nothing runs after a failure until it was reported
                }
                return work();
            });
        s->changed.notify_all();
    }
    if (!stream) drain(s);
    return kOk;
}

bool reachable(const void *pointer, size_t bytes) { return reachable_bytes(pointer, bytes) == bytes; }

} // namespace

int stream_push(CUstream_st *stream, std::function<int()> work) { return push(stream, false, std::move(work)); }

void wait_for_all_streams() {
    Streams &all = streams();
    std::lock_guard<std::mutex> lock(all.mutex);
    for (CUstream_st *s : all.open) drain(s);
}

} // namespace simt

using namespace simt;

struct simt_event {
    std::shared_ptr<Mark> mark = std::make_shared<Mark>();
};

int simt_memcpy_async(void *dst, const void *src, size_t bytes, struct CUstream_st *stream) {
    if (bytes == 0) return kOk;
    if (!dst || !src || !reachable(dst, bytes) || !reachable(src, bytes)) return kInvalidValue;
    return push(stream, false, [=] {
        std::memmove(dst, src, bytes);
        return 0;
    });
}

int simt_memset_async(void *dst, int value, size_t bytes, struct CUstream_st *stream) {
    if (bytes == 0) return kOk;
    if (!dst || !reachable(dst, bytes)) return kInvalidValue;
    return push(stream, false, [=] {
        std::memset(dst, value, bytes);
        return 0;
    });
}

int simt_stream_create(struct CUstream_st **stream) {
    if (!stream) return kInvalidValue;
    *stream = new (std::nothrow) CUstream_st;
    if (!*stream) return kMemory;
    Streams &all = streams();
    std::lock_guard<std::mutex> lock(all.mutex);
    all.open.insert(*stream);
    return kOk;
}

int simt_stream_destroy(struct CUstream_st *stream) {
    if (!stream) return kHandle;
    {
        Streams &all = streams();
        std::lock_guard<std::mutex> lock(all.mutex);
        if (!all.open.erase(stream)) return kHandle;
    }
    {
        std::lock_guard<std::mutex> lock(stream->mutex);
        stream->closing = true;
        stream->changed.notify_all();
    }
    if (stream->thread.joinable()) stream->thread.join(); // it empties its queue first
    delete stream;
    return kOk;
}

int simt_stream_sync(struct CUstream_st *stream) {
    CUstream_st *s = stream ? stream : fallback();
    if (!s) return kMemory;
    if (simt_capturing(s)) {
        spoil_captures();
        return kCapture;
    }
    drain(s);
    std::lock_guard<std::mutex> lock(s->mutex);
    int error = s->error;
    s->error = 0;
    return error;
}

int simt_event_create(simt_event **event) {
    if (!event) return kInvalidValue;
    *event = new (std::nothrow) simt_event;
    return *event ? kOk : kMemory;
}

int simt_event_destroy(simt_event *event) {
    if (!event) return kHandle;
    delete event; // work under way holds the mark
    return kOk;
}

int simt_event_record(simt_event *event, struct CUstream_st *stream) {
    if (!event) return kHandle;
    if (simt_capturing(stream)) {
        spoil_captures();
        return kCapture;
    }
    std::shared_ptr<Mark> mark = event->mark;
    uint64_t number;
    {
        std::lock_guard<std::mutex> lock(mark->mutex);
        number = ++mark->asked;
    }
    return push(stream, true, [mark, number] {
        std::lock_guard<std::mutex> lock(mark->mutex);
        if (number > mark->done) mark->done = number;
        mark->when = std::chrono::steady_clock::now();
        mark->changed.notify_all();
        return 0;
    });
}

static int wait_for_mark(const std::shared_ptr<Mark> &mark, uint64_t number) {
    std::unique_lock<std::mutex> lock(mark->mutex);
    mark->changed.wait(lock, [&] { return mark->done >= number; });
    return 0;
}

static uint64_t last_asked(const std::shared_ptr<Mark> &mark) {
    std::lock_guard<std::mutex> lock(mark->mutex);
    return mark->asked;
}

int simt_event_wait(simt_event *event, struct CUstream_st *stream) {
    if (!event) return kHandle;
    if (simt_capturing(stream)) {
        spoil_captures();
        return kCapture;
    }
    std::shared_ptr<Mark> mark = event->mark;
    uint64_t number = last_asked(mark); // the record made last before this call; a later one does not count
    return push(stream, true, [mark, number] { return wait_for_mark(mark, number); });
}

int simt_event_sync(simt_event *event) {
    if (!event) return kHandle;
    return wait_for_mark(event->mark, last_asked(event->mark));
}

int simt_event_elapsed(float *milliseconds, simt_event *start, simt_event *end) {
    if (!milliseconds) return kInvalidValue;
    if (!start || !end) return kHandle;
    std::chrono::steady_clock::time_point when[2];
    simt_event *events[2] = {start, end};
    for (int i = 0; i < 2; i++) {
        Mark &mark = *events[i]->mark;
        std::lock_guard<std::mutex> lock(mark.mutex);
        if (mark.asked == 0) return kHandle;
        if (mark.done < mark.asked) return kNotReady;
        when[i] = mark.when;
    }
    *milliseconds = std::chrono::duration<float, std::milli>(when[1] - when[0]).count();
    return kOk;
}

const char *simt_error_name(int error) {
    switch (error) {
    case kOk:
        return "no error";
    case kInvalidValue:
        return "invalid argument";
    case kMemory:
        return "out of memory";
    case kConfiguration:
        return "invalid configuration argument";
    case kHandle:
        return "invalid resource handle";
    case kNotReady:
        return "device not ready";
    case kCapture:
        return "operation not permitted when stream is capturing";
    case kSpoilt:
        return "operation failed due to a previous error during capture";
    case kTooLarge:
        return "more blocks than can be there at once";
    case kLaunch:
        return "unspecified launch failure";
    default:
        return "unrecognized error code";
    }
}
