/* oracle_topk.c - urn_topk by its page: candidates sorted, picks numbered, every output of T3. */
#include "tests/oracle_topk.h"

#include <math.h>

typedef struct candidate {
    int64_t key;
    int32_t id;
    int64_t mass; /* R before it */
} candidate;

typedef struct answer {
    const ut_job *job;
    const urn_topk_params *p;
    oracle_row *row;
    oracle_run *run; /* not plain */
    candidate *list;
    int64_t count, r, first, room, k, found;
    uint64_t z;
} answer;

static float nan_value(void) {
    uint32_t bits = URN_NAN_BITS;
    float nan;
    memcpy(&nan, &bits, 4);
    return nan;
}

static int64_t section_1_key(float x) {
    uint32_t b;
    memcpy(&b, &x, 4);
    return (int64_t)(b >> 31 ? ~b : b ^ 0x80000000u);
}

static int after_smallest(const void *x, const void *y) {
    const candidate *a = (const candidate *)x, *b = (const candidate *)y;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int after_largest(const void *x, const void *y) {
    const candidate *a = (const candidate *)x, *b = (const candidate *)y;
    if (a->key != b->key) return a->key > b->key ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int by_id(const void *x, const void *y) {
    const candidate *a = (const candidate *)x, *b = (const candidate *)y;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void add(answer *a, int64_t id, int64_t key) {
    a->list[a->count].id = (int32_t)id;
    a->list[a->count].key = key;
    a->list[a->count++].mass = 0;
}

static void list_plain(answer *a) {
    for (int64_t i = 0; i < a->row->n; i++) {
        add(a, i, isnan(a->row->x[i]) ? INT64_C(0xffffffff) : section_1_key(a->row->x[i]));
    }
    qsort(a->list, (size_t)a->count, sizeof *a->list, a->p->flags & URN_TOPK_SMALLEST ? after_smallest : after_largest);
}

/* T2, for one more than k picks: the next one's key is the threshold. */
static void list_race(answer *a) {
    uint64_t key = oracle_row_key(a->row->seed, a->row->label), left = a->z;
    unsigned char *gone = (unsigned char *)ut_malloc((size_t)a->row->n);
    double t = 0;
    memset(gone, 0, (size_t)a->row->n);
    for (int64_t j = 0; j <= a->k && left > 0; j++) {
        oracle_philox b = oracle_block(key, 0, (uint32_t)j, a->row->position, URN_STREAM_RACE);
        uint64_t v = b.word[0] | (uint64_t)b.word[1] << 32, u = b.word[2] | (uint64_t)b.word[3] << 32, sum = 0;
        uint64_t r = (uint64_t)((oracle_wide)v * left >> 64);
        int64_t id = -1;
        while (sum <= r) {
            id++;
            if (a->run->kept[id] && !gone[id]) sum += a->run->w[id];
        }
        t = t + oracle_exponential(u) / ((double)left * 0x1p-40);
        add(a, id, (int64_t)floor(-oracle_log2(t) * 0x1p40));
        gone[id] = 1;
        left -= a->run->w[id];
    }
    free(gone);
}

static void list_law(answer *a) {
    oracle_run *run = a->run;
    a->z = oracle_mass(run);
    if (run->greedy) {
        int64_t id = oracle_first(run);
        add(a, id, a->p->by == URN_TOPK_VALUE ? section_1_key(run->x[id]) : 0);
        return;
    }
    if (a->p->by == URN_TOPK_RACE) {
        list_race(a);
        return;
    }
    for (int64_t i = 0; i < a->row->n; i++) {
        if (!run->kept[i]) continue;
        if (a->p->by == URN_TOPK_VALUE)
            add(a, i, section_1_key(run->x[i]));
        else if (run->w[i])
            add(a, i, oracle_gumbel_key(oracle_gumbel_u64(a->row, i, a->p->draw), oracle_y(run, i, 1)));
    }
    qsort(a->list, (size_t)a->count, sizeof *a->list, after_largest);
}

/* ---- T3 ---- */

static float set_logprob(const answer *a) {
    if (a->found > URN_TOPK_SET_K) return nan_value();
    size_t all = ((size_t)1 << a->found) - 1;
    double *f = (double *)ut_malloc(8 * (all + 1));
    candidate *member = (candidate *)ut_malloc(sizeof *member * (size_t)(a->found + 1));
    memcpy(member, a->list, sizeof *member * (size_t)a->found);
    qsort(member, (size_t)a->found, sizeof *member, by_id);
    f[0] = 1;
    for (size_t set = 1; set <= all; set++) {
        f[set] = 0;
        for (int64_t m = 0; m < a->found; m++) {
            if (!(set >> m & 1)) continue;
            uint64_t others = 0;
            for (int64_t o = 0; o < a->found; o++) others += o != m && (set >> o & 1) ? a->run->w[member[o].id] : 0;
            f[set] = f[set] + f[set ^ (size_t)1 << m] * ((double)a->run->w[member[m].id] / (double)(a->z - others));
        }
    }
    float v = (float)(oracle_log2(f[all]) * URN_LN2);
    free(f);
    free(member);
    return v < 0 ? v : 0.0f;
}

static float inclusion_logprob(const answer *a, const candidate *c) {
    if (a->count <= a->found) return 0;
    double u = oracle_exp2(oracle_y(a->run, c->id, 1) - (double)a->list[a->found].key * 0x1p-40), q, x = u * URN_LN2;
    if (x < 0x1p-5) {
        double h5 = 1 - x * (1.0 / 5), h4 = 1 - (x * (1.0 / 4)) * h5, h3 = 1 - (x * (1.0 / 3)) * h4;
        q = x * (1 - (x * (1.0 / 2)) * h3);
    } else {
        q = 1 - oracle_exp2(-u);
    }
    return (float)(oracle_log2(q) * URN_LN2);
}

/* T7: the pick's key given that the row's largest is its parent's. */
static int64_t beam_key(const answer *a, const candidate *c) {
    int64_t p = a->p->parent_key[a->r], most = a->list[0].key;
    double l = a->run->greedy ? 0 : oracle_log2_of(a->z) - URN_F;
    double o = a->p->parent_logprob[a->r] * URN_LOG2E_F64 - l, t = (double)p * 0x1p-40;
    double z = o + (double)most * 0x1p-40, d = (double)(most - c->key) * 0x1p-40;
    if (p == INT64_MAX) return (int64_t)floor((o + (double)c->key * 0x1p-40) * 0x1p40);
    if (d == 0) return p;
    double x = d * URN_LN2, h = oracle_exp2(d) - 1;
    if (d < 0x1p-10) h = x * (1 + (x * (1.0 / 2)) * (1 + (x * (1.0 / 3)) * (1 + x * (1.0 / 4))));
    double s = (t - z) + oracle_log2(h);
    return (int64_t)floor((s > 60 ? t - s : t - oracle_log2(1 + oracle_exp2(s))) * 0x1p40);
}

static void put_entry(const answer *a, int64_t at, const candidate *c) {
    const urn_topk_params *p = a->p;
    double log_z = a->run ? oracle_log2_of(a->z) : 0;
    if (p->ids) p->ids[at] = c->id;
    if (p->keys) p->keys[at] = c->key;
    if (p->values) {
        float v = a->run ? a->run->x[c->id] : a->row->x[c->id];
        p->values[at] = isnan(v) ? nan_value() : v;
    }
    if (p->logprob) {
        p->logprob[at] = a->run->greedy ? 0.0f : (float)((oracle_y(a->run, c->id, 0) - (log_z - URN_F)) * URN_LN2);
    }
    if (p->logmass) {
        double r = c->mass ? oracle_log2_of((uint64_t)c->mass) : 0;
        p->logmass[at] = c->mass ? (float)((r - log_z) * URN_LN2) : -INFINITY;
    }
    if (p->inclusion_logprob) p->inclusion_logprob[at] = inclusion_logprob(a, c);
    if (p->beam_keys) p->beam_keys[at] = beam_key(a, c);
    if (p->beam_logprob) {
        double b = p->parent_logprob[a->r];
        p->beam_logprob[at] = a->run->greedy ? b : b + (oracle_y(a->run, c->id, 1) - (log_z - URN_F)) * URN_LN2;
    }
}

static void put_row(answer *a) {
    const urn_topk_params *p = a->p;
    a->found = a->k < a->count ? a->k : a->count;
    uint64_t left = a->z;
    double ordered = 0;
    for (int64_t j = 0; j < a->found && a->run; j++) {
        a->list[j].mass = (int64_t)left;
        uint64_t w = a->run->w[a->list[j].id];
        if (p->ordered_logprob) ordered = ordered + (oracle_log2_of(w) - oracle_log2_of(left));
        left -= w;
    }
    if (p->found) p->found[a->r] = (int32_t)a->found;
    if (p->threshold) p->threshold[a->r] = a->count > a->found ? a->list[a->found].key : INT64_MIN;
    if (p->ordered_logprob) p->ordered_logprob[a->r] = (float)(ordered * URN_LN2);
    if (p->set_logprob) p->set_logprob[a->r] = set_logprob(a);
    candidate *picks = (candidate *)ut_malloc(sizeof *picks * (size_t)a->found);
    memcpy(picks, a->list, sizeof *picks * (size_t)a->found);
    if (p->flags & URN_TOPK_BY_ID) qsort(picks, (size_t)a->found, sizeof *picks, by_id);
    for (int64_t j = 0; j < a->found; j++) put_entry(a, a->first + j, picks + j);
    free(picks);
}

static void put_nothing(const answer *a) {
    const urn_topk_params *p = a->p;
    float *const each[] = {p->values, p->logprob, p->logmass, p->inclusion_logprob};
    const uint64_t nan64 = URN_NAN_BITS_F64;
    float *const one[] = {p->ordered_logprob, p->set_logprob};
    for (int64_t at = a->first; at < a->first + a->room; at++) {
        if (p->ids) p->ids[at] = -1;
        if (p->keys) p->keys[at] = INT64_MIN;
        if (p->beam_keys) p->beam_keys[at] = INT64_MIN;
        if (p->beam_logprob) memcpy(p->beam_logprob + at, &nan64, 8);
        for (int k = 0; k < 4; k++) {
            if (each[k]) each[k][at] = nan_value();
        }
    }
    for (int k = 0; k < 2; k++) {
        if (one[k]) one[k][a->r] = nan_value();
    }
    if (p->found) p->found[a->r] = 0;
    if (p->threshold) p->threshold[a->r] = INT64_MIN;
}

/* Where the row's picks go, and how many: before the logits are read. */
static void place(answer *a) {
    const urn_topk_params *p = a->p;
    int64_t r = a->r;
    a->first = r * p->k;
    a->room = a->k = p->k;
    if (p->k_of_row) a->k = p->k_of_row[r];
    int quiet = a->row->status & (URN_ROW_PADDING | URN_ROW_INDEX);
    if (p->offsets) {
        const int64_t *o = p->offsets;
        a->first = o[r];
        a->room = a->k = o[r + 1] - o[r];
        if (o[r] < 0 || a->k < 0 || o[r + 1] > p->out_size || a->k > p->k) {
            a->room = 0;
            if (!quiet) a->row->status = URN_ROW_INDEX;
        }
    } else if (!quiet && (a->k < 0 || a->k > p->k)) {
        a->row->status = URN_ROW_PARAM;
    }
}

void oracle_topk(const ut_job *job, const urn_topk_params *p) {
    for (int64_t r = 0; r < job->rows; r++) {
        answer a;
        memset(&a, 0, sizeof a);
        a.job = job, a.p = p, a.r = r;
        a.row = oracle_row_of(job, r);
        int32_t *status = &a.row->status;
        if (p->by == URN_TOPK_PLAIN) {
            *status &= ~URN_ROW_INF;
            if (p->flags & URN_TOPK_NANS) *status &= ~URN_ROW_NAN;
        }
        place(&a);
        put_nothing(&a);
        if (*status == URN_ROW_OK && a.row->n == 0) *status = URN_ROW_EMPTY;
        a.list = (candidate *)ut_malloc(sizeof *a.list * (size_t)(a.row->n + 1));
        if (*status == URN_ROW_OK && p->by == URN_TOPK_PLAIN) list_plain(&a);
        if (*status == URN_ROW_OK && p->by != URN_TOPK_PLAIN) {
            a.run = oracle_run_of(a.row);
            *status = a.run->status;
            if (*status == URN_ROW_OK) list_law(&a);
        }
        if (*status == URN_ROW_OK) put_row(&a);
        if (p->status) p->status[r] = *status;
        if (a.run) oracle_run_free(a.run);
        free(a.list);
        oracle_row_free(a.row);
    }
}
