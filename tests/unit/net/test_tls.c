#include "client_fixture.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "checkrein/file.h"

extern char **environ;

/* A server of the openssl program: its standard output is what came over TLS. */
struct tls_server {
    pid_t pid;
    int in; /* its standard input, kept open: it ends when that ends */
    int port;
    char out[128];
};

static char folder[64];

static pid_t spawn(const char *const *argv, int in, const char *out)
{
    pid_t pid = 0;
    sigset_t none;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    sigemptyset(&none);
    assert_int_equal(posix_spawnattr_init(&attr), 0);
    assert_int_equal(posix_spawnattr_setsigmask(&attr, &none), 0);
    assert_int_equal(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in, 0), 0);
    assert_int_equal(
        posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0), 0);
    int err = posix_spawnp(&pid, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attr);
    return err == 0 ? pid : -1;
}

static bool run(const char *const *argv)
{
    int status = 0;
    pid_t pid = spawn(argv, 0, "/dev/null");
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static char *in_folder(const char *name)
{
    struct buf b;
    buf_init(&b, 256);
    assert_int_equal(buf_printf(&b, "%s/%s", folder, name), ST_OK);
    char *path = xstrdup(b.data);
    buf_release(&b);
    return path;
}

static void put_file(const char *name, const char *text)
{
    char *path = in_folder(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, text, strlen(text)), ST_OK);
    close(fd);
    free(path);
}

/* name.pem and name.key, signed by ca.pem, with these lines of extensions and this many days to
 * live. */
static void issue(const char *name, const char *extensions, const char *days)
{
    char file[64];
    (void)snprintf(file, sizeof(file), "%s.ext", name);
    put_file(file, extensions);
    char *ext = in_folder(file);
    (void)snprintf(file, sizeof(file), "%s.key", name);
    char *key = in_folder(file);
    (void)snprintf(file, sizeof(file), "%s.csr", name);
    char *csr = in_folder(file);
    (void)snprintf(file, sizeof(file), "%s.pem", name);
    char *pem = in_folder(file);
    char *ca = in_folder("ca.pem");
    char *ca_key = in_folder("ca.key");
    const char *const request[] = {"openssl", "req",   "-new",     "-newkey", "rsa:2048",
                                   "-nodes",  "-subj", "/CN=test", "-keyout", key,
                                   "-out",    csr,     NULL};
    const char *const sign[] = {
        "openssl",         "x509",  "-req", "-in",      csr, "-CA",  ca,  "-CAkey", ca_key,
        "-CAcreateserial", "-days", days,   "-extfile", ext, "-out", pem, NULL};
    assert_true(run(request));
    assert_true(run(sign));
    free(ext);
    free(key);
    free(csr);
    free(pem);
    free(ca);
    free(ca_key);
}

static int make_certificates(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/checkrein-tls-XXXXXX");
    assert_non_null(mkdtemp(folder));
    char *pem = in_folder("ca.pem");
    char *key = in_folder("ca.key");
    char *self = in_folder("self.pem");
    char *self_key = in_folder("self.key");
    const char *const ca[] = {"openssl", "req",   "-x509", "-newkey", "rsa:2048",
                              "-nodes",  "-days", "2",     "-subj",   "/CN=test ca",
                              "-keyout", key,     "-out",  pem,       NULL};
    const char *const selfmade[] = {
        "openssl",  "req",           "-x509",   "-newkey",
        "rsa:2048", "-nodes",        "-days",   "2",
        "-subj",    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout",  self_key,        "-out",    self,
        NULL};
    if (!run(ca)) {
        return -1;
    }
    assert_true(run(selfmade));
    issue("good", "subjectAltName=DNS:localhost,IP:127.0.0.1\n", "2");
    issue("other", "subjectAltName=DNS:other.example\n", "2");
    issue("expired", "subjectAltName=DNS:localhost\n", "-1");
    issue("wrongip", "subjectAltName=IP:127.0.0.2\n", "2");
    issue("longer", "subjectAltName=DNS:localhost.evil.example\n", "2");
    issue("wildcard", "subjectAltName=DNS:*\n", "2");
    issue("client", "subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth\n", "2");
    assert_int_equal(setenv("SSL_CERT_FILE", pem, 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "/nonexistent", 1), 0);
    free(pem);
    free(key);
    free(self);
    free(self_key);
    return 0;
}

