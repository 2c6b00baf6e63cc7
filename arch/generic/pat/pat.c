// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track attributes: questions to the tables of any architecture.
 *
 * Pure functions: no global state, no lock, no kernel service.
 */
#include "pat.h"

/**
 * pat_code_attr - the attribute that one of an architecture's codes stands for
 * @format: one of its formats
 * @value: the code, a memory type on x86
 *
 * Context: Any.  Pure.
 *
 * Return: the attribute, %PFN_ATTR_UNKNOWN if the code is reserved.
 */
enum pfn_attr pat_code_attr(const struct pat_format *format, u64 value)
{
	unsigned int i;

	for (i = 0; i < format->nr_codes; i++)
		if (format->codes[i].value == value)
			return format->codes[i].attr;
	return PFN_ATTR_UNKNOWN;
}

/**
 * pat_decode_field - the attribute that a field of page table bits asks for
 * @format: the format that is in force
 * @field: from pat_gather()
 *
 * Context: Any.  Pure.
 *
 * Return: as pat_decode().
 */
enum pfn_attr pat_decode_field(const struct pat_format *format, u64 field)
{
	return pat_code_attr(format, format->indexed ?
				     format->table >> field * 8 & 0xff : field);
}

/**
 * pat_decode - the attribute that page table bits ask for
 * @arch: the architecture
 * @format: the format that is in force there
 * @bits: an entry of the smallest size, or its protection bits
 *
 * Context: Any.  Pure.
 *
 * Return: the attribute, %PFN_ATTR_UNKNOWN for what is reserved, contradicts
 * itself or is used by nobody.
 */
enum pfn_attr pat_decode(const struct pat_arch *arch,
			 const struct pat_format *format, u64 bits)
{
	return pat_decode_field(format, pat_gather(arch, format, bits));
}

/* The field that stands for @value: itself, or the slot that holds it. */
static bool pat_field(const struct pat_format *format, u64 value, u64 *field)
{
	u64 slot;

	*field = value;
	if (!format->indexed)
		return true;
	for (slot = 0; slot < 8; slot++) {
		*field = slot;
		if ((format->table >> slot * 8 & 0xff) == value)
			return true;
	}
	return false;
}

/**
 * pat_encode - page table bits that ask for an attribute
 * @arch: the architecture
 * @format: the format that is in force there
 * @attr: the attribute
 * @bits: gets them, nothing but the field
 *
 * Context: Any.  Pure.
 *
 * Return: false if the attribute cannot be expressed.
 */
bool pat_encode(const struct pat_arch *arch, const struct pat_format *format,
		enum pfn_attr attr, u64 *bits)
{
	unsigned int i;
	u64 field;

	for (i = 0; i < format->nr_codes; i++) {
		const struct pat_code *code = &format->codes[i];

		if (code->attr != attr || !pat_field(format, code->value, &field))
			continue;
		*bits = arch->scatter ? arch->scatter(field) :
					field << format->shift;
		return true;
	}
	return false;
}

/* Whether any entry can hold @attr. */
static bool pat_expresses(const struct pat_format *format, enum pfn_attr attr)
{
	unsigned int i;
	u64 field;

	for (i = 0; i < format->nr_codes; i++)
		if (format->codes[i].attr == attr &&
		    pat_field(format, format->codes[i].value, &field))
			return true;
	return false;
}

/**
 * pat_effective - what comes out when an attribute is asked for
 * @format: the format that is in force
 * @want: the attribute
 *
 * Context: Any.  Pure.
 *
 * Return: the attribute itself, what the platform makes of it, or
 * %PFN_ATTR_NONE if it cannot be expressed and nothing stands in for it.
 */
enum pfn_attr pat_effective(const struct pat_format *format, enum pfn_attr want)
{
	unsigned int i;

	if (want <= PFN_ATTR_NONE)
		return want;
	for (i = 0; i < format->nr_changes; i++)
		if (format->changes[i].want == want)
			return format->changes[i].got;
	return pat_expresses(format, want) ? want : PFN_ATTR_NONE;
}

/**
 * pat_name - the architecture's own name for an attribute
 * @format: the format that is in force
 * @attr: the attribute
 *
 * Return: a constant string, NULL if it cannot be expressed.
 */
const char *pat_name(const struct pat_format *format, enum pfn_attr attr)
{
	unsigned int i;

	for (i = 0; i < format->nr_codes; i++)
		if (format->codes[i].attr == attr)
			return format->codes[i].name;
	return NULL;
}

static const struct pfn_attr_pair same_pair = {
	.verdict = PFN_VERDICT_SAME,
	.why = "both sides agree",
	.source = "-",
};

