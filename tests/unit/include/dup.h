/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small things that have to mean what they mean in the kernel, in words of our
 * own because tools/include does not have them, or not as the kernel has them.
 */
#ifndef _UNIT_DUP_H
#define _UNIT_DUP_H

/* The kernel compares an enum with one of its constants; tools/ objects. */
#define min(a, b) ({			\
	__auto_type _min_a = (a);	\
	__auto_type _min_b = (b);	\
	_min_a < _min_b ? _min_a : _min_b; })
#define max(a, b) ({			\
	__auto_type _max_a = (a);	\
	__auto_type _max_b = (b);	\
	_max_a > _max_b ? _max_a : _max_b; })

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGNED(x)		IS_ALIGNED((unsigned long)(x), PAGE_SIZE)
#define PHYS_ADDR_MAX		((phys_addr_t)~(phys_addr_t)0)

#define NSEC_PER_SEC		1000000000L
#define NSEC_PER_USEC		1000L
#define U64_MAX			((u64)~0ULL)
#define SZ_2M			0x200000

/* Of one word only. */
#define for_each_set_bit(bit, word, size)		\
	for ((bit) = 0; (bit) < (size); (bit)++)	\
		if (*(word) >> (bit) & 1)

#define div_u64(n, base)		((u64)(n) / (u32)(base))

/* Divides in place and returns the remainder. */
#define do_div(n, base) ({			\
	u32 _rem = (n) % (base);		\
	(n) /= (base);				\
	_rem; })

#define ATOMIC_INIT(n)		{ (n) }
#define atomic_read(v)		__atomic_load_n(&(v)->counter, __ATOMIC_RELAXED)
#define atomic_inc(v)		__atomic_add_fetch(&(v)->counter, 1, __ATOMIC_SEQ_CST)
#define atomic_dec(v)		__atomic_sub_fetch(&(v)->counter, 1, __ATOMIC_SEQ_CST)
#define atomic_set(v, n)	__atomic_store_n(&(v)->counter, n, __ATOMIC_RELAXED)
#define atomic_long_read	atomic_read
#define atomic_long_inc		atomic_inc
#define atomic_long_dec		atomic_dec
#define atomic_long_inc_return	atomic_inc
#define atomic_long_set		atomic_set

/* True, and added, unless the value is @unless. */
#define atomic_add_unless(v, n, unless) ({				\
	int _old = atomic_read(v);					\
									\
	while (_old != (unless) &&					\
	       !__atomic_compare_exchange_n(&(v)->counter, &_old,	\
					    _old + (n), false,		\
					    __ATOMIC_SEQ_CST,		\
					    __ATOMIC_RELAXED))		\
		;							\
	_old != (unless); })

/* With or without a size: without, that of the array @dst. */
#define UNIT_SECOND(first, second, ...)	second
#define strscpy(dst, src, ...)						\
	unit_strscpy(dst, src, UNIT_SECOND(dst, ##__VA_ARGS__, sizeof(dst)))

static inline void unit_strscpy(char *dst, const char *src, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && src[i]; i++)
		dst[i] = src[i];
	dst[i] = '\0';
}

static inline size_t str_has_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? 0 : len;
}

static inline void strreplace(char *text, char old, char new)
{
	for (; *text; text++)
		if (*text == old)
			*text = new;
}

/* Digits of @base, a sign and a line break at the end at most; no blanks. */
static inline int kstrtouint(const char *text, unsigned int base,
			     unsigned int *value)
{
	unsigned long long n = 0;
	size_t len, i;

	if (*text == '+')
		text++;
	len = strspn(text, "0123456789");
	if (base != 10 || !len || (text[len] && strcmp(text + len, "\n")))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		n = 10 * n + text[i] - '0';
		if (n > UINT_MAX)
			return -ERANGE;
	}
	*value = n;
	return 0;
}

#endif /* _UNIT_DUP_H */
