/* cpu_parts.c - the row engine on 4,096 elements at a time. */
#include "host/cpu/cpu_parts.h"

#include <stddef.h>

/* The bits of n ids from `first` on. No word is read that has none of them. */
static void shift_words(const uint32_t *words, int64_t first, int64_t n, uint32_t *out) {
    int64_t at = first / 32, last = (first + n - 1) / 32;
    int shift = (int)(first % 32);
    for (int64_t w = 0; w < (n + 31) / 32; w++) {
        uint32_t low = words[at + w] >> shift;
        uint32_t high = shift && at + w < last ? words[at + w + 1] << (32 - shift) : 0;
        out[w] = low | high;
    }
}

/* The tables of the whole row, as a row that begins at `first` would have them. */
static void shift_tables(const urnc_plan *whole, int64_t first, urnc_part_room *room) {
    int masks = 0;
    for (int a = 0; a < whole->acts; a++) {
        const void *table = whole->act[a].table;
        if (!table) continue;
        if (whole->act[a].op == URN_OP_MASK) {
            uint32_t *words = room->words[masks++];
            if (room->plan.n > 0) shift_words(table, first, room->plan.n, words);
            room->plan.act[a].table = words;
        } else {
            room->plan.act[a].table = (const float *)table + first;
        }
    }
}

int urnc_part_run(const urnc_parts *parts, int64_t at, urnc_part_room *room, urnc_row *row) {
    const urnc_plan *whole = parts->plan;
    size_t bytes = parts->dtype == URN_F32 ? 4 : 2;
    room->plan = *whole;
    room->plan.n = whole->n - at < URNC_PART ? whole->n - at : URNC_PART;
    room->plan.data = (const char *)whole->data + (size_t)at * bytes;
    shift_tables(whole, parts->first + at, room);
    urnc_row_begin(row, &room->plan, parts->dtype, room->scratch, 1);
    urnc_values_begin(row, URN_NEEDS_FULL, (char *)room->scratch + urnc_row_bytes(room->plan.n));
    row->first = parts->first + at;
    row->M = parts->M;
    return parts->M ? urnc_row_run(row, &room->plan) : urnc_row_steps(row, &room->plan);
}

int urnc_over_parts(const urnc_parts *parts, urnc_part_visit visit, void *argument) {
    urnc_part_room room;
    urnc_row row;
    int status = URN_ROW_OK;
    for (int64_t at = 0; at < parts->plan->n; at += URNC_PART) {
        int found = urnc_part_run(parts, at, &room, &row);
        status |= found;
        if (found == URN_ROW_OK && !visit(argument, &row)) break;
    }
    int logits = status & (URN_ROW_NAN | URN_ROW_INF);
    return logits ? logits : status;
}
