/* prop_outputs.c - properties between outputs: each says the same law in its own way. */
#include <math.h>

#include "tests/any_case.h"
#include "tests/oracle.h"

#define ALL_WANTS ((UINT32_C(1) << UT_OUTPUT_COUNT) - 1)

static const any_limits good = {5, 220, 0, 0, 1};

/* A random good case with a given set of outputs, one array of draws a row. */
static any_case *case_for(uint64_t seed, uint32_t want) {
    any_case *c = any_case_of(seed, &good);
    ut_job *job = &c->job;
    job->want = want;
    job->draw_offsets = NULL;
    job->codes = NULL, job->codes_in_place = 0;
    job->in_place = 0, job->processed_stride = 0, job->probs_stride = 0, job->kept_bits_stride = 0;
    job->given = NULL, job->given_stride = 0;
    job->kept_offsets = NULL, job->kept_ids_size = 0;
    if (want & (UT_WANT(top_id) | UT_WANT(top_logprob))) {
        job->top_n = job->top_n ? job->top_n : 5;
    } else {
        job->top_n = 0;
    }
    job->want &= ~UT_WANT(codes_out);
    if (want & UT_WANT(kept_ids)) {
        int64_t *offsets = (int64_t *)any_own(c, 8 * (size_t)(job->rows + 1));
        for (int64_t r = 0; r <= job->rows; r++) offsets[r] = r * job->cols;
        job->kept_offsets = offsets, job->kept_ids_size = job->rows * job->cols;
    }
    return c;
}

static int cases_of(urn_backend_kind kind, int cpu, int simt) {
    return ut_loops(kind == URN_BACKEND_SIMT ? simt : cpu);
}

static int is_nan_bits(float v) {
    uint32_t bits;
    memcpy(&bits, &v, 4);
    return bits == URN_NAN_BITS;
}

/* property  given and top-n log-probabilities and ranks of the ids drawn are those of the draws
 * why       three routes to one number: prompt scoring, top-n, the draw */
START_TEST(given_ids_have_what_drawn_ids_have) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int n = 0; n < cases_of(kind, 400, 60); n++) {
            any_case *c = case_for((uint64_t)(200000 + n), UT_WANT_CLASSIC);
            ut_draws *d = ut_sample_all(bed, &c->job);
            ut_job again = c->job;
            again.given = d->ids, again.given_stride = d->draws;
            again.top_n = 8, again.top_of = URN_LAW_DRAWN;
            again.want = ALL_WANTS & ~(UT_WANT(kept_ids) | UT_WANT(codes_out));
                    ut_draws *e = ut_sample_all(bed, &again);
            size_t cells = (size_t)(d->rows * d->draws);
            UT_SAME_DRAWS(d, e, "with more outputs");
            UT_SAME_BITS(d->logprob, e->given_logprob, cells, "logprob and given_logprob");
            UT_SAME_BITS(d->logprob_raw, e->given_logprob_raw, cells, "logprob_raw and given_logprob_raw");
            UT_SAME_BITS(d->rank, e->given_rank, cells, "rank and given_rank");
            for (int64_t r = 0; r < d->rows; r++) {
                for (int64_t j = 0; j < 8 * d->draws; j++) {
                    int64_t t = r * 8 + j % 8, at = r * d->draws + j / 8;
                    if (e->top_id[t] < 0 || e->top_id[t] != d->ids[at]) continue;
                    UT_SAME_BITS(e->top_logprob + t, d->logprob + at, 1, "top_logprob and logprob");
                }
            }
            ut_draws_free(d);
            ut_draws_free(e);
            any_case_free(c);
        }
        ut_close(bed);
    }
}
END_TEST

static int by_id(const void *a, const void *b) {
    int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    return i < j ? -1 : i > j;
}

