/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: the pieces that JSON documents are made of. */
#ifndef PFNTRACK_JSON_H
#define PFNTRACK_JSON_H

#include <json-c/json.h>

#include "model.h"

#define JSON_VERSION 1

struct json_object *jneed(struct json_object *v);
void jput(struct json_object *object, const char *key, struct json_object *v);
void jpush(struct json_object *array, struct json_object *v);
struct json_object *jnumber(uint64_t n);
struct json_object *jbool(bool b);
struct json_object *jtext(const char *s);
struct json_object *jtext_and_free(char *s);
struct json_object *jseconds(const char *s);
struct json_object *jdecimal(const char *s);
struct json_object *jaddress(uint64_t a);
struct json_object *jspan(uint64_t start, uint64_t end);
struct json_object *jspan_if_known(const struct span *s);
void jput_record(struct json_object *v, const struct mapping *map);
struct json_object *jrecord(const struct mapping *map);
struct json_object *jcoverage(const struct model *m);
struct json_object *jdocument(void);
struct json_object *jdocument_built_in(void);
struct json_object *jdocument_of(const struct model *m);
struct json_object *jhistory(const struct model *m, bool conflicts, bool leaks);
void jput_answer(struct json_object *object, struct summary s);
struct json_object *jalias(const struct alias *alias);
struct json_object *jaliases(const struct model *m);
void jemit_around(struct json_object *head, const char *key,
		  struct json_object *(*item)(const struct model *m, size_t i),
		  const struct model *m, size_t nr, struct json_object *tail);
void jemit(struct json_object *top);

#endif /* PFNTRACK_JSON_H */
