/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: the grammar of the versioned dumps; what they say is not known here. */
#ifndef PFNTRACK_DUMP_H
#define PFNTRACK_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DUMP_MAX_KEYS 64

struct pool;

struct dump_line {
	const char *path;  /* of the dump, for messages */
	struct pool *pool; /* what strings are kept in */
	unsigned int nr;
	char *word;
	struct {
		char *key, *value;
	} pairs[DUMP_MAX_KEYS];
	size_t nr_pairs;
	size_t next;   /* the pair behind the last one that was asked for */
	bool distinct; /* no key is there twice */
};

/* How a value is checked, and what it is stored as. */
enum dump_type {
	DUMP_TEXT,   /* const char *, decoded; NULL if "-" */
	DUMP_NEWER,  /* the same, but kernels before the key do not have it */
	DUMP_PID,    /* const char *, a decimal number; NULL if "-" */
	DUMP_TIME,   /* const char *, seconds with a fraction; NULL if "-" */
	DUMP_NUMBER, /* uint64_t, always known */
	DUMP_BOOL,   /* bool, "yes" or "no" */
	DUMP_RANGE,  /* struct span, always known */
	DUMP_SPAN,   /* struct span, not known if "-" */
};

struct dump_field {
	const char *key;
	enum dump_type type;
	size_t offset;
};

struct dump_reader {
	/* A "name: value" line other than version and end; rc. */
	int (*header)(void *ctx, const struct dump_line *line, char *name, char *value);
	/* The word that body lines begin with (NULL: body() looks), and what to do with one; rc. */
	const char *word;
	int (*body)(void *ctx, struct dump_line *line);
};

/* A dump that is read line by line; zeroed but for the first four. */
struct dump {
	struct dump_line line; /* with path and pool */
	const struct dump_reader *reader;
	void *ctx;
	uint64_t lines; /* of the body */
	bool ended;
	char keys[1024]; /* of the line before, each with its NUL */
	bool keys_distinct;
};

int dump_take(struct dump *dump, char *line);
int dump_end(const struct dump *dump, bool cut);
int dump_fields(struct dump_line *line, const struct dump_field *fields, size_t n,
		const char *prefix, void *object);
bool dump_has(const struct dump_line *line, const char *key);
int dump_malformed(const struct dump_line *line, const char *what, const char *text);

#endif /* PFNTRACK_DUMP_H */
