/* cpu_records.c - selecting and sorting pairs of a key and an id. */
#include "host/cpu/cpu_records.h"

#include <string.h>

static void swap(urn_topk_record *a, urn_topk_record *b) {
    urn_topk_record t = *a;
    *a = *b;
    *b = t;
}

/* The middle one of three goes to a. */
static void median(urn_topk_record *a, urn_topk_record *b, urn_topk_record *c) {
    if (urnc_record_before(b, c)) swap(b, c); /* c before b */
    if (urnc_record_before(a, c)) swap(a, c); /* c before a */
    if (urnc_record_before(b, a)) swap(a, b); /* c, a, b */
}

/* Records before record[0] come before it, the others after it; where it then stands. */
static int64_t split(urn_topk_record *record, int64_t n) {
    const urn_topk_record pivot = record[0];
    int64_t i = 0, j = n;
    for (;;) {
        while (++i < n && urnc_record_before(&record[i], &pivot)) {
        }
        while (urnc_record_before(&pivot, &record[--j])) {
        }
        if (i >= j) break;
        swap(&record[i], &record[j]);
    }
    swap(&record[0], &record[j]);
    return j;
}

static void insertion_sort(urn_topk_record *record, int64_t n) {
    for (int64_t i = 1; i < n; i++) {
        urn_topk_record found = record[i];
        int64_t j = i;
        for (; j > 0 && urnc_record_before(&found, &record[j - 1]); j--) record[j] = record[j - 1];
        record[j] = found;
    }
}

/* Quickselect; where pivots keep being bad (no input that a test knows does that), a heap ends it: n log k at most. */
static void sift(urn_topk_record *heap, int64_t k, int64_t i) { /* the last of the order on top */
    for (int64_t child; (child = 2 * i + 1) < k; i = child) {
        if (child + 1 < k && urnc_record_before(&heap[child], &heap[child + 1])) child++;
        if (!urnc_record_before(&heap[i], &heap[child])) return;
        swap(&heap[i], &heap[child]);
    }
}

static void heap_first(urn_topk_record *record, int64_t n, int64_t k) {
    if (k < 1) return;
    for (int64_t i = k / 2; i-- > 0;) sift(record, k, i);
    for (int64_t i = k; i < n; i++)
        if (urnc_record_before(&record[i], &record[0])) {
            swap(&record[i], &record[0]);
            sift(record, k, 0);
        }
}

void urnc_records_first(urn_topk_record *record, int64_t n, int64_t k) {
    for (int tries = 0; k > 0 && k < n; tries++) {
        if (n <= 16) {
            insertion_sort(record, n);
            return;
        }
        if (tries == 96) {
            heap_first(record, n, k);
            return;
        }
        median(&record[0], &record[n / 2], &record[n - 1]);
        int64_t at = split(record, n);
        if (at == k) return;
        if (at < k) {
            record += at + 1;
            n -= at + 1;
            k -= at + 1;
        } else {
            n = at;
        }
    }
}

static void merge(const urn_topk_record *a, int64_t na, const urn_topk_record *b, int64_t nb, urn_topk_record *to) {
    while (na > 0 && nb > 0) {
        int second = urnc_record_before(b, a); /* without a branch: which comes first is a coin */
        *to++ = *(second ? b : a);
        a += !second, na -= !second;
        b += second, nb -= second;
    }
    memcpy(to, a, (size_t)na * sizeof *a);
    memcpy(to + na, b, (size_t)nb * sizeof *b);
}

/* Runs of `run` in order become runs twice as long, from one array into the other. */
static void merge_runs(const urn_topk_record *from, int64_t n, int64_t run, urn_topk_record *to, int threads) {
    int64_t pairs = (n + 2 * run - 1) / (2 * run);
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(static) if (pairs > 1 && n > 65536)
    for (int64_t p = 0; p < pairs; p++) {
        int64_t first = 2 * run * p, middle = first + run < n ? first + run : n;
        int64_t end = middle + run < n ? middle + run : n;
        merge(from + first, middle - first, from + middle, end - middle, to + first);
    }
}

#define RUN 16

void urnc_records_sort(urn_topk_record *record, int64_t n, urn_topk_record *spare, int threads) {
    int64_t runs = (n + RUN - 1) / RUN;
#pragma omp parallel for num_threads(threads) schedule(static) if (n > 65536)
    for (int64_t r = 0; r < runs; r++) insertion_sort(record + r * RUN, n - r * RUN < RUN ? n - r * RUN : RUN);
    urn_topk_record *from = record, *to = spare;
    for (int64_t run = RUN; run < n; run *= 2) {
        merge_runs(from, n, run, to, threads);
        urn_topk_record *t = from;
        from = to;
        to = t;
    }
    if (from != record) memcpy(record, from, (size_t)n * sizeof *record);
}

void urnc_collect_begin(urnc_collector *to, urn_topk_record *record, int64_t room, int64_t k) {
    const urn_topk_record all = {INT64_MIN, INT64_MAX}, none = {INT64_MAX, -1};
    to->record = record;
    to->n = 0;
    to->k = k;
    to->room = room;
    to->bound = k > 0 ? all : none;
}

void urnc_collect_settle(urnc_collector *to) {
    if (to->n < to->k || to->k < 1) return;
    urnc_records_first(to->record, to->n, to->k);
    to->n = to->k;
    const urn_topk_record *last = &to->record[0];
    for (int64_t i = 1; i < to->k; i++)
        if (urnc_record_before(last, &to->record[i])) last = &to->record[i];
    to->bound = *last;
}
