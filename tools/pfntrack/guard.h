/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: a job that leaves nothing behind when a signal ends it. */
#ifndef PFNTRACK_GUARD_H
#define PFNTRACK_GUARD_H

int guarded(int (*job)(void *ctx), void (*undo)(void *ctx), void *ctx);

#endif /* PFNTRACK_GUARD_H */