/* property  (id, count) pairs are the draws, sorted and counted */
START_TEST(distinct_ids_are_the_draws_counted) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int n = 0; n < cases_of(kind, 400, 60); n++) {
            any_case *c = case_for((uint64_t)(210000 + n), ALL_WANTS & ~(UT_WANT(given_rank) | UT_WANT(given_logprob) |
                                                                         UT_WANT(given_logprob_raw)));
            c->job.draws = 1 + n % 90;
            ut_draws *d = ut_sample_all(bed, &c->job);
            for (int64_t r = 0; r < d->rows; r++) {
                int32_t *ids = d->ids + r * d->draws, *id = d->distinct_id + r * d->draws;
                int32_t *count = d->distinct_count + r * d->draws, at = 0;
                qsort(ids, (size_t)d->draws, 4, by_id);
                for (int32_t j = 0; j < d->draws && d->status[r] == 0;) {
                    int32_t same = 0, first = ids[j];
                    while (j < d->draws && ids[j] == first) same++, j++;
                    UT_ASSERT(id[at] == first && count[at] == same, "row %d pair %d: id %d %d times, drawn %d %d times",
                              (int)r, at, id[at], count[at], first, same);
                    at++;
                }
                UT_ASSERT(d->distinct[r] == at, "row %d: %d distinct, %d are", (int)r, d->distinct[r], at);
                for (; at < d->draws; at++) UT_ASSERT(id[at] == -1 && count[at] == 0, "row %d: past the last", (int)r);
            }
            ut_draws_free(d);
            any_case_free(c);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  bits, ids, count, probabilities, processed logits and summary agree on K
 * why       RL replays and verification read K in one form and train or verify in another */
START_TEST(forms_of_the_kept_set_agree) {
    const uint32_t want = UT_WANT(kept_bits) | UT_WANT(kept_ids) | UT_WANT(kept_count) | UT_WANT(probs) |
                          UT_WANT(processed) | UT_WANT(summary) | UT_WANT(status) | UT_WANT(ids);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int prefixes = 0;
        for (int n = 0; n < cases_of(kind, 500, 60); n++) {
            any_case *c = case_for((uint64_t)(220000 + n), want);
            ut_draws *d = ut_sample_all(bed, &c->job);
            int64_t cols = c->job.cols, words = (cols + 31) / 32;
            for (int64_t r = 0; r < d->rows; r++) {
                const urn_row_summary *s = d->summary + r;
                int64_t heavy = 0, kept = 0;
                double sum = 0;
                UT_ASSERT(s->status == d->status[r] && s->kept == d->kept_count[r], "row %d: summary", (int)r);
                for (int64_t i = 0; i < cols; i++) {
                    int bit = (int)(d->kept_bits[r * words + i / 32] >> (i % 32) & 1);
                    float p = d->probs[r * cols + i], v = d->processed[r * cols + i];
                    if (d->status[r]) {
                        UT_ASSERT(!bit && is_nan_bits(p) && is_nan_bits(v), "row %d id %d of a row without draws",
                                  (int)r, (int)i);
                        continue;
                    }
                    UT_ASSERT(bit == (p > 0), "row %d id %d: bit %d, probability %g", (int)r, (int)i, bit, (double)p);
                    UT_ASSERT(!bit || v > -INFINITY, "row %d id %d: kept, processed -inf", (int)r, (int)i);
                    if (bit) {
                        UT_ASSERT(d->kept_ids[r * cols + heavy] == i, "row %d: kept id %d", (int)r, (int)heavy);
                        heavy++;
                    }
                    kept += v > -INFINITY || (bit && v != v);
                    sum += p;
                }
                for (int64_t i = heavy; i < cols; i++)
                    UT_ASSERT(d->kept_ids[r * cols + i] == -1, "row %d: after", (int)r);
                if (d->status[r]) continue;
                UT_ASSERT(heavy >= 1 && heavy <= d->kept_count[r], "row %d: %d bits, %d kept", (int)r, (int)heavy,
                          d->kept_count[r]);
                UT_ASSERT(kept <= d->kept_count[r], "row %d: %d processed, %d kept", (int)r, (int)kept,
                          d->kept_count[r]);
                UT_ASSERT(fabs(sum - 1) < 1e-5, "row %d: probabilities sum to %.9g", (int)r, sum);
                for (int32_t j = 0; j < d->draws; j++) {
                    int32_t id = d->ids[r * d->draws + j];
                    UT_ASSERT(d->probs[r * cols + id] > 0, "row %d draw %d: id %d has no probability", (int)r, j, id);
                }
                if (s->flags) continue; /* K by the cut, from the logits as given */
                oracle_row *row = oracle_row_of(&c->job, r);
                int64_t above = 0;
                for (int64_t i = 0; i < row->n; i++) {
                    uint32_t b, key;
                    memcpy(&b, row->x + i, 4);
                    key = b >> 31 ? ~b : b ^ 0x80000000u;
                    above += row->x[i] > -INFINITY && (key > s->cut_key || (key == s->cut_key && i <= s->cut_id));
                }
                UT_ASSERT(above == s->kept, "row %d: the cut keeps %d, K has %d", (int)r, (int)above, s->kept);
                prefixes++;
                oracle_row_free(row);
            }
            ut_draws_free(d);
            any_case_free(c);
        }
        UT_ASSERT(prefixes > 2, "only %d rows keep a prefix", prefixes);
        ut_close(bed);
    }
}
END_TEST

