#!/bin/bash
# quickstart.sh - from a bare Debian 12 or Ubuntu 22.04 (or later) to sentences: installs what is missing, builds, runs
# `urn generate`. Needs root or sudo, and the package mirror. Run it again at any time: what is there is not redone.
#
#   bash host/quickstart.sh                        the batch below
#   bash host/quickstart.sh --rows 64 --seed 1     options of `urn generate` instead of those below
set -eu

cd "$(dirname "$0")/.."
build=build-quickstart
options=(--steps temperature=0.8,top_p=0.95,min_p=0.02 --rows 8 --tokens 40 --seed 7)
[ $# -eq 0 ] || options=("$@")

say() { printf '\n== %s\n' "$*"; }
die() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

# ---- what is missing ----------------------------------------------------------------------------------------------
model=/usr/share/pocketsphinx/model/en-us/en-us.lm.bin
packages=()
need() { # need PACKAGE WHY: a package to install, said here, installed below
    packages+=("$1")
    printf '  %-20s %s\n' "$1" "$2"
}
have() { command -v "$1" >/dev/null 2>&1; }

say "what is missing here"
have gcc || need gcc "the C compiler"
have g++ || need g++ "the C++ compiler, for the kernels' build"
# a compiler without the C library's headers is half a compiler
echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 || need libc6-dev "the C library's headers"
have cmake || need cmake "the build system"
have ninja || have make || need ninja-build "runs the build"
have pkg-config || need pkg-config "finds libraries"
{ have pkg-config && pkg-config --exists sphinxbase; } || need libsphinxbase-dev "reads the language model"
[ -f "$model" ] || need pocketsphinx-en-us "the language model: US English, 72,547 words, trigrams"

if [ ${#packages[@]} -eq 0 ]; then
    echo "  nothing"
else
    have apt-get || die "no apt-get here; install by hand what is listed above, then run this again"
    root=()
    if [ "$(id -u)" -ne 0 ]; then
        have sudo || die "neither root nor sudo; as root: apt-get install ${packages[*]}"
        root=(sudo)
    fi
    log=$build/apt.log
    mkdir -p "$build"
    say "installing: ${packages[*]}  (a minute or two; details in $log)"
    "${root[@]}" apt-get update -q >"$log" 2>&1 </dev/null || { tail -n 20 "$log"; die "apt-get update failed"; }
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${packages[@]}" \
        >>"$log" 2>&1 </dev/null || {
        tail -n 20 "$log"
        die "apt-get could not install them; on Ubuntu they are in the section universe: add-apt-repository universe"
    }
fi

# ---- build and run ------------------------------------------------------------------------------------------------
version=$(cmake --version | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
read -r major minor <<<"$version"
[ "$major" -gt 3 ] || [ "$minor" -ge 22 ] || die "cmake $major.$minor is too old, 3.22 is the least (Ubuntu 22.04 has it)"

say "building in $build"
# kernels for the GPU that is here, if one is; without one they would only take minutes to compile
cuda=(-DURN_CUDA=OFF)
if have nvidia-smi && compute=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1) &&
    [ -n "$compute" ]; then
    cuda=(-DURN_CUDA=AUTO "-DURN_CUDA_ARCHS=${compute//./}")
fi
generator=()
if [ ! -f "$build/CMakeCache.txt" ] && have ninja; then generator=(-G Ninja); fi
cmake -S . -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DURN_SIMT=OFF -DURN_TESTS=OFF -DURN_LM=ON "${cuda[@]}"
cmake --build "$build" --parallel "$(nproc)" --target urn_program

say "urn generate ${options[*]}"
"$build/urn" generate "${options[@]}"
