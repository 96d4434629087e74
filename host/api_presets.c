/* api_presets.c - lists of steps in other stacks' orders: each stack is a table of steps and the settings they take. */
#include "urn/presets.h"

#include "host/check.h"
#include "host/params.h"
#include "host/step_rules.h"

#include <string.h>

enum { LLAMA_LAST_N = 64, MOST_STEPS = 12 };

/* The settings: where each is, and whether it is an int. */
typedef struct setting {
    size_t at;
    int is_int;
    const char *name;
} setting;

/* X(name, is_int, member) */
#define URN_SETTINGS(X)                                                                                                \
    X(TEMPERATURE, 0, temperature)                                                                                     \
    X(TOP_P, 0, top_p)                                                                                                 \
    X(MIN_P, 0, min_p)                                                                                                 \
    X(TYPICAL, 0, typical_p)                                                                                           \
    X(EPSILON, 0, epsilon)                                                                                             \
    X(ETA, 0, eta)                                                                                                     \
    X(SIGMA, 0, top_n_sigma)                                                                                           \
    X(TAIL_FREE, 0, tail_free)                                                                                         \
    X(REPETITION, 0, repetition)                                                                                       \
    X(FREQUENCY, 0, frequency)                                                                                         \
    X(PRESENCE, 0, presence)                                                                                           \
    X(XTC, 0, xtc_probability)                                                                                         \
    X(THRESHOLD, 0, xtc_threshold)                                                                                     \
    X(MULTIPLIER, 0, dry_multiplier)                                                                                   \
    X(BASE, 0, dry_base)                                                                                               \
    X(DELTA, 0, dynamic_delta)                                                                                         \
    X(POWER, 0, dynamic_power)                                                                                         \
    X(MU, 0, mirostat_mu)                                                                                              \
    X(TOP_K, 1, top_k)                                                                                                 \
    X(LAST_N, 1, penalty_last_n)                                                                                       \
    X(ALLOWED, 1, dry_allowed)                                                                                         \
    X(DRY_LAST_N, 1, dry_last_n)                                                                                       \
    X(NO_REPEAT, 1, no_repeat)

#define SETTING_NUMBER(name, is_int, member) name,
#define SETTING_ROW(name, is_int, member) {offsetof(urn_preset, member), is_int, #member},

enum { NONE, URN_SETTINGS(SETTING_NUMBER) SETTINGS };

static const setting settings[SETTINGS] = {{0, 0, NULL}, URN_SETTINGS(SETTING_ROW)};

/* A step of a stack and the settings that are its parameters; NONE: the parameter keeps its usual value. */
typedef struct stack_step {
    urn_op op;
    uint32_t flags;
    int from[URN_MAX_PARAMS];
} stack_step;

typedef struct stack {
    const char *call;
    int32_t last_n; /* that penalties have where penalty_last_n is 0 */
    int has_mirostat;
    stack_step steps[MOST_STEPS]; /* ends with op 0 */
} stack;

static const stack hf = {"urn_steps_hf",
                         0,
                         0,
                         {{URN_OP_PENALTIES, URN_STEP_PROMPT, {REPETITION}},
                          {URN_OP_NO_REPEAT, 0, {NO_REPEAT}},
                          {URN_OP_TEMPERATURE, 0, {TEMPERATURE}},
                          {URN_OP_TOP_K, URN_STEP_TIES, {TOP_K}},
                          {URN_OP_TOP_P, 0, {TOP_P}},
                          {URN_OP_MIN_P, 0, {MIN_P}},
                          {URN_OP_TYPICAL, 0, {TYPICAL}},
                          {URN_OP_EPSILON, 0, {EPSILON}},
                          {URN_OP_ETA, 0, {ETA}}}};

static const stack vllm = {"urn_steps_vllm",
                           0,
                           0,
                           {{URN_OP_PENALTIES, URN_STEP_PROMPT, {REPETITION, FREQUENCY, PRESENCE}},
                            {URN_OP_TEMPERATURE, 0, {TEMPERATURE}},
                            {URN_OP_MIN_P, 0, {MIN_P}},
                            {URN_OP_TOP_K, URN_STEP_TIES, {TOP_K}},
                            {URN_OP_TOP_P, 0, {TOP_P}}}};

static const stack llama = {"urn_steps_llama",
                            LLAMA_LAST_N,
                            1,
                            {{URN_OP_PENALTIES, 0, {REPETITION, FREQUENCY, PRESENCE, LAST_N}},
                             {URN_OP_DRY, 0, {MULTIPLIER, BASE, ALLOWED, DRY_LAST_N}},
                             {URN_OP_TOP_N_SIGMA, 0, {SIGMA}},
                             {URN_OP_TOP_K, 0, {TOP_K}},
                             {URN_OP_TYPICAL, 0, {TYPICAL}},
                             {URN_OP_TOP_P, 0, {TOP_P}},
                             {URN_OP_MIN_P, 0, {MIN_P}},
                             {URN_OP_XTC, 0, {XTC, THRESHOLD}},
                             {URN_OP_DYNAMIC_TEMPERATURE, 0, {TEMPERATURE, DELTA, POWER}}}};

