/* prog_steps.c - the page of `urn help steps`. */
#include "host/prog_steps.h"

#include <stdio.h>

#define SHARE_FROM_1 " in [0, 1]; 1 does nothing"
#define SHARE_FROM_0 " in [0, 1]; 0 does nothing"

static const prog_step_help STEPS[] = {
    {"temperature=T", "temperature", "divide the logits by T; 0 takes the likeliest", "T 0 or more; 1 does nothing",
     "Ackley et al. 1985"},
    {"dynamic_temperature=T:DELTA:POWER", "dynamic_temperature",
     "a temperature between T - DELTA and T + DELTA by the law's entropy over its largest, to a power",
     "T, DELTA (0), POWER (1) 0 or more; T 1 with DELTA 0 does nothing", "llama.cpp; see also Zhang et al. 2024"},
    {"top_k=K", "top_k", "keep the K likeliest", "K -1 or more; 0 and -1 do nothing", "Fan et al. 2018"},
    {"top_p=P", "top_p", "keep the shortest top whose mass reaches P", "P" SHARE_FROM_1, "Holtzman et al. 2020"},
    {"min_p=M", "min_p", "keep ids at least M times as likely as the likeliest", "M" SHARE_FROM_0,
     "Nguyen et al. 2024"},
    {"top_a=A", "top_a", "keep ids with p >= A * (largest p)^2", "A" SHARE_FROM_0, "BlinkDL 2022 (RWKV-LM)"},
    {"epsilon=E", "epsilon", "keep ids with p >= E, or the likeliest", "E" SHARE_FROM_0, "Hewitt et al. 2022"},
    {"eta=E", "eta", "keep ids with p >= min(E, sqrt(E) * exp(-entropy)), or the likeliest", "E" SHARE_FROM_0,
     "Hewitt et al. 2022"},
    {"typical=P", "typical", "keep the ids whose surprise is nearest to the entropy until their mass reaches P",
     "P" SHARE_FROM_1, "Meister et al. 2023"},
    {"tail_free=Z", "tail_free", "cut where the second differences of the sorted law have spent their share Z",
     "Z" SHARE_FROM_1, "Phoenix 2019"},
    {"top_n_sigma=N", "top_n_sigma", "keep logits within N standard deviations of the largest",
     "N finite; 0 and less do nothing", "Tang et al. 2024"},
    {"xtc=PROBABILITY:THRESHOLD", "xtc",
     "with this probability, of the ids with p >= THRESHOLD all leave but the least likely",
     "PROBABILITY in [0, 1], 0 does nothing; THRESHOLD (0.1) in [0, 1]", "p-e-w 2024 (text-generation-webui)"},
    {"mirostat=MU", "mirostat", "keep ids of surprise at most MU bits, or the likeliest (version 2)",
     "MU not NaN; inf does nothing", "Basu et al. 2021"},
    {"mirostat_v1=MU", "mirostat_v1", "keep the k that a Zipf fit of the 100 likeliest gives for MU (version 1)",
     "MU not NaN; inf does nothing", "Basu et al. 2021"},
    {"no_repeat=N", "no_repeat", "no N ids of the context come again in the same order", "N 0 or more; 0 does nothing",
     "Paulus et al. 2018"},
    {"penalties=REPETITION:FREQUENCY:PRESENCE:LAST_N", "penalties",
     "of ids said before: divide what is above 0 by REPETITION, multiply the rest; then subtract FREQUENCY times "
     "the count, and PRESENCE; over the last LAST_N ids of the context, 0 over all outputs",
     "REPETITION above 0; FREQUENCY (0) and PRESENCE (0) finite; 1, 0, 0 does nothing; LAST_N (0) 0 or more",
     "Keskar et al. 2019; OpenAI"},
    {"dry=MULTIPLIER:BASE:ALLOWED:LAST_N", "dry",
     "an id that would lengthen a repetition of m >= ALLOWED ids loses MULTIPLIER * BASE^(m - ALLOWED)",
     "MULTIPLIER 0 or more, 0 does nothing; BASE (1.75) and ALLOWED (2) 1 or more; LAST_N (-1, all) -1 or more",
     "p-e-w 2024 (text-generation-webui)"},
    {"quadratic=FACTOR:CURVE", "quadratic", "quadratic smoothing around the largest logit",
     "FACTOR 0 or more, 0 does nothing; CURVE (1) finite", "kalomaze 2024"},
    {"quadratic_score=A:B:AT", "quadratic_score", "replace a logit x by -A * (x - AT - B)^2",
     "A, B (0) and AT (0) finite; no value does nothing", "Zhou et al. 2022 (SimANS)"},
    {"sparsemax", "sparsemax", "in place of softmax: the nearest point of the simplex; only keep steps may follow",
     "no parameter", "Martins and Astudillo 2016"},
    {"inverse_gap=GAMMA:A", "inverse_gap",
     "in place of softmax: 1 / (A + GAMMA * gap), the rest to the likeliest; only keep steps may follow",
     "GAMMA 0 or more; A (0) 1 or more, 0 for as many as there are possible ids", "Foster and Rakhlin 2020"},
    {"tsallis=ETA", "tsallis",
     "in place of softmax: 4 / (ETA * gap + z)^2, z making it a law; only keep steps may follow", "ETA 0 or more",
     "Zimmert and Seldin 2019"},
    {NULL, "mask", "only ids whose bit is set: a grammar's bitmask, a row of words by row", "map -1 does nothing",
     "Dong et al. 2024 (XGrammar)"},
    {NULL, "allow", "only the ids of the row's list", "map -1 does nothing", "De Cao et al. 2021"},
    {NULL, "min_tokens", "ids that end a text are not possible before position N", "N 0 does nothing",
     "transformers, vLLM"},
    {NULL, "ban", "no sequence of the row's set is completed", "map -1 does nothing", "transformers (bad words)"},
    {NULL, "bias", "add a value to each id of the row's list", "map -1 does nothing", "OpenAI"},
    {NULL, "dense_bias", "add a row of a table", "map -1 does nothing", "transformers, vLLM"},
    {NULL, "id_temperature", "divide each id's logit by its own temperature", "map -1 does nothing",
     "Ackley et al. 1985"},
    {NULL, "values", "add BETA times a value to the ids of the row's list", "BETA 0 does nothing", "Han et al. 2024"},
    {NULL, "mix", "guidance by a second row: x2 + SCALE * (x - x2)", "SCALE 1 does nothing",
     "Ho and Salimans 2022; Sanchez et al. 2023"},
    {NULL, "mixture", "in place of softmax: (1 - SHARE) softmax(x) + SHARE softmax(x2) of a second row",
     "SHARE in [0, 1]", "Yang et al. 2018"},
};

