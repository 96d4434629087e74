# check_abi.sh - the binary shape of the public headers (struct sizes, member offsets, enum values, contract constants)
# is the committed abi.txt. After an intended change: bash tests/build/build_checks.sh build write_abi
abi_now() {
    $CC -std=c99 -E -Iinclude include/urn/urn.h | awk -f "$HERE/abi_dump.awk" >"$SCRATCH/abi_dump.c"
    $CC -std=c99 -Wall -Iinclude "$SCRATCH/abi_dump.c" -o "$SCRATCH/abi_dump" && "$SCRATCH/abi_dump"
    # constants of the contract and limits: a name and a text
    cat include/urn/*.h | grep -E '^#define URN_[A-Z0-9_]+ ' | grep -vE '_H$|_INIT|_API|_ENUM|_LIST|URN_VERSION' |
        sed -E 's|/\*.*||; s/ +/ /g; s/ $//; s/^#define/macro/' | sort
}

check_abi() {
    if [ "$(uname -m)" != x86_64 ]; then
        skip abi "abi.txt was made for x86-64"
        return
    fi
    abi_now >"$SCRATCH/abi" 2>&1
    expect "abi: $(grep -c . "$HERE/abi.txt") facts of the headers are those of abi.txt" diff "$HERE/abi.txt" "$SCRATCH/abi"
}
