/* api_sampler.c - lists of steps, checked, without their neutral steps, in device memory. */
#include <stdio.h>
#include <string.h>

#include "host/check.h"
#include "host/handles.h"
#include "host/step_rules.h"

static const char call[] = "urn_sampler_create";

static urn_status check_array(int32_t list, int32_t at, const urn_step_rule *rule, const urn_param *param) {
    if (param->by != URN_BY_SLOT && param->by != URN_BY_ROW)
        return urn_fail(URN_E_STEP, "%s: list %d step %d %s: param[0].by is %d; wanted 0, 1 or 2", call, list, at,
                        rule->name, param->by);
    if (!param->array)
        return urn_fail(URN_E_STEP, "%s: list %d step %d %s: param[0].array is NULL; wanted device memory", call, list,
                        at, rule->name);
    if ((uintptr_t)param->array % 4)
        return urn_fail(URN_E_STEP, "%s: list %d step %d %s: param[0].array is %p; wanted a multiple of 4", call, list,
                        at, rule->name, param->array);
    return URN_OK;
}

static urn_status check_mask(int32_t list, int32_t at, const urn_step *step) {
    if (!step->table)
        return urn_fail(URN_E_STEP, "%s: list %d step %d mask: table is NULL; wanted device memory", call, list, at);
    if ((uintptr_t)step->table % 4 || (uintptr_t)step->map % 4)
        return urn_fail(URN_E_STEP, "%s: list %d step %d mask: table is %p and map is %p; wanted multiples of 4", call,
                        list, at, step->table, (const void *)step->map);
    if (step->table_rows < 1 || step->table_stride < 1)
        return urn_fail(URN_E_STEP,
                        "%s: list %d step %d mask: table_rows is %lld, table_stride is %lld; wanted 1 or more", call,
                        list, at, (long long)step->table_rows, (long long)step->table_stride);
    if (step->table_rows > INT64_MAX / 4 / step->table_stride)
        return urn_fail(URN_E_STEP, "%s: list %d step %d mask: %lld rows of %lld words pass 2^63 bytes", call, list, at,
                        (long long)step->table_rows, (long long)step->table_stride);
    return URN_OK;
}

static urn_status check_step(int32_t list, int32_t at, const urn_step *step) {
    const urn_step_rule *rule = urn_step_rule_of(step->op);
    const urn_param *param = &step->param[0];
    if (!rule) return urn_fail(URN_E_STEP, "%s: list %d step %d: op is %d; wanted a urn_op", call, list, at, step->op);
    if (step->flags)
        return urn_fail(URN_E_STEP, "%s: list %d step %d %s: flags is %u; wanted 0", call, list, at, rule->name,
                        step->flags);
    if (rule->type == URN_PARAM_NONE) return check_mask(list, at, step);
    if (param->by != URN_SCALAR) return check_array(list, at, rule, param);
    if (rule->good(*param)) return URN_OK;
    if (rule->type == URN_PARAM_INT)
        return urn_fail(URN_E_STEP, "%s: list %d step %d %s: param[0].i is %d; wanted %s", call, list, at, rule->name,
                        param->i, rule->range);
    return urn_fail(URN_E_STEP, "%s: list %d step %d %s: param[0].f is %g; wanted %s", call, list, at, rule->name,
                    (double)param->f, rule->range);
}

/* A step that no row can notice is not compiled. */
static int is_neutral(const urn_step *step) {
    const urn_step_rule *rule = urn_step_rule_of(step->op);
    return rule->type != URN_PARAM_NONE && step->param[0].by == URN_SCALAR && rule->neutral(step->param[0]);
}

static urn_status check_lists(const urn_list *lists, int32_t count, int64_t *steps) {
    *steps = 0;
    for (int32_t l = 0; l < count; l++) {
        char name[48];
        snprintf(name, sizeof name, "lists[%d].count", l);
        URN_TRY(urn_check_range(URN_E_SHAPE, call, name, lists[l].count, 0, URN_MAX_STEPS));
        snprintf(name, sizeof name, "lists[%d].steps", l);
        if (lists[l].count) URN_TRY(urn_check_pointer(call, name, lists[l].steps));
        for (int32_t s = 0; s < lists[l].count; s++) URN_TRY(check_step(l, s, &lists[l].steps[s]));
        *steps += lists[l].count;
    }
    return URN_OK;
}

