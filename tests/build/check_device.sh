# check_device.sh - the device preset: what a GPU machine without packages or network is sent. Under 60 MiB in all without
# test_unit and test_simt, which have no use for a GPU, and needing nothing but the C library there.
check_device() {
    if [ -z "$NVCC" ]; then
        skip device "no nvcc here"
        return
    fi
    local dir=$ROOT/build-device bytes
    expect "device: configures" cmake --preset device
    expect "device: builds" cmake --build "$dir" -j2
    find "$dir" -maxdepth 1 -type f -perm -u+x >"$SCRATCH/programs"
    expect "device: has programs" test -s "$SCRATCH/programs"
    xargs -r ldd <"$SCRATCH/programs" 2>/dev/null | grep '=>' | awk '{print $1}' | sort -u |
        grep -vE '^lib(c|m|pthread|dl|rt)\.so|^ld-linux|^linux-vdso' >"$SCRATCH/said"
    expect_empty "device: needs the C library only" "$SCRATCH/said"
    xargs -r file <"$SCRATCH/programs" 2>/dev/null | grep 'not stripped' >"$SCRATCH/said"
    expect_empty "device: stripped" "$SCRATCH/said"
    grep -vE '/test_(unit|simt)$' "$SCRATCH/programs" >"$SCRATCH/sent"
    bytes=$(xargs -r stat -c %s <"$SCRATCH/sent" | awk '{n += $1} END {print n + 0}')
    expect "device: $(wc -l <"$SCRATCH/sent") programs to send, $((bytes >> 20)) MiB, under 60" test "$bytes" -lt $((60 << 20))
}
