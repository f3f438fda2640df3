// SPDX-License-Identifier: Apache-2.0
/*
 * Every allocation fails in turn while a configuration is read, compared and
 * printed: what cannot be done is said, nothing is leaked or lost. The linker
 * sends the calls here: see the Makefile.
 */
#include "tests/fixture_config.h"

static int allocations_left = -1; /* until one fails; negative: none does */
static bool has_failed;

static bool allocation_fails(void)
{
	if (allocations_left < 0 || allocations_left-- > 0)
		return false;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

/* A function that is declared, and defined, as the linker wants it. */
#define WRAP(type, name, parameters, arguments, failure)                                           \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return allocation_fails() ? (failure) : __real_##name arguments;                   \
	}

WRAP(void *, malloc, (size_t size), (size), NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAP(void *, realloc, (void *memory, size_t size), (memory, size), NULL)
WRAP(void *, reallocarray, (void *memory, size_t count, size_t size), (memory, count, size), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(char *, strndup, (const char *text, size_t size), (text, size), NULL)
WRAP(FILE *, open_memstream, (char **text, size_t *size), (text, size), NULL)

__attribute__((format(printf, 2, 0))) int __real_vasprintf(char **text, const char *format,
							   va_list arguments);
__attribute__((format(printf, 2, 0))) int __wrap_vasprintf(char **text, const char *format,
							   va_list arguments);
int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
	return allocation_fails() ? -1 : __real_vasprintf(text, format, arguments);
}

__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **text, const char *format, ...);
__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = __wrap_vasprintf(text, format, arguments);
	va_end(arguments);
	return size;
}

/* Load PATH with each allocation failing in turn, until none is left to fail. */
static void fail_each(int expected)
{
	int failures = 0;

	for (has_failed = true; has_failed; failures++) {
		struct config *config = NULL;
		char *error = NULL;
		int r;

		has_failed = false;
		allocations_left = failures;
		r = load_path(PATH, NULL, &config, &error);
		allocations_left = -1;
		if (!has_failed)
			assert_int_equal(r, expected);
		else
			assert_true(r == -ENOMEM || r == expected); /* a warning may be lost */
		if (r == -EINVAL)
			assert_non_null(error);
		assert_int_equal(!!config, r == 0);
		free(error);
		config_free(config);
	}
	assert_true(failures > 1);
}

static const char everything[] =
	"_base: &base {includeports: [1-5, 7], excludeports: [8]}\n"
	"net_listen:\n  <<: *base\n  filters: !include filters.yml\n"
	"  container_labels: ['a=b,c=d', e=f]\n  plugins: {p: {x: [1]}, q: ~}\n"
	"  protocols: [udp]\n"
	"udp_session: {session_max_duration: 3}\n"
	"containers: {socket: /x}\n";

static void write_everything(void)
{
	write_file("filters.yml",
		   "- {network: 10.0.0.0, network_mask: 255.0.0.0, except_ports: [1]}\n"
		   "- {network: 11.0.0.0/8, description: x, include_ports: [2]}\n");
	write_file(PATH, everything);
}

static void a_configuration_is_read_or_not(void **state)
{
	(void)state;
	write_everything();
	fail_each(0);
}

static void an_error_is_reported_or_not(void **state)
{
	(void)state;
	write_file(PATH, "tcp_connect: {excludeports: [9-8]}\n");
	fail_each(-EINVAL);
	write_file(PATH, "tcp_connect: !include " PATH "\n");
	fail_each(-EINVAL);
	write_file(PATH, "tcp_connect: [\n");
	fail_each(-EINVAL);
}

static void what_cannot_be_compared_differs(void **state)
{
	struct config *one, *other;
	bool is_equal;

	(void)state;
	write_everything();
	one = load_file(PATH);
	other = load_file(PATH);
	assert_true(config_equal_except_hot(one, other));
	for (int i = 0; i < 2; i++) { /* one stream for each */
		allocations_left = i;
		is_equal = config_equal_except_hot(one, other);
		allocations_left = -1;
		assert_false(is_equal);
	}
	config_free(one);
	config_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_is_read_or_not),
		cmocka_unit_test(an_error_is_reported_or_not),
		cmocka_unit_test(what_cannot_be_compared_differs),
	};

	return cmocka_run_group_tests_name("config_memory", tests, enter_directory,
					   leave_directory);
}
