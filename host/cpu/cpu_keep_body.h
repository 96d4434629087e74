/* cpu_keep_body.h - the loops of keep steps: digits of a search, cuts, thresholds; included by cpu_loops_body.h. */

#define FEW 16   /* elements of a group inside the range: weighing them one by one costs less than weighing all */
#define MANY 160 /* adding what is outside to a bin of its own costs less than finding what is inside */

/* A group of equal values, as ties are, would wait for one bin again and again. */
static void add_many(const uint32_t at[URNC_GROUP], const uint64_t weight[URNC_GROUP], uint64_t *bin) {
    uint32_t low = UINT32_MAX, high = 0;
    FOR_GROUP(i) {
        low = at[i] < low ? at[i] : low;
        high = at[i] > high ? at[i] : high;
    }
    if (low == high) {
        uint64_t sum = 0;
        FOR_GROUP(i) sum += weight[i];
        bin[low] += sum;
    } else {
        FOR_GROUP(i) bin[at[i]] += weight[i];
    }
}

static void digits(const urnc_view *view, urnc_scale scale, const urnc_digit *digit, int64_t g0, int64_t g1,
                   const int32_t *top, uint64_t *bin) {
    float x[URNC_GROUP], y[URNC_GROUP];
    uint32_t at[URNC_GROUP];
    int32_t inside[URNC_GROUP];
    uint64_t weight[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        if ((top && top[g] < digit->first) || !load(view, g, x)) continue;
        const float *k = keys(digit->key, scale, x, y);
        int32_t outside = URNC_GROUP;
        FOR_GROUP(i) {
            uint32_t b = ((uint32_t)urnc_order(k[i]) - (uint32_t)digit->first) >> digit->shift;
            inside[i] = b < digit->bins ? -1 : 0;
            at[i] = b < digit->bins ? b : URNC_BINS;
            outside += inside[i];
        }
        int count = URNC_GROUP - outside, one_by_one = digit->by_mass && count <= FEW;
        if (!digit->by_mass) {
            FOR_GROUP(i) weight[i] = 1;
        } else if (!one_by_one) {
            FOR_WEIGHT(i, w, scale, x, weight[i] = w;);
        }
        if (count >= MANY) {
            add_many(at, weight, bin);
            continue;
        }
        for (int w = 0; w < URNC_GROUP && count > 0; w += 32)
            for (uint32_t word = pack(inside + w); word; word &= word - 1) {
                int i = w + __builtin_ctz(word);
                bin[at[i]] += one_by_one ? urnc_weight_of(scale, x[i]) : weight[i];
            }
    }
}

static void no_bits(uint32_t *words) {
    for (int w = 0; w < URNC_WORDS; w++) words[w] = 0;
}

static int64_t put_bits(const int32_t *flag, uint32_t *words) {
    int64_t count = 0;
    for (int w = 0; w < URNC_WORDS; w++) {
        words[w] = pack(flag + 32 * w);
        count += __builtin_popcount(words[w]);
    }
    return count;
}

static void keep_order(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t cut, int64_t g0, int64_t g1,
                       const int32_t *top, uint32_t *bits, urnc_tally *tally) {
    float x[URNC_GROUP], y[URNC_GROUP];
    int32_t keep[URNC_GROUP];
    int64_t count = 0;
    for (int64_t g = g0; g < g1; g++) {
        uint32_t *words = bits + g * URNC_WORDS;
        if ((top && top[g] < cut) || !load(view, g, x)) {
            no_bits(words);
            continue;
        }
        const float *k = keys(key, scale, x, y);
        FOR_GROUP(i) keep[i] = urnc_order(k[i]) >= cut ? -1 : 0;
        count += put_bits(keep, words);
    }
    tally->count = count;
}

/* Which of group g have this order; returns 0 if all of them are out of K. */
static int equals(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, int64_t g, float *x,
                  int32_t *equal) {
    float y[URNC_GROUP];
    if (!load(view, g, x)) return 0;
    const float *k = keys(key, scale, x, y);
    FOR_GROUP(i) equal[i] = urnc_order(k[i]) == order ? -1 : 0;
    return 1;
}

static void drop_last(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, uint64_t surplus,
                      uint32_t *bits) {
    float x[URNC_GROUP];
    int32_t equal[URNC_GROUP];
    for (int64_t g = (view->n + URNC_GROUP - 1) / URNC_GROUP; surplus > 0 && g-- > 0;) {
        if (!equals(view, scale, key, order, g, x, equal)) continue;
        for (int w = URNC_WORDS; surplus > 0 && w-- > 0;) {
            uint32_t word = pack(equal + 32 * w), last = word;
            for (uint64_t many = (uint64_t)__builtin_popcount(word); many > surplus; many--) last &= last - 1;
            surplus -= (uint64_t)__builtin_popcount(last);
            bits[g * URNC_WORDS + w] &= ~last;
        }
    }
}

static uint64_t ties(const urnc_view *view, urnc_scale scale, urnc_key_rule key, int32_t order, uint64_t need,
                     urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t equal[URNC_GROUP];
    uint64_t weight[URNC_GROUP], taken = 0, sum = 0;
    for (int64_t g = 0; g < (view->n + URNC_GROUP - 1) / URNC_GROUP; g++) {
        if (!equals(view, scale, key, order, g, x, equal)) continue;
        int32_t count = 0;
        FOR_GROUP(i) count -= equal[i];
        tally->count += count;
        if (count == 0 || sum >= need) continue;
        FOR_WEIGHT(i, v, scale, x, weight[i] = v;);
        for (int i = 0; i < URNC_GROUP && sum < need; i++) {
            taken += (uint64_t)-equal[i];
            sum += equal[i] ? weight[i] : 0;
        }
    }
    return taken;
}

