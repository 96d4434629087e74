/* cpu_items_body.h - loops over items with 64-bit indices (bits_topk.h T4); included by cpu_topk_body.h. */

/* Group g of the items as f64 in a row of f32 or f64; outside the chunk -inf. */
static void load_items(const urnc_items *from, int64_t g, double x[URNC_GROUP]) {
    int64_t first = g * URNC_GROUP - from->first, low = first < 0 ? -first : 0;
    int64_t high = from->n - first < URNC_GROUP ? from->n - first : URNC_GROUP;
    FOR_GROUP(i) x[i] = -INFINITY;
    if (!from->values) {
        for (int64_t i = low; i < high; i++) x[i] = 0.0;
    } else if (from->type == URN_ITEM_F64) {
        const double *v = (const double *)from->values + first;
        for (int64_t i = low; i < high; i++) x[i] = v[i];
    } else {
        const float *v = (const float *)from->values + first;
        for (int64_t i = low; i < high; i++) x[i] = (double)v[i];
    }
}

/* The high words of a group's uniforms are enough to ask; all of them are there for those that may. */
static void item_noise(const urnc_item_rule *rule, int64_t g, uint32_t word[4][BLOCKS]) {
    uint32_t low[BLOCKS], high[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        uint64_t pair = (uint64_t)g * BLOCKS + (uint64_t)i;
        low[i] = (uint32_t)pair;
        high[i] = (uint32_t)(pair >> 32);
    }
    philox_blocks(rule->key, low, high, rule->position, URN_STREAM_LONG, word);
}

static inline double cut_y(double y) {
    y = y < -0x1p21 ? -0x1p21 : y;
    return y > 0x1p21 ? 0x1p21 : y;
}

static inline int64_t value_key(double x) {
    uint64_t b = urnc_bits_of_f64(x + 0.0);
    return (int64_t)(b ^ ((0u - (b >> 63)) & INT64_MAX));
}

/* How many are possible; NaN and +inf. */
static void tally_items(const double x[URNC_GROUP], urnc_item_tally *tally) {
    int64_t possible = 0, wrong = 0;
    FOR_GROUP(i) {
        possible += (x[i] > -INFINITY) & (x[i] < INFINITY);
        wrong += !(x[i] < INFINITY);
    }
    tally->possible += possible;
    if (!wrong) return;
    FOR_GROUP(i) tally->status |= x[i] == INFINITY ? URN_ROW_INF : x[i] != x[i] ? URN_ROW_NAN : 0;
}

static int items_by_value(const double x[URNC_GROUP], int64_t g, const urn_topk_record *bound,
                          urn_topk_record *record) {
    int n = 0;
    int32_t flag[URNC_GROUP], any = 0;
    int64_t least = bound->key > value_key(-INFINITY) ? bound->key : value_key(-INFINITY) + 1;
    FOR_GROUP(i) {
        int64_t k = value_key(x[i]);
        flag[i] = -(int32_t)((k >= least) & (k < value_key(INFINITY)));
        any |= flag[i];
    }
    if (!any) return 0;
    for (int i = 0; i < URNC_GROUP; i++) {
        urn_topk_record found = {value_key(x[i]), g * URNC_GROUP + i};
        if (flag[i] && urnc_record_before(&found, bound)) record[n++] = found;
    }
    return n;
}

static inline int64_t item_key(double y, uint64_t U) { return urnc_floor_i64((cut_y(y) + urnc_gumbel(U)) * 0x1p40); }

static void all_item_keys(const urnc_item_rule *rule, const double x[URNC_GROUP], uint32_t word[4][BLOCKS],
                          int64_t key[URNC_GROUP]) {
    uint64_t U[URNC_GROUP];
    for (int i = 0; i < BLOCKS; i++) {
        U[2 * i] = word[0][i] | (uint64_t)word[1][i] << 32;
        U[2 * i + 1] = word[2][i] | (uint64_t)word[3][i] << 32;
    }
    FOR_GROUP(i) key[i] = item_key(x[i] * rule->c, U[i]);
}

static int items_by_key(const urnc_item_rule *rule, const double x[URNC_GROUP], int64_t g, const urn_topk_record *bound,
                        urn_topk_record *record) {
    uint32_t word[4][BLOCKS], words[URNC_WORDS];
    uint8_t place[URNC_GROUP];
    int64_t key[URNC_GROUP];
    int32_t flag[URNC_GROUP], any = 0;
    int n = 0;
    /* y and k are rounded to f32: what that may lose is 2^-23 of each */
    float k = bound->key < -(INT64_C(1) << 62) ? -0x1p23f : (float)((double)bound->key * 0x1p-40);
    float slack = fabsf(k) * 0x1p-22f + NEAR_SLACK - k;
    item_noise(rule, g, word);
    for (int i = 0; i < BLOCKS; i++) {
        float even = (float)cut_y(x[2 * i] * rule->c), odd = (float)cut_y(x[2 * i + 1] * rule->c);
        flag[2 * i] = is_near(fmaf(fabsf(even), 0x1p-22f, even) + slack, word[1][i]);
        flag[2 * i + 1] = is_near(fmaf(fabsf(odd), 0x1p-22f, odd) + slack, word[3][i]);
        any |= flag[2 * i] | flag[2 * i + 1];
    }
    if (!any) return 0;
    for (int w = 0; w < URNC_WORDS; w++) words[w] = pack(flag + 32 * w);
    int many = urnc_places(words, place);
    if (many > URNC_MANY_NEAR) all_item_keys(rule, x, word, key);
    for (int p = 0; p < many; p++) {
        int i = place[p], half = i % 2 * 2;
        if (!(x[i] > -INFINITY && x[i] < INFINITY)) continue;
        if (many <= URNC_MANY_NEAR) {
            uint64_t U = word[half][i / 2] | (uint64_t)word[half + 1][i / 2] << 32;
            key[i] = item_key(x[i] * rule->c, U);
        }
        urn_topk_record found = {key[i], g * URNC_GROUP + i};
        if (urnc_record_before(&found, bound)) record[n++] = found;
    }
    return n;
}

static int items(const urnc_items *from, const urnc_item_rule *rule, int64_t g, const urn_topk_record *bound,
                 urn_topk_record *record, urnc_item_tally *tally) {
    double x[URNC_GROUP];
    load_items(from, g, x);
    tally_items(x, tally);
    return rule->by_value ? items_by_value(x, g, bound, record) : items_by_key(rule, x, g, bound, record);
}
