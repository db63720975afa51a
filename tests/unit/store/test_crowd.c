/* The store among several processes: those that died, those that wait, crowds, sudden death. */
#include "store_place.h"

/* A child that a failed test leaves behind must not live on. */
static pid_t fork_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* In a child: begins, writes half of it, tells through fd, and stays. */
static void half_done(const struct place *p, int fd)
{
	auto_recipe struct recipe r = { 0 };
	struct work w;
	struct store st;
	struct err e;

	if (store_open(&st, p->root, &e) < 0)
		_exit(1);
	recipe_open(&r, "test", 1);
	recipe_str(&r, "fact", "x");
	if (store_begin(&st, &r, false, &w, &e) != STORE_MISS || file_write(w.dir, "a", "half", 4, &e) < 0)
		_exit(1);
	if (write(fd, "!", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t start_half_done(const struct place *p)
{
	int pipes[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(pipes), 0);
	pid = fork_child();
	if (pid == 0)
		half_done(p, pipes[1]);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	close(pipes[0]);
	return pid;
}

static void drafts_of_the_dead_are_collected(void **state)
{
	struct place *p = *state;
	pid_t pid = start_half_done(p);
	struct store other;
	struct err e;

	assert_int_equal(store_open(&other, p->root, &e), 0);
	assert_int_equal(entries(p->root, "drafts"), 1);
	store_close(&other);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(entries(p->root, "drafts"), 1);
	assert_int_equal(store_open(&other, p->root, &e), 0);
	assert_int_equal(entries(p->root, "drafts"), 0);
	assert_int_equal(entries(p->root, "locks"), 0);
	store_close(&other);
	make(&p->st, "x", "whole", false);
}

/* A stop ends the wait for a worker that does not come to an end. */
static void waiting_can_be_stopped(void **state)
{
	struct place *p = *state;
	pid_t worker = start_half_done(p), waiter = fork_child();
	int status;

	if (waiter == 0) {
		auto_recipe struct recipe r = { 0 };
		struct err e = { 0 };
		struct work w;

		if (stop_init(&e) < 0 || kill(getppid(), 0) < 0 || kill(getpid(), SIGTERM) < 0)
			_exit(1);
		recipe_open(&r, "test", 1);
		recipe_str(&r, "fact", "x");
		_exit(store_begin(&p->st, &r, false, &w, &e) < 0 && e.code == X_INTERRUPTED ? 0 : 1);
	}
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_int_equal(status, 0);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
}

/* In a child: asks for the same result as all others; exits 0 when it made it, 1 when it found it. */
static void one_of_many(const struct place *p, int gate)
{
	auto_recipe struct recipe r = { 0 };
	struct store st;
	struct work w;
	struct err e;
	char c;
	int rc;

	if (read(gate, &c, 1) != 0 || store_open(&st, p->root, &e) < 0)
		_exit(9);
	recipe_open(&r, "test", 1);
	recipe_str(&r, "fact", "x");
	rc = store_begin(&st, &r, false, &w, &e);
	if (rc == STORE_MISS &&
	    (file_write(w.dir, "a", "text", 4, &e) < 0 || usleep(30 * 1000) < 0 || work_publish(&w, &r, &e) < 0))
		_exit(9);
	_exit(rc < 0 ? 9 : rc == STORE_HIT);
}

static void one_works_the_others_wait(void **state)
{
	enum { CROWD = 12 };
	struct place *p = *state;
	unsigned made = 0, found = 0;
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < CROWD; i++)
		if (fork_child() == 0) {
			close(gate[1]);
			one_of_many(p, gate[0]);
		}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < CROWD; i++) {
		int status;

		assert_true(wait(&status) > 0);
		made += status == 0;
		found += WIFEXITED(status) && WEXITSTATUS(status) == 1;
	}
	assert_int_equal(made, 1);
	assert_int_equal(found, CROWD - 1);
	assert_int_equal(entries(p->root, "locks"), 0);
}

/* In a child: makes results one after the other, each of two files that belong together, until it is killed. */
static void make_until_killed(const struct place *p)
{
	struct store st;
	struct err e;

	if (store_open(&st, p->root, &e) < 0)
		_exit(1);
	for (unsigned i = 0;; i++) {
		auto_recipe struct recipe r = { 0 };
		auto_free char *text = xasprintf("%u", i % 16);
		struct work w;

		recipe_open(&r, "test", 1);
		recipe_str(&r, "fact", text);
		if (store_begin(&st, &r, i >= 16, &w, &e) != STORE_MISS ||
		    file_write(w.dir, "a", text, strlen(text), &e) < 0 ||
		    file_write(w.dir, "b", text, strlen(text), &e) < 0 || work_publish(&w, &r, &e) < 0)
			_exit(1);
		work_drop(&w);
	}
}

/* Whatever the moment of death, what is in the store is whole. */
static void death_leaves_no_damage(void **state)
{
	struct place *p = *state;
	unsigned whole = 0;
	long long one = now_ms();
	struct err e;

	for (int i = 0; i < 10; i++)
		make(&p->st, "unit", "text", true);
	one = (now_ms() - one) * 100 + 1; /* us for one result, on this machine now */
	for (unsigned round = 0; round < 30; round++) {
		pid_t pid = fork_child();
		struct store st;

		if (pid == 0)
			make_until_killed(p);
		usleep((useconds_t)(one * 10 * (round * 37 % 30) / 30));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(store_open(&st, p->root, &e), 0);
		store_close(&st);
		assert_int_equal(entries(p->root, "drafts"), 0);
		assert_int_equal(entries(p->root, "locks"), 0);
		for (unsigned i = 0; i < 16; i++) {
			auto_work struct work w = { .lock = -1, .dir = -1 };
			auto_recipe struct recipe r = { 0 };
			auto_free char *text = xasprintf("%u", i);
			char key[KEY_LEN + 1];

			recipe_open(&r, "test", 1);
			recipe_str(&r, "fact", text);
			recipe_key(&r, key);
			auto_free char *object = xasprintf("%s/objects/%.2s/%s", p->root, key, key);
			if (!file_exists(object))
				continue;
			assert_int_equal(store_begin(&p->st, &r, false, &w, &e), STORE_HIT);
			assert_text(w.path, "a", text);
			assert_text(w.path, "b", text);
			whole++;
		}
		if (round % 8 == 7)
			assert_int_equal(rmtree(p->st.dir, "objects", &e) | mkdirat(p->st.dir, "objects", 0777), 0);
	}
	print_message("# %u results seen whole\n", whole);
	assert_true(whole > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(drafts_of_the_dead_are_collected),
		in_place(waiting_can_be_stopped),
		in_place(one_works_the_others_wait),
		in_place(death_leaves_no_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
