/* cpu_held.h - a row held as f32, to change single ids of K (bits.h section 8). */
#ifndef URN_CPU_HELD_H
#define URN_CPU_HELD_H

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "host/cpu/cpu_bans.h"

/* Element i has value x[i] and id id[i], in increasing order; id NULL: i. K is what is above -inf. `seen` and `tally`
 * are scratch by id: tally[id] means something where seen has id. */
typedef struct urnc_held {
    float *x;
    const int32_t *id;
    int64_t n;
    urnc_idset seen;
    uint32_t *tally;
} urnc_held;

/* The x of an id of K; NULL for others. */
float *urnc_held_at(const urnc_held *held, int32_t id);

/* FIN: v + 0.0f within the finite numbers; a NaN stays one. */
static inline float urnc_fin(float v) {
    v = v + 0.0f;
    v = v > FLT_MAX ? FLT_MAX : v;
    return v < -FLT_MAX ? -FLT_MAX : v;
}

/* x = FIN(v). Returns a row status. */
int urnc_held_set(float *x, float v);

/* Add to an id's tally, or raise it. */
void urnc_held_add(const urnc_held *held, int32_t id, uint32_t n);
void urnc_held_raise(const urnc_held *held, int32_t id, uint32_t least);

/* Call `each` for every id seen, in increasing order; or-s the statuses it returns. */
typedef int (*urnc_held_each)(const urnc_held *held, const void *argument, int32_t id);
int urnc_held_walk(const urnc_held *held, const void *argument, urnc_held_each each);

/* Steps on single ids; each returns a row status. scale, centre: FIN(x + scale * (v - mean)). */
int urnc_bias(const urnc_held *held, const urnc_list *list);
int urnc_add_values(const urnc_held *held, const urnc_list *list, float scale, int centre);

typedef struct urnc_penalty {
    float repetition, frequency, presence;
    int32_t last_n;
    int prompt; /* repetition sees the prompt's set */
} urnc_penalty;
int urnc_penalise(const urnc_held *held, const urnc_penalty *penalty, const urnc_context *h,
                  const urn_slots_view *state, int64_t slot);

typedef struct urnc_dry {
    float multiplier, base;
    int32_t allowed, last_n;
    urnc_list breakers;
} urnc_dry;
int urnc_dry_penalise(const urnc_held *held, const urnc_dry *dry, const urnc_context *h);

#endif
