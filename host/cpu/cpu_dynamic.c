/* cpu_dynamic.c - dynamic temperature: the law's entropy over its largest says where between two temperatures to be. */
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_row.h"

int urnc_dynamic_temperature(urnc_row *row, const urnc_act *act) {
    float t = act->f[0], delta = act->f[1];
    float low = t - delta > 0.0f ? t - delta : 0.0f, high = t + delta;
    int status = urnc_epoch_open(row);
    if (status != URN_ROW_OK || row->greedy) return status;
    int64_t n = urnc_row_count(row);
    if (n == 1) return URN_ROW_OK;
    urnc_epoch_weigh(row);
    double H = (double)urnc_entropy_sum(row) / (double)row->Z + urnc_log2_mass(row->Z);
    double u = H / urnc_log2_of((double)n);
    u = u < 0.0 ? 0.0 : u > 1.0 ? 1.0 : u;
    urnc_epoch_close(row);
    row->T = row->T * (float)((double)low + (double)(high - low) * urnc_pow(u, (double)act->f[2]));
    return isfinite(row->T) ? URN_ROW_OK : URN_ROW_PARAM;
}
