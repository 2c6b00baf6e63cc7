/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: names for kernel addresses, which themselves are never shown. */
#ifndef PFNTRACK_KALLSYMS_H
#define PFNTRACK_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	uint64_t address;
	const char *name, *module; /* NULL: of the kernel itself */
};

struct symbols {
	struct symbol *all;
	size_t nr;
	char *text;
};

bool symbols_load(struct symbols *s);
void symbols_free(struct symbols *s);
bool symbols_have(const struct symbols *s, const char *name);
bool symbols_have_clone(const struct symbols *s, const char *name);
const struct symbol *symbols_find(const struct symbols *s, uint64_t address);

#endif /* PFNTRACK_KALLSYMS_H */
