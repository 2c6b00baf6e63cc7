/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: strings, each kept once. */
#ifndef PFNTRACK_POOL_H
#define PFNTRACK_POOL_H

struct pool;

struct pool *pool_new(void);
void pool_seed(struct pool *pool, const char *const *words);
const char *pool_text(struct pool *pool, const char *s);
const char *pool_once(struct pool *pool, const char *s);
void pool_free(struct pool *pool);

#endif /* PFNTRACK_POOL_H */
