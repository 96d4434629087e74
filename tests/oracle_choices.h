/* oracle_choices.h - beams' selection, fixed sizes, uniform choices (bits_topk.h, T7 to T9) by brute force. */
#ifndef URN_ORACLE_CHOICES_H
#define URN_ORACLE_CHOICES_H

#include "tests/oracle.h"

void oracle_beam_select(const urn_beam_select_params *p);
void oracle_inclusion(const urn_inclusion_params *p);
void oracle_fixed(const urn_fixed_params *p);
void oracle_permute(const urn_permute_params *p);
void oracle_bootstrap(const urn_bootstrap_params *p);
void oracle_field(const urn_field_params *p);

#endif
