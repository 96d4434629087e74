/* cpu_values.h - loops that change the x of a row's elements (bits.h sections 8 and 9), compiled once an instruction
 * set beside those of cpu_loops.h, and from one source too (cpu_values_body.h).
 *
 * A change reads a view (of any dtype, with or without bits) and writes f32: x of ids in K after the step, -inf outside
 * K. So after one change a row is held as f32 without bits, and what is in K is what is above -inf. */
#ifndef URN_CPU_VALUES_H
#define URN_CPU_VALUES_H

#include "host/cpu/cpu_loops.h"

typedef enum urnc_formula {
    URNC_SETTLE,      /* x / a */
    URNC_ADD,         /* x + y; -inf leaves */
    URNC_DIVIDE,      /* x / y */
    URNC_MIX,         /* y + a * (x - y); -inf leaves */
    URNC_QUADRATIC,   /* M, factor a, k b, g c */
    URNC_SCORE,       /* a, b, at c */
    URNC_SPARSEMAX,   /* M, t; 0 leaves */
    URNC_INVERSE_GAP, /* M, A a, gamma b */
    URNC_TSALLIS,     /* M, eta a, z b */
    URNC_MIXTURE      /* share a, of x and y by their scales and masses */
} urnc_formula;

typedef struct urnc_change {
    int formula;
    float M, a, b, c;
    int32_t t;
    const void *y; /* by element, of this dtype */
    int32_t dtype;
    urnc_scale scale[2];
    double Z[2];
} urnc_change;

typedef struct urnc_value_loops {
    /* x of K -> out[g * 256 ..], how many -> count, the largest of each group -> top[g], of all -> largest, what values
     * give -> status */
    void (*change)(const urnc_view *view, const urnc_change *change, int64_t g0, int64_t g1, float *out, int32_t *top,
                   urnc_tally *tally);
    /* weights floor(g * 2^F) that a Tsallis change would give -> sum */
    void (*tsallis)(const urnc_view *view, const urnc_change *change, int64_t g0, int64_t g1, urnc_tally *tally);
    /* gaps u below t of sparsemax: how many -> count, their sum -> sum */
    void (*gaps)(const urnc_view *view, const urnc_change *change, int64_t g0, int64_t g1, urnc_tally *tally);
} urnc_value_loops;

#endif
