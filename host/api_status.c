/* api_status.c - names and texts of statuses. */
#include "urn/status.h"

const char *urn_status_name(urn_status status) {
    switch ((int)status) {
#define URN_STATUS_CASE(name, value, text)                                                                             \
    case value:                                                                                                        \
        return #name;
        URN_STATUS_LIST(URN_STATUS_CASE)
#undef URN_STATUS_CASE
    }
    return "URN_E_UNKNOWN";
}

const char *urn_status_text(urn_status status) {
    switch ((int)status) {
#define URN_STATUS_CASE(name, value, text)                                                                             \
    case value:                                                                                                        \
        return text;
        URN_STATUS_LIST(URN_STATUS_CASE)
#undef URN_STATUS_CASE
    }
    return "not a status of this library: the program and the library differ in version";
}

const char *urn_row_status_text(int row_status) {
    switch (row_status & -(unsigned)row_status) {
#define URN_ROW_CASE(name, value, text)                                                                                \
    case value:                                                                                                        \
        return text;
        URN_ROW_LIST(URN_ROW_CASE)
#undef URN_ROW_CASE
    }
    return "not a row status of this library: the program and the library differ in version";
}
