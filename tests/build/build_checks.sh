#!/usr/bin/env bash
# build_checks.sh - what must hold of the tree and of a build, one line a check: ok, FAIL, or skip with its reason.
#
#   bash tests/build/build_checks.sh [BUILD] [CHECK...]     BUILD: a configured and built tree, default ./build
#
# Checks live beside this file: check_<name>.sh, each a function check_<name>. All of them run unless some are named.
# The last line is "build: N ok, N failed, N skipped"; the exit status is 0 when none failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
ROOT=$PWD
BUILD=$(realpath -m "${1:-build}")
shift
HERE=$ROOT/tests/build
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
export CC=${CC:-cc} CXX=${CXX:-c++}
oks=0 fails=0 skips=0

ok() { oks=$((oks + 1)); echo "ok    $1"; }
skip() { skips=$((skips + 1)); echo "skip: $1: $2"; }
# fail NAME [FILE]: FILE holds what went wrong
fail() {
    fails=$((fails + 1))
    echo "FAIL  $1"
    if [ -n "${2:-}" ]; then head -25 "$2" | sed 's/^/      /'; fi
}
# expect NAME COMMAND...: ok when the command succeeds, else fail with what it said
expect() {
    local name=$1
    shift
    if "$@" >"$SCRATCH/said" 2>&1; then ok "$name"; else fail "$name" "$SCRATCH/said"; fi
}
# expect_empty NAME FILE: ok when the list of violations is empty
expect_empty() { if [ -s "$2" ]; then fail "$1" "$2"; else ok "$1"; fi; }
# the list in CMakeLists.txt: set(NAME a b c)
cmake_list() { sed -n "s/^set($1 \([^)]*\)).*/\1/p" "$ROOT/CMakeLists.txt"; }
cached() { sed -n "s/^$1:[A-Z]*=//p" "$BUILD/CMakeCache.txt" 2>/dev/null; }
built_with() { grep -q -- "-DURN_WITH_$1=1" "$BUILD/compile_commands.json" 2>/dev/null; }
# every file of the project, without build trees
tree() { find . \( -name .git -o -name 'build' -prune -path ./build -o -path './build-*' \) -prune -o -type f -print | sed 's|^\./||'; }
NVCC=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null)

names=("$@")
if [ ${#names[@]} = 0 ]; then
    names=(headers rules contraction symbols abi callers bare readme no_gpu ptxas device)
fi
for name in "${names[@]}"; do
    # shellcheck source=/dev/null
    source "$HERE/check_$name.sh" && "check_$name"
done
echo "build: $oks ok, $fails failed, $skips skipped"
[ "$fails" = 0 ]
