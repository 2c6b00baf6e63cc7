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

/* The bits of an entry that tell the attribute. */
static u64 native_field __ro_after_init;

struct pfn_attr_plain pfn_attr_plain __ro_after_init;
EXPORT_SYMBOL_GPL(pfn_attr_plain);

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
	facts->window = PAT_WINDOW_SOME;
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

/* Whether all entries decode to write-back that differ from @bits in @free. */
static bool __init all_plain(u64 bits, u64 free)
{
	u64 set = free;

	do {
		if (pat_decode(PAT_NATIVE, &native.format, bits ^ set) !=
		    PFN_ATTR_WB)
			return false;
		set = (set - 1) & free;
	} while (set != free);
	return true;
}

/*
 * Plain is what decodes to write-back, and nothing else.  The mask is the field
 * without the bits that make no difference, of which at most @FREE_BITS are
 * left out; no known field has more.
 */
#define FREE_BITS	8

static void __init native_plain(void)
{
	const struct pat_format *format = &native.format;
	u64 bits = pgprot_val(PAGE_KERNEL), free = 0, bit;
	unsigned int nr = 0;

	native_field = PAT_NATIVE->scatter ?
		       PAT_NATIVE->scatter(format->mask) :
		       format->mask << format->shift;
	/* If PAGE_KERNEL is not write-back, nothing is plain. */
	if (pat_decode(PAT_NATIVE, format, bits) != PFN_ATTR_WB) {
		pfn_attr_plain.mask = ~0ULL;
		pfn_attr_plain.bits = ~0ULL;
		return;
	}
	for (bit = 1; bit && nr < FREE_BITS; bit <<= 1) {
		if (!(native_field & bit) || !all_plain(bits, free | bit))
			continue;
		free |= bit;
		nr++;
	}
	pfn_attr_plain.mask = native_field & ~free;
	pfn_attr_plain.bits = bits;
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
EXPORT_SYMBOL_GPL(pfn_attr_from_large);

/**
 * pfn_attr_modify - the attribute of an entry after pte_modify()
 * @attr: the attribute that the entry has
 * @prot: what pte_modify() is given
 *
 * x86 keeps the attribute of the entry, arm64 takes that of @prot.  On T-Head's
 * RISC-V the result has the bits of both, so that write-combining becomes
 * write-back unless @prot is write-combining, too.
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: the attribute, @attr itself if it cannot be expressed.
 */
enum pfn_attr pfn_attr_modify(enum pfn_attr attr, pgprot_t prot)
{
	u64 bits, old = pgprot_val(prot) & ~native_field;
	pte_t entry;

	if (!pat_encode(PAT_NATIVE, &native.format, attr, &bits))
		return attr;
	entry = pte_modify(pfn_pte(0, __pgprot(old | bits)), prot);
	return native_decode(pte_val(entry));
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
EXPORT_SYMBOL_GPL(pfn_attr_effective);

/**
 * pfn_attr_name - the word for an attribute
 * @attr: the attribute
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: a constant string as in sysfs and in the kernel log, never NULL.
 */
const char *pfn_attr_name(enum pfn_attr attr)
{
	static const char * const names[] = { PFN_ATTR_TEXT };

	return names[attr < PFN_ATTR_COUNT ? attr : PFN_ATTR_UNKNOWN];
}
EXPORT_SYMBOL_GPL(pfn_attr_name);

/**
 * pfn_attr_why_not - why an attribute cannot be mapped here
 * @want: the attribute
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: why pfn_attr_effective() answers with another attribute, in one
 * sentence without capital and full stop; NULL if it does not.
 */
const char *pfn_attr_why_not(enum pfn_attr want)
{
	unsigned int i;

	for (i = 0; i < native.format.nr_changes; i++)
		if (native.format.changes[i].want == want &&
		    native.format.changes[i].got != want)
			return native.format.changes[i].why;
	return NULL;
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
EXPORT_SYMBOL_GPL(pfn_attr_arch);

/**
 * pfn_attr_window - whether ioremap() gives addresses that no hook sees
 * @all: gets whether that is so for every range
 *
 * Return: how, in a constant sentence; NULL if it never does.
 */
const char *pfn_attr_window(bool *all)
{
	*all = native.window == PAT_WINDOW_ALL;
	return native.window == PAT_WINDOW_NONE ? NULL : PAT_NATIVE->window;
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
 * pfn_attr_judge_linear - the rule for a mapping of RAM against the linear map
 * @attr: how the RAM is mapped
 * @linear: how the linear map has it, see pfn_attr_linear()
 * @cleaned: whether the caches are known to have been cleaned for it, as the
 *	DMA API does
 *
 * Where drivers cannot change the linear map, cleaning the caches is the only
 * correct way to use RAM uncached.  There the rules for cleaned RAM apply to
 * every mapping.
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: the rule, never NULL; %PFN_VERDICT_MAINTENANCE where cleaned caches
 * suffice on this machine, otherwise as pfn_attr_judge().
 */
const struct pfn_attr_pair *pfn_attr_judge_linear(enum pfn_attr attr,
						  enum pfn_attr linear,
						  bool cleaned)
{
	return pat_judge_linear(PAT_NATIVE, native.errata, attr, linear,
				cleaned);
}
EXPORT_SYMBOL_GPL(pfn_attr_judge_linear);

/**
 * pfn_attr_judge_at - the rule for two mappings of a physical range
 * @pfn: first page frame that both map
 * @last: last page frame
 * @a: one attribute
 * @b: the other; the order does not matter
 *
 * Judges the effective attributes, see pfn_attr_at(), if that makes the verdict
 * milder than pfn_attr_judge() of @a and @b.
 *
 * Context: Any but interrupts, see pfn_attr_at().  Does not sleep.
 *
 * Return: the rule, never NULL.
 */
const struct pfn_attr_pair *pfn_attr_judge_at(unsigned long pfn,
					      unsigned long last,
					      enum pfn_attr a, enum pfn_attr b)
{
	const struct pfn_attr_pair *rule = pfn_attr_judge(a, b), *at;

	if (rule->verdict <= PFN_VERDICT_UNKNOWN)
		return rule;
	at = pfn_attr_judge(pfn_attr_at(pfn, last, a),
			    pfn_attr_at(pfn, last, b));
	return at->verdict < rule->verdict ? at : rule;
}

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
EXPORT_SYMBOL_GPL(pfn_attr_judge_colour);
