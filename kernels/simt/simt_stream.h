// simt_stream.h - how a launch gets onto a stream.
#ifndef URN_SIMT_STREAM_H
#define URN_SIMT_STREAM_H

#include <functional>

struct CUstream_st;

namespace simt {

// Run work on the stream's thread after what was pushed before; its result is the stream's error. Null: the default
// stream, which is waited for.
int stream_push(CUstream_st *stream, std::function<int()> work);
// Every stream has run all that it was given.
void wait_for_all_streams();

} // namespace simt

#endif
