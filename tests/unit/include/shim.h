/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel headers named by mm/pfn_track_internal.h stand for in user
 * space.  The Makefile makes a <linux/foo.h> that includes this file for each
 * of them; the few that are taken from the kernel's tools/include come first.
 */
#ifndef _UNIT_SHIM_H
#define _UNIT_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dup.h"

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/const.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/align.h>
#include <linux/kconfig.h>
#include <linux/rbtree.h>
#include <linux/list.h>
#include <linux/hash.h>

#include "custom.h"
#include "stubs.h"
#include <linux/pfn.h>

#endif /* _UNIT_SHIM_H */
