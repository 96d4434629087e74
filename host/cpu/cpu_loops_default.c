/* cpu_loops_default.c - the loops for whatever the compiler was told to build for. */
#include "host/cpu/cpu_loops_body.h"

const urnc_loops urnc_loops_default = URNC_LOOPS_TABLE("default");
