# check_contraction.sh - a*b+c stays two roundings under the flags of each of the four compilers, fmaf() stays one, and
# without the flags it would not (so that this check can fail). Every object of the library was built with them.

# fused FILE: does this object (or PTX) hold a fused multiply-add
fused() {
    case $1 in
    *.ptx) grep -qE 'fma\.rn\.f(32|64)' "$1" ;;
    *) objdump -d "$1" | grep -qE 'vfn?m(add|sub)' ;;
    esac
}
# three_probes NAME: $SCRATCH/p_{on,off,asked}.{o,ptx}: flags, compiler's default, fma written
three_probes() {
    local name=$1 end=$2 said=""
    fused "$SCRATCH/p_on.$end" && said="a*b+c was fused in spite of the flags"
    fused "$SCRATCH/p_off.$end" || said="$said; the control without flags shows no fma, so this proves nothing"
    fused "$SCRATCH/p_asked.$end" || said="$said; fma() as written did not become one instruction"
    if [ -z "$said" ]; then ok "contraction: $name"; else echo "$said" >"$SCRATCH/said"; fail "contraction: $name" "$SCRATCH/said"; fi
}

check_contraction() {
    local c cxx cuda command
    c=$(cmake_list URN_EXACT_C) cxx=$(cmake_list URN_EXACT_CXX) cuda=$(cmake_list URN_EXACT_CUDA)
    if [ "$(uname -m)" != x86_64 ]; then
        skip contraction "the probes are read for x86-64 only"
    else
        cat >"$SCRATCH/plain.c" <<'P'
float probe_f(float a, float b, float c) { return a * b + c; }
double probe_d(double a, double b, double c) { return a * b - c; }
P
        printf '#include <math.h>\nfloat probe_f(float a, float b, float c) { return fmaf(a, b, c); }\n' >"$SCRATCH/asked.c"
        cp "$SCRATCH/plain.c" "$SCRATCH/plain.cpp" && cp "$SCRATCH/asked.c" "$SCRATCH/asked.cpp"
        $CC -std=gnu99 -O3 -mfma $c -c "$SCRATCH/plain.c" -o "$SCRATCH/p_on.o"
        $CC -std=gnu99 -O3 -mfma -ffp-contract=fast -c "$SCRATCH/plain.c" -o "$SCRATCH/p_off.o"
        $CC -std=gnu99 -O3 -mfma $c -c "$SCRATCH/asked.c" -o "$SCRATCH/p_asked.o"
        three_probes "C with $c" o
        $CXX -std=c++17 -O3 -mfma $cxx -c "$SCRATCH/plain.cpp" -o "$SCRATCH/p_on.o"
        $CXX -std=c++17 -O3 -mfma -ffp-contract=fast -c "$SCRATCH/plain.cpp" -o "$SCRATCH/p_off.o"
        $CXX -std=c++17 -O3 -mfma $cxx -c "$SCRATCH/asked.cpp" -o "$SCRATCH/p_asked.o"
        three_probes "C++ with $cxx" o
    fi
    if [ -z "$NVCC" ]; then
        skip "contraction: nvcc" "no nvcc here"
    else
        cat >"$SCRATCH/plain.cu" <<'P'
__global__ void probe_k(float *x, double *y) { x[0] = x[1] * x[2] + x[3]; y[0] = y[1] * y[2] - y[3]; }
P
        cat >"$SCRATCH/asked.cu" <<'P'
__global__ void probe_k(float *x, double *y) { x[0] = __fmaf_rn(x[1], x[2], x[3]); y[0] = __fma_rn(y[1], y[2], y[3]); }
P
        "$NVCC" -std=c++17 -O3 -arch=compute_90 $cuda -ptx "$SCRATCH/plain.cu" -o "$SCRATCH/p_on.ptx"
        "$NVCC" -std=c++17 -O3 -arch=compute_90 -ptx "$SCRATCH/plain.cu" -o "$SCRATCH/p_off.ptx"
        "$NVCC" -std=c++17 -O3 -arch=compute_90 $cuda -ptx "$SCRATCH/asked.cu" -o "$SCRATCH/p_asked.ptx"
        three_probes "nvcc's device pass with $cuda" ptx
        cp "$SCRATCH/plain.c" "$SCRATCH/host.cu" && cp "$SCRATCH/asked.c" "$SCRATCH/host_asked.cu"
        "$NVCC" -std=c++17 -O3 -arch=sm_90 -Xcompiler -mfma $cuda -c "$SCRATCH/host.cu" -o "$SCRATCH/p_on.o"
        "$NVCC" -std=c++17 -O3 -arch=sm_90 -Xcompiler -mfma --fmad=false -c "$SCRATCH/host.cu" -o "$SCRATCH/p_off.o"
        "$NVCC" -std=c++17 -O3 -arch=sm_90 -Xcompiler -mfma $cuda -c "$SCRATCH/host_asked.cu" -o "$SCRATCH/p_asked.o"
        three_probes "nvcc's host pass with $cuda" o
    fi
    if [ ! -f "$BUILD/compile_commands.json" ]; then
        skip "contraction: commands" "$BUILD has no compile_commands.json"
        return
    fi
    grep '"command"' "$BUILD/compile_commands.json" | grep -E '/(host|kernels|simt)/[^ ]*\.(c|cpp|cu)"?' | while read -r command; do
        case $command in
        *nvcc*--fmad=false*-Xcompiler=-ffp-contract=off*) ;;
        *nvcc*) echo "$command" ;;
        *-ffp-contract=off*) ;;
        *) echo "$command" ;;
        esac
    done | cut -c1-400 >"$SCRATCH/said"
    expect_empty "contraction: every object of the library was compiled with its flags" "$SCRATCH/said"
}
