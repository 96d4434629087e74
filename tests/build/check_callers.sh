# check_callers.sh - the short programs of tests/build/examples, to copy from, compile against the public headers as C99
# without a warning, and run: a step of a continuous-batching server, a particle filter, a benchmark loop.
check_callers() {
    local caller name
    if [ ! -f "$BUILD/liburn.so" ]; then
        skip callers "$BUILD has no liburn.so"
        return
    fi
    for caller in "$HERE"/examples/*.c; do
        name=$(basename "$caller" .c)
        expect "callers: examples/$name.c compiles as C99" \
            $CC -std=c99 -pedantic -Wall -Wextra -Werror -O2 -Iinclude "$caller" -o "$SCRATCH/$name" -L"$BUILD" -lurn -lm
        if [ -x "$SCRATCH/$name" ]; then
            expect "callers: examples/$name.c runs and its answers hold" env LD_LIBRARY_PATH="$BUILD" "$SCRATCH/$name"
        fi
    done
}
