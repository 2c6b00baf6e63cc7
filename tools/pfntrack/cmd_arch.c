// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack arch: what attributes mean on each architecture, and which pairs harm.
 *
 * Prints the tables that the kernel judges by: arch/generic/pat/ is compiled
 * into this command, for every architecture and not only the running one.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "main.h"
#include "util.h"

#define PAT_READER 1
#include "../../arch/generic/pat/pat.h"

static const struct pat_arch *const archs[] = PAT_ARCHS;

static const char *const attr_words[] = { PFN_ATTR_TEXT };
static const char *const verdict_words[] = { PFN_VERDICT_TEXT };

static const char *arch_name(size_t i)
{
	return i < ARRAY_SIZE(archs) ? archs[i]->name : NULL;
}

/* One value of a field: its bits in an entry, what they mean, its name there. */
struct row {
	uint64_t bits;
	enum pfn_attr attr;
	const char *name;
};

static const char *code_name(const struct pat_format *f, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < f->nr_codes; i++)
		if (f->codes[i].value == value)
			return f->codes[i].name;
	return "reserved";
}

/* Row @i of a format, false behind the last.  Where there is a table, its slots. */
static bool format_row(const struct pat_arch *arch, const struct pat_format *f, unsigned int i,
		       struct row *row)
{
	if (i >= (f->indexed ? 8 : f->nr_codes))
		return false;
	if (f->indexed) {
		row->bits = arch->scatter ? arch->scatter(i) : (uint64_t)i << f->shift;
		row->attr = pat_decode(arch, f, row->bits);
		row->name = code_name(f, f->table >> i * 8 & 0xff);
	} else {
		row->bits = f->codes[i].value << f->shift;
		row->attr = f->codes[i].attr;
		row->name = f->codes[i].name;
	}
	return true;
}

static uint64_t format_field(const struct pat_arch *arch, const struct pat_format *f)
{
	return arch->scatter ? arch->scatter(f->mask) : f->mask << f->shift;
}

/* What any format of it can express, as a bit mask. */
static unsigned int arch_attrs(const struct pat_arch *arch)
{
	unsigned int mask = 0, i;

	for (i = 0; i < arch->nr_pairs; i++)
		mask |= 1U << arch->pairs[i].a | 1U << arch->pairs[i].b;
	return mask;
}

/* === Text =============================================================== */

static void text_pairs(const char *title, const struct pfn_attr_pair *pairs, unsigned int nr)
{
	unsigned int i;

	if (nr)
		printf("\n%s\n", title);
	for (i = 0; i < nr; i++)
		printf("  %s beside %s: %s\n    %s\n    (%s)\n", attr_words[pairs[i].a],
		       attr_words[pairs[i].b], verdict_words[pairs[i].verdict], pairs[i].why,
		       pairs[i].source);
}

static void text_format(const struct pat_arch *arch, const struct pat_format *f)
{
	struct row row;
	unsigned int i;

	printf("\nFormat %s: %s\n", f->name, f->when);
	printf("  field 0x%" PRIx64 "\n", format_field(arch, f));
	for (i = 0; format_row(arch, f, i, &row); i++)
		printf("  0x%-16" PRIx64 "  %-16s  %s\n", row.bits, attr_words[row.attr], row.name);
	for (i = 0; i < f->nr_changes; i++)
		printf("  asked for %s, gets %s: %s\n    (%s)\n", attr_words[f->changes[i].want],
		       attr_words[f->changes[i].got], f->changes[i].why, f->changes[i].source);
}

/* What the machine itself can say of a physical range. */
static bool machine_says(const struct pat_arch *arch, unsigned int attr)
{
	return arch->under && arch->under(PFN_ATTR_WB, attr) != PFN_ATTR_UNKNOWN;
}

/* Only what changes; the JSON has the whole table. */
static void text_machine(const struct pat_arch *arch)
{
	unsigned int attrs = arch_attrs(arch), machine, attr, got;

	if (!arch->under)
		return;
	printf("\nEffective attribute where %s says otherwise\n", arch->machine);
	for (machine = PFN_ATTR_WB; machine < PFN_ATTR_COUNT; machine++) {
		for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
			if (!(attrs & 1U << attr) || !machine_says(arch, machine))
				continue;
			got = arch->under(attr, machine);
			if (got != attr)
				printf("  %s %s, page table %s: %s\n", arch->machine,
				       attr_words[machine], attr_words[attr], attr_words[got]);
		}
	}
	printf("    (%s)\n", arch->machine_source);
}

