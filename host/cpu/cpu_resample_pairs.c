/* cpu_resample_pairs.c - SSP: fractions meet in pairs up a binary tree over the items (bits_resample.h section 3).
 *
 * A node's left half waits on a shelf of its level until the right half is there, as when a number is counted up by
 * one. Chunks are subtrees; what comes of them meets in the same way, in order. */
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample_fractions.h"

typedef struct {
    int64_t item;
    urnc_u128 f;
} carried;

#define CHUNK_LEVEL 14
#define LEVELS 31

typedef struct {
    urnc_birth *b;
    int level;      /* of what is put in */
    int64_t first;  /* item where it begins: a multiple of every node's size */
    int64_t number; /* of the next one at that level, from `first` on */
    carried shelf[LEVELS];
} tree;

/* At node `number` of `level`, counted from the tree's first. */
static carried meet(const tree *t, carried left, carried right, int level, int64_t number) {
    urnc_birth *b = t->b;
    const urnc_particles *row = &b->row;
    if (right.f == 0) return left;
    if (left.f == 0) return right;
    urnc_u128 s = left.f + right.f;
    urnc_block block = urnc_birth_block(b, (t->first >> level) + number, (uint32_t)level, URN_STREAM_PAIRS);
    if (s < row->T) {
        carried on = urnc_below(row->wide, block, s) < left.f ? left : right;
        on.f = s;
        return on;
    }
    int first = urnc_below(row->wide, block, 2 * row->T - s) < row->T - right.f;
    carried on = first ? right : left;
    b->counts[first ? left.item : right.item] += 1;
    on.f = s - row->T;
    return on;
}

static void put(tree *t, carried one) {
    int level = t->level;
    int64_t number = t->number++;
    for (; number & 1; number >>= 1, level++) one = meet(t, t->shelf[level], one, level + 1, number >> 1);
    t->shelf[level] = one;
}

/* What still waits, from the lowest level up: a node without a right half is its left half. */
static carried take(const tree *t) {
    carried one = {0, 0};
    int there = 0;
    for (int level = t->level; level < LEVELS; level++) {
        int64_t number = t->number >> (level - t->level);
        if (!(number & 1)) continue;
        one = there ? meet(t, t->shelf[level], one, level + 1, number >> 1) : t->shelf[level];
        there = 1;
    }
    return one;
}

static void put_item(void *argument, int64_t i, int64_t floor, urnc_u128 f) {
    tree *t = argument;
    t->b->counts[i] = (int32_t)floor;
    put(t, (carried){i, f});
}

/* A chunk is one node of level 14; what it carries is packed into one number. */
static void pairs_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    urnc_birth *b = argument;
    tree t = {.b = b, .first = begin};
    urnc_visit_fractions(b, begin, end, put_item, &t);
    carried one = take(&t);
    b->row.spare[chunk] = one.f << CHUNK_LEVEL | (uint64_t)(one.item - begin); /* a fraction is below 2^78 */
}

int64_t urnc_fill_pairs(urnc_birth *b) {
    urnc_over_chunks(b->row.n, b->row.team, pairs_chunk, b);
    tree t = {.b = b, .level = CHUNK_LEVEL};
    for (int64_t c = 0; c < b->row.chunks; c++) {
        urnc_u128 one = b->row.spare[c];
        put(&t, (carried){c * URNC_CHUNK + (int64_t)(one & (URNC_CHUNK - 1)), one >> 14});
    }
    take(&t);
    return b->M;
}
