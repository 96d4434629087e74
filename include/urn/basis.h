/* basis.h - basis-aware truncation (Finlayson et al. 2024), in the optional library liburn_host: link it as well.
 *
 * A model's logits lie in the space that its output embedding W spans, so its law p is off the true one in a way that
 * W shows: an id can be ruled out only if some law r within a factor of p has r = 0 there and the same W^T r. What no
 * such r rules out is kept, also where its p is small. Whether there is one is a linear program an id; an id with p at
 * least epsilon needs none. */
#ifndef URN_BASIS_H
#define URN_BASIS_H

#include "urn/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct urn_basis urn_basis;

/* urn_basis_create - keep an embedding, or the leading columns of its singular value decomposition.
 *
 *  in    embedding  [cols, dims] f32, host, rows `stride` elements apart (0: dims); copied; finite
 *  out   basis      NULL when the call fails; used by one thread at a time
 *
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE (cols 1 to URN_MAX_COLS, dims 0 to 4096, stride) | URN_E_VALUE (a NaN or
 *          infinity) | URN_E_MEMORY | URN_E_BACKEND (liburn_host was built without a solver: install Clp and build) */
URN_API urn_status urn_basis_create(const float *embedding, int64_t cols, int32_t dims, int64_t stride,
                                    urn_basis **basis);

/* urn_basis_destroy - free it. NULL is fine. */
URN_API void urn_basis_destroy(urn_basis *basis);

/* urn_basis_law - the law that urn_basis_keeps is to judge. p [cols], host, not negative, with a finite sum above 0; it
 * is divided by its sum. epsilon in [0, 1): 0 keeps all. returns URN_OK | URN_E_NULL | URN_E_VALUE | URN_E_MEMORY. */
URN_API urn_status urn_basis_law(urn_basis *basis, const float *p, float epsilon);

/* urn_basis_keeps - 1 if the id is kept under the current law, 0 if not or if its p is 0; -1 without a law, for an id
 * outside [0, cols), or where the solver gives up. One linear program of cols variables and dims + 1 equations, unless
 * p is at least epsilon; each starts from the basis that the last one ended with. */
URN_API int urn_basis_keeps(urn_basis *basis, int32_t id);

/* One call's arguments. Start from URN_BASIS_PARAMS_INIT. */
typedef struct urn_basis_params {
    uint32_t struct_size;
    float epsilon;      /* in [0, 1): 0 keeps all */
    urn_matrix logits;  /* dense, device; final: for a list of steps let urn_sample write `processed` first */
    const uint64_t *seed;     /* [rows] device; NULL: seed_value */
    const uint64_t *label;    /* [rows] device; NULL: the row's number */
    const uint32_t *position; /* [rows] device; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    uint32_t reserved;
    int32_t *ids;    /* [rows] host; -1: no id is kept, or status says why */
    int32_t *tried;  /* [rows] host; ids looked at; NULL: not wanted */
    int32_t *status; /* [rows] host; URN_ROW_ bits, EMPTY where nothing is kept; NULL: not wanted */
} urn_basis_params;

#define URN_BASIS_PARAMS_INIT \
    { (uint32_t)sizeof(urn_basis_params), 0, { NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL }, NULL, NULL, NULL, 0, 0, 0, \
      NULL, NULL, NULL }

/* urn_basis_sample_host - draw one id a row from p restricted to what is kept.
 *
 *  The first id of each row comes from one call of urn_sample by Gumbel keys, with its log-probability: where that
 *  reaches ln(epsilon) nothing else happens. Only for the other rows p comes to the host, and ids are tried in the
 *  order of urn_reject_host, which has the law of p on the kept ids, until one is kept.
 *
 *  draws   the Gumbel keys of urn_sample's draw 0
 *  bits    ids are the same bits on every backend, as far as the solver decides alike
 *  sync    waits for the device; not capturable; allocates host and device memory
 *
 *  returns URN_OK | URN_E_NULL | URN_E_STRUCT | URN_E_SHAPE (logits.cols unlike the embedding's; a view that is not
 *          dense) | URN_E_VALUE (epsilon) | URN_E_MEMORY | URN_E_CUDA | what urn_sample and urn_reject_host return
 *  paper   Finlayson, Hewitt, Koller, Swayamdipta and Sabharwal 2024 */
URN_API urn_status urn_basis_sample_host(urn_stream *stream, urn_basis *basis, const urn_basis_params *params);

#ifdef __cplusplus
}
#endif

#endif
