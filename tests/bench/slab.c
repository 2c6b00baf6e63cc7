// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as the kernel's slab gives it, for both sides of the benchmark: out of
 * large pages that are there already, packed, what was freed last first.  The
 * C library's would be a good part of what is measured.
 */
#include "shim.h"

#include <sys/mman.h>

#define CHUNK		(2UL << 20)
#define ARENA		(512UL << 20)
#define CLASSES		16

struct class {
	size_t size;
	void **free;
	char *next;
	char *end;
};

/* At the start of each chunk, for kfree(). */
struct chunk {
	struct class *class;
};

static struct class classes[CLASSES];
static struct kmem_cache caches[CLASSES];
static char *arena, *arena_end;

bool unit_fails(gfp_t gfp)
{
	return false;
}

static void arena_start(void)
{
	arena = mmap(NULL, ARENA + CHUNK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	UNIT_ASSERT(arena != MAP_FAILED);
	arena_end = arena + ARENA;
	arena = (char *)(((unsigned long)arena + CHUNK - 1) & ~(CHUNK - 1));
	madvise(arena, ARENA, MADV_HUGEPAGE);
	/* The kernel has no page faults on its memory, nor shall we. */
	memset(arena, 0, ARENA);
}

static void class_grow(struct class *class)
{
	if (!arena)
		arena_start();
	UNIT_ASSERT(arena + CHUNK <= arena_end);
	((struct chunk *)arena)->class = class;
	class->next = arena + 64;
	class->end = arena + CHUNK;
	arena += CHUNK;
}

/* kmalloc() has sizes of its own, caches pack what they are asked for. */
static struct class *class_of(size_t size)
{
	struct class *class = classes;

	size = (size + 7) & ~7UL;
	while (class->size && class->size != size)
		UNIT_ASSERT(++class < classes + CLASSES);
	class->size = size;
	return class;
}

static void *take(size_t size)
{
	struct class *class = class_of(size);
	void **p = class->free;

	if (p) {
		class->free = *p;
		return p;
	}
	if (class->next + class->size > class->end)
		class_grow(class);
	p = (void **)class->next;
	class->next += class->size;
	return p;
}

static size_t kmalloc_size(size_t size)
{
	size_t class = 64;

	if (size > 64 && size <= 96)
		return 96;
	while (class < size)
		class *= 2;
	return class;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return memset(take(kmalloc_size(size)), 0, size);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kzalloc(n * size, gfp);
}

void *kmemdup(const void *p, size_t size, gfp_t gfp)
{
	(void)gfp;
	return memcpy(take(kmalloc_size(size)), p, size);
}

const char *kstrdup_const(const char *text, gfp_t gfp)
{
	return text ? kmemdup(text, strlen(text) + 1, gfp) : NULL;
}

void kfree(const void *p)
{
	struct class *class;

	if (!p)
		return;
	class = ((struct chunk *)((unsigned long)p & ~(CHUNK - 1)))->class;
	*(void **)p = class->free;
	class->free = (void **)p;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, unsigned int flags,
				     void (*ctor)(void *))
{
	struct kmem_cache *cache = caches;

	(void)name;
	(void)align;
	(void)flags;
	(void)ctor;
	while (cache->size)
		UNIT_ASSERT(++cache < caches + CLASSES);
	cache->size = size;
	return cache;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	(void)gfp;
	return memset(take(cache->size), 0, cache->size);
}

void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	(void)cache;
	kfree(p);
}

/* Nothing here is a driver. */
void *devres_alloc(void (*release)(struct device *dev, void *res), size_t size,
		   gfp_t gfp)
{
	return NULL;
}

void devres_free(void *res)
{
}

void devres_add(struct device *dev, void *res)
{
}

int devres_release(struct device *dev,
		   void (*release)(struct device *dev, void *res),
		   int (*match)(struct device *dev, void *res, void *data),
		   void *data)
{
	return -ENOENT;
}