static void text_arch(const struct pat_arch *arch)
{
	unsigned int i;

	printf("Architecture %s\n", arch->name);
	if (arch->note)
		printf("  %s\n", arch->note);
	for (i = 0; i < arch->nr_formats; i++)
		text_format(arch, &arch->formats[i]);
	text_pairs("Mapped both ways", arch->pairs, arch->nr_pairs);
	text_pairs("RAM against its own linear map, after cleaning the caches", arch->cleaned,
		   arch->nr_cleaned);
	for (i = 0; i < arch->nr_errata; i++) {
		char *title = xasprintf("Otherwise on %s: %s", arch->errata[i].name,
					arch->errata[i].when);

		text_pairs(title, arch->errata[i].pairs, arch->errata[i].nr_pairs);
		free(title);
	}
	if (arch->linear_fixed)
		printf("\nLinear map: drivers cannot change its attributes and have to clean the caches, so\n"
		       "the rules after cleaning are for all RAM\n    (%s)\n",
		       arch->linear_fixed);
	text_machine(arch);
	if (arch->colour)
		printf("\nCache colours: %s\n  same colour: %s\n  two colours, both written: %s\n    %s\n    (%s)\n",
		       arch->colour->when, arch->colour->rule,
		       verdict_words[PFN_VERDICT_INCOHERENT], arch->colour->why,
		       arch->colour->source);
}

static void text_list(void)
{
	unsigned int i, attr;

	for (i = 0; i < ARRAY_SIZE(archs); i++) {
		printf("%-10s", archs[i]->name);
		for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++)
			if (arch_attrs(archs[i]) & 1U << attr)
				printf(" %s", attr_words[attr]);
		puts("");
	}
	puts("\n'generic' stands for every architecture that is not listed (sh, m68k, ...).\n"
	     "'pfntrack arch NAME' tells more of one.");
}

/* === JSON =============================================================== */

static struct json_object *need(struct json_object *v)
{
	if (!v)
		die_nomem();
	return v;
}

/* @v may be NULL: that is JSON's null. */
static void put(struct json_object *object, const char *key, struct json_object *v)
{
	if (json_object_object_add(object, key, v))
		die_nomem();
}

static void put_text(struct json_object *object, const char *key, const char *s)
{
	put(object, key, s ? need(json_object_new_string(s)) : NULL);
}

static void put_hex(struct json_object *object, const char *key, uint64_t n)
{
	char *s = xasprintf("0x%" PRIx64, n);

	put_text(object, key, s);
	free(s);
}

/* A new object at the end of @array. */
static struct json_object *push(struct json_object *array)
{
	struct json_object *object = need(json_object_new_object());

	if (json_object_array_add(array, object))
		die_nomem();
	return object;
}

static struct json_object *put_array(struct json_object *object, const char *key)
{
	struct json_object *array = need(json_object_new_array());

	put(object, key, array);
	return array;
}

static void json_pairs(struct json_object *object, const char *key,
		       const struct pfn_attr_pair *pairs, unsigned int nr)
{
	struct json_object *array = put_array(object, key), *pair;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pair = push(array);
		put_text(pair, "a", attr_words[pairs[i].a]);
		put_text(pair, "b", attr_words[pairs[i].b]);
		put_text(pair, "verdict", verdict_words[pairs[i].verdict]);
		put_text(pair, "why", pairs[i].why);
		put_text(pair, "source", pairs[i].source);
	}
}

static void json_format(struct json_object *object, const struct pat_arch *arch,
			const struct pat_format *f)
{
	struct json_object *array, *item;
	struct row row;
	unsigned int i;

	put_text(object, "name", f->name);
	put_text(object, "when", f->when);
	put_hex(object, "field", format_field(arch, f));
	array = put_array(object, "codes");
	for (i = 0; format_row(arch, f, i, &row); i++) {
		item = push(array);
		put_hex(item, "bits", row.bits);
		put_text(item, "attr", attr_words[row.attr]);
		put_text(item, "name", row.name);
	}
	array = put_array(object, "changes");
	for (i = 0; i < f->nr_changes; i++) {
		item = push(array);
		put_text(item, "want", attr_words[f->changes[i].want]);
		put_text(item, "got", attr_words[f->changes[i].got]);
		put_text(item, "why", f->changes[i].why);
		put_text(item, "source", f->changes[i].source);
	}
}

