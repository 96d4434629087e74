/* cpu_matches.c - repetitions that the context's end would continue, in one pass over the context.
 *
 * The Z algorithm on the context read backwards: a = h[N-1], h[N-2], ...; Z[k] = how far a[k..] agrees with a. While a
 * window [l, r) is known to agree with a's start, Z inside it is copied from Z[k - l], unless that reaches r. Z is kept
 * for the first URNC_MATCHES k only; where a later one would be needed the ids are compared, which only long windows
 * can want. So scratch does not grow with the history, which workspace sizes do not know. */
#include "host/cpu/cpu_context.h"

int urnc_context_ends(const urnc_context *h, const int32_t *ids, int64_t n) {
    int64_t N = urnc_context_size(h);
    if (n > N) return 0;
    for (int64_t j = 0; j < n; j++)
        if (urnc_context_at(h, N - n + j) != ids[j]) return 0;
    return 1;
}

typedef struct {
    const urnc_context *h;
    int64_t N, last; /* a has last + 1 ids that matches may use */
} backwards;

static int32_t at(const backwards *a, int64_t k) { return urnc_context_at(a->h, a->N - 1 - k); }

/* How far a[k ..] agrees with a, from `known` on. */
static int64_t extend(const backwards *a, int64_t k, int64_t known) {
    while (k + known <= a->last && at(a, known) == at(a, k + known)) known++;
    return known;
}

void urnc_context_matches(const urnc_context *h, int64_t from, int64_t limit, urnc_match_found found, void *argument) {
    backwards a = {h, urnc_context_size(h), urnc_context_size(h) - 1 - from};
    int32_t Z[URNC_MATCHES];
    int64_t l = 0, r = 0;
    for (int64_t k = 1; k <= a.last; k++) {
        int64_t m = 0;
        if (k < r && k - l < URNC_MATCHES) m = Z[k - l] < r - k ? Z[k - l] : r - k;
        if (k >= r || k - l >= URNC_MATCHES || k + m == r) m = extend(&a, k, m);
        if (k + m > r) l = k, r = k + m;
        if (k < URNC_MATCHES) Z[k] = (int32_t)m;
        if (m > limit) m = limit;
        if (m > 0) found(argument, at(&a, k - 1), m);
    }
}
