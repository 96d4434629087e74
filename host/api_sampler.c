/* api_sampler.c - lists of steps, checked, without their neutral steps, in device memory. */
#include <stdio.h>
#include <string.h>

#include "host/check_step.h"
#include "host/handles.h"

static const char call[] = "urn_sampler_create";

/* At most one link, and only keep steps after it. */
static urn_status check_order(int32_t list, const urn_list *of) {
    int32_t link = -1;
    for (int32_t s = 0; s < of->count; s++) {
        const urn_step_rule *rule = urn_step_rule_of(of->steps[s].op);
        if (link >= 0 && rule->group != URN_GROUP_KEEP)
            return urn_fail(URN_E_STEP,
                            "%s: list %d step %d %s: stands after step %d, %s, which is a link; wanted a keep step",
                            call, list, s, rule->name, link, urn_step_rule_of(of->steps[link].op)->name);
        if (rule->group == URN_GROUP_LINK) link = s;
    }
    return URN_OK;
}

static urn_status check_lists(const urn_list *lists, int32_t count, int64_t *steps) {
    *steps = 0;
    for (int32_t l = 0; l < count; l++) {
        char name[48];
        snprintf(name, sizeof name, "lists[%d].count", l);
        URN_TRY(urn_check_range(URN_E_SHAPE, call, name, lists[l].count, 0, URN_MAX_STEPS));
        snprintf(name, sizeof name, "lists[%d].steps", l);
        if (lists[l].count) URN_TRY(urn_check_pointer(call, name, lists[l].steps));
        for (int32_t s = 0; s < lists[l].count; s++)
            URN_TRY(urn_check_step((urn_step_place){call, l, s}, &lists[l].steps[s]));
        URN_TRY(check_order(l, &lists[l]));
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

/* What urn_sample has to hold against a call's cols and dtype: the narrowest tables, and one that two bytes align. */
static void note_table(urn_sampler *sampler, const urn_step_rule *rule, const urn_step *step, int32_t list,
                       int32_t at) {
    const urn_table_place place = {step->table_stride, list, at, rule->name};
    if (rule->memory == URN_READS_WORDS && place.stride < sampler->words.stride) sampler->words = place;
    if (rule->memory != URN_READS_FLOATS && rule->memory != URN_READS_LOGITS) return;
    if (place.stride < sampler->columns.stride) sampler->columns = place;
    if ((uintptr_t)step->table % 4) sampler->halves = place;
}

/* A step that no row can notice is not compiled. */
static void compile_lists(urn_sampler *sampler, const urn_list *lists, int32_t count, int64_t steps, char *image) {
    urn_step *to = (urn_step *)(void *)image;
    int32_t *begin = (int32_t *)(void *)(image + steps_bytes(steps)), made = 0;
    for (int32_t l = 0; l < count; l++) {
        begin[l] = made;
        for (int32_t s = 0; s < lists[l].count; s++) {
            const urn_step *step = &lists[l].steps[s];
            const urn_step_rule *rule = urn_step_rule_of(step->op);
            if (urn_step_neutral(rule, step)) continue;
            to[made++] = *step;
            sampler->lists.needs |= urn_step_needs(rule, step);
            note_table(sampler, rule, step, l, s);
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
    made->words.stride = made->columns.stride = INT64_MAX;
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
