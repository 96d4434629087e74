# check_ptxas.sh - every kernel was compiled for every GPU architecture we ship, and ptxas spilled no register of a main
# instantiation. Reads the reports that the build keeps beside its objects. spills.txt names what may spill, and why.
check_ptxas() {
    if ! built_with CUDA; then
        skip ptxas "$BUILD was built without CUDA"
        return
    fi
    local report arch wanted bad="$SCRATCH/ptxas"
    # shellcheck disable=SC2046
    cat $(find "$BUILD/CMakeFiles/urn_cuda.dir" -name '*.o.ptxas') /dev/null >"$SCRATCH/report"
    # one line an instantiation and architecture: arch name registers stack spill-stores spill-loads
    awk -F"'" '/Compiling entry function/ {name = $2; arch = $4}
        /bytes stack frame/ {split($0, n, /[^0-9]+/); stack = n[2]; stores = n[3]; loads = n[4]}
        /Used [0-9]+ registers/ {match($0, /Used [0-9]+/); print arch, name, substr($0, RSTART + 5, RLENGTH - 5), stack, stores, loads}' \
        "$SCRATCH/report" >"$SCRATCH/kernels"
    if [ ! -s "$SCRATCH/kernels" ]; then
        echo "no kernel in $(find "$BUILD/CMakeFiles/urn_cuda.dir" -name '*.o' | wc -l) objects" >"$bad"
        fail "ptxas: reports were kept" "$bad"
        return
    fi
    wanted=$(cached URN_CUDA_ARCHS | tr ';' ' ')
    : >"$bad"
    for arch in $wanted; do
        [ "$(grep -c "^sm_$arch " "$SCRATCH/kernels")" = "$(cut -d' ' -f2 "$SCRATCH/kernels" | sort -u | wc -l)" ] ||
            echo "sm_$arch: $(grep -c "^sm_$arch " "$SCRATCH/kernels") kernels" >>"$bad"
    done
    expect_empty "ptxas: $(cut -d' ' -f2 "$SCRATCH/kernels" | sort -u | wc -l) kernels compiled for sm $(echo $wanted)" "$bad"

    grep -vE '^(#|$)' "$HERE/spills.txt" | awk '{print $1}' >"$SCRATCH/exempt"
    awk '$5 > 0 || $6 > 0 {print $1, $2 ": " $5 " bytes stored, " $6 " loaded, " $3 " registers"}' "$SCRATCH/kernels" |
        { if [ -s "$SCRATCH/exempt" ]; then grep -vEf "$SCRATCH/exempt"; else cat; fi; } >"$bad"
    expect_empty "ptxas: no spills outside spills.txt" "$bad"
    # an exemption that nothing needs any more has to go
    : >"$bad"
    while read -r line; do
        awk '$5 > 0 || $6 > 0' "$SCRATCH/kernels" | grep -qE "$line" || echo "spills.txt: nothing matching $line spills" >>"$bad"
    done <"$SCRATCH/exempt"
    expect_empty "ptxas: every exemption in spills.txt is needed" "$bad"
    awk '$3 > m {m = $3; k = $1 " " $2} $4 > s {s = $4} END {print "      most registers: " m " (" k "); largest stack frame: " s + 0 " bytes"}' "$SCRATCH/kernels"
}
