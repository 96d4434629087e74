/* cpu_temperature.c - the logits are divided by a number: later epochs have another c. */
#include "host/cpu/cpu_row.h"

int urnc_temperature(urnc_row *row, const urnc_act *act) {
    row->T = row->T * act->f[0];
    return isfinite(row->T) ? URN_ROW_OK : URN_ROW_PARAM; /* a plan knows it before, but for dynamic ones */
}
