# check_symbols.sh - liburn.so exports exactly symbols.txt, liburn_host.so symbols_host.txt, which are exactly what the
# headers declare with URN_API (basis.h, leverage.h are liburn_host's); and the two builds of the kernels define nothing twice.
#   bash tests/build/build_checks.sh build symbols      after an intended change, edit symbols.txt by hand
check_symbols() {
    local lib=$BUILD/liburn.so
    # declarations may run over lines: join, split at ';', take the name before the first '('
    declared_in() { cat "$@" | sed 's|/\*.*\*/||' | tr '\n' ' ' | tr ';' '\n' | grep -oE 'URN_API [^(]*\(' |
        sed -E 's/ *\($//; s/.*[ *]//' | sort; }
    declared_in $(ls include/urn/[!e]*.h | grep -vE '/(basis|leverage)\.h') >"$SCRATCH/declared"
    declared_in include/urn/basis.h include/urn/leverage.h >"$SCRATCH/declared_host"
    expect "symbols: headers declare what symbols.txt lists" diff "$HERE/symbols.txt" "$SCRATCH/declared"
    if [ ! -f "$lib" ]; then
        skip "symbols: exported" "$BUILD has no liburn.so"
    else
        nm -D --defined-only "$lib" | awk '$2 != "A" {print $3}' | sed 's/@.*//' | sort >"$SCRATCH/exported"
        expect "symbols: liburn.so exports what symbols.txt lists" diff "$HERE/symbols.txt" "$SCRATCH/exported"
        nm -D --defined-only "$BUILD/liburn_host.so" | awk '$2 != "A" {print $3}' | grep ^urn_ | sort >"$SCRATCH/exported_host"
        expect "symbols: basis.h and leverage.h declare what symbols_host.txt lists" diff "$HERE/symbols_host.txt" "$SCRATCH/declared_host"
        expect "symbols: liburn_host.so exports it" diff "$HERE/symbols_host.txt" "$SCRATCH/exported_host"
    fi
    local simt cuda
    simt=$(find "$BUILD/CMakeFiles/urn_simt.dir" -name '*.o' 2>/dev/null) cuda=$(find "$BUILD/CMakeFiles/urn_cuda.dir" -name '*.o' 2>/dev/null)
    if [ -z "$simt" ] || [ -z "$cuda" ]; then
        skip "symbols: simt and cuda side by side" "this build has not both"
    else
        # a weak symbol that both define would be merged by the linker into whichever came first; the C++ library's own
        # are the same code, nvcc's registration helpers are per object
        nm --defined-only -g $simt | awk 'NF == 3 {print $3}' | sort -u >"$SCRATCH/simt"
        nm --defined-only -g $cuda | awk 'NF == 3 {print $3}' | sort -u >"$SCRATCH/cuda"
        comm -12 "$SCRATCH/simt" "$SCRATCH/cuda" | grep -vE '^(_ZNS?K?[tS]|_ZNS?K?t|_ZSt|_ZT[ISV]S|DW\.ref|__)' >"$SCRATCH/both"
        expect_empty "symbols: the simt and the cuda build of the kernels define nothing twice" "$SCRATCH/both"
    fi
}