/* property  processed logits in place are those out of place, and nothing between rows is touched */
START_TEST(processed_in_place_is_processed) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int n = 0; n < cases_of(kind, 200, 40); n++) {
            any_case *c = case_for((uint64_t)(230000 + n), UT_WANT_CLASSIC | UT_WANT(processed));
            if (c->job.dtype == URN_F32 && !c->job.row_index && !c->job.offsets) {
                c->job.processed_stride = c->job.row_stride;
                ut_draws *a = ut_sample_all(bed, &c->job);
                c->job.in_place = 1;
                ut_draws *b = ut_sample_all(bed, &c->job);
                const float *logits = (const float *)c->job.logits;
                int64_t stride = c->job.row_stride, cols = c->job.cols;
                UT_SAME_BITS(a->ids, b->ids, a->rows * a->draws, "ids");
                UT_SAME_BITS(a->rank, b->rank, a->rows * a->draws, "ranks");
                UT_SAME_BITS(a->logprob_raw, b->logprob_raw, a->rows * a->draws, "raw log-probabilities");
                for (int64_t r = 0; r < a->rows; r++) {
                    UT_SAME_BITS(a->processed + r * stride, b->processed + r * stride, cols, "processed");
                    if (r + 1 < a->rows)
                        UT_SAME_BITS(logits + r * stride + cols, b->processed + r * stride + cols, stride - cols,
                                     "between rows");
                }
                ut_draws_free(a);
                ut_draws_free(b);
            }
            any_case_free(c);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  by Gumbel keys, a law on fewer ids draws the same id wherever that id is still there
 * why       coupling: noise belongs to ids, not to places in K; near laws agree */
START_TEST(gumbel_draws_agree_where_they_can) {
    enum { N = 120, DRAWS = 60 };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int agreed = 0;
        for (int n = 0; n < cases_of(kind, 40, 10); n++) {
            float x[N];
            ut_fill(x, N, UT_NORMAL, 1.5, (uint64_t)n);
            urn_step wide = urn_top_k(urn_i(60)), narrow = urn_top_k(urn_i(20 + n % 30));
            ut_job job = {.logits = x, .rows = 1, .cols = N, .draws = DRAWS, .method = URN_DRAW_GUMBEL};
            job.seed_value = (uint64_t)n;
            job.want = UT_WANT(ids) | UT_WANT(kept_bits);
            ut_draws *a = ut_sample_steps(bed, &job, &wide, 1), *b = ut_sample_steps(bed, &job, &narrow, 1);
            ut_note("%s case %d", urn_backend_name(kind), n);
            for (int j = 0; j < DRAWS; j++) {
                int32_t id = a->ids[j];
                int still = (int)(b->kept_bits[id / 32] >> (id % 32) & 1);
                UT_ASSERT(!still || b->ids[j] == id, "draw %d: %d and %d", j, id, b->ids[j]);
                agreed += still;
            }
            ut_draws_free(a);
            ut_draws_free(b);
        }
        UT_ASSERT(agreed > 30, "only %d draws could agree", agreed);
        ut_close(bed);
    }
}
END_TEST

/* property  decoding what was encoded gives the text back: ids' shares nest from the last id to the first into one code
 * why       AriEL and arithmetic coding; 64 bits hold about 50 bits of surprise here */
