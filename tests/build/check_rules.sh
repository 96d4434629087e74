# check_rules.sh - who may include whom, and the shape of the tree (CONTRIBUTING.md, "rooms").

# allow LABEL FILES-REGEX EXCEPT-REGEX ALLOWED-REGEX: each include of the files must match ALLOWED
allow() {
    local label=$1 files=$2 except=$3 allowed=$4 bad="$SCRATCH/rule"
    : >"$bad"
    tree | grep -E '\.(c|h|cpp|cu|in)$' | grep -E "$files" | grep -vE "$except" | while read -r file; do
        grep -nE '^[ \t]*#[ \t]*include' "$file" | grep -vE "#[ \t]*include[ \t]+($allowed)" | sed "s|^|$file:|"
    done >>"$bad"
    expect_empty "includes: $label" "$bad"
}

check_rules() {
    local std='<(assert|errno|fenv|float|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|time|signal|ctype)\.h>'
    local posix='<(pthread|unistd|sched|fcntl|dlfcn|locale|sys/[a-z]+|dirent|termios)\.h>'
    local cxx='<(c[a-z]+|algorithm|array|atomic|system_error|shared_mutex|condition_variable|deque|functional|limits|map|memory|mutex|new|queue|random|set|string|thread|tuple|type_traits|unordered_map|unordered_set|utility|vector|chrono|bitset|stdexcept|initializer_list|optional|exception)>'
    local never='^$'
    local inner='"kernels/(simt|bits|row)/'

    allow "include/urn knows the C library's types only" '^include/urn/' "$never" '"urn/|<stdint\.h>|<stddef\.h>'
    allow "bits.h holds constants only" '^include/urn/bits[_a-z]*\.h' "$never" '<stdint\.h>'
    allow "kernels/simt knows include/urn" '^kernels/simt/' "$never" \
        "\"urn/|\"kernels/simt/|\"kernels/launch(_[a-z]+)?\.h\"|$std|$posix|$cxx|<boost/context/|<cuda_runtime\.h>|<sanitizer/|<immintrin\.h>"
    allow "kernels/bits and kernels/row know include/urn and each other's layers" '^kernels/(bits|row)/' "$never" "\"urn/|$inner|\"kernels/launch(_[a-z]+)?\.h\"|$std|$cxx"
    allow "kernels/steps knows the rooms below it" '^kernels/steps/' "$never" "\"urn/|$inner|\"kernels/steps/|\"kernels/launch(_[a-z]+)?\.h\"|$std|$cxx"
    local family
    for family in $(cd kernels && ls -d */ | tr -d / | grep -vE '^(simt|bits|row|steps)$'); do
        allow "kernels/$family knows no other family" "^kernels/$family/" "$never" \
            "\"urn/|$inner|\"kernels/steps/|\"kernels/$family/|\"kernels/launch(_[a-z]+)?\.h\"|$std|$cxx"
    done
    allow "kernels/launch.h and its families' know public headers" '^kernels/[^/]*\.h' "$never" '"urn/|"kernels/launch\.h"'
    allow "host/cpu knows nothing of kernels/ and of host/" '^host/cpu/' "$never" "\"urn/|\"host/cpu/|$std|$posix|<omp\.h>|<[a-z]mmintrin\.h>"
    allow "host knows public headers, host and the prototypes of its two witnesses" '^host/[^/]*\.[ch]$' '^host/(prog_|backend_)' \
        "\"urn/|\"host/[^/]*\"|\"host/cpu/cpu_calls(_[a-z]+)?\.h\"|\"kernels/launch(_[a-z]+)?\.h\"|$std|$posix|<omp\.h>"
    allow "a backend adds its own runtime and nothing else" '^host/backend_[^/]*\.[ch]$' "$never" \
        "\"urn/|\"host/[^/]*\"|\"host/cpu/cpu_calls(_[a-z]+)?\.h\"|\"kernels/launch(_[a-z]+)?\.h\"|\"kernels/simt/simt_runtime\.h\"|<cuda_runtime(_api)?\.h>|$std|$posix"
    allow "front ends are callers with a solver" '^host/fronts/' "$never" "\"urn/|\"host/fronts/|$std|<coin/"
    # `urn bench` is where a user meets the harness, so that one file sees perf/bench.h
    allow "the program knows public headers only" '^host/prog_' '^host/prog_bench\.c' "\"urn/|\"host/prog_[^/]*\"|$std|$posix|<sphinxbase/|<omp\.h>"
    allow "urn bench adds the harness" '^host/prog_bench\.c' "$never" "\"urn/|\"host/prog_[^/]*\"|\"perf/bench(_op)?\.h\"|$std|$posix"
    allow "tests outside kat, unit and simt see public headers" '^tests/(prop|parity|stat|abuse|build)/' "$never" \
        "\"urn/|\"tests/|\"kernels/simt/(simt_runtime|tags)\.h\"|<check\.h>|<urn/|<omp\.h>|<cuda_runtime(_api)?\.h>|$std|$posix"

    # one witness may not read another: not even by name
    grep -rnE '^[ \t]*#[ \t]*include' host/cpu 2>/dev/null | grep -E 'kernels/|cuda' >"$SCRATCH/rule"
    grep -rnE '^[ \t]*#[ \t]*include' kernels 2>/dev/null | grep -E '"host/|"tests/' >>"$SCRATCH/rule"
    expect_empty "includes: the two witnesses do not see each other" "$SCRATCH/rule"

    # words of the machine belong to kernels/simt (STYLE: kernels speak the vocabulary)
    { tree | grep -E '^kernels/' | grep -E '\.(cu|h)$' | grep -v '^kernels/simt/' |
        xargs -r grep -nE '__shfl|__syncthreads|__syncwarp|__ballot|__shared__|atomic(Add|Max|Min|CAS|Or)|threadIdx|blockIdx|<<<|__global__|__device__|asm *(volatile)? *\(' /dev/null; } |
        grep -vE ':[0-9]+: *(//|\*)' >"$SCRATCH/rule"
    expect_empty "kernels speak the words of words.h only" "$SCRATCH/rule"

    tree | grep -vE '(^|/)(README\.md|CMakeLists\.txt|run\.sh)$|^\.|^perf/results/' | sed 's|.*/||' | sort | uniq -d >"$SCRATCH/rule"
    expect_empty "file names are unique in the tree" "$SCRATCH/rule"

    tree | grep -E '\.(c|h|cpp|cu|sh|cmake|md|in)$|CMakeLists\.txt$' | xargs wc -l | awk '$1 > 500 && $2 != "total" {print $2 ": " $1 " lines"}' >"$SCRATCH/rule"
    expect_empty "no file is longer than 500 lines" "$SCRATCH/rule"

    tree | grep -E '\.(c|h|cpp|cu|sh|cmake|md|in)$|CMakeLists\.txt$' | grep -v '^tests/build/check_rules\.sh$' |
        xargs grep -nE '\.\./shared|(^|[^a-zA-Z_])(TODO|FIXME|XXX)([^a-zA-Z_]|$)|not implemented' >"$SCRATCH/rule"
    expect_empty "nothing is left to do in comments, and no page cites what readers do not have" "$SCRATCH/rule"

    tree | grep -E '\.(c|h|cpp|cu)$' | xargs awk 'length($0) > 120 {print FILENAME ":" FNR ": " length($0) " columns"} /\t/ {print FILENAME ":" FNR ": a tab"}' >"$SCRATCH/rule"
    expect_empty "sources keep to 120 columns and have no tabs" "$SCRATCH/rule"

    tree | grep -E '^(host|kernels|include|tests|perf)/.*\.(c|h|cpp|cu)$' | while read -r file; do
        head -1 "$file" | grep -qF "$(basename "$file") - " || echo "$file: first line: $(head -1 "$file" | cut -c1-80)"
    done >"$SCRATCH/rule"
    expect_empty "sources open with their own name and what they are" "$SCRATCH/rule"

    # library code never prints or ends the process; no libm transcendental in results; no fast math
    { tree | grep -E '^(host|kernels)/.*\.(c|h|cu)$' | grep -vE '^host/prog_|^kernels/simt/' |
        xargs -r grep -nE '(^|[^a-zA-Z_.])(printf|puts|fprintf|abort|exit|_exit|assert)[ ]*\(' /dev/null; } >"$SCRATCH/rule"
    expect_empty "the library does not print, exit, abort or assert" "$SCRATCH/rule"
    { tree | grep -E '^(host/cpu|kernels/(bits|row|sample))/' | grep -E '\.(c|h|cu)$' |
        xargs -r grep -nE '(^|[^a-zA-Z_])(expf?|exp2f?|logf?|log2f?|powf?|__expf|__logf|__fdividef)[ ]*\(' /dev/null; } |
        grep -vE ':[0-9]+: *(//|\*|/\*)' >"$SCRATCH/rule"
    expect_empty "no libm function decides a bit" "$SCRATCH/rule"
    grep -rn 'use_fast_math\|ffast-math\|Ofast\($\|[^-]\)\|ffinite-math' CMakeLists.txt CMakePresets.json host kernels >"$SCRATCH/rule" 2>/dev/null
    expect_empty "fast math is nowhere" "$SCRATCH/rule"
}
