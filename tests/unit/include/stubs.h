/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing happens here: names that have to exist. */
#ifndef _UNIT_STUBS_H
#define _UNIT_STUBS_H

#define __init
#define __initconst
#define __ro_after_init
#define __acquires(x)
#define __releases(x)

#define EXPORT_SYMBOL_GPL(symbol)
#define THIS_MODULE		NULL
#define MODULE_NAME_LEN		(64 - sizeof(unsigned long))
#define KSYM_NAME_LEN		512


#ifndef preempt_disable
#define preempt_disable()	do { } while (0)
#define preempt_enable()	do { } while (0)
#endif

#define sysfs_attr_init(attr)	do { } while (0)
#define kobject_put(kobj)	do { } while (0)

#endif /* _UNIT_STUBS_H */
