/* cpu_tiny.h - short rows side by side, so that a vector is one id of many rows (bits.h section 10). */
#ifndef URN_CPU_TINY_H
#define URN_CPU_TINY_H

#include <stdint.h>

#include "urn/tiny.h"

#define URNC_TINY_ROWS 128 /* rows abreast: an id's blocks of noise are as many as a group's */

typedef struct urnc_tiny_noise {
    uint64_t key;
    uint64_t row; /* number of the first row */
    uint32_t position;
} urnc_tiny_noise;

/* By id, then row: 32 KB at the most, which a second-level cache holds. */
typedef struct urnc_tiny_rows {
    float x[URN_TINY_MAX_WIDTH][URNC_TINY_ROWS];           /* logits; scores; shares */
    uint32_t possible[URN_TINY_MAX_WIDTH][URNC_TINY_ROWS]; /* all ones, or 0 */
    float M[URNC_TINY_ROWS];
    float top[URNC_TINY_ROWS];    /* the largest score */
    int32_t best[URNC_TINY_ROWS]; /* and its id; -1: none yet */
} urnc_tiny_rows;

struct urnc_tiny_loops {
    /* x becomes s = (x - M) * k + noise; possible, top and best are set, best must be -1 */
    void (*scores)(const urnc_tiny_noise *noise, int32_t width, float k, urnc_tiny_rows *rows);
    /* scores become p, for c = 1 / tau */
    void (*shares)(int32_t width, float c, urnc_tiny_rows *rows);
};

#endif
