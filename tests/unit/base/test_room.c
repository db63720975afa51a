#include "base/room.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* /proc has no room and says so; it is no full disk. */
static void told(void **state)
{
	uint64_t by_path = 0, by_fd = 0;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(room_at("/", &by_path) && room_fd(fd, &by_fd) && by_path && by_fd);
	close(fd);
	assert_false(room_fd(fd, &by_fd));
	assert_false(room_at("/proc", &by_path));
	assert_false(room_at("/nowhere", &by_path));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
