/* cpu_unmask.c - masked diffusion: which masked positions open, which drawn ids are kept (bits.h section 11). */
#include <math.h>
#include <string.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_wide.h"

/* One sequence of a call. */
typedef struct {
    const urn_unmask_params *p;
    int64_t number, first; /* its first row */
    int32_t used;          /* positions in use */
    int32_t masked;        /* candidates */
    uint64_t key;
    uint32_t position;
} sequence;

static int is_candidate(const sequence *s, int64_t i) {
    return i >= 0 && i < s->used && s->p->tokens[s->first + i] == s->p->mask_id;
}

static sequence sequence_of(const urn_unmask_params *p, int64_t number) {
    uint64_t seed = p->seed ? p->seed[number] : p->seed_value, label = p->label ? p->label[number] : (uint64_t)number;
    int32_t used = p->lengths ? p->lengths[number] : p->length;
    sequence s = {p, number, number * p->length, used < p->length ? used : p->length, 0, urnc_row_key(seed, label), 0};
    s.position = p->position ? p->position[number] : p->position_value;
    for (int32_t i = 0; i < s.used; i++) s.masked += is_candidate(&s, i);
    return s;
}

static urnc_block block_of(const sequence *s, int32_t index, uint32_t draw) {
    return urnc_row_block(s->key, (uint32_t)index, draw, s->position, URN_STREAM_UNMASK);
}

static void put_opening(const urn_unmask_params *p, int64_t at, int64_t row) {
    p->slot[at] = (int32_t)row;
    if (p->row_index) p->row_index[at] = row < 0 ? 0 : (int32_t)row;
    if (p->map) p->map[at] = row < 0 ? -1 : 0;
}

/* Position i stays masked where its 53 bits are below `stay`. */
static void open_each(const sequence *s, int all, uint64_t stay) {
    for (int32_t i = 0; i < s->p->length; i++) {
        int opens = is_candidate(s, i) && (all || urnc_block_u64(block_of(s, i, 0)) >> 11 >= stay);
        put_opening(s->p, s->first + i, opens ? s->first + i : -1);
    }
}

static void open_one(const sequence *s) {
    const urn_unmask_params *p = s->p;
    urnc_block block = block_of(s, 0, 1);
    uint64_t V = block.word[2] | (uint64_t)block.word[3] << 32;
    int64_t left = (int64_t)((urnc_u128)V * (uint64_t)s->masked >> 64), i = -1;
    double factor = 1.0;
    if (s->masked) {
        do left -= is_candidate(s, ++i);
        while (left >= 0);
        factor = urnc_exp2_of(-urnc_exponential(urnc_block_u64(block)) / (double)s->masked);
    }
    put_opening(p, s->number, i < 0 ? -1 : s->first + i);
    if (p->factor) p->factor[s->number] = factor;
    if (p->time) p->time[s->number] = p->time[s->number] * factor;
}

static void choose(const void *argument, int64_t number) {
    const urn_unmask_params *p = argument;
    sequence s = sequence_of(p, number);
    int32_t status = s.masked ? URN_ROW_OK : URN_ROW_EMPTY;
    if (p->rule == URN_UNMASK_ONE) {
        open_one(&s);
    } else if (p->rule == URN_UNMASK_ALL) {
        open_each(&s, 1, 0);
    } else {
        double stay = p->stay ? p->stay[number] : p->stay_value;
        int good = stay >= 0.0 && stay <= 1.0;
        if (!good) status = URN_ROW_PARAM;
        open_each(&s, 0, good ? (uint64_t)ceil(stay * 0x1p53) : UINT64_C(1) << 53);
    }
    if (p->masked) p->masked[number] = s.masked;
    if (p->status) p->status[number] = status;
}

/* What is drawn for a sequence: each position's id, or -1, and its score as a key, larger first. */
typedef struct {
    int32_t id[URN_UNMASK_MAX_LENGTH];
    uint32_t key[URN_UNMASK_MAX_LENGTH];
} drawn;

static uint32_t score_key(const sequence *s, int64_t opening, int32_t i) {
    const urn_unmask_params *p = s->p;
    float score = p->confidence[opening];
    if (p->jitter != 0.0f) {
        double G = urnc_gumbel(urnc_block_u64(block_of(s, i, 2)));
        score = (float)((double)score + (double)p->jitter * (G * URN_LN2 - URN_LN_LN2));
    }
    return urnc_key(isnan(score) ? -INFINITY : score + 0.0f);
}

/* How many opened positions have an id to write. */
static int32_t find_drawn(const sequence *s, drawn *d) {
    const urn_unmask_params *p = s->p;
    int one = p->rule == URN_UNMASK_ONE;
    int64_t begin = one ? s->number : s->first, end = one ? begin + 1 : begin + p->length;
    int32_t count = 0;
    memset(d->id, -1, sizeof *d->id * (size_t)p->length);
    for (int64_t at = begin; at < end; at++) {
        int64_t i = p->slot[at] - s->first;
        if ((!one && p->slot[at] != at) || !is_candidate(s, i)) continue;
        if (p->ids[at] < 0 || p->ids[at] == p->mask_id) continue;
        d->id[i] = p->ids[at];
        if (p->confidence) d->key[i] = score_key(s, at, (int32_t)i);
        count++;
    }
    return count;
}

/* The k-th largest key, by bytes from the top; *ties: how many of that key are among the first k. 0 < k <= count. */
static uint32_t find_kth(const drawn *d, int32_t length, int32_t k, int32_t *ties) {
    uint32_t key = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        int32_t count[256] = {0};
        int byte = 255;
        uint32_t fixed = shift == 24 ? 0 : 0xffffffffu << (shift + 8);
        for (int32_t i = 0; i < length; i++)
            if (d->id[i] >= 0 && !((d->key[i] ^ key) & fixed)) count[d->key[i] >> shift & 255]++;
        while (k > count[byte]) k -= count[byte--];
        key |= (uint32_t)byte << shift;
    }
    *ties = k;
    return key;
}

static int32_t write_tokens(const sequence *s, const drawn *d, int32_t count, int32_t keep) {
    int32_t ties = 0, written = 0, some = keep < count;
    uint32_t least = some && keep > 0 ? find_kth(d, s->p->length, keep, &ties) : 0;
    for (int32_t i = 0; keep > 0 && i < s->p->length; i++) {
        if (d->id[i] < 0 || (some && (d->key[i] < least || (d->key[i] == least && ties-- <= 0)))) continue;
        s->p->tokens[s->first + i] = d->id[i];
        written++;
    }
    return written;
}

static void settle(const void *argument, int64_t number) {
    const urn_unmask_params *p = argument;
    sequence s = sequence_of(p, number);
    drawn d;
    int32_t keep = !p->confidence ? INT32_MAX : p->keep ? p->keep[number] : p->keep_value;
    int32_t written = keep > 0 ? write_tokens(&s, &d, find_drawn(&s, &d), keep) : 0;
    if (p->settled) p->settled[number] = written;
    if (p->status) p->status[number] = keep < 0 ? URN_ROW_PARAM : URN_ROW_OK;
}

void urnc_unmask_choose(const urn_unmask_params *params, int threads) {
    urnc_over_rows(params->sequences, params->length, threads, choose, params);
}

void urnc_unmask_settle(const urn_unmask_params *params, int threads) {
    urnc_over_rows(params->sequences, params->length, threads, settle, params);
}