static urn_param value_of(const urn_preset *preset, int which) {
    urn_param param = urn_f(0.0f);
    const char *at = (const char *)preset + settings[which].at;
    memcpy(settings[which].is_int ? (void *)&param.i : (void *)&param.f, at, 4);
    return param;
}

static urn_status refuse(const stack *of, int which, urn_param found, const char *wanted) {
    if (settings[which].is_int)
        return urn_fail(URN_E_VALUE, "%s: preset->%s is %d; wanted %s", of->call, settings[which].name, found.i,
                        wanted);
    return urn_fail(URN_E_VALUE, "%s: preset->%s is %g; wanted %s", of->call, settings[which].name, (double)found.f,
                    wanted);
}

/* A setting that no step of the stack takes must have its first value. */
static urn_status check_unknown(const stack *of, const urn_preset *preset) {
    const urn_preset first = URN_PRESET_INIT;
    int known[SETTINGS] = {0};
    known[MU] = of->has_mirostat;
    for (const stack_step *s = of->steps; s->op; s++)
        for (int i = 0; i < URN_MAX_PARAMS; i++) known[s->from[i]] = 1;
    for (int which = NONE + 1; which < SETTINGS; which++) {
        urn_param found = value_of(preset, which), wanted = value_of(&first, which);
        if (!known[which] && (found.f != wanted.f || found.i != wanted.i))
            return refuse(of, which, found, "it as in URN_PRESET_INIT: this stack has no such setting");
    }
    return URN_OK;
}

static urn_status make_step(const stack *of, const stack_step *made, const urn_preset *preset, urn_step *step) {
    const urn_step_rule *rule = urn_step_rule_of(made->op);
    memset(step, 0, sizeof *step);
    step->op = made->op;
    step->flags = made->flags;
    for (int i = 0; i < rule->params; i++) {
        const urn_param_rule *wanted = &rule->param[i];
        const int from = made->from[i];
        step->param[i] = wanted->is_int ? urn_i((int32_t)wanted->usual) : urn_f(wanted->usual);
        if (from == NONE) continue;
        step->param[i] = value_of(preset, from);
        if (from == LAST_N && step->param[i].i == 0) step->param[i].i = of->last_n;
        if (!urn_param_good(wanted, step->param[i])) return refuse(of, from, step->param[i], wanted->range);
    }
    if (made->op == URN_OP_DYNAMIC_TEMPERATURE && step->param[1].f == 0.0f) *step = urn_temperature(step->param[0]);
    return URN_OK;
}

static void add(urn_step step, urn_step *steps, int32_t *count) {
    if (!urn_step_neutral(urn_step_rule_of(step.op), &step)) steps[(*count)++] = step;
}

static urn_status make_list(const stack *of, const urn_preset *preset, urn_step *steps, int32_t *count) {
    for (const stack_step *s = of->steps; s->op; s++) {
        urn_step step;
        URN_TRY(make_step(of, s, preset, &step));
        add(step, steps, count);
    }
    if (!of->has_mirostat || preset->mirostat_mu < 0.0f) return URN_OK;
    if (preset->mirostat_mu != preset->mirostat_mu)
        return refuse(of, MU, value_of(preset, MU), "a number, below 0 for no Mirostat");
    *count = 0;
    add(urn_temperature(urn_f(preset->temperature)), steps, count);
    add(urn_mirostat(urn_f(preset->mirostat_mu)), steps, count);
    return URN_OK;
}

static urn_status make_preset(const stack *of, const urn_preset *given, urn_step *steps, int32_t *count) {
    static const urn_struct_sizes sizes = {URN_END_OF(urn_preset, no_repeat), sizeof(urn_preset), sizeof(uint32_t)};
    urn_preset preset = URN_PRESET_INIT;
    URN_TRY(urn_check_pointer(of->call, "count", count));
    *count = 0;
    URN_TRY(urn_check_pointer(of->call, "preset", given));
    URN_TRY(urn_check_pointer(of->call, "steps", steps));
    URN_TRY(urn_params_copy(of->call, "preset", &preset, given, sizes));
    URN_TRY(check_unknown(of, &preset));
    urn_status status = make_list(of, &preset, steps, count);
    if (status != URN_OK) *count = 0;
    return status;
}

urn_status urn_steps_hf(const urn_preset *preset, urn_step *steps, int32_t *count) {
    return make_preset(&hf, preset, steps, count);
}

urn_status urn_steps_vllm(const urn_preset *preset, urn_step *steps, int32_t *count) {
    return make_preset(&vllm, preset, steps, count);
}

urn_status urn_steps_llama(const urn_preset *preset, urn_step *steps, int32_t *count) {
    return make_preset(&llama, preset, steps, count);
}
