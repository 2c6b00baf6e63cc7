/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: errors, memory, and text that is safe to show. */
#ifndef PFNTRACK_UTIL_H
#define PFNTRACK_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(a, b)  __attribute__((format(printf, a, b)))

int fail(int rc, const char *fmt, ...) PRINTF(2, 3);
void die_nomem(void) __attribute__((noreturn));

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
void *xappend(void *array, size_t *n, size_t size);
char *xstrdup(const char *s);
char *xvasprintf(const char *fmt, va_list ap) PRINTF(1, 0);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);

char *text_safe(const char *s);
char *text_utf8(const char *s);
size_t text_control(const char *s);
void text_json(FILE *out, const char *json);
char *text_size(uint64_t bytes);

bool parse_number(const char *s, int base, uint64_t *value);
int parse_address(const char *arg, uint64_t *address);
const char *nearest(const char *word, const char *(*name)(size_t i));
void discard_stdout(void);
int flush_stdout(void);
int close_stdout(int rc);

#endif /* PFNTRACK_UTIL_H */
