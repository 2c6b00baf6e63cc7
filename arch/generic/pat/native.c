// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track attributes: those of the running kernel.
 *
 * The facts are gathered once at boot; everything else asks the tables.
 */
#include <linux/cacheinfo.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <asm/shmparam.h>
#include "pat.h"

static struct pat_facts native __ro_after_init;

/* Where the field has three bits at most, as mostly, it is decoded beforehand. */
static u8 native_attrs[8] __ro_after_init;

struct pfn_attr_plain pfn_attr_plain __ro_after_init;

/* What it means that a page frame is written through two colours. */
static struct pfn_attr_pair native_colours __ro_after_init;

#ifndef pat_native_facts
/*
 * What the architecture's own helpers produce.  Earlier entries win: where
 * write-combining falls back to uncached, the bits are called uncached.
 */
static struct pat_code samples[] __ro_after_init = {
	PAT_CODE(0, WB, "PAGE_KERNEL"),
	PAT_CODE(0, UC, "pgprot_noncached()"),
	PAT_CODE(0, WC, "pgprot_writecombine()"),
	PAT_CODE(0, DEVICE, "pgprot_device()"),
};

/* The bits in which the samples differ are those that carry the attribute. */
static void __init pat_native_facts(struct pat_facts *facts)
{
	u64 plain = pgprot_val(PAGE_KERNEL), mask = 0;
	unsigned int i;

	samples[0].value = plain;
	samples[1].value = pgprot_val(pgprot_noncached(PAGE_KERNEL));
	samples[2].value = pgprot_val(pgprot_writecombine(PAGE_KERNEL));
	samples[3].value = pgprot_val(pgprot_device(PAGE_KERNEL));

	for (i = 1; i < ARRAY_SIZE(samples); i++)
		mask |= samples[i].value ^ plain;
	for (i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i].value &= mask;
	facts->format = (struct pat_format){
		.name = "helpers",
		.mask = mask,
		PAT_LIST(codes, samples),
	};
}
#endif

/* The period of colours, 0 where the data cache shows none. */
static unsigned long __init native_colour(void)
{
	if (!cpu_dcache_is_aliasing())
		return 0;
#if defined(SHM_COLOUR)
	return SHM_COLOUR;
#elif defined(CONFIG_MIPS)
	return shm_align_mask + 1;
#else
	return SHMLBA;
#endif
}

static void __init native_judge_colours(const struct pat_colour *colour)
{
	if (!colour)
		return;
	native_colours = (struct pfn_attr_pair){
		.a = PFN_ATTR_WB,
		.b = PFN_ATTR_WB,
		.verdict = PFN_VERDICT_INCOHERENT,
		.why = colour->why,
		.source = colour->source,
	};
}

/*
 * Whatever is not write-back has one of these bits changed, on x86, too, which
 * has one more.
 */
static void __init native_plain(void)
{
	u64 plain = pgprot_val(PAGE_KERNEL);

	pfn_attr_plain.bits = plain;
	pfn_attr_plain.mask =
		(plain ^ pgprot_val(pgprot_noncached(PAGE_KERNEL))) |
		(plain ^ pgprot_val(pgprot_writecombine(PAGE_KERNEL))) |
		(plain ^ pgprot_val(pgprot_device(PAGE_KERNEL)));
}

static void __init native_decode_all(void)
{
	unsigned int field;

	for (field = 0; field < ARRAY_SIZE(native_attrs); field++)
		native_attrs[field] = pat_decode_field(&native.format, field);
}

static enum pfn_attr native_decode(u64 bits)
{
	u64 field = pat_gather(PAT_NATIVE, &native.format, bits);

	return field < ARRAY_SIZE(native_attrs) ?
	       native_attrs[field] : pat_decode_field(&native.format, field);
}

/**
 * pfn_attr_init - learn the architecture's page table bits
 *
 * Context: Boot, once the architecture has settled its page attributes and
 * before the first pfn_attr_from_pgprot().  Once more if a bit becomes known
 * later, before anybody maps with it.
 */
void __init pfn_attr_init(void)
{
	struct pat_facts facts = { .colour = native_colour() };

	pat_native_facts(&facts);
	native = facts;
	native_decode_all();
	native_judge_colours(PAT_NATIVE->colour);
	native_plain();
}

/**
 * pfn_attr_facts - what is known of this machine
 *
 * Return: the facts, valid after pfn_attr_init() and for ever.
 */
const struct pat_facts *pfn_attr_facts(void)
{
	return &native;
}

/**
 * pfn_attr_from_pgprot - the attribute that page table bits ask for
 * @prot: protection of a page table entry of the smallest size
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: the attribute, %PFN_ATTR_UNKNOWN if the bits make no sense here.
 */
enum pfn_attr pfn_attr_from_pgprot(pgprot_t prot)
{
	return native_decode(pgprot_val(prot));
}
EXPORT_SYMBOL_GPL(pfn_attr_from_pgprot);

/**
 * pfn_attr_from_large - the attribute that a huge page table entry asks for
 * @prot: protection bits as they are in the entry
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: as pfn_attr_from_pgprot().
 */
enum pfn_attr pfn_attr_from_large(pgprot_t prot)
{
	const struct pat_arch *arch = PAT_NATIVE;
	u64 bits = pgprot_val(prot);

	return native_decode(arch->from_large ? arch->from_large(bits) : bits);
}

/**
 * pfn_attr_effective - what comes out here when an attribute is asked for
 * @attr: the attribute
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: what the machine makes of it; @attr itself also where it can make
 * nothing of it.
 */
enum pfn_attr pfn_attr_effective(enum pfn_attr attr)
{
	enum pfn_attr got = pat_effective(&native.format, attr);

	return got == PFN_ATTR_NONE ? attr : got;
}

/**
 * pfn_attr_arch - name of the architecture whose rules are in force
 *
 * Return: a constant string, "generic" where no file of its own exists.
 */
const char *pfn_attr_arch(void)
{
	return PAT_NATIVE->name;
}

/**
 * pfn_attr_judge - what it means to map a page with both attributes
 * @a: one attribute
 * @b: the other; the order does not matter
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: the rule, never NULL.  A pair without a rule, and one of which a
 * side is %PFN_ATTR_UNKNOWN or %PFN_ATTR_NONE, is %PFN_VERDICT_UNKNOWN: nobody
 * is accused by guess.
 */
const struct pfn_attr_pair *pfn_attr_judge(enum pfn_attr a, enum pfn_attr b)
{
	return pat_judge(PAT_NATIVE, a, b);
}
EXPORT_SYMBOL_GPL(pfn_attr_judge);

/**
 * pfn_attr_judge_colour - what it means to write a page through two addresses
 * @va_a: one virtual address
 * @va_b: the other; both of cached mappings
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: the rule, or NULL where the addresses meet in the cache, as they do
 * everywhere on most machines.
 */
const struct pfn_attr_pair *pfn_attr_judge_colour(unsigned long va_a,
						  unsigned long va_b)
{
	enum pfn_verdict verdict = pfn_attr_colour_verdict(&native, va_a, true,
							   va_b, true);

	return verdict > PFN_VERDICT_UNKNOWN ? &native_colours : NULL;
}
