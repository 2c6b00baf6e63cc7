// SPDX-License-Identifier: GPL-2.0-only
/*
 * plan: which BPF programs source bpf chooses for a kernel.
 *
 *   plan OBJECT [-FUNCTION | ~FUNCTION]... < PROGRAMS
 *
 * OBJECT has the kernel's BTF; "-" takes a function out of its symbols, "~" has it
 * there only as a copy that the compiler made.  Each line of PROGRAMS is the name of
 * a program of bpf/pfntrack.bpf.c.  Prints "program NAME" for those that are chosen,
 * "stray NAME" for those that the plan does not know, and "gap FAMILY: WHY".
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "source_bpf_plan.h"
#include "util.h"

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

char *xstrdup(const char *s)
{
	char *p = strdup(s);

	if (!p)
		abort();
	return p;
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	if (vasprintf(&p, fmt, args) < 0)
		abort();
	va_end(args);
	return p;
}

struct kernel {
	struct btf *btf;
	char **changes;
};

static enum bpf_symbol lookup(const void *context, const char *function)
{
	const struct kernel *k = context;
	char **change;

	for (change = k->changes; *change; change++)
		if (!strcmp(*change + 1, function))
			return **change == '~' ? BPF_SYMBOL_CLONED : BPF_SYMBOL_ABSENT;
	return btf__find_by_name_kind(k->btf, function, BTF_KIND_FUNC) > 0 ? BPF_SYMBOL_PRESENT
									   : BPF_SYMBOL_ABSENT;
}

int main(int argc, char **argv)
{
	struct kernel k = { 0 };
	enum bpf_family family;
	struct bpf_plan plan;
	char line[128];
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: plan OBJECT [-FUNCTION | ~FUNCTION]... < PROGRAMS\n");
		return 2;
	}
	k.btf = btf__parse(argv[1], NULL);
	k.changes = argv + 2;
	if (!k.btf) {
		perror(argv[1]);
		return 1;
	}
	bpf_plan_make(&plan, k.btf, lookup, &k);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!bpf_plan_family(line, &family))
			printf("stray %s\n", line);
		else if (bpf_plan_has(&plan, line))
			printf("program %s\n", line);
	}
	for (i = 0; i < BPF_FAMILIES; i++)
		if (plan.gap[i])
			printf("gap %s: %s\n", bpf_family_text[i], plan.gap[i]);
	bpf_plan_free(&plan);
	btf__free(k.btf);
	return 0;
}