static int drop_certificates(void **state)
{
    (void)state;
    const char *const rm[] = {"rm", "-r", "--", folder, NULL};
    return run(rm) ? 0 : -1;
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static bool server_said(const struct tls_server *s, const char *text)
{
    struct buf b;
    buf_init(&b, 1024 * 1024);
    bool said = file_read(s->out, &b, NULL) == ST_OK && b.len > 0 &&
                memmem(b.data, b.len, text, strlen(text)) != NULL;
    buf_release(&b);
    return said;
}

static void server_start(struct tls_server *s, struct world *w, const char *name,
                         const char *version)
{
    char text[64];
    char accept[32];
    s->port = free_port();
    (void)snprintf(text, sizeof(text), "%s.pem", name);
    char *pem = in_folder(text);
    (void)snprintf(text, sizeof(text), "%s.key", name);
    char *key = in_folder(text);
    (void)snprintf(s->out, sizeof(s->out), "%s/out", folder);
    (void)unlink(s->out);
    (void)snprintf(accept, sizeof(accept), "127.0.0.1:%d", s->port);
    const char *const argv[] = {
        "openssl", "s_server", "-accept", accept,    "-cert",           pem,
        "-key",    key,        version,   "-cipher", "ALL:@SECLEVEL=0", NULL};
    int pipe_of[2];
    assert_int_equal(pipe2(pipe_of, O_CLOEXEC), 0);
    s->in = pipe_of[1];
    s->pid = spawn(argv, pipe_of[0], s->out);
    close(pipe_of[0]);
    assert_true(s->pid > 0);
    WAIT(w, server_said(s, "ACCEPT"));
    free(pem);
    free(key);
}

static void server_stop(struct tls_server *s)
{
    int status = 0;
    assert_int_equal(kill(s->pid, SIGKILL), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    close(s->in);
}

static void the_websocket_goes_only_to_who_proves_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *certificate, *host, *version;
        bool accepted;
    } cases[] = {
        {"good",     "localhost", "-tls1_3", true },
        {"good",     "localhost", "-tls1_2", true },
        {"good",     "127.0.0.1", "-tls1_3", true },
        {"good",     "localhost", "-tls1_1", false},
        {"self",     "localhost", "-tls1_3", false},
        {"other",    "localhost", "-tls1_3", false},
        {"longer",   "localhost", "-tls1_3", false},
        {"wildcard", "localhost", "-tls1_3", false},
        {"wrongip",  "127.0.0.1", "-tls1_3", false},
        {"expired",  "localhost", "-tls1_3", false},
        {"client",   "localhost", "-tls1_3", false},
    };
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tls_server s;
        struct link l;
        char url[64];
        struct ws_client_options o = link_options(url);
        server_start(&s, w, cases[i].certificate, cases[i].version);
        (void)snprintf(url, sizeof(url), "wss://%s:%d/feed", cases[i].host, s.port);
        o.bearer = SPAN("canary-token");
        o.connect_ms = cases[i].accepted ? 20000 : 3000;
        link_start(&l, w, &o);
        if (cases[i].accepted) {
            WAIT(w, server_said(&s, "Authorization: Bearer canary-token") || l.closed);
        } else {
            WAIT(w, l.closed == 1);
        }
        if (server_said(&s, "canary") != cases[i].accepted) {
            fail_msg("%s for %s over %s: %s", cases[i].certificate, cases[i].host, cases[i].version,
                     l.why);
        }
        assert_int_equal(l.opened, 0);
        server_stop(&s);
        WAIT(w, l.closed == 1);
        link_end(&l);
    }
    world_free(w);
}

struct call {
    int done, status;
    char why[256];
};

static void on_answer(void *ctx, net_id id, const struct http_client_answer *a)
{
    struct call *c = ctx;
    (void)id;
    c->done++;
    c->status = a->http_status;
    (void)snprintf(c->why, sizeof(c->why), "%s", a->why);
}

/* libcurl has the system's own list of authorities, so every certificate made here is a stranger's.
 */
static void requests_go_only_to_who_proves_the_name(void **state)
{
    (void)state;
    static const char *const certificates[] = {"self", "other", "expired", "good"};
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(certificates); i++) {
        struct tls_server s;
        struct call c = {0};
        char url[64];
        struct why why = {0};
        net_id id = 0;
        server_start(&s, w, certificates[i], "-tls1_3");
        (void)snprintf(url, sizeof(url), "https://localhost:%d/", s.port);
        struct http_client_request r = {.url = url,
                                        .method = "POST",
                                        .bearer = SPAN("canary-token"),
                                        .answer_bytes = 100,
                                        .timeout_ms = 5000};
        assert_int_equal(net_http_request(w->net, &r, on_answer, &c, &id, &why), ST_OK);
        WAIT(w, c.done == 1);
        assert_int_equal(c.status, 0);
        assert_non_null(strstr(c.why, "certificate"));
        assert_false(server_said(&s, "canary"));
        server_stop(&s);
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_websocket_goes_only_to_who_proves_the_name),
        cmocka_unit_test(requests_go_only_to_who_proves_the_name),
    };
    return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