static void json_colour(struct json_object *object, const struct pat_colour *colour)
{
	struct json_object *v = NULL;

	if (colour) {
		v = need(json_object_new_object());
		put_text(v, "when", colour->when);
		put_text(v, "rule", colour->rule);
		put_text(v, "verdict", verdict_words[PFN_VERDICT_INCOHERENT]);
		put_text(v, "why", colour->why);
		put_text(v, "source", colour->source);
	}
	put(object, "colour", v);
}

/* Every combination, those that change nothing included. */
static void json_machine(struct json_object *object, const struct pat_arch *arch)
{
	struct json_object *v = NULL, *array, *item;
	unsigned int machine, attr;

	if (arch->under) {
		v = need(json_object_new_object());
		put_text(v, "name", arch->machine);
		put_text(v, "source", arch->machine_source);
		array = put_array(v, "effective");
		for (machine = PFN_ATTR_WB; machine < PFN_ATTR_COUNT; machine++) {
			for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
				if (!(arch_attrs(arch) & 1U << attr) ||
				    !machine_says(arch, machine))
					continue;
				item = push(array);
				put_text(item, "machine", attr_words[machine]);
				put_text(item, "attr", attr_words[attr]);
				put_text(item, "got", attr_words[arch->under(attr, machine)]);
			}
		}
	}
	put(object, "machine", v);
}

static void json_arch(struct json_object *object, const struct pat_arch *arch)
{
	struct json_object *array, *item;
	unsigned int i;

	put_text(object, "name", arch->name);
	put_text(object, "note", arch->note);
	array = put_array(object, "formats");
	for (i = 0; i < arch->nr_formats; i++)
		json_format(push(array), arch, &arch->formats[i]);
	json_pairs(object, "pairs", arch->pairs, arch->nr_pairs);
	json_pairs(object, "cleaned", arch->cleaned, arch->nr_cleaned);
	array = put_array(object, "errata");
	for (i = 0; i < arch->nr_errata; i++) {
		item = push(array);
		put_text(item, "name", arch->errata[i].name);
		put_text(item, "when", arch->errata[i].when);
		put_text(item, "source", arch->errata[i].source);
		json_pairs(item, "pairs", arch->errata[i].pairs, arch->errata[i].nr_pairs);
	}
	put_text(object, "linear_fixed", arch->linear_fixed);
	json_machine(object, arch);
	json_colour(object, arch->colour);
}

static void json_all(const struct pat_arch *only)
{
	struct json_object *top = need(json_object_new_object()), *array;
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	unsigned int i;

	if (opts.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	put(top, "version", need(json_object_new_int(1)));
	put_text(top, "source", "built-in");
	array = put_array(top, "architectures");
	for (i = 0; i < ARRAY_SIZE(archs); i++)
		if (!only || only == archs[i])
			json_arch(push(array), archs[i]);
	puts(json_object_to_json_string_ext(top, flags));
	json_object_put(top);
}

/**
 * cmd_arch() - "pfntrack arch [NAME]"
 * @argc: number of operands
 * @argv: operands
 *
 * Return: exit code.
 */
int cmd_arch(int argc, char **argv)
{
	const struct pat_arch *only = NULL;
	const char *near;
	size_t i;

	for (i = 0; argc && i < ARRAY_SIZE(archs); i++)
		if (!strcmp(archs[i]->name, argv[0]))
			only = archs[i];
	if (argc && !only) {
		near = nearest(argv[0], arch_name);
		if (near)
			return fail(RC_USAGE, "unknown architecture '%s'; did you mean '%s'?",
				    argv[0], near);
		return fail(RC_USAGE, "unknown architecture '%s'; 'pfntrack arch' lists them",
			    argv[0]);
	}
	if (opts.json)
		json_all(only);
	else if (only)
		text_arch(only);
	else
		text_list();
	return RC_CLEAN;
}
