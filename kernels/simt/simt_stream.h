// simt_stream.h - how a launch gets onto a stream.
#ifndef URN_SIMT_STREAM_H
#define URN_SIMT_STREAM_H

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

struct simt_graph;

struct CUstream_st {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<int()>> queue;
    std::thread thread;
    bool busy = false, closing = false;
    int error = 0;                   // the first since the last sync; what follows it is skipped
    simt_graph *recording = nullptr; // where work goes while the stream is captured
};

namespace simt {

// Run work on the stream's thread after what was pushed before; its result is the stream's error. Null: the default
// stream, which is waited for.
int stream_push(CUstream_st *stream, std::function<int()> work);
// simt_graph.cpp: work goes to the stream's capture, if there is one. 1: it did; 0: there is none.
int record_work(CUstream_st *stream, const std::function<int()> &work);
// Some stream is captured: what may not happen then has happened, and its capture is spoilt.
bool spoil_captures();
// Every stream has run all that it was given.
void wait_for_all_streams();

} // namespace simt

#endif
