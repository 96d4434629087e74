/* prog_speculate_report.c - `urn generate --speculate`: one verifier and its sentences, or all and how they compare. */
#include "host/prog_speculate_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/prog_args.h"

enum { BAR = 40 };

static int is_usable(const prog_verifier *v) { return v->lossless == 1; }

static void print_bar(double tokens, double most) {
    const int full = (int)(BAR * tokens / most + 0.5);
    int i;
    for (i = 0; i < full && i < BAR; i++) putchar('#');
    putchar('\n');
}

static void print_line(const prog_verifier *v, const prog_speculated *r, int32_t depth) {
    const urn_verify_stats *s = &r->stats;
    const double first = s->tried[0] ? (double)s->taken[0] / (double)s->tried[0] : 0.0;
    char bound[32] = "      -";
    if (!isnan(r->bound)) snprintf(bound, sizeof bound, "%7.4f", r->bound);
    printf("%-14s %8.4f   %7.4f %s   %016llx  ", v->name, (double)s->emitted / (double)s->requests, first, bound,
           (unsigned long long)r->digest);
    print_bar((double)s->emitted / (double)s->requests, depth + 1);
}

static void print_sentences(const prog_lm *lm, const prog_sentence *sentences, int32_t rows) {
    int32_t r, t;
    for (r = 0; r < rows; r++) {
        const prog_sentence *s = &sentences[r];
        printf("%d  %d token%s, %s\n  ", r, s->tokens, s->tokens == 1 ? "" : "s", s->ended ? "ended" : "cut");
        for (t = 0; t < s->tokens - s->ended; t++) printf(" %s", prog_lm_word(lm, s->ids[t]));
        printf("%s\n", s->ended ? "." : " ...");
    }
    putchar('\n');
}

int prog_speculate_run(prog_device *device, prog_lm *lm, const prog_decode_params *params, const prog_tree *tree,
                       int64_t verifier, prog_error *error) {
    prog_sentence *sentences = calloc((size_t)params->rows, sizeof *sentences);
    const prog_verifier *v;
    char where[256];
    double model = 0, urn = 0;
    int64_t at;
    int bad = sentences == NULL ? prog_fail(error, "no memory") : 0, began = 0;
    prog_device_text(device, where, sizeof where);
    for (at = 0; !bad && (v = prog_verifier_at(at)) != NULL; at++) {
        prog_speculated result;
        if (verifier >= 0 ? at != verifier : !is_usable(v)) continue;
        bad = prog_speculate(device, lm, params, tree, v, sentences, &result, error);
        if (!bad && verifier >= 0) print_sentences(lm, sentences, params->rows);
        if (!bad && !began++)
            printf("%-14s %8s   %7s %7s   %-16s  %d tokens at most\n", "verifier", "a pass", "first", "bound", "digest",
                   tree->depth + 1);
        if (!bad) print_line(v, &result, tree->depth);
        model += result.model_seconds;
        urn += result.urn_seconds;
        prog_speculate_free(sentences, params->rows);
    }
    free(sentences);
    if (bad) return -1;
    printf("\na pass   tokens that a round of the target gives, the last of them its own or of what was left\n"
           "first    how often the first position's drafts are accepted; bound: no verifier can do better\n"
           "model    %.3f s; urn %.3f s; %s\n",
           model, urn, where);
    return 0;
}
