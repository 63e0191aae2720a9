/* file_fixture.h - a folder, a buffer and a reason for each test of file.h. */
#ifndef CHECKREIN_TEST_FILE_FIXTURE_H
#define CHECKREIN_TEST_FILE_FIXTURE_H

#include "expect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "tmpdir.h"

static char *dir;
static struct buf buf;
static struct why why;
static size_t open_files;

static inline int set_up(void **state)
{
    (void)state;
    dir = tmpdir_new();
    buf_init(&buf, 1000);
    why = (struct why){0};
    (void)umask(022);
    open_files = tmpdir_count("/proc/self/fd");
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    assert_int_equal(tmpdir_count("/proc/self/fd"), open_files);
    tmpdir_free(dir);
    buf_release(&buf);
    return 0;
}

static inline mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static inline void assert_content(const char *path, const char *want)
{
    struct buf got;
    buf_init(&got, 1 << 20);
    assert_status(file_read(path, &got, NULL), ST_OK);
    assert_span_is(buf_span(&got), want);
    buf_release(&got);
}

/* n times the same byte, terminated: room for n + 1. */
static inline void fill(char *text, size_t n)
{
    memset(text, 'q', n);
    text[n] = '\0';
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
