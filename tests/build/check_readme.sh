# check_readme.sh - the C program in README.md, taken from the page as printed, builds with the line the page gives and
# runs. Uses an installation of BUILD.
check_readme() {
    awk '/^```c$/ {on = 1; next} /^```/ {on = 0} on' README.md >"$SCRATCH/quick.c"
    if [ ! -s "$SCRATCH/quick.c" ]; then
        echo "README.md has no C program" >"$SCRATCH/said"
        fail readme "$SCRATCH/said"
        return
    fi
    if [ ! -f "$BUILD/liburn.so" ]; then
        skip readme "$BUILD has no liburn.so"
        return
    fi
    local line lib
    line=$(grep -oE 'cc quick\.c \$\(pkg-config --cflags --libs urn\)[^`]*' README.md | head -1)
    expect "readme: the page says how to compile it" test -n "$line"
    expect "readme: at most 25 lines" test "$(wc -l <"$SCRATCH/quick.c")" -le 25
    expect "readme: an installation for it" cmake --install "$BUILD" --prefix "$SCRATCH/readme_prefix"
    lib=$(dirname "$(find "$SCRATCH/readme_prefix" -name liburn.so | head -1)")
    expect "readme: $line" env -C "$SCRATCH" PKG_CONFIG_PATH="$lib/pkgconfig" bash -c "$line"
    local made=$SCRATCH/quick
    [ -x "$made" ] || made=$SCRATCH/a.out
    expect "readme: the program runs" env LD_LIBRARY_PATH="$lib" "$made"
    env LD_LIBRARY_PATH="$lib" "$made" 2>/dev/null | sed 's/^/      /'
    # and without a warning as strict C99
    expect "readme: the program is C99 without warnings" \
        $CC -std=c99 -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only "$SCRATCH/quick.c"
}
