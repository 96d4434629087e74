/* check_step.c - flags, parameters and memory of one step, by the table of steps. */
#include "host/check_step.h"

/* A refusal with the place and the step's name before it. */
#define REFUSE(place, rule, text, ...)                                                                                 \
    urn_fail(URN_E_STEP, "%s: list %d step %d %s: " text, (place)->call, (place)->list, (place)->step, (rule)->name,   \
             __VA_ARGS__)

static urn_status check_array(const urn_step_place *place, const urn_step_rule *rule, int32_t i,
                              const urn_param *param) {
    const char *name = rule->param[i].name;
    if (param->by != URN_BY_SLOT && param->by != URN_BY_ROW)
        return REFUSE(place, rule, "%s: param[%d].by is %d; wanted 0, 1 or 2", name, i, param->by);
    if (!param->array) return REFUSE(place, rule, "%s: param[%d].array is NULL; wanted device memory", name, i);
    if ((uintptr_t)param->array % 4)
        return REFUSE(place, rule, "%s: param[%d].array is %p; wanted a multiple of 4", name, i, param->array);
    return URN_OK;
}

static urn_status check_param(const urn_step_place *place, const urn_step_rule *rule, int32_t i,
                              const urn_param *param) {
    const urn_param_rule *wanted = &rule->param[i];
    if (param->by != URN_SCALAR) return check_array(place, rule, i, param);
    if (urn_param_good(wanted, *param)) return URN_OK;
    if (wanted->is_int)
        return REFUSE(place, rule, "%s: param[%d].i is %d; wanted %s", wanted->name, i, param->i, wanted->range);
    return REFUSE(place, rule, "%s: param[%d].f is %g; wanted %s", wanted->name, i, (double)param->f, wanted->range);
}

static urn_status check_pointer(const urn_step_place *place, const urn_step_rule *rule, const char *name,
                                const void *pointer, uintptr_t align) {
    if (!pointer) return REFUSE(place, rule, "%s is NULL; wanted device memory", name);
    if ((uintptr_t)pointer % align)
        return REFUSE(place, rule, "%s is %p; wanted a multiple of %d", name, pointer, (int)align);
    return URN_OK;
}

static urn_status check_map(const urn_step_place *place, const urn_step_rule *rule, const urn_step *step) {
    return step->map ? check_pointer(place, rule, "map", step->map, 4) : URN_OK;
}

/* How many there are, least to what keeps `each` bytes of them below 2^63. */
static urn_status check_count(const urn_step_place *place, const urn_step_rule *rule, const char *name, int64_t count,
                              int64_t least, int64_t each) {
    if (count >= least && count <= INT64_MAX / each - 1) return URN_OK;
    return REFUSE(place, rule, "%s is %lld; wanted %lld to %lld", name, (long long)count, (long long)least,
                  (long long)(INT64_MAX / each - 1));
}

/* Rows of words or floats. The logits' dtype is not known yet: two bytes are the least alignment. */
static urn_status check_table(const urn_step_place *place, const urn_step_rule *rule, const urn_step *step) {
    URN_TRY(check_pointer(place, rule, "table", step->table, rule->memory == URN_READS_LOGITS ? 2 : 4));
    URN_TRY(check_map(place, rule, step));
    URN_TRY(check_count(place, rule, "table_rows", step->table_rows, 1, 4));
    URN_TRY(check_count(place, rule, "table_stride", step->table_stride, 1, 4));
    if (step->table_rows > INT64_MAX / 4 / step->table_stride)
        return REFUSE(place, rule, "table_rows %lld times table_stride %lld passes 2^63 bytes",
                      (long long)step->table_rows, (long long)step->table_stride);
    return URN_OK;
}

/* Lists of ids: `rows` of them by offsets, `size` ids in all. No id needs no memory for ids. */
static urn_status check_lists(const urn_step_place *place, const urn_step_rule *rule, const urn_step *step) {
    const int sets = rule->memory == URN_READS_SETS;
    if (rule->memory == URN_MAY_READ_LISTS && step->table_rows == 0) return URN_OK;
    URN_TRY(check_map(place, rule, step));
    URN_TRY(check_count(place, rule, sets ? "sequences.rows" : "lists.rows", step->table_rows, sets ? 0 : 1, 8));
    URN_TRY(check_count(place, rule, sets ? "sequences.size" : "lists.size", step->table_stride, 0, 4));
    URN_TRY(check_pointer(place, rule, "offsets", step->offsets, 8));
    if (step->table_stride) URN_TRY(check_pointer(place, rule, "ids", step->table, 4));
    if (step->table_stride && rule->memory == URN_READS_VALUES)
        URN_TRY(check_pointer(place, rule, "values", step->values, 4));
    if (!sets) return URN_OK;
    URN_TRY(check_count(place, rule, "sets_rows", step->sets_rows, 1, 8));
    return check_pointer(place, rule, "sets", step->sets, 8);
}

static urn_status check_memory(const urn_step_place *place, const urn_step_rule *rule, const urn_step *step) {
    switch (rule->memory) {
    case URN_READS_NOTHING:
        return URN_OK;
    case URN_READS_WORDS:
    case URN_READS_FLOATS:
    case URN_READS_LOGITS:
        return check_table(place, rule, step);
    case URN_READS_LISTS:
    case URN_READS_VALUES:
    case URN_READS_SETS:
    case URN_MAY_READ_LISTS:
        return check_lists(place, rule, step);
    }
    return URN_OK;
}

urn_status urn_check_step(urn_step_place place, const urn_step *step) {
    const urn_step_rule *rule = urn_step_rule_of(step->op);
    if (!rule)
        return urn_fail(URN_E_STEP, "%s: list %d step %d: op is %d; wanted a urn_op", place.call, place.list,
                        place.step, step->op);
    if (step->flags & ~rule->flags)
        return REFUSE(&place, rule, "flags is %u; wanted %s%u", step->flags, rule->flags ? "0 or " : "", rule->flags);
    for (int32_t i = 0; i < rule->params; i++) URN_TRY(check_param(&place, rule, i, &step->param[i]));
    return check_memory(&place, rule, step);
}
