// verify_launch.h - what the launches of verification share: their policy, and the one that takes rows.
#ifndef URN_VERIFY_LAUNCH_H
#define URN_VERIFY_LAUNCH_H

#include "kernels/verify/verify_args.h"

namespace urnd {

struct VerifyPolicy {
    enum { threads = 256 }; // of plan and walk, and most of a row's; guess
};

// verify_rows.cu. args.side[..].groups are filled in for the launch.
int launch_rows(const urnk_device &device, VerifyArgs &args, struct CUstream_st *stream);

} // namespace urnd

#endif
