/* prog_steps.h - steps as a user of the program says them: --steps, --preset with --set, and `urn help steps`. */
#ifndef PROG_STEPS_H
#define PROG_STEPS_H

#include "host/prog_args.h"
#include "host/prog_npy.h"
#include "urn/urn.h"

/* A step in `urn help steps`. form is what --steps takes, NULL for steps of arrays, which only C callers have. */
typedef struct prog_step_help {
    const char *form, *name;
    const char *what;
    const char *range; /* of each parameter, with the value that does nothing */
    const char *paper;
} prog_step_help;

/* prog_step_at - by place; NULL past the end. */
const prog_step_help *prog_step_at(int place);

/* prog_help_steps - the page, on stdout. */
void prog_help_steps(void);

/* Option rows of every command that takes steps, in this order. `first` is the list where nothing is given. */
#define PROG_OPTION_STEPS(first)                                                                                       \
    {                                                                                                                  \
        "steps", 0, PROG_TEXT, "LIST", first, 0, 0, NULL,                                                              \
            "what is done to a row before the draw, in this order, separated by commas, such as "                      \
            "temperature=0.8,top_k=50,top_p=0.95,min_p=0.02; `urn help steps` has them all; none draws from the "      \
            "softmax of the logits"                                                                                    \
    }
#define PROG_OPTION_PRESET                                                                                             \
    {                                                                                                                  \
        "preset", 0, PROG_CHOICE, "NAME", NULL, 0, 0, "hf|vllm|llama",                                                 \
            "steps in the order of another stack, in place of --steps: Hugging Face transformers, vLLM, llama.cpp"     \
    }
#define PROG_OPTION_SET                                                                                                \
    {                                                                                                                  \
        "set", 0, PROG_TEXT, "LIST", "", 0, 0, NULL,                                                                   \
            "the preset's settings, name=value separated by commas; what is not named does nothing. Names: "           \
            "temperature, top_k, top_p, min_p, typical_p, epsilon, eta, top_n_sigma, repetition, frequency, "          \
            "presence, penalty_last_n, no_repeat, xtc_probability, xtc_threshold, dry_multiplier, dry_base, "          \
            "dry_allowed, dry_last_n, dynamic_delta, dynamic_power, mirostat_mu; a stack refuses those it has not"     \
    }

/* prog_get_steps - the steps that the three options ask for; `first` is the place of --steps among the command's
 * options. steps has room for URN_MAX_STEPS. Returns 0, or -1 with error. */
int prog_get_steps(const prog_values *values, int first, urn_step *steps, int32_t *count, prog_error *error);

/* prog_reads_context - 1 where a step reads what was said before: the call then needs urn_slots. */
int prog_reads_context(const urn_step *steps, int32_t count);

#endif
