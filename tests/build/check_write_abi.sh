# check_write_abi.sh - rewrite abi.txt from the headers; runs only when named.
check_write_abi() {
    source "$HERE/check_abi.sh"
    abi_now >"$HERE/abi.txt" && ok "wrote tests/build/abi.txt: say in the commit why the shape changed"
}