START_TEST(encoded_texts_decode) {
    enum { N = 30, LENGTH = 9 };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int walked = 0;
        for (int n = 0; n < cases_of(kind, 60, 12); n++) {
            float x[LENGTH][N];
            uint64_t w[LENGTH][N], z[LENGTH], code = UINT64_C(1) << 63;
            unsigned char all[N];
            int32_t text[LENGTH];
            ut_rng rng = ut_rng_make((uint64_t)n);
            double bits = 0;
            memset(all, 1, sizeof all);
            int length = 0;
            for (; length < LENGTH; length++) {
                ut_fill(x[length], N, UT_NORMAL, 1, (uint64_t)(100 * n + length));
                z[length] = oracle_weights(x[length], N, all, 1.0f, w[length]);
                text[length] = (int32_t)ut_below(&rng, N);
                bits += log2((double)z[length] / (double)w[length][text[length]]);
                if (bits > 50) break;
            }
            for (int k = length - 1; k >= 0; k--) { /* code = (S + code * w / 2^64) * 2^64 / Z */
                oracle_wide before = 0;
                for (int i = 0; i < text[k]; i++) before += w[k][i];
                oracle_wide share = (before << 64) + (oracle_wide)code * w[k][text[k]];
                code = (uint64_t)(share / z[k]) + 1;
            }
            ut_note("%s text %d of %d ids, %.1f bits", urn_backend_name(kind), n, length, bits);
            for (int k = 0; k < length; k++) {
                ut_job job = {.logits = x[k], .rows = 1, .cols = N, .codes = &code};
                job.want = UT_WANT(ids) | UT_WANT(codes_out);
                ut_draws *d = ut_sample_all(bed, &job);
                UT_ASSERT(d->ids[0] == text[k], "id %d of the text is %d, decoded %d", k, text[k], d->ids[0]);
                code = d->codes_out[0];
                ut_draws_free(d);
                walked++;
            }
        }
        UT_ASSERT(walked > 8, "only %d ids decoded", walked);
        ut_close(bed);
    }
}
END_TEST

/* property  a row that draws nothing (padding, done, spoilt, wrongly indexed) changes no bit of its neighbours
 * why       rows share launches, teams and memory, never bits */
START_TEST(quiet_rows_leave_their_neighbours_alone) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int n = 0; n < cases_of(kind, 200, 40); n++) {
            any_case *c = case_for((uint64_t)(240000 + n), ALL_WANTS & ~(UT_WANT(given_rank) | UT_WANT(given_logprob) |
                                                                         UT_WANT(given_logprob_raw)));
            ut_job *job = &c->job, quiet = *job;
            uint8_t *done = (uint8_t *)any_own(c, (size_t)ut_slots_of(job));
            quiet.done = done;
            for (int64_t s = 0; s < ut_slots_of(job); s++) done[s] = (uint8_t)((s + n) % 3 == 0);
            job->done = NULL;
            ut_draws *a = ut_sample_all(bed, job), *b = ut_sample_all(bed, &quiet);
            for (int64_t r = 0; r < job->rows; r++) {
                int64_t slot = job->slot ? job->slot[r] : r;
                int off = slot >= 0 && slot < ut_slots_of(job) && done[slot];
                if (!off) UT_SAME_ROW(a, r, b, r, "beside a row that is done");
                if (off)
                    UT_ASSERT(b->status[r] == URN_ROW_PADDING || a->status[r] == URN_ROW_PADDING, "row %d", (int)r);
            }
            ut_draws_free(a);
            ut_draws_free(b);
            any_case_free(c);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_outputs_suite(void);
Suite *prop_outputs_suite(void) {
    Suite *suite = suite_create("prop_outputs");
    TCase *tcase = tcase_create("outputs");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, given_ids_have_what_drawn_ids_have);
    tcase_add_test(tcase, distinct_ids_are_the_draws_counted);
    tcase_add_test(tcase, forms_of_the_kept_set_agree);
    tcase_add_test(tcase, processed_in_place_is_processed);
    tcase_add_test(tcase, gumbel_draws_agree_where_they_can);
    tcase_add_test(tcase, encoded_texts_decode);
    tcase_add_test(tcase, quiet_rows_leave_their_neighbours_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
