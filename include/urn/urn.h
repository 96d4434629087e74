/* urn.h - exact, bit-reproducible sampling from discrete distributions, on GPUs and CPUs, from C.
 *
 * The least that works:
 *
 *     urn_ctx *ctx;        urn_ctx_create(NULL, &ctx);                            a device and its backend
 *     urn_stream *stream;  urn_stream_create(ctx, urn_sample_workspace(rows, cols), &stream);
 *     urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
 *     p.logits = urn_matrix_dense(logits, URN_F32, rows, cols, 0);                device memory of yours
 *     p.seed_value = 7;  p.position_value = token;  p.ids = ids;
 *     urn_sample(stream, &p);                                                     enqueued
 *
 * Headers, one idea each: status (what a call and a row answer), types (views), ctx, stream, buffer (memory),
 * slots (state of a request), steps (what happens to a law before the draw), presets (other stacks' orders of steps),
 * sample, unmask (masked diffusion), reject (weighted rejection), tiny (Gumbel-softmax of short rows), shard (a
 * vocabulary over devices), topk (the first k of a row, or k drawn without replacement), topk_long, topk_segments (of
 * long rows and of segments), topk_beam (beams without replacement), topk_fixed (given inclusion probabilities),
 * topk_uniform (permutations, resamples, masks), verify and verify_tree (speculative decoding), verify_draft (trees of
 * drafts), basis (basis-aware truncation) and leverage (scores of rows), both in liburn_host, bits (the bit contract).
 * Particles have resample (ancestors from weights), particles (moving them), genealogy (their paths), resample_segments
 * (weighted moments), resample_backward (backward draws), resample_tables (alias tables, draws on a grid). bits_topk,
 * bits_resample and bits_verify go on with the contract. Every call but those ending in _host only enqueues. Nothing
 * here includes CUDA. */
#ifndef URN_H
#define URN_H

#include "urn/basis.h"
#include "urn/bits.h"
#include "urn/bits_resample.h"
#include "urn/bits_topk.h"
#include "urn/bits_verify.h"
#include "urn/buffer.h"
#include "urn/ctx.h"
#include "urn/export.h"
#include "urn/genealogy.h"
#include "urn/leverage.h"
#include "urn/particles.h"
#include "urn/presets.h"
#include "urn/reject.h"
#include "urn/resample.h"
#include "urn/resample_backward.h"
#include "urn/resample_segments.h"
#include "urn/resample_tables.h"
#include "urn/sample.h"
#include "urn/shard.h"
#include "urn/slots.h"
#include "urn/status.h"
#include "urn/steps.h"
#include "urn/stream.h"
#include "urn/tiny.h"
#include "urn/topk.h"
#include "urn/topk_beam.h"
#include "urn/topk_fixed.h"
#include "urn/topk_long.h"
#include "urn/topk_segments.h"
#include "urn/topk_uniform.h"
#include "urn/types.h"
#include "urn/unmask.h"
#include "urn/verify.h"
#include "urn/verify_draft.h"
#include "urn/verify_tree.h"
#include "urn/version.h"

#endif
