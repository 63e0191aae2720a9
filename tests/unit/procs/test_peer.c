/* Whose a socket is, by the kernel: who listens and serves is found, and nobody's word on it is
 * taken. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/procs.h"
#include "expect.h"

struct pair { /* a server of another process, and a client of ours */
    pid_t server;
    int fd;
};

/* It ends with this test, also with one that fails. */
static pid_t start(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    return pid;
}

static void serve(int listener)
{
    (void)accept(listener, NULL, NULL);
    for (;;) {
        (void)pause();
    }
}

/* The child alone holds what it listens on. */
static pid_t server_of(int listener)
{
    pid_t pid = start();
    if (pid == 0) {
        serve(listener);
    }
    (void)close(listener);
    return pid;
}

static struct pair tcp_pair(int family, bool mapped)
{
    struct sockaddr_storage at = {0};
    socklen_t n = sizeof(struct sockaddr_in);
    if (family == AF_INET) {
        *(struct sockaddr_in *)&at = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(mapped ? INADDR_ANY : INADDR_LOOPBACK)};
    } else {
        n = sizeof(struct sockaddr_in6);
        *(struct sockaddr_in6 *)&at =
            (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    }
    int listener = socket(family, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, n) != 0) {
        return (struct pair){0, -1};
    }
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    if (mapped) {
        ((struct sockaddr_in *)&at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    struct pair p = {server_of(listener), socket(family, SOCK_STREAM, 0)};
    assert_int_equal(connect(p.fd, (struct sockaddr *)&at, n), 0);
    return p;
}

static struct pair unix_pair(void)
{
    char folder[] = "/tmp/cr-peer-XXXXXX";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int ready[2];
    char byte = 0;
    assert_non_null(mkdtemp(folder));
    assert_in_range(snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", folder), 1, 100);
    assert_int_equal(pipe(ready), 0);
    struct pair p = {start(), -1};
    if (p.server == 0) { /* who calls listen() is whose it is */
        int listener = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 4) == 0 &&
            write(ready[1], "x", 1) == 1) {
            serve(listener);
        }
        _exit(1);
    }
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    p.fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(p.fd, (struct sockaddr *)&at, sizeof(at)), 0);
    (void)unlink(at.sun_path);
    (void)rmdir(folder);
    return p;
}

static void end(struct pair p)
{
    (void)close(p.fd);
    (void)kill(p.server, SIGKILL);
    (void)waitpid(p.server, NULL, 0);
}

/* The other end is held only once it was accepted. */
static enum status ask(const struct pair *p, int32_t said, struct proc_member *m, struct why *why)
{
    enum status st = ST_DENIED;
    for (int i = 0; i < 200 && st != ST_OK; i++) {
        st = proc_of_peer(p->fd, said, m, why);
        (void)usleep(st == ST_OK ? 0 : 10000);
    }
    return st;
}

static void expect_found(struct pair p)
{
    struct why why = {0};
    struct proc_member m = {0};
    if (ask(&p, (int32_t)p.server, &m, &why) != ST_OK) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(m.pid, p.server);
    assert_true(m.start == proc_start_time(m.pid) && m.start);
    m.pid = 0;
    assert_status(proc_of_peer(p.fd, 0, &m, &why), ST_OK);
    assert_int_equal(m.pid, p.server);
    assert_status(proc_of_peer(p.fd, (int32_t)getpid(), &m, &why), ST_DENIED);
    assert_status(proc_of_peer(p.fd, 1, &m, &why), ST_DENIED);
    end(p);
}

static void test_tcp(void **state)
{
    (void)state;
    expect_found(tcp_pair(AF_INET, false));
}

static void test_tcp_of_every_address(void **state)
{
    (void)state;
    expect_found(tcp_pair(AF_INET, true));
}

static void test_tcp6(void **state)
{
    (void)state;
    struct pair p = tcp_pair(AF_INET6, false);
    if (p.fd >= 0) {
        expect_found(p);
    }
}

static void test_unix(void **state)
{
    (void)state;
    expect_found(unix_pair());
}

/* It has the listening socket, as a program that was started with it has; but another serves us. */
static void test_holds_but_does_not_serve(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    struct why why = {0};
    struct proc_member m = {0};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    pid_t idle = start();
    if (idle == 0) {
        for (;;) {
            (void)pause();
        }
    }
    struct pair p = {server_of(listener), socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(connect(p.fd, (struct sockaddr *)&at, n), 0);
    assert_status(ask(&p, (int32_t)p.server, &m, &why), ST_OK);
    assert_status(proc_of_peer(p.fd, (int32_t)idle, &m, &why), ST_DENIED);
    assert_status(proc_of_peer(p.fd, 0, &m, &why), ST_DENIED); /* two may be meant */
    end(p);
    end((struct pair){idle, -1});
}

static void test_not_connected(void **state)
{
    (void)state;
    struct why why = {0};
    struct proc_member m = {0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_status(proc_of_peer(fd, 0, &m, &why), ST_CLOSED);
    (void)close(fd);
    assert_status(proc_of_peer(-1, 0, &m, &why), ST_CLOSED);
}

static void test_program(void **state)
{
    (void)state;
    char name[64];
    char small[4];
    proc_program((int32_t)getpid(), name, sizeof(name));
    assert_string_equal(name, "unit_procs_test_peer");
    proc_program((int32_t)getpid(), small, sizeof(small));
    assert_string_equal(small, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_tcp_of_every_address),
        cmocka_unit_test(test_tcp6),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_holds_but_does_not_serve),
        cmocka_unit_test(test_not_connected),
        cmocka_unit_test(test_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
