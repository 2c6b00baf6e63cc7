// SPDX-License-Identifier: GPL-2.0-only
/* Kernel memory for user space: it runs out when told to, and looks for misuse. */
#include "shim.h"

static long unit_countdown;
static bool unit_for_good;
static long unit_nr_allocs, unit_nr_failed;

void unit_fail_nth(long n)
{
	unit_countdown = n;
	unit_for_good = false;
	unit_nr_failed = 0;
}

void unit_fail_from(long n)
{
	unit_fail_nth(n);
	unit_for_good = true;
}

long unit_failed(void)
{
	return unit_nr_failed;
}

long unit_allocs(void)
{
	return unit_nr_allocs;
}

/* Armed by single-threaded tests only. */
bool unit_fails(gfp_t gfp)
{
	if (!(gfp & GFP_NOWAIT))
		might_sleep();
	__atomic_add_fetch(&unit_nr_allocs, 1, __ATOMIC_RELAXED);
	if (!unit_countdown || --unit_countdown)
		return false;
	if (unit_for_good)
		unit_countdown = 1;
	unit_nr_failed++;
	return true;
}

/* === Objects: what kfree() has to know lies before them ================= */

struct unit_head {
	struct kmem_cache *cache;
} __attribute__((aligned(64)));

#define unit_head_of(p)	((struct unit_head *)(p) - 1)

static long unit_nr_objects;

long unit_objects(void)
{
	return __atomic_load_n(&unit_nr_objects, __ATOMIC_RELAXED);
}

/* Rubbish instead of zeroes: who wants those has to ask. */
static void *unit_alloc(size_t size, struct kmem_cache *cache, gfp_t gfp)
{
	struct unit_head *head;

	unit_may_allocate();
	if (unit_fails(gfp))
		return NULL;
	if (posix_memalign((void **)&head, sizeof(*head), sizeof(*head) + size))
		head = NULL;
	UNIT_ASSERT(head);
	head->cache = cache;
	if (!cache)
		__atomic_add_fetch(&unit_nr_objects, 1, __ATOMIC_RELAXED);
	return memset(head + 1, 0xa5, size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	void *p = unit_alloc(size, NULL, gfp);

	return p ? memset(p, 0, size) : NULL;
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kzalloc(n * size, gfp);
}

void *kmemdup(const void *p, size_t size, gfp_t gfp)
{
	void *copy = unit_alloc(size, NULL, gfp);

	return copy ? memcpy(copy, p, size) : NULL;
}

const char *kstrdup_const(const char *text, gfp_t gfp)
{
	return text ? kmemdup(text, strlen(text) + 1, gfp) : NULL;
}

void kfree(const void *p)
{
	struct unit_head *head;

	if (!p)
		return;
	unit_may_allocate();
	head = unit_head_of(p);
	__atomic_sub_fetch(head->cache ? &head->cache->live : &unit_nr_objects,
			   1, __ATOMIC_RELAXED);
	free(head);
}

/* === Caches ============================================================= */

#define UNIT_CACHES	8

static struct {
	const char *name;
	struct kmem_cache cache;
} unit_caches[UNIT_CACHES];

struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, unsigned int flags,
				     void (*ctor)(void *))
{
	unsigned int i = 0;

	(void)align;
	(void)flags;
	UNIT_ASSERT(!ctor);
	if (unit_fails(GFP_KERNEL))
		return NULL;
	while (unit_caches[i].name)
		UNIT_ASSERT(++i < UNIT_CACHES);
	unit_caches[i].name = name;
	unit_caches[i].cache.size = size;
	return &unit_caches[i].cache;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *p = unit_alloc(cache->size, cache, gfp);

	if (!p)
		return NULL;
	__atomic_add_fetch(&cache->live, 1, __ATOMIC_RELAXED);
	return memset(p, 0, cache->size);
}

void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	UNIT_ASSERT(p && unit_head_of(p)->cache == cache);
	kfree(p);
}

long unit_live(const char *cache)
{
	unsigned int i = 0;

	while (strcmp(unit_caches[i].name, cache))
		UNIT_ASSERT(++i < UNIT_CACHES && unit_caches[i].name);
	return unit_caches[i].cache.live;
}

/* === Memory that goes with a driver ===================================== */

struct unit_devres {
	struct unit_devres *next;
	void (*release)(struct device *dev, void *res);
};

void *devres_alloc(void (*release)(struct device *dev, void *res), size_t size,
		   gfp_t gfp)
{
	struct unit_devres *devres = kzalloc(sizeof(*devres) + size, gfp);

	if (!devres)
		return NULL;
	devres->release = release;
	return devres + 1;
}

void devres_free(void *res)
{
	kfree((struct unit_devres *)res - 1);
}

void devres_add(struct device *dev, void *res)
{
	struct unit_devres *devres = (struct unit_devres *)res - 1;

	devres->next = dev->resources;
	dev->resources = devres;
}

int devres_release(struct device *dev,
		   void (*release)(struct device *dev, void *res),
		   int (*match)(struct device *dev, void *res, void *data),
		   void *data)
{
	struct unit_devres **link, *devres;

	might_sleep();
	for (link = &dev->resources; (devres = *link); link = &devres->next) {
		if (devres->release != release || !match(dev, devres + 1, data))
			continue;
		*link = devres->next;
		release(dev, devres + 1);
		kfree(devres);
		return 0;
	}
	return -ENOENT;
}

void unit_unbind(struct device *dev)
{
	struct unit_devres *devres;

	while ((devres = dev->resources)) {
		dev->resources = devres->next;
		devres->release(dev, devres + 1);
		kfree(devres);
	}
}
