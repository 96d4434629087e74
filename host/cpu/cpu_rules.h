/* cpu_rules.h - each step as a row runs it: when its epoch opens or closes, its parameters, its function. */
#ifndef URN_CPU_RULES_H
#define URN_CPU_RULES_H

#include "host/cpu/cpu_row.h"

typedef enum urnc_kind {
    URNC_LOGIT = 1, /* the epoch is closed before it runs */
    URNC_KEEP = 2,  /* an epoch is open when it runs, and not a greedy one */
    URNC_OWN = 3    /* sees to its epoch itself */
} urnc_kind;

typedef struct urnc_range {
    char type; /* 'f', 'i', or 0: no such parameter */
    double least, most;
} urnc_range;

typedef struct urnc_rule {
    int32_t op;
    urnc_kind kind;
    int (*run)(urnc_row *row, const urnc_act *act); /* returns a row status */
    int (*neutral)(const urnc_act *act);
    urnc_range param[4];
} urnc_rule;

/* The rule of a known op. */
const urnc_rule *urnc_rule_of(int32_t op);

#endif
