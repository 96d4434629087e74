// simt_graph.cpp - capture: what is enqueued on a stream is kept, and enqueued again by each launch of the graph.
//
// Kept work is closures with their arguments in them, as a CUDA graph's nodes have theirs: what a kernel reads from
// device memory is read when it runs, what was an argument stays as it was: a seed passed by value would be baked in.
#include "kernels/simt/simt_machine.h"

#include <atomic>
#include <new>
#include <vector>

#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/simt_stream.h"

struct simt_graph {
    std::vector<std::function<int()>> work;
    std::atomic<bool> spoilt{false};
};

namespace simt {

namespace {

// Captures under way. Short: a lock and a walk do.
std::mutex captures_mutex;
std::vector<simt_graph *> captures;

void forget(simt_graph *graph) {
    std::lock_guard<std::mutex> lock(captures_mutex);
    for (size_t i = 0; i < captures.size(); i++)
        if (captures[i] == graph) {
            captures.erase(captures.begin() + (long)i);
            return;
        }
}

} // namespace

int record_work(CUstream_st *stream, const std::function<int()> &work) {
    std::lock_guard<std::mutex> lock(stream->mutex);
    if (!stream->recording) return 0;
    stream->recording->work.push_back(work);
    return 1;
}

bool spoil_captures() {
    std::lock_guard<std::mutex> lock(captures_mutex);
    for (simt_graph *graph : captures) graph->spoilt = true;
    return !captures.empty();
}

} // namespace simt

using namespace simt;

int simt_capture_begin(struct CUstream_st *stream) {
    if (!stream) return kCapture; // the default stream cannot be captured
    simt_graph *graph = new (std::nothrow) simt_graph;
    if (!graph) return kMemory;
    {
        std::lock_guard<std::mutex> lock(stream->mutex);
        if (stream->recording) {
            delete graph;
            return kInvalidValue;
        }
        stream->recording = graph;
    }
    std::lock_guard<std::mutex> lock(captures_mutex);
    captures.push_back(graph);
    return kOk;
}

int simt_capture_end(struct CUstream_st *stream, simt_graph **graph) {
    if (!stream || !graph) return kInvalidValue;
    *graph = nullptr;
    simt_graph *made;
    {
        std::lock_guard<std::mutex> lock(stream->mutex);
        made = stream->recording;
        stream->recording = nullptr;
    }
    if (!made) return kInvalidValue;
    forget(made);
    if (made->spoilt) {
        delete made;
        return kSpoilt;
    }
    *graph = made;
    return kOk;
}

int simt_capturing(struct CUstream_st *stream) {
    if (!stream) return 0;
    std::lock_guard<std::mutex> lock(stream->mutex);
    return stream->recording ? 1 : 0;
}

int simt_graph_launch(simt_graph *graph, struct CUstream_st *stream) {
    if (!graph) return kInvalidValue;
    for (const std::function<int()> &work : graph->work) {
        int error = stream_push(stream, work);
        if (error) return error;
    }
    return kOk;
}

int simt_graph_destroy(simt_graph *graph) {
    delete graph; // work under way has copies
    return kOk;
}
