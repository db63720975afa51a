/* keys.h: which keys an object has had so far. One set serves a whole text and the texts after it: an object of a million
 * members costs no more than a million objects, and nothing is cleared in between. {0} is an empty set. */
#pragma once
#include "json/value.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_keys {
	struct json_key {
		uint64_t hash, object;
		const char *s;
		uint32_t n;
		bool escaped;
	} * v;
	size_t cap, n;          /* cap: a power of two; n: keys of this text */
	uint64_t seed;          /* whoever writes a text must not know how its keys scatter */
	uint64_t first, object; /* this text's first object, and the last one there was: slots of older ones are free */
};

/* Another text: all keys are forgotten. What a huge one needed is given back. */
void json_keys_begin(struct json_keys *k);
/* A number for an object that begins. */
uint64_t json_keys_object(struct json_keys *k);
/* False when that object has the key already. Its text has to stay until the next json_keys_begin(). At most UINT32_MAX bytes. */
bool json_keys_add(struct json_keys *k, uint64_t object, struct json_text key);
void json_keys_free(struct json_keys *k);
#define auto_json_keys __attribute__((unused, cleanup(json_keys_free)))
