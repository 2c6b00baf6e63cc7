// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: names for kernel addresses, from /proc/kallsyms. */

#include <stdlib.h>
#include <string.h>

#include "kallsyms.h"
#include "source_kernel.h"
#include "util.h"

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* "ffffffff81000000 T name" and, of a module, a tab and "[module]". */
static bool take_line(char *line, struct symbol *symbol)
{
	char *end, *module;

	symbol->address = strtoull(line, &end, 16);
	if (end[0] != ' ' || !end[1] || end[2] != ' ' || !strchr("tTwW", end[1]))
		return false;
	symbol->name = end + 3;
	module = strchr(end + 3, '\t');
	symbol->module = NULL;
	if (!module)
		return true;
	*module++ = '\0';
	symbol->module = module + (*module == '[');
	module[strcspn(module, "]")] = '\0';
	return true;
}

/**
 * symbols_load() - read the functions of the kernel and its modules
 * @s: zeroed or loaded before
 *
 * Return: false if the kernel does not tell addresses.
 */
bool symbols_load(struct symbols *s)
{
	char *line, *next;
	size_t len;

	symbols_free(s);
	if (source_read("/proc/kallsyms", MAX_TABLE, &s->text, &len)) {
		s->text = NULL;
		return false;
	}
	for (line = s->text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!take_line(line, xappend(&s->all, &s->nr, sizeof(*s->all))))
			s->nr--;
	}
	qsort(s->all, s->nr, sizeof(*s->all), by_address);
	return s->nr && s->all[s->nr - 1].address;
}

/**
 * symbols_free() - forget them
 * @s: zeroed or loaded
 */
void symbols_free(struct symbols *s)
{
	free(s->all);
	free(s->text);
	memset(s, 0, sizeof(*s));
}

/**
 * symbols_have() - is there a function of the kernel itself with this name?
 * @s: loaded
 * @name: its whole name
 */
bool symbols_have(const struct symbols *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (!s->all[i].module && !strcmp(s->all[i].name, name))
			return true;
	return false;
}

/**
 * symbols_have_clone() - is a function there only as a copy that the compiler made?
 * @s: loaded
 * @name: the name in the source
 *
 * The part that is executed rarely, "name.cold", is no copy of the function.
 */
bool symbols_have_clone(const struct symbols *s, const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; i < s->nr; i++)
		if (!s->all[i].module && !strncmp(s->all[i].name, name, len) &&
		    s->all[i].name[len] == '.' && strcmp(s->all[i].name + len, ".cold"))
			return true;
	return false;
}

/**
 * symbols_find() - the function that an address lies in
 * @s: loaded
 * @address: the address
 *
 * Return: the last one that begins there or before, or NULL.
 */
const struct symbol *symbols_find(const struct symbols *s, uint64_t address)
{
	size_t low = 0, high = s->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->all[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && s->all[low - 1].address ? &s->all[low - 1] : NULL;
}
