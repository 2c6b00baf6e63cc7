// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: an ordered set of ranges, balanced by chance. */

#include <stddef.h>

#include "treap.h"

/* Is @a before the place of (space, start, id)? */
static bool before(const struct treap_node *a, uint64_t space, uint64_t start, uint64_t id)
{
	if (a->space != space)
		return a->space < space;
	if (a->start != start)
		return a->start < start;
	return a->id < id;
}

static struct treap_node *fixed(struct treap_node *n)
{
	n->most = n->last;
	if (n->left && n->left->most > n->most)
		n->most = n->left->most;
	if (n->right && n->right->most > n->most)
		n->most = n->right->most;
	return n;
}

/* Those before @at to the left, the others to the right. */
static void split(struct treap_node *n, const struct treap_node *at, struct treap_node **left,
		  struct treap_node **right)
{
	if (!n) {
		*left = NULL;
		*right = NULL;
	} else if (before(n, at->space, at->start, at->id)) {
		split(n->right, at, &n->right, right);
		*left = fixed(n);
	} else {
		split(n->left, at, left, &n->left);
		*right = fixed(n);
	}
}

static struct treap_node *joined(struct treap_node *a, struct treap_node *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->chance > b->chance) {
		a->right = joined(a->right, b);
		return fixed(a);
	}
	b->left = joined(a, b->left);
	return fixed(b);
}

static struct treap_node *added(struct treap_node *n, struct treap_node *new)
{
	if (!n || new->chance > n->chance) {
		split(n, new, &new->left, &new->right);
		return fixed(new);
	}
	if (before(n, new->space, new->start, new->id))
		n->right = added(n->right, new);
	else
		n->left = added(n->left, new);
	return fixed(n);
}

static struct treap_node *removed(struct treap_node *n, const struct treap_node *old)
{
	if (!n)
		return NULL;
	if (n == old)
		return joined(n->left, n->right);
	if (before(n, old->space, old->start, old->id))
		n->right = removed(n->right, old);
	else
		n->left = removed(n->left, old);
	return fixed(n);
}

/**
 * treap_add() - put a range into the set
 * @t: the set
 * @node: space, start, id and last are set, and no other node has the first three
 */
void treap_add(struct treap *t, struct treap_node *node)
{
	/* xorshift32: no quality is asked of it but that nobody orders ranges by it. */
	t->seed = t->seed ? t->seed : 2463534242u;
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 17;
	t->seed ^= t->seed << 5;
	node->chance = t->seed;
	t->root = added(t->root, node);
}

/**
 * treap_remove() - take a range out of the set
 * @t: the set
 * @node: is in it
 */
void treap_remove(struct treap *t, struct treap_node *node)
{
	t->root = removed(t->root, node);
}

static struct treap_node *overlap(struct treap_node *n, uint64_t space, uint64_t start,
				  uint64_t last, const struct treap_node *after)
{
	struct treap_node *found = NULL;
	bool late;

	/* Across spaces this says nothing, but then it forbids nothing, either. */
	if (!n || n->most < start)
		return NULL;
	late = !after || before(after, n->space, n->start, n->id);
	if (late && n->space >= space)
		found = overlap(n->left, space, start, last, after);
	if (found)
		return found;
	if (n->space > space || (n->space == space && n->start > last))
		return NULL;
	if (late && n->space == space && n->last >= start)
		return n;
	return overlap(n->right, space, start, last, after);
}

/**
 * treap_overlap() - the first range that touches another
 * @t: the set
 * @space: where to look
 * @start: first of the other range
 * @last: last of it
 * @after: the one that was found before, still in the set; NULL to begin
 */
struct treap_node *treap_overlap(const struct treap *t, uint64_t space, uint64_t start,
				 uint64_t last, const struct treap_node *after)
{
	return overlap(t->root, space, start, last, after);
}
