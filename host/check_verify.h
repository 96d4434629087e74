/* check_verify.h - checks that the verify family's calls share: the rows of both sides, and scratch. */
#ifndef URN_CHECK_VERIFY_H
#define URN_CHECK_VERIFY_H

#include "host/backend_verify.h"
#include "host/check.h"
#include "host/handles.h"

/* What a call gives: both sides' rows, what they are, and how many requests. */
typedef struct urn_verify_given {
    const urn_sample_params *target, *draft; /* draft NULL: none */
    int32_t target_rows, draft_rows;
    const int32_t *draft_of;
    int64_t requests;
} urn_verify_given;

/* And what becomes of it: complete. */
typedef struct urn_verify_sides {
    urn_sample_params target, draft;
    urn_lists_view target_lists, draft_lists;
    urn_slots_view state;
} urn_verify_sides;

urn_status urn_check_verify_sides(const char *call, const urn_stream *stream, const urn_verify_given *given,
                                  urn_verify_sides *sides);

/* A tree in one form, aligned. */
urn_status urn_check_draft_tree(const char *call, const urn_draft_tree *tree);

/* URN_NEEDS_ bits of both samplers. */
int32_t urn_verify_needs(const urn_sample_params *target, const urn_sample_params *draft);

/* The caller's workspace or else the stream's scratch, of at least `need` bytes. */
typedef struct urn_workspace {
    void *pointer;
    size_t bytes;
} urn_workspace;
urn_status urn_check_workspace(const char *call, const urn_stream *stream, size_t need, urn_workspace *workspace);

#endif