enum { STEP_COUNT = sizeof STEPS / sizeof STEPS[0], LEFT = 6 };

const prog_step_help *prog_step_at(int place) { return place >= 0 && place < STEP_COUNT ? &STEPS[place] : NULL; }

static void print_step(const prog_step_help *s) {
    char line[512];
    printf("  %s\n", s->form != NULL ? s->form : s->name);
    snprintf(line, sizeof line, "%s. %s. [%s]", s->what, s->range, s->paper);
    prog_help_text(line, LEFT, 0);
}

void prog_help_steps(void) {
    int i;
    printf("urn help steps - what can be done to a row of logits before the draw\n\n");
    prog_help_text(
        "--steps takes a list of steps separated by commas, and they run in that order: min_p=0.1,temperature=2 cuts "
        "the model's own law, temperature=2,min_p=0.1 the flattened one. A step takes a value, several separated by "
        "colons, or none; values left out at the end have what stands in brackets. Exact rules: include/urn/bits.h.",
        0, 0);
    printf("\nSteps:\n");
    for (i = 0; i < STEP_COUNT && STEPS[i].form != NULL; i++) print_step(&STEPS[i]);
    printf("\nSteps that read arrays, for callers in C (include/urn/steps.h):\n");
    for (; i < STEP_COUNT; i++) print_step(&STEPS[i]);
    printf("\n");
    prog_help_text(
        "no_repeat, penalties and dry read what was said before: in `urn generate` the prompt and the sentence so far, "
        "in `urn sample` what --context gives.",
        0, 0);
}
