#!/usr/bin/env bash
# run.sh - every test that needs no GPU, from a bare machine: `bash tests/run.sh`.
#
#   bash tests/run.sh               everything: about 12 minutes on two cores, 15 where nvcc is
#   bash tests/run.sh STAGE...      some of: suites asan tsan fuzz build     (build/ is configured and built in any case)
#   URN_CMAKE="-DURN_CUDA=OFF"      arguments for the configuration of build/;  URN_JOBS=2  processes at a time
#
# Installs what is missing with apt (as root or by sudo) and says what. Builds build/ (whatever this machine has: CUDA's
# kernels are compiled where nvcc is, and run where a GPU is), build-asan/ and build-tsan/. Logs: build/logs/.
# The last line is "N passed, N failed, N skipped"; the exit status is 0 when none failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
ROOT=$PWD
JOBS=${URN_JOBS:-$(nproc 2>/dev/null || echo 2)}
LOGS=$ROOT/build/logs
passed=0 failed=0 skipped=0 started=$SECONDS
stages=" ${*:-suites asan tsan fuzz build} "

say() { printf '== %s (%d s)\n' "$1" $((SECONDS - started)); }
wants() { [[ $stages == *" $1 "* ]]; }
broken() { # a thing that should have worked and left a log
    failed=$((failed + 1))
    echo "FAIL  $1"
    if [ -n "${2:-}" ]; then tail -40 "$2" | sed 's/^/      /'; fi
}

# ---- what this needs -----------------------------------------------------------------------------------------------
install_missing() {
    local package missing=() as_root=()
    # a compiler, CMake, pkg-config; Check for the suites; Boost.Context for the simt backend; the language model's
    # library for `urn generate`; Random123 to check our Philox against; clang for libFuzzer; Clp for liburn_host;
    # binutils and file to look at what was built
    local want=(gcc g++ make cmake ninja-build pkg-config check libsubunit-dev libboost-context-dev libsphinxbase-dev
        pocketsphinx-en-us librandom123-dev clang-14 libclang-rt-14-dev coinor-libclp-dev liblapack-dev binutils file)
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "not a Debian-like machine: nothing is installed; needed are ${want[*]}"
        return
    fi
    for package in "${want[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "missing, and neither root nor sudo to install them: ${missing[*]}"
            return
        fi
        as_root=(sudo -n)
    fi
    echo "installing with apt: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    mkdir -p "$LOGS"
    { "${as_root[@]}" apt-get update -q && "${as_root[@]}" apt-get install -qy --no-install-recommends "${missing[@]}"; } \
        >"$LOGS/apt.log" 2>&1 </dev/null || { echo "apt failed; what it lacks is left out below:"; tail -5 "$LOGS/apt.log"; }
}

# configure_and_build PRESET DIRECTORY [CMake argument...]
configure_and_build() {
    local preset=$1 dir=$2 log=$LOGS/$1-build.log generator=()
    shift 2
    if [ ! -f "$dir/CMakeCache.txt" ] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
    if cmake --preset "$preset" "${generator[@]}" "$@" >"$log" 2>&1 && cmake --build "$dir" -j"$JOBS" >>"$log" 2>&1; then
        grep -E '^-- URN_[A-Z]+: ' "$log" | sed 's/^-- /      /'
        if grep -qE 'warning( #[0-9]+)?[:-]' "$log"; then
            grep -E 'warning( #[0-9]+)?[:-]' "$log" | sort | uniq -c | head -10
            broken "$preset: builds without warnings"
        else
            passed=$((passed + 1))
        fi
        return 0
    fi
    broken "$preset: builds" "$log"
    return 1
}

