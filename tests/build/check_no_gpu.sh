# check_no_gpu.sh - a library on a machine without a GPU, built with CUDA or without, works on the CPU, and asking for
# cuda gives a status and a text that says why.
check_no_gpu() {
    if [ ! -f "$BUILD/liburn.so" ]; then
        skip no_gpu "$BUILD has no liburn.so"
        return
    fi
    if ls /dev/nvidia0 >/dev/null 2>&1; then
        skip no_gpu "this machine has a GPU"
        return
    fi
    local built=without
    built_with CUDA && built=with
    expect "no GPU: the probe compiles" $CC -std=c99 -Wall -Wextra -Werror -Iinclude "$HERE/no_gpu.c" -o "$SCRATCH/no_gpu" -L"$BUILD" -lurn
    if env LD_LIBRARY_PATH="$BUILD" "$SCRATCH/no_gpu" $built >"$SCRATCH/said" 2>&1; then
        ok "no GPU, library built $built CUDA: $(cat "$SCRATCH/said")"
    else
        fail "no GPU, library built $built CUDA: cpu works, cuda says why not" "$SCRATCH/said"
    fi
}
