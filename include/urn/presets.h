/* presets.h - the orders of steps that other stacks have, from their settings. */
#ifndef URN_PRESETS_H
#define URN_PRESETS_H

#include "urn/steps.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Other stacks' settings in those stacks' orders, scalars only. A member with its INIT value adds no step. */
typedef struct urn_preset {
    uint32_t struct_size;
    float temperature, top_p, min_p, typical_p, epsilon, eta, top_n_sigma, tail_free;
    float repetition, frequency, presence;
    float xtc_probability, xtc_threshold;
    float dry_multiplier, dry_base;
    float dynamic_delta, dynamic_power;
    float mirostat_mu; /* llama: Mirostat v2 takes the place of all truncation */
    int32_t top_k, penalty_last_n, dry_allowed, dry_last_n, no_repeat;
} urn_preset;

#define URN_PRESET_INIT \
    { (uint32_t)sizeof(urn_preset), 1.0f, 1.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.1f, \
      0.0f, 1.75f, 0.0f, 1.0f, -1.0f, 0, 0, 2, -1, 0 }

/* urn_steps_hf - penalties (repetition only, prompt seen), no-repeat, temperature, top-k (ties in), top-p, min-p,
 * typical, epsilon, eta: the order of transformers' generate.
 * urn_steps_vllm - penalties (prompt seen), temperature, min-p, top-k (ties in), top-p.
 * urn_steps_llama - penalties (last 64 unless said), DRY (no breakers), top-n-sigma, top-k, typical, top-p, min-p, XTC,
 * temperature (dynamic where delta > 0); with mirostat_mu >= 0 nothing but temperature and Mirostat.
 * Settings that a stack does not have are URN_E_VALUE unless they are as in URN_PRESET_INIT.
 *
 *  out   steps  [URN_MAX_STEPS]
 *  out   count
 *
 *  returns URN_OK | URN_E_NULL | URN_E_STRUCT | URN_E_VALUE (a member outside its step's range, or unknown there) */
URN_API urn_status urn_steps_hf(const urn_preset *preset, urn_step *steps, int32_t *count);
URN_API urn_status urn_steps_vllm(const urn_preset *preset, urn_step *steps, int32_t *count);
URN_API urn_status urn_steps_llama(const urn_preset *preset, urn_step *steps, int32_t *count);

#ifdef __cplusplus
}
#endif

#endif
