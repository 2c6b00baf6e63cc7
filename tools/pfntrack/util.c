// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: errors and memory. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "main.h"
#include "util.h"

#define NOMEM "out of memory; free some and try again"

/**
 * die_nomem() - leave, for want of memory
 *
 * Allocates nothing: the line is a constant in both of its shapes.
 */
void die_nomem(void)
{
	if (opts.json)
		fputs("{\"error\":{\"code\":4,\"message\":\"" NOMEM "\"}}\n", stderr);
	else
		fputs("pfntrack: " NOMEM "\n", stderr);
	/* stdio may hold half a table: what is not whole is not printed. */
	_Exit(RC_INTERNAL);
}

/**
 * xcalloc() - calloc() that does not return without memory
 * @n: number of elements
 * @size: size of one
 */
void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		die_nomem();
	return p;
}

/**
 * xrealloc() - reallocarray() that does not return without memory
 * @p: what to resize, or NULL
 * @n: number of elements
 * @size: size of one
 */
void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (!p)
		die_nomem();
	return p;
}

/**
 * xappend() - make room for one more, at sizes 16, 32, 64, ...
 * @array: address of the array
 * @n: its length
 * @size: size of an element
 *
 * Return: the new element, zeroed.
 */
void *xappend(void *array, size_t *n, size_t size)
{
	char **base = array;

	if (!*n || (*n >= 16 && !(*n & (*n - 1))))
		*base = xrealloc(*base, *n ? *n * 2 : 16, size);
	return memset(*base + (*n)++ * size, 0, size);
}

/**
 * xstrdup() - strdup() that does not return without memory
 * @s: the string
 */
char *xstrdup(const char *s)
{
	char *p = strdup(s);

	if (!p)
		die_nomem();
	return p;
}

/**
 * xvasprintf() - vasprintf() that returns the string
 * @fmt: as for printf()
 * @ap: likewise
 */
char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		die_nomem();
	return s;
}

/**
 * xasprintf() - asprintf() that returns the string
 * @fmt: as for printf()
 */
char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

static bool print_json_error(int rc, const char *message)
{
	struct json_object *top = json_object_new_object();
	struct json_object *err = json_object_new_object();
	char *clean = text_utf8(message);
	const char *line = NULL;

	if (top && err && !json_object_object_add(err, "code", json_object_new_int(rc)) &&
	    !json_object_object_add(err, "message", json_object_new_string(clean)) &&
	    !json_object_object_add(top, "error", json_object_get(err)))
		line = json_object_to_json_string_ext(top, JSON_C_TO_STRING_NOSLASHESCAPE);
	if (line) {
		text_json(stderr, line);
		putc('\n', stderr);
	}
	free(clean);
	json_object_put(err);
	json_object_put(top);
	return line;
}

/**
 * fail() - say in one line what went wrong and what to do
 * @rc: the exit code that goes with it
 * @fmt: as for printf(), without newline
 *
 * Return: @rc, so that callers can end with it.
 */
int fail(int rc, const char *fmt, ...)
{
	char *message, *safe;
	va_list ap;
	int n;

	/* "Not known" is an answer like the others; what went wrong is none. */
	if (opts.quiet && rc == RC_UNSUPPORTED)
		return rc;
	va_start(ap, fmt);
	n = vasprintf(&message, fmt, ap);
	va_end(ap);
	if (n < 0)
		die_nomem();

	if (opts.json) {
		if (!print_json_error(rc, message))
			die_nomem();
	} else {
		/* Arguments and file contents are quoted in it: one line, always. */
		safe = text_safe(message);
		fprintf(stderr, "pfntrack: %s\n", safe);
		free(safe);
	}
	free(message);
	return rc;
}

/**
 * discard_stdout() - let go what would be printed
 */
void discard_stdout(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* Without it, writes fail, and close_stdout() does not mind. */
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		close(STDOUT_FILENO);
	if (fd > STDOUT_FILENO)
		close(fd);
}

/**
 * flush_stdout() - has all that was printed so far arrived?
 *
 * Return: 0, or an errno, which is left for close_stdout(), too.
 */
int flush_stdout(void)
{
	if (opts.quiet)
		return 0;
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return errno ? errno : EIO;
}

/**
 * close_stdout() - find out whether the output really arrived
 * @rc: the exit code so far
 *
 * A full disk shows only when the buffer is flushed.
 *
 * Return: @rc, or RC_INTERNAL if output was lost.  A reader that went away
 * (EPIPE) has seen what it wanted: no word about that.
 */
int close_stdout(int rc)
{
	bool failed;

	if (opts.quiet)
		return rc;
	failed = ferror(stdout);
	/* One large write may have failed before: its errno is the reason. */
	if (!failed)
		errno = 0;
	if (!fflush(stdout) && !failed)
		return rc;
	if (errno == EPIPE)
		return rc;
	return fail(RC_INTERNAL, "cannot write the output: %s; send it elsewhere",
		    errno ? strerror(errno) : "write error");
}