static void keep_weight(const urnc_view *view, urnc_scale scale, uint64_t least, int32_t floor_order, int64_t g0,
                        int64_t g1, const int32_t *top, uint32_t *bits, uint64_t *sums, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t keep[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        uint32_t *words = bits + g * URNC_WORDS;
        sums[g] = 0;
        if ((top && top[g] < floor_order) || !load(view, g, x)) {
            no_bits(words);
            continue;
        }
        uint64_t sum = 0;
        FOR_WEIGHT(i, w, scale, x, {
            keep[i] = w >= least ? -1 : 0;
            sum += w >= least ? w : 0;
        });
        sums[g] = sum;
        tally->sum += sum;
        tally->count += put_bits(keep, words);
    }
}

static void keep_light(const urnc_view *view, urnc_scale scale, uint64_t below, int64_t g0, int64_t g1, uint32_t *bits,
                       urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t keep[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        uint32_t *words = bits + g * URNC_WORDS;
        if (!load(view, g, x)) {
            no_bits(words);
            continue;
        }
        FOR_WEIGHT(i, w, scale, x, keep[i] = (w < below) & (x[i] > -INFINITY) ? -1 : 0;);
        tally->count += put_bits(keep, words);
    }
}

static void heavy(const urnc_view *view, urnc_scale scale, uint64_t least, int32_t floor_order, int64_t g0, int64_t g1,
                  const int32_t *top, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t low = INT32_MAX;
    for (int64_t g = g0; g < g1; g++) {
        if ((top && top[g] < floor_order) || !load(view, g, x)) continue;
        int32_t count = 0;
        FOR_WEIGHT(i, w, scale, x, {
            int32_t in = 0 - (int32_t)(w >= least), order = (urnc_order(x[i]) & in) | (INT32_MAX & ~in);
            low = order < low ? order : low;
            count -= in;
        });
        tally->count += count;
    }
    tally->least = low;
}

static void census(const urnc_view *view, int64_t g0, int64_t g1, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t low = INT32_MAX;
    for (int64_t g = g0; g < g1; g++) {
        if (!load(view, g, x)) continue;
        int32_t count = 0;
        FOR_GROUP(i) {
            int32_t in = 0 - (int32_t)(x[i] > -INFINITY), order = (urnc_order(x[i]) & in) | (INT32_MAX & ~in);
            low = order < low ? order : low;
            count -= in;
        }
        tally->count += count;
    }
    tally->least = low;
}

static void spread(const urnc_view *view, float M, double unit, int64_t g0, int64_t g1, urnc_tally *tally) {
    float x[URNC_GROUP];
    for (int64_t g = g0; g < g1; g++) {
        if (!load(view, g, x)) continue;
        uint64_t sum = 0, squares = 0; /* below 256 * 2^40 */
        FOR_GROUP(i) {
            uint32_t in = 0u - (uint32_t)(x[i] > -INFINITY);
            float q = urnc_f32_of_bits(urnc_bits_of_f32(urnc_at_most(M - x[i], FLT_MAX)) & in);
            uint64_t steps = (uint32_t)(int32_t)((double)q * unit); /* q >= 0, so cutting is floor */
            sum += steps;
            squares += steps * steps;
        }
        tally->sum += sum;
        tally->squares += squares;
    }
}

static int64_t find(const urnc_view *view, int32_t order, int from_end, const int32_t *top) {
    static const urnc_key_rule by_value = {URNC_BY_VALUE, 0, 0};
    static const urnc_scale no_scale = {0, 0, 0};
    float x[URNC_GROUP];
    int32_t equal[URNC_GROUP];
    int64_t groups = (view->n + URNC_GROUP - 1) / URNC_GROUP;
    for (int64_t step = 0; step < groups; step++) {
        int64_t g = from_end ? groups - 1 - step : step;
        if ((top && top[g] < order) || !equals(view, no_scale, by_value, order, g, x, equal)) continue;
        int64_t at = -1;
        for (int i = 0; i < URNC_GROUP; i += 32) {
            uint32_t word = pack(equal + i);
            if (word && (from_end || at < 0))
                at = g * URNC_GROUP + i + (from_end ? 31 - __builtin_clz(word) : __builtin_ctz(word));
        }
        if (at >= 0) return at;
    }
    return -1;
}

static int64_t gather(const urnc_view *view, int32_t low, int32_t high, int64_t limit, const int32_t *top,
                      int32_t *order, int32_t *at) {
    float x[URNC_GROUP];
    int32_t inside[URNC_GROUP];
    int64_t count = 0;
    for (int64_t g = 0; count < limit && g < (view->n + URNC_GROUP - 1) / URNC_GROUP; g++) {
        if ((top && top[g] < low) || !load(view, g, x)) continue;
        FOR_GROUP(i) inside[i] = (urnc_order(x[i]) >= low) & (urnc_order(x[i]) <= high) ? -1 : 0;
        for (int w = 0; w < URNC_GROUP; w += 32)
            for (uint32_t word = pack(inside + w); count < limit && word; word &= word - 1) {
                int i = w + __builtin_ctz(word);
                if (at) at[count] = (int32_t)(g * URNC_GROUP + i);
                order[count++] = urnc_order(x[i]);
            }
    }
    return count;
}
