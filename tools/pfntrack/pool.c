// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: strings, each kept once.
 *
 * A million records have a few hundred call sites, names and attributes.  Equal
 * strings have one address, so that comparing them ends at once.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "util.h"

#define BLOCK (64 << 10)

struct block {
	struct block *next;
	char text[];
};

struct pool {
	struct block *blocks;
	size_t used, room;  /* of the first block */
	const char **slots; /* a hash table with open addressing */
	size_t nr, size;    /* the size is a power of two, and never full */
	const char *last;   /* of pool_once() */
};

/**
 * pool_new() - an empty pool
 */
struct pool *pool_new(void)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->size = 256;
	pool->slots = xcalloc(pool->size, sizeof(*pool->slots));
	return pool;
}

static uint64_t hash_of(const char *s)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (*s)
		hash = (hash ^ (unsigned char)*s++) * 0x100000001b3ull;
	return hash ^ hash >> 29;
}

/* The slot of a string, or the empty one where it belongs. */
static const char **slot_of(const struct pool *pool, const char *s)
{
	size_t i = hash_of(s) & (pool->size - 1);

	while (pool->slots[i] && strcmp(pool->slots[i], s))
		i = (i + 1) & (pool->size - 1);
	return &pool->slots[i];
}

static void grow(struct pool *pool)
{
	const char **old = pool->slots;
	size_t size = pool->size, i;

	pool->size *= 2;
	pool->slots = xcalloc(pool->size, sizeof(*pool->slots));
	for (i = 0; i < size; i++)
		if (old[i])
			*slot_of(pool, old[i]) = old[i];
	free(old);
}

static void insert(struct pool *pool, const char **slot, const char *s)
{
	*slot = s;
	if (++pool->nr * 2 > pool->size)
		grow(pool);
}

static const char *copy(struct pool *pool, const char *s)
{
	size_t size = strlen(s) + 1;
	struct block *block;
	char *text;

	if (pool->room - pool->used < size) {
		pool->room = size > BLOCK ? size : BLOCK;
		block = xcalloc(1, sizeof(*block) + pool->room);
		block->next = pool->blocks;
		pool->blocks = block;
		pool->used = 0;
	}
	text = memcpy(pool->blocks->text + pool->used, s, size);
	pool->used += size;
	return text;
}

/**
 * pool_seed() - let constants stand for the strings that are equal to them
 * @pool: the pool
 * @words: constants; NULL ends them
 */
void pool_seed(struct pool *pool, const char *const *words)
{
	const char **slot;

	for (; *words; words++) {
		slot = slot_of(pool, *words);
		if (!*slot)
			insert(pool, slot, *words);
	}
}

/**
 * pool_text() - the one copy of a string
 * @pool: the pool
 * @s: the string
 *
 * Return: a string that lives as long as the pool; the same address for the same text.
 */
const char *pool_text(struct pool *pool, const char *s)
{
	const char **slot = slot_of(pool, s), *text = *slot;

	if (!text) {
		text = copy(pool, s);
		insert(pool, slot, text);
	}
	return text;
}

/**
 * pool_once() - a copy of a string that hardly any other is equal to
 * @pool: the pool
 * @s: the string
 *
 * Return: a string that lives as long as the pool.
 */
const char *pool_once(struct pool *pool, const char *s)
{
	if (!pool->last || strcmp(pool->last, s))
		pool->last = copy(pool, s);
	return pool->last;
}

/**
 * pool_free() - free all strings
 * @pool: the pool, or NULL
 */
void pool_free(struct pool *pool)
{
	struct block *next;

	if (!pool)
		return;
	for (; pool->blocks; pool->blocks = next) {
		next = pool->blocks->next;
		free(pool->blocks);
	}
	free(pool->slots);
	free(pool);
}
