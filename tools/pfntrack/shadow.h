/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfntrack: the live mappings of a kernel that keeps no books, as far as they were
 * seen, and what each newcomer is beside them.
 */
#ifndef PFNTRACK_SHADOW_H
#define PFNTRACK_SHADOW_H

#include "watch.h"

struct pat_arch;
struct shadow;

/* A mapping.  What tells address spaces apart, and a kernel's va, is never shown. */
struct shadow_map {
	uint64_t mm, va; /* first byte; meaningless without @mapped */
	uint64_t start, end;
	uint64_t time;
	bool mapped; /* false: a physical range without addresses */
	struct watch_side by;
};

/* How many mappings are kept, about 90 MB of them. */
#define SHADOW_MOST (1u << 18)

struct shadow *shadow_new(const struct pat_arch *arch, size_t most);
uint64_t shadow_forgotten(const struct shadow *s);
void shadow_free(struct shadow *s);
bool shadow_map(struct shadow *s, const struct shadow_map *map, int error);
bool shadow_unmap(struct shadow *s, uint64_t mm, uint64_t va, uint64_t size, uint64_t time);
bool shadow_release(struct shadow *s, uint64_t start, uint64_t end, int64_t pid, uint64_t time);
bool shadow_copy(struct shadow *s, uint64_t from, uint64_t to, uint64_t va, uint64_t size,
		 uint64_t time);
void shadow_move(struct shadow *s, uint64_t mm, uint64_t va, uint64_t to, uint64_t size);

#endif /* PFNTRACK_SHADOW_H */
