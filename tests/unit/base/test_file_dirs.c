#include "file_fixture.h"

static void makes_all_missing_folders(void **state)
{
    (void)state;
    char *deep = tmpdir_join(dir, "a/b//c/");
    char *middle = tmpdir_join(dir, "a/b");
    char *last = tmpdir_join(dir, "a/b/c");
    assert_status(file_make_dirs(deep, 0700, &why), ST_OK);
    assert_int_equal(mode_of(middle), 0700);
    assert_int_equal(mode_of(last), 0700);
    assert_status(file_make_dirs(deep, 0755, &why), ST_OK); /* there already: left as it is */
    assert_int_equal(mode_of(last), 0700);
    free(deep);
    free(middle);
    free(last);
}

static void the_umask_takes_from_the_mode(void **state)
{
    (void)state;
    char *path = tmpdir_join(dir, "a");
    (void)umask(077);
    assert_status(file_make_dirs(path, 0755, &why), ST_OK);
    assert_int_equal(mode_of(path), 0700);
    free(path);
}

static void a_folder_that_others_can_write_is_refused(void **state)
{
    (void)state;
    static const mode_t bad[] = {0777, 0770, 0720, 0702, 01777};
    char *path = tmpdir_join(dir, "a");
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_status(file_make_dirs(path, 0700, &why), ST_DENIED);
        assert_contains(why.text, "can be written by others");
    }
    assert_int_equal(chmod(path, 0755), 0);
    assert_status(file_make_dirs(path, 0700, &why), ST_OK);
    assert_status(file_make_dirs("/tmp", 0700, &why), ST_DENIED);
    free(path);
}

static void a_folder_of_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        assert_status(file_make_dirs("/", 0700, &why), ST_DENIED);
        skip(); /* the rest needs root, who can give a folder away */
    }
    char *path = tmpdir_join(dir, "a");
    char *link = tmpdir_join(dir, "link");
    char *mine = tmpdir_join(dir, "mine");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mkdir(mine, 0700), 0);
    assert_int_equal(symlink("mine", link), 0);
    assert_status(file_make_dirs(link, 0700, &why), ST_OK);
    char *with_slash = tmpdir_join(dir, "link/");
    char *link_away = tmpdir_join(dir, "link_away");
    assert_int_equal(symlink("a", link_away), 0);
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_int_equal(lchown(link, 12345, 0), 0);
    assert_status(file_make_dirs(path, 0700, &why), ST_DENIED);
    assert_status(file_make_dirs(link, 0700, &why), ST_DENIED);
    assert_status(file_make_dirs(with_slash, 0700, &why), ST_DENIED);
    assert_status(file_make_dirs(link_away, 0700, &why), ST_DENIED);
    assert_contains(why.text, "another user");
    free(path);
    free(link);
    free(with_slash);
    free(link_away);
    free(mine);
}

static void what_is_no_folder_is_refused(void **state)
{
    (void)state;
    char *file = tmpdir_put(dir, "f", "x", 0600);
    char *below = tmpdir_join(file, "a");
    char *link = tmpdir_join(dir, "link");
    assert_int_equal(symlink("nowhere", link), 0);
    assert_status(file_make_dirs(file, 0700, &why), ST_INVALID);
    assert_contains(why.text, "not a folder");
    assert_status(file_make_dirs(below, 0700, &why), ST_NOTFOUND);
    assert_status(file_make_dirs(link, 0700, &why), ST_NOTFOUND);
    assert_status(file_make_dirs("", 0700, &why), ST_INVALID);
    free(file);
    free(below);
    free(link);
}

static void a_path_without_end_is_refused(void **state)
{
    (void)state;
    char *name = xmalloc(6001);
    fill(name, 6000);
    char *path = tmpdir_join(dir, "x/");
    struct buf b;
    buf_init(&b, 10000);
    (void)buf_printf(&b, "%s%s", path, name);
    assert_status(file_make_dirs(b.data, 0700, &why), ST_LIMIT);
    assert_status(file_read(b.data, &buf, &why), ST_LIMIT);
    assert_status(file_replace(b.data, SPAN("x"), 0600, &why), ST_LIMIT);
    assert_true(strlen(why.text) < WHY_TEXT_BYTES);
    buf_release(&b);
    free(path);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_all_missing_folders),
        TEST(the_umask_takes_from_the_mode),
        TEST(a_folder_that_others_can_write_is_refused),
        TEST(a_folder_of_another_user_is_refused),
        TEST(what_is_no_folder_is_refused),
        TEST(a_path_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