/* Steps first, which need the stricter alignment, then begin. At least one step of room, so that no pointer is past
 * the end of its memory. */
static size_t steps_bytes(int64_t steps) { return (size_t)(steps ? steps : 1) * sizeof(urn_step); }

static size_t compiled_bytes(int64_t steps, int32_t count) {
    return steps_bytes(steps) + ((size_t)count + 1) * sizeof(int32_t);
}

static void compile_lists(urn_sampler *sampler, const urn_list *lists, int32_t count, int64_t steps, char *image) {
    urn_step *to = (urn_step *)(void *)image;
    int32_t *begin = (int32_t *)(void *)(image + steps_bytes(steps)), made = 0;
    for (int32_t l = 0; l < count; l++) {
        begin[l] = made;
        for (int32_t s = 0; s < lists[l].count; s++) {
            const urn_step *step = &lists[l].steps[s];
            if (is_neutral(step)) continue;
            to[made++] = *step;
            if (urn_step_rule_of(step->op)->keeps) sampler->lists.needs |= URN_NEEDS_KEEP;
            if (step->op != URN_OP_MASK || step->table_stride >= sampler->mask_stride) continue;
            sampler->mask_stride = step->table_stride;
            sampler->mask_list = l;
            sampler->mask_step = s;
        }
    }
    begin[count] = made;
}

static urn_status upload(urn_sampler *sampler, const void *image, size_t bytes, int64_t steps) {
    urn_ctx *ctx = sampler->ctx;
    struct CUstream_st *stream;
    URN_TRY(ctx->backend->memory_get(ctx, URN_DEVICE, bytes, &sampler->memory));
    urn_status status = urn_setup_stream(ctx, &stream);
    if (status == URN_OK)
        status = urn_setup_finish(ctx, stream, ctx->backend->copy(ctx, stream, sampler->memory, image, bytes));
    if (status != URN_OK) {
        ctx->backend->memory_put(ctx, URN_DEVICE, sampler->memory);
        return status;
    }
    sampler->lists.steps = sampler->memory;
    sampler->lists.begin = (const int32_t *)(const void *)((const char *)sampler->memory + steps_bytes(steps));
    return URN_OK;
}

static urn_status make_sampler(urn_sampler *sampler, const urn_list *lists, int32_t count, int64_t steps) {
    const urn_allocator *allocator = &sampler->ctx->allocator;
    size_t bytes = compiled_bytes(steps, count);
    char *image = urn_get(allocator, bytes);
    if (!image) return urn_fail_memory("compiled lists", bytes);
    compile_lists(sampler, lists, count, steps, image);
    urn_status status = upload(sampler, image, bytes, steps);
    urn_put(allocator, image);
    return status;
}

urn_status urn_sampler_create(urn_ctx *ctx, const urn_list *lists, int32_t count, urn_sampler **sampler) {
    int64_t steps;
    URN_TRY(urn_check_pointer(call, "sampler", sampler));
    *sampler = NULL;
    URN_TRY(urn_check_pointer(call, "ctx", ctx));
    URN_TRY(urn_check_pointer(call, "lists", lists));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "count", count, 1, URN_MAX_LISTS));
    URN_TRY(check_lists(lists, count, &steps));

    urn_sampler *made = urn_get(&ctx->allocator, sizeof *made);
    if (!made) return urn_fail_memory("a sampler", sizeof *made);
    made->ctx = ctx;
    made->lists.count = count;
    made->mask_stride = INT64_MAX;
    urn_status status = make_sampler(made, lists, count, steps);
    if (status == URN_OK)
        *sampler = made;
    else
        urn_put(&ctx->allocator, made);
    return status;
}

void urn_sampler_destroy(urn_sampler *sampler) {
    if (!sampler) return;
    urn_ctx *ctx = sampler->ctx;
    ctx->backend->memory_put(ctx, URN_DEVICE, sampler->memory);
    urn_put(&ctx->allocator, sampler);
}