# count_room NAME STATUS LOG: add up what a room's executable said
count_room() {
    local name=$1 status=$2 log=$3 line n f e s
    line=$(grep -oE '[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$log" | tail -1)
    s=$(grep -cE '^skip[ :]' "$log")
    skipped=$((skipped + s))
    grep -E '^skip[ :]' "$log" | sort | uniq -c | awk '{n = $1; $1 = ""; sub(/^ /, ""); print "      " $0 (n > 1 ? "  (" n " times)" : "")}'
    if [ -z "$line" ]; then
        broken "$name: ended with $status and no count" "$log"
        return
    fi
    read -r n f e <<<"$(echo "$line" | sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)/\1 \2 \3/')"
    passed=$((passed + n - f - e))
    failed=$((failed + f + e))
    echo "      $name: $line"
    if [ $((f + e)) != 0 ]; then
        grep -E ':[FE]:|Sanitizer|runtime error|fault' "$log" | head -30 | sed 's/^/      /'
    elif [ "$status" != 0 ]; then
        broken "$name: all checks passed but it ended with $status" "$log"
    fi
}

# run_rooms LABEL DIRECTORY: every room of a build, as many at a time as there are cores; CTest holds the time limit
run_rooms() {
    local label=$1 dir=$2 out=$LOGS/$1 room number
    rm -rf "$out" && mkdir -p "$out"
    ctest --test-dir "$dir" -j"$JOBS" -V >"$out/ctest.log" 2>&1
    # ctest puts "<number>: " before each line a test says
    grep -oE '^ *Start +[0-9]+: [a-z]+' "$out/ctest.log" | tr -d ':' | awk '{print $2, $3}' >"$out/rooms"
    if [ ! -s "$out/rooms" ]; then broken "$label: rooms ran" "$out/ctest.log"; fi
    while read -r number room; do
        sed -n "s/^$number: //p" "$out/ctest.log" >"$out/$room.log"
        status=0
        if grep -qE "Test +#$number: .*(\*\*\*|Failed|Not Run)" "$out/ctest.log"; then
            status=$(grep -oE "Test +#$number: .*" "$out/ctest.log" | grep -oE '(\*\*\*)?(Timeout|Failed|Exception|Not Run).*' | head -1)
        fi
        count_room "$label $room" "${status:-failed}" "$out/$room.log"
    done <"$out/rooms"
}

mkdir -p "$LOGS"
install_missing
export CTEST_OUTPUT_ON_FAILURE=0 CK_VERBOSITY=normal

say "build"
# shellcheck disable=SC2086
configure_and_build default "$ROOT/build" ${URN_CMAKE:-} || exit 1

if wants suites; then
    say "suites"
    run_rooms default "$ROOT/build"
fi

if wants asan; then
    say "cpu and simt under AddressSanitizer and UBSan, smaller sizes"
    if configure_and_build asan "$ROOT/build-asan"; then
        # a fibre's stack is ours, so the stack-use-after-return machinery stays off
        URN_TEST_QUICK=1 ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=0 \
            UBSAN_OPTIONS=print_stacktrace=1 run_rooms asan "$ROOT/build-asan"
    fi
fi

if wants tsan; then
    say "tests of threads under ThreadSanitizer"
    threaded=$(find tests -name '*thread*.c' -path 'tests/*/*' | sort)
    echo 'int main(void) { return 0; }' >"$LOGS/tsan.c"
    alone=()
    if ! cc -fsanitize=thread "$LOGS/tsan.c" -o "$LOGS/tsan" 2>/dev/null; then
        skipped=$((skipped + 1))
        echo "skip: tsan: this compiler has no ThreadSanitizer"
    elif [ -z "$threaded" ]; then
        skipped=$((skipped + 1))
        echo "skip: tsan: no tests/*/*thread*.c"
    elif configure_and_build tsan "$ROOT/build-tsan"; then
        # kernels that randomise many address bits leave TSan no room; without randomisation it has it
        "$LOGS/tsan" 2>/dev/null || alone=(setarch -R)
        mkdir -p "$LOGS/tsan.d"
        for file in $threaded; do
            room=$(basename "$(dirname "$file")") name=$(basename "$file" .c) log=$LOGS/tsan.d/$(basename "$file" .c).log
            URN_TEST_QUICK=1 CK_DEFAULT_TIMEOUT=600 TSAN_OPTIONS=halt_on_error=1 \
                timeout 900 "${alone[@]}" "$ROOT/build-tsan/test_$room" "$name" >"$log" 2>&1
            count_room "tsan $name" $? "$log"
        done
    fi
fi

if wants fuzz; then
    say "random calls under libFuzzer, cpu against simt, ${URN_FUZZ_SECONDS:=45} s"
    if ! command -v clang-14 >/dev/null; then
        skipped=$((skipped + 1))
        echo "skip: fuzz: no clang-14 here, which brings libFuzzer"
    else
        generator=()
        if [ ! -f build-fuzz/CMakeCache.txt ] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
        if cmake --preset fuzz "${generator[@]}" >"$LOGS/fuzz-build.log" 2>&1 &&
            cmake --build build-fuzz -j"$JOBS" --target fuzz_sample >>"$LOGS/fuzz-build.log" 2>&1; then
            mkdir -p build-fuzz/found # what it finds on the way; tests/fuzz/corpus is only read
            if build-fuzz/fuzz_sample -max_total_time="$URN_FUZZ_SECONDS" -timeout=60 -seed=1 -print_final_stats=1 \
                -artifact_prefix=build-fuzz/ build-fuzz/found tests/fuzz/corpus >"$LOGS/fuzz.log" 2>&1 </dev/null; then
                passed=$((passed + 1))
                echo "      fuzz: $(grep -oE 'number_of_executed_units: [0-9]+' "$LOGS/fuzz.log" | grep -oE '[0-9]+') calls"
            else
                broken "fuzz: every call gives the same bytes on cpu and simt" "$LOGS/fuzz.log"
            fi
        else
            broken "fuzz: builds" "$LOGS/fuzz-build.log"
        fi
    fi
fi

if wants build; then
    say "the tree and the builds"
    bash tests/build/build_checks.sh build 2>&1 | tee "$LOGS/build_checks.log"
    read -r n f s <<<"$(sed -nE 's/^build: ([0-9]+) ok, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$LOGS/build_checks.log")"
    if [ -z "${s:-}" ]; then
        broken "build checks ran to their end"
    else
        passed=$((passed + n)) failed=$((failed + f)) skipped=$((skipped + s))
    fi
fi

say "done"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
