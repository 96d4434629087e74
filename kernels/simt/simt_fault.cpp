// simt_fault.cpp - the record of what kernels did wrong.
#include "kernels/simt/simt_machine.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace simt {

namespace {

constexpr size_t kText = 640;

struct Record {
    std::mutex mutex;
    int count = 0;
    char first[kText] = "";
};

// Never destroyed: threads of streams that nobody closed may still fault while the process exits.
Record &record() {
    static Record *r = new Record;
    return *r;
}

void describe(const Thread *t, const char *format, va_list list, char *text) {
    const Launch *l = t->block->cluster->launch;
    int n = std::snprintf(text, kText, "kernel of %s (%s:%d), block %u (rank %u of %u), warp %u, lane %u: ", l->caller,
                          l->place.file, l->place.line, t->block->id, t->block->rank, t->block->cluster->blocks,
                          t->id / 32, t->id % 32);
    if (n > 0 && static_cast<size_t>(n) < kText) std::vsnprintf(text + n, kText - static_cast<size_t>(n), format, list);
}

} // namespace

void record_fault(const char *text) {
    Record &r = record();
    std::lock_guard<std::mutex> lock(r.mutex);
    if (r.count++ == 0) std::snprintf(r.first, sizeof r.first, "%s", text);
}

void report(const Thread *t, const char *format, ...) {
    char text[kText];
    va_list list;
    va_start(list, format);
    describe(t, format, list, text);
    va_end(list);
    record_fault(text);
    t->block->cluster->failed = true;
}

void fault(const char *format, ...) {
    Thread *t = running;
    Cluster *c = t->block->cluster;
    char text[kText];
    va_list list;
    va_start(list, format);
    describe(t, format, list, text);
    va_end(list);
    record_fault(text);
    c->failed = true;
    running = nullptr;
    for (;;) context_switch(&t->context, &c->scheduler); // nobody switches back
}

} // namespace simt

using namespace simt;

int simt_fault_count(void) {
    Record &r = record();
    std::lock_guard<std::mutex> lock(r.mutex);
    return r.count;
}

const char *simt_first_fault(void) {
    // A copy for the caller's thread: the record may be cleared meanwhile.
    static thread_local char text[kText];
    Record &r = record();
    std::lock_guard<std::mutex> lock(r.mutex);
    std::memcpy(text, r.first, sizeof text);
    return text;
}

void simt_clear_faults(void) {
    Record &r = record();
    std::lock_guard<std::mutex> lock(r.mutex);
    r.count = 0;
    r.first[0] = 0;
}
