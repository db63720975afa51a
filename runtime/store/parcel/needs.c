#include "store/parcel/needs.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/content.h"
#include "store/gc.h"
#include "store/parcel/list.h"
#include "store/store.h"

struct node {
	char key[KEY_LEN + 1];
	char (*states)[KEY_LEN + 1]; /* hashes in its recipe */
	size_t n_states;
	bool marked;
};

/* A file of some result. */
struct file {
	char hex[KEY_LEN + 1];
	size_t node;
	bool asked; /* first of that hash: who has it is marked */
};

struct needs {
	struct node *nodes; /* by key */
	size_t n;
	struct file *files; /* by hash */
	size_t n_files;
	char (*stated)[KEY_LEN + 1]; /* by what is marked; no order */
	size_t n_stated;
	size_t *queue; /* nodes whose needs are still to be looked at */
	size_t n_queue;
};

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, KEY_LEN); /* the first member of each of them */
}

static void add_hash(char (**v)[KEY_LEN + 1], size_t *n, const char *hex)
{
	if (!(*n & (*n - 1)))
		*v = xreallocarray(*v, *n ? 2 * *n : 1, sizeof(**v));
	memcpy((*v)[*n], hex, KEY_LEN);
	(*v)[(*n)++][KEY_LEN] = '\0';
}

static void read_recipe(struct node *d, const char *text)
{
	while (*text) {
		size_t n = strspn(text, "0123456789abcdef");

		if (n == KEY_LEN)
			add_hash(&d->states, &d->n_states, text);
		text += n ? n : 1;
	}
}

static void add_files(struct needs *n, size_t node, const struct content *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!(n->n_files & (n->n_files - 1)))
			n->files = xreallocarray(n->files, n->n_files ? 2 * n->n_files : 1, sizeof(*n->files));
		n->files[n->n_files] = (struct file){ .node = node };
		memcpy(n->files[n->n_files++].hex, c->v[i].hex, KEY_LEN);
	}
}

/* What goes meanwhile, or is damaged, is nothing that could be exported. */
static int add_node(struct needs *n, struct store *st, const char *key, struct err *e)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_content struct content c = { 0 };
	auto_free char *recipe = NULL;
	struct err ignored;
	int rc = store_find(st, key, &w, e);

	if (rc != STORE_HIT)
		return rc < 0 ? -1 : 0;
	if (file_read(w.dir, "recipe", PARCEL_RECIPE_MAX, &recipe, NULL, &ignored) < 0 ||
	    content_read(&c, w.dir, &ignored) < 0)
		return 0;
	struct node *d = &n->nodes[n->n];

	memcpy(d->key, key, KEY_LEN);
	read_recipe(d, recipe);
	add_files(n, n->n++, &c);
	return 0;
}

int needs_open(struct needs **n, struct store *st, struct err *e)
{
	struct needs *new = *n = xcalloc(1, sizeof(*new));
	auto_gc struct gc all = { 0 };

	if (gc_open(&all, st, NULL, e) < 0)
		return -1;
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), compare_keys);
	new->nodes = xcalloc(all.n + 1, sizeof(*new->nodes));
	new->queue = xcalloc(all.n + 1, sizeof(*new->queue));
	for (size_t i = 0; i < all.n; i++) {
		if (add_node(new, st, all.v[i].key, e) < 0)
			return -1;
		if (stop_pending())
			return stop_err(e);
	}
	if (new->n_files)
		qsort(new->files, new->n_files, sizeof(*new->files), compare_keys);
	return 0;
}

size_t needs_find(const struct needs *n, const char *prefix, const char **key)
{
	size_t found = 0;

	for (size_t i = 0; i < n->n; i++)
		if (!strncmp(n->nodes[i].key, prefix, strlen(prefix)) && !found++)
			*key = n->nodes[i].key;
	return found;
}

static struct node *find_node(const struct needs *n, const char *key)
{
	return n->n ? bsearch(key, n->nodes, n->n, sizeof(*n->nodes), compare_keys) : NULL;
}

static void mark(struct needs *n, struct node *d)
{
	if (d->marked)
		return;
	d->marked = true;
	n->queue[n->n_queue++] = (size_t)(d - n->nodes);
}

static void mark_makers(struct needs *n, const char *hex)
{
	struct node *d = find_node(n, hex);
	size_t from = 0, to = n->n_files;

	if (d)
		mark(n, d);
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (memcmp(n->files[middle].hex, hex, KEY_LEN) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == n->n_files || n->files[from].asked)
		return;
	n->files[from].asked = true;
	for (; from < n->n_files && !memcmp(n->files[from].hex, hex, KEY_LEN); from++)
		mark(n, &n->nodes[n->files[from].node]);
}

bool needs_mark(struct needs *n, const char *key, bool deep)
{
	struct node *first = find_node(n, key);

	if (!first)
		return false;
	mark(n, first);
	while (n->n_queue) {
		const struct node *d = &n->nodes[n->queue[--n->n_queue]];

		for (size_t i = 0; i < d->n_states; i++) {
			add_hash(&n->stated, &n->n_stated, d->states[i]);
			if (deep)
				mark_makers(n, d->states[i]);
		}
	}
	return true;
}

bool needs_states(const struct needs *n, const char *hex)
{
	for (size_t i = 0; i < n->n_stated; i++)
		if (!memcmp(n->stated[i], hex, KEY_LEN))
			return true;
	return false;
}

char (*needs_marked(const struct needs *n, size_t *count))[KEY_LEN + 1]
{
	char(*keys)[KEY_LEN + 1] = xcalloc(n->n + 1, sizeof(*keys));

	*count = 0;
	for (size_t i = 0; i < n->n; i++)
		if (n->nodes[i].marked)
			memcpy(keys[(*count)++], n->nodes[i].key, KEY_LEN + 1);
	return keys;
}

void needs_free(struct needs *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->n; i++)
		free(n->nodes[i].states);
	free(n->nodes);
	free(n->files);
	free(n->stated);
	free(n->queue);
	free(n);
}
