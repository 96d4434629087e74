#!/bin/sh
# keep_ptxas_report.sh - run a compiler command; put ptxas's report beside the object, show the rest.
#
# CMake puts this in front of nvcc. `<object>.ptxas` then always belongs to the object that was built, and
# tests/build/ptxas.sh reads it without compiling again.
object=
previous=
for word in "$@"; do
    if [ "$previous" = -o ]; then object=$word; fi
    previous=$word
done
if [ -z "$object" ]; then exec "$@"; fi
"$@" 2>"$object.ptxas"
result=$?
grep -v -E '^ptxas info|^ *[0-9]+ bytes (stack frame|gmem)|^ptxas  *\.|^$' "$object.ptxas" >&2
exit $result
