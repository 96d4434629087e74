/* export.h - URN_API marks what the shared library exports; everything else is hidden. */
#ifndef URN_EXPORT_H
#define URN_EXPORT_H

#if defined(__GNUC__)
#define URN_API __attribute__((visibility("default")))
#else
#define URN_API
#endif

#endif
