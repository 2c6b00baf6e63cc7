/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: an ordered set of ranges, balanced by chance. */
#ifndef PFNTRACK_TREAP_H
#define PFNTRACK_TREAP_H

#include <stdbool.h>
#include <stdint.h>

/* Ordered by space, start, id.  Lives in what it orders. */
struct treap_node {
	struct treap_node *left, *right;
	uint64_t space, start, id;
	uint64_t last; /* of the range */
	uint64_t most; /* the largest last below here */
	uint32_t chance;
};

struct treap {
	struct treap_node *root;
	uint32_t seed;
};

void treap_add(struct treap *t, struct treap_node *node);
void treap_remove(struct treap *t, struct treap_node *node);
struct treap_node *treap_overlap(const struct treap *t, uint64_t space, uint64_t start,
				 uint64_t last, const struct treap_node *after);

#endif /* PFNTRACK_TREAP_H */
