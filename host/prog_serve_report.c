/* prog_serve_report.c - a serving simulation from its requests to its report. */
#include "host/prog_args.h"
#include "host/prog_digest.h"
#include "host/prog_serve.h"

static void describe(const prog_request *requests, int32_t count, prog_serve_result *r) {
    const int32_t separator = -1;
    int32_t i;
    r->digest = PROG_DIGEST_START;
    for (i = 0; i < count; i++) {
        r->greedy += requests[i].temperature == 0;
        r->masked += requests[i].grammar >= 0;
        r->digest = prog_digest_ids(r->digest, requests[i].ids, (size_t)requests[i].done * (size_t)requests[i].draws);
        r->digest = prog_digest_ids(r->digest, &separator, 1);
    }
}

static void print_report(const prog_device *device, const prog_serve_params *p, const prog_serve_result *r) {
    static const char *const DTYPES[] = {"f32", "f16", "bf16"};
    char where[256];
    prog_device_text(device, where, sizeof where);
    printf("requests     %d: %lld greedy, %lld with masks, %d lists of steps; %s logits, seed %llu\n", p->requests,
           (long long)r->greedy, (long long)r->masked, PROG_SERVE_LISTS, DTYPES[p->dtype], (unsigned long long)p->seed);
    printf("backend      %s\n", where);
    printf("steps        %lld, in %d slots; at most %lld requests waited\n", (long long)r->steps, p->slots,
           (long long)r->most_waiting);
    printf("rows         %lld drawn from, %lld ids drawn; %lld padding rows, %lld of requests that were done\n",
           (long long)r->rows, (long long)r->draws, (long long)r->padding, (long long)r->done_rows);
    printf("preemptions  %lld, %lld tokens replayed into slots\n", (long long)r->preemptions, (long long)r->replayed);
    printf("time         %.2f s in the batch, %.2f s alone, language model and copies included\n", r->serve_seconds,
           r->alone_seconds);
    printf("digest       %016llx\n", (unsigned long long)r->digest);
    printf("padding      %lld answered as something else\n", (long long)r->bad_padding);
    printf("alone        %lld requests compared, %lld mismatches\n", (long long)r->compared, (long long)r->mismatches);
    if (r->mismatches > 0) printf("first        %s\n", r->first);
}

int prog_serve(prog_device *device, prog_lm *lm, const prog_serve_params *params, prog_error *error) {
    prog_serve_result result = {0};
    prog_request *requests =
        prog_requests_make(lm, params->requests, params->slots, params->tokens, params->seed, error);
    const int bad = requests == NULL || prog_serve_batch(device, lm, params, requests, &result, error) ||
                    prog_serve_alone(device, lm, params, requests, &result, error);
    if (!bad) {
        describe(requests, params->requests, &result);
        print_report(device, params, &result);
    }
    prog_requests_free(requests, params->requests);
    if (bad) fprintf(stderr, "urn generate: %s\n", error->text);
    return bad || result.mismatches > 0 || result.bad_padding > 0 ? PROG_FAILED : PROG_OK;
}
