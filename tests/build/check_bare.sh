# check_bare.sh - a machine with a C compiler and CMake only: no CUDA, Boost, sphinxbase, Check or OpenMP. The library and
# the program build, install, and are found by find_package and by pkg-config, shared and static.
check_bare() {
    local dir="$SCRATCH/bare" prefix="$SCRATCH/bare_prefix" lib end
    expect "bare: configures without CUDA, Boost, sphinxbase, Check and OpenMP" cmake -S . -B "$dir" -DURN_CUDA=OFF -DURN_SIMT=OFF \
        -DURN_LM=OFF -DURN_TESTS=OFF -DURN_OPENMP=OFF -DURN_WERROR=ON -DCMAKE_INSTALL_PREFIX="$prefix"
    expect "bare: builds without a warning" cmake --build "$dir" -j2
    expect "bare: installs" cmake --install "$dir"
    lib=$(dirname "$(find "$prefix" -name liburn.so 2>/dev/null | head -1)" 2>/dev/null)
    if [ ! -e "$lib/liburn.so" ]; then return; fi
    expect "bare: liburn.so needs the C library only" bash -c \
        "! objdump -p '$lib/liburn.so' | grep NEEDED | grep -vE 'lib(c|m|pthread|dl|rt)\.so|ld-linux'"
    # the installed tree is moved first: neither package file may remember where it was made
    mv "$prefix" "$prefix.moved" && lib=${lib/$prefix/$prefix.moved} && prefix=$prefix.moved
    expect "bare: find_package configures" cmake -S "$HERE/consumer" -B "$SCRATCH/consumer" -DCMAKE_PREFIX_PATH="$prefix"
    expect "bare: find_package builds" cmake --build "$SCRATCH/consumer"
    for end in shared static; do
        expect "bare: a consumer by find_package, $end" "$SCRATCH/consumer/consume_$end"
    done
    export PKG_CONFIG_PATH="$lib/pkgconfig"
    expect "bare: pkg-config names no CUDA" bash -c '! pkg-config --cflags --libs urn | grep -i cuda'
    # shellcheck disable=SC2046
    expect "bare: pkg-config, shared, builds" $CC "$HERE/consumer/consume.c" -o "$SCRATCH/pc_shared" $(pkg-config --cflags --libs urn)
    expect "bare: a consumer by pkg-config, shared" env LD_LIBRARY_PATH="$lib" "$SCRATCH/pc_shared"
    # shellcheck disable=SC2046
    expect "bare: pkg-config, static, builds" $CC "$HERE/consumer/consume.c" -o "$SCRATCH/pc_static" \
        $(pkg-config --cflags urn) "$lib/liburn.a" $(pkg-config --static --libs-only-l urn | sed 's/-lurn//')
    expect "bare: a consumer by pkg-config, static" "$SCRATCH/pc_static"
    unset PKG_CONFIG_PATH
    if [ -x "$prefix/bin/urn" ]; then expect "bare: the installed program answers" "$prefix/bin/urn" info; fi
}
