/* Compiler attributes, spelled once. */
#ifndef TG_BASE_ATTR_H
#define TG_BASE_ATTR_H

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN          __attribute__((noreturn))
#define MUST_CHECK        __attribute__((warn_unused_result))
#define CLEANUP(release)  __attribute__((cleanup(release)))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
