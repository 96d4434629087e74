# abi_dump.awk - reads preprocessed public headers, writes a C program that prints their binary shape.
#
# Input: `cc -E` of urn.h, line markers kept so that only our own headers count. Output of the program it writes, one line
# each: struct size, member offset and size, enum value.
/^# [0-9]+ "/ {
    ours = ($0 ~ /include\/urn\//)
    next
}
ours { text = text " " $0 }

function trim(s) {
    gsub(/^[ \t]+|[ \t]+$/, "", s)
    return s
}

# the identifier that a declarator such as "*name[4]" or "(*name)(void)" declares
function declared(d) {
    if (match(d, /\(\*[ ]*[A-Za-z_0-9]+\)/)) {
        d = substr(d, RSTART + 2, RLENGTH - 3)
    } else {
        sub(/\[.*/, "", d)
        sub(/^.*[ *]/, "", d)
    }
    return trim(d)
}

function dump_struct(name, body, members, n, i, parts, k, j) {
    printf "    printf(\"struct %s size %%zu\\n\", sizeof(%s));\n", name, name
    n = split(body, members, ";")
    for (i = 1; i <= n; i++) {
        if (trim(members[i]) == "") continue
        if (members[i] ~ /\(\*/) {
            k = 1
            parts[1] = members[i]
        } else {
            k = split(members[i], parts, ",")
        }
        for (j = 1; j <= k; j++) {
            member = declared(trim(parts[j]))
            printf "    printf(\"struct %s.%s at %%zu size %%zu\\n\", offsetof(%s, %s), sizeof(((%s *)0)->%s));\n", name, member, name, member, name, member
        }
    }
}

function dump_enum(body, values, n, i) {
    n = split(body, values, ",")
    for (i = 1; i <= n; i++) {
        sub(/=.*/, "", values[i])
        value = trim(values[i])
        if (value != "") printf "    printf(\"enum %s %%d\\n\", (int)%s);\n", value, value
    }
}

END {
    print "#include <stddef.h>\n#include <stdio.h>\n#include \"urn/urn.h\"\nint main(void) {"
    while (match(text, /(struct|enum)[ ]+[A-Za-z_0-9]+[ ]*\{[^}]*\}/)) {
        item = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        open = index(item, "{")
        head = substr(item, 1, open - 1)
        body = substr(item, open + 1, length(item) - open - 1)
        split(trim(head), words, /[ ]+/)
        if (words[1] == "struct") dump_struct(words[2], body)
        else dump_enum(body)
    }
    print "    return 0;\n}"
}