static const struct pfn_attr_pair unknown_pair = {
	.verdict = PFN_VERDICT_UNKNOWN,
	.why = "nothing is known of this pair on this architecture",
	.source = "-",
};

static const struct pfn_attr_pair *pat_find(const struct pfn_attr_pair *pairs,
					    unsigned int nr, enum pfn_attr a,
					    enum pfn_attr b)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if ((pairs[i].a == a && pairs[i].b == b) ||
		    (pairs[i].a == b && pairs[i].b == a))
			return &pairs[i];
	return NULL;
}

/**
 * pat_judge - what it means to map a page with both attributes
 * @arch: the architecture
 * @a: one attribute
 * @b: the other; the order does not matter
 *
 * Context: Any.  Pure.
 *
 * Return: the rule, never NULL.  A pair without a rule, and one of which a
 * side is %PFN_ATTR_UNKNOWN or %PFN_ATTR_NONE, is %PFN_VERDICT_UNKNOWN: nobody
 * is accused by guess.
 */
const struct pfn_attr_pair *pat_judge(const struct pat_arch *arch,
				      enum pfn_attr a, enum pfn_attr b)
{
	const struct pfn_attr_pair *found;

	if (a <= PFN_ATTR_NONE || b <= PFN_ATTR_NONE)
		return &unknown_pair;
	if (a == b)
		return &same_pair;
	found = pat_find(arch->pairs, arch->nr_pairs, a, b);
	return found ?: &unknown_pair;
}

/**
 * pat_judge_cleaned - the same for RAM whose caches were cleaned for it
 * @arch: the architecture
 * @errata: bit mask of what the machine suffers from
 * @attr: how the RAM is mapped, besides write-back in the linear map
 *
 * Context: Any.  Pure.
 *
 * Return: the rule, never NULL; that of pat_judge() where there is none for
 * this case.
 */
const struct pfn_attr_pair *pat_judge_cleaned(const struct pat_arch *arch,
					      unsigned int errata,
					      enum pfn_attr attr)
{
	const struct pfn_attr_pair *found = NULL;
	unsigned int i;

	for (i = 0; i < arch->nr_errata && !found; i++)
		if (errata & BIT(i))
			found = pat_find(arch->errata[i].pairs,
					 arch->errata[i].nr_pairs,
					 PFN_ATTR_WB, attr);
	if (!found)
		found = pat_find(arch->cleaned, arch->nr_cleaned, PFN_ATTR_WB,
				 attr);
	return found ?: pat_judge(arch, PFN_ATTR_WB, attr);
}

/**
 * pat_judge_linear - the rule for a mapping of RAM against the linear map
 * @arch: the architecture
 * @errata: bit mask of what the machine suffers from
 * @attr: how the RAM is mapped
 * @linear: how the linear map has it
 * @cleaned: whether the caches are known to have been cleaned for it
 *
 * Context: Any.  Pure.
 *
 * Return: the rule, never NULL.
 */
const struct pfn_attr_pair *pat_judge_linear(const struct pat_arch *arch,
					     unsigned int errata,
					     enum pfn_attr attr,
					     enum pfn_attr linear,
					     bool cleaned)
{
	if (linear == PFN_ATTR_WB && (cleaned || arch->linear_fixed))
		return pat_judge_cleaned(arch, errata, attr);
	return pat_judge(arch, attr, linear);
}

/**
 * pfn_attr_colour_verdict - whether two addresses may map one page frame
 * @facts: the machine
 * @va_a: one virtual address, both of cached mappings
 * @writes_a: whether it may be written through it
 * @va_b: the other virtual address
 * @writes_b: whether it may be written through it
 *
 * With virtually indexed caches the lines of two addresses that differ below
 * the period lie in different places, and neither sees what the other writes.
 *
 * Context: Any.  Pure.
 *
 * Return: %PFN_VERDICT_INCOHERENT if both write and the colours differ;
 * %PFN_VERDICT_MAINTENANCE if only one does, for the reader's lines have to be
 * dropped by hand; %PFN_VERDICT_SAME where both colours are the same or there
 * are none; else %PFN_VERDICT_LEGAL.
 */
enum pfn_verdict pfn_attr_colour_verdict(const struct pat_facts *facts,
					 unsigned long va_a, bool writes_a,
					 unsigned long va_b, bool writes_b)
{
	if (!facts->colour || !((va_a ^ va_b) & (facts->colour - 1)))
		return PFN_VERDICT_SAME;
	if (writes_a && writes_b)
		return PFN_VERDICT_INCOHERENT;
	return writes_a || writes_b ? PFN_VERDICT_MAINTENANCE :
				      PFN_VERDICT_LEGAL;
}
