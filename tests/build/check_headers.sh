# check_headers.sh - each public header compiles alone and twice, as strict C99 and as C++17; urn.h includes them all.
check_headers() {
    local header base bad="$SCRATCH/headers"
    : >"$bad"
    for header in include/urn/*.h; do
        base=urn/$(basename "$header")
        printf '#include "%s"\n#include "%s"\nint probe;\n' "$base" "$base" >"$SCRATCH/probe.c"
        cp "$SCRATCH/probe.c" "$SCRATCH/probe.cpp"
        # nothing but the C library is on the include path, so a header that wants CUDA fails here
        $CC -std=c99 -pedantic-errors -Wall -Wextra -Werror -Wundef -Iinclude -fsyntax-only "$SCRATCH/probe.c" 2>>"$bad"
        $CXX -std=c++17 -pedantic-errors -Wall -Wextra -Werror -Wundef -Iinclude -fsyntax-only "$SCRATCH/probe.cpp" 2>>"$bad"
    done
    expect_empty "headers compile alone and twice, as C99 and as C++17" "$bad"

    : >"$bad"
    for header in include/urn/*.h; do
        base=urn/$(basename "$header")
        [ "$base" = urn/urn.h ] || grep -q "#include \"$base\"" include/urn/urn.h || echo "urn.h leaves out $base" >>"$bad"
    done
    expect_empty "urn.h includes every public header" "$bad"

    # _INIT macros must be constant expressions in C and usable in C++, and set struct_size
    : >"$bad"
    {
        echo '#include "urn/urn.h"'
        grep -ohE '#define URN_[A-Z_]+_INIT' include/urn/*.h | awk '{print $2}' | sort -u | while read -r macro; do
            type=$(echo "${macro%_INIT}" | tr 'A-Z' 'a-z')
            printf '%s v_%s = %s;\n' "$type" "$type" "$macro"
        done
        echo 'int main(void) { return 0'
        grep -ohE '#define URN_[A-Z_]+_INIT' include/urn/*.h | awk '{print $2}' | sort -u | while read -r macro; do
            type=$(echo "${macro%_INIT}" | tr 'A-Z' 'a-z')
            printf ' | (v_%s.struct_size != sizeof v_%s)' "$type" "$type"
        done
        echo '; }'
    } >"$SCRATCH/init.c"
    cp "$SCRATCH/init.c" "$SCRATCH/init.cpp"
    { $CC -std=c99 -pedantic-errors -Wall -Wextra -Werror -Iinclude "$SCRATCH/init.c" -o "$SCRATCH/init" && "$SCRATCH/init" || echo "C: struct_size"; } 2>>"$bad" >>"$bad"
    { $CXX -std=c++17 -pedantic-errors -Wall -Wextra -Werror -Iinclude "$SCRATCH/init.cpp" -o "$SCRATCH/init" && "$SCRATCH/init" || echo "C++: struct_size"; } 2>>"$bad" >>"$bad"
    expect_empty "every _INIT is a constant initialiser that sets struct_size, in C99 and C++17" "$bad"
}
