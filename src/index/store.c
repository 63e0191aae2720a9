#include "store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"

#define BUSY_MS      10000
#define LOCK_LOOK_MS 10
#define FIGURE_MOST  (UINT64_C(1) << 62)
#define FNV_START    UINT64_C(14695981039346656037)
#define FNV_PRIME    UINT64_C(1099511628211)

/* What SQLite may have beside its file. */
static const char *const ENDINGS[] = {"-journal", "-wal", "-shm"};

static const char SCHEMA[] =
    "CREATE TABLE about(instance TEXT NOT NULL, next_doc INTEGER NOT NULL, gone INTEGER NOT NULL) STRICT;"
    "INSERT INTO about VALUES('', 1, 0);"
    "CREATE TABLE segment(number INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, inode INTEGER NOT NULL,"
    " changed_ns INTEGER NOT NULL, whole INTEGER NOT NULL, at INTEGER NOT NULL, line INTEGER NOT NULL,"
    " doc INTEGER NOT NULL, docs INTEGER NOT NULL, bad INTEGER NOT NULL, first BLOB NOT NULL, last BLOB NOT NULL,"
    " last_at INTEGER NOT NULL, last_line INTEGER NOT NULL) STRICT;"
    "CREATE TABLE row(doc INTEGER PRIMARY KEY, segment INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL,"
    " time_us INTEGER NOT NULL, kind INTEGER NOT NULL, agent INTEGER NOT NULL, what INTEGER NOT NULL) STRICT;"
    "CREATE TABLE called(name BLOB NOT NULL, agent BLOB NOT NULL, segment INTEGER NOT NULL,"
    " PRIMARY KEY(name, agent, segment)) STRICT, WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, tokenize='ascii');"
    "INSERT INTO words(words, rank) VALUES('hashsize', 16777216);";

int64_t store_number(struct span text)
{
    uint64_t h = FNV_START;
    for (size_t i = 0; i < text.n; i++) {
        h = (h ^ (unsigned char)text.p[i]) * FNV_PRIME;
    }
    return (int64_t)(h >> 1);
}

/* ---- what SQLite says */

static enum status meaning(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_OK:
        return ST_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ST_AGAIN;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
        return ST_LIMIT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return ST_DENIED;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
        return ST_IO;
    default: /* damage, or a file that is not as we made it */
        return ST_CONFLICT;
    }
}

enum status store_status(struct index *ix, int rc, struct why *why)
{
    return rc == SQLITE_OK ? ST_OK
                           : why_fail(why, meaning(rc), "the index %s: %s", ix->file,
                                      ix->db ? sqlite3_errmsg(ix->db) : sqlite3_errstr(rc));
}

enum status store_run(struct index *ix, const char *sql, struct why *why)
{
    return store_status(ix, sqlite3_exec(ix->db, sql, NULL, NULL, NULL), why);
}

enum status store_prepare(struct index *ix, const char *sql, sqlite3_stmt **out, struct why *why)
{
    return store_status(ix, sqlite3_prepare_v2(ix->db, sql, -1, out, NULL), why);
}

enum status store_step(struct index *ix, sqlite3_stmt *s, struct why *why)
{
    int rc = sqlite3_step(s);
    return rc == SQLITE_ROW ? ST_OK : rc == SQLITE_DONE ? ST_END : store_status(ix, rc, why);
}

enum status store_ask(struct index *ix, const char *sql, const int64_t *numbers, size_t count,
                      int64_t *out, struct why *why)
{
    sqlite3_stmt *s = NULL;
    enum status st = store_prepare(ix, sql, &s, why);
    for (size_t i = 0; st == ST_OK && i < count; i++) {
        (void)sqlite3_bind_int64(s, (int)i + 1, numbers[i]);
    }
    st = st == ST_OK ? store_step(ix, s, why) : st;
    if (st == ST_OK && out) {
        *out = sqlite3_column_int64(s, 0);
    }
    (void)sqlite3_finalize(s);
    return st == ST_END && !out ? ST_OK : st == ST_END ? ST_CONFLICT : st;
}

/* ---- the lock */

static void pause_a_little(void)
{
    const struct timespec little = {.tv_nsec = LOCK_LOOK_MS * 1000000L};
    (void)nanosleep(&little, NULL);
}

enum status store_lock(struct index *ix, struct why *why)
{
    for (int waited = 0; flock(ix->folder, LOCK_EX | LOCK_NB) != 0; waited += LOCK_LOOK_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return why_fail(why, ST_IO, "cannot lock the index's folder: %s", err_text(errno));
        }
        if (waited >= BUSY_MS) {
            return why_fail(why, ST_AGAIN, "another process writes an index");
        }
        pause_a_little();
    }
    return ST_OK;
}

void store_unlock(struct index *ix)
{
    (void)flock(ix->folder, LOCK_UN);
}

void store_let_others(void)
{
    pause_a_little();
    pause_a_little();
}

/* ---- the file */

static char *name_beside(const char *file, const char *ending)
{
    char *name = NULL;
    if (asprintf(&name, "%s%s", file, ending) < 0) {
        abort();
    }
    return name;
}

/* SQLite opens them as they are: at a pipe it would wait for ever, with the folder locked. */
static enum status check_beside(const struct index *ix, struct why *why)
{
    enum status result = ST_OK;
    for (size_t i = 0; i < ARRAY_LEN(ENDINGS); i++) {
        struct stat st;
        char *name = name_beside(ix->file, ENDINGS[i]);
        if (lstat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
            result = why_fail(why, ST_CONFLICT, "%s is not a file", name);
        }
        free(name);
    }
    return result;
}

/* What is not a plain file of ours alone is not opened but replaced. */
static enum status make_file(const struct index *ix, struct why *why)
{
    struct stat st;
    bool there = lstat(ix->file, &st) == 0;
    if (there && (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)) {
        return why_fail(why, ST_CONFLICT, "%s is not a file of ours", ix->file);
    }
    if (there) {
        return (st.st_mode & 077) == 0 || chmod(ix->file, 0600) == 0
                   ? ST_OK
                   : why_fail(why, ST_DENIED, "%s: %s", ix->file, err_text(errno));
    }
    if (ix->made_only) {
        return why_fail(why, ST_NOTFOUND, "there is no index of it");
    }
    int fd = open(ix->file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
        return why_fail(why, errno == EACCES || errno == EROFS ? ST_DENIED : ST_IO,
                        "cannot make the index %s: %s", ix->file, err_text(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return ST_OK;
}

static enum status configure(struct index *ix, struct why *why)
{
    (void)sqlite3_busy_timeout(ix->db, BUSY_MS);
    (void)sqlite3_db_config(ix->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(ix->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(ix->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(ix->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    return store_run(ix,
                     "PRAGMA cell_size_check=ON; PRAGMA cache_size=-65536; PRAGMA cache_spill=OFF;"
                     "PRAGMA temp_store=MEMORY;",
                     why);
}

/* A file without a table is one that was just made, by us or by another process. */
static enum status make_schema(struct index *ix, struct why *why)
{
    char sql[80];
    int64_t tables = 0;
    enum status st = store_run(ix, "BEGIN IMMEDIATE", why);
    if (st == ST_OK) {
        st = store_ask(ix, "SELECT count(*) FROM sqlite_schema", NULL, 0, &tables, why);
    }
    if (st == ST_OK && tables == 0) {
        (void)snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d",
                       STORE_APPLICATION, STORE_VERSION);
        st = store_run(ix, sql, why);
        st = st == ST_OK ? store_run(ix, SCHEMA, why) : st;
    }
    if (st == ST_OK) {
        st = store_run(ix, "COMMIT", why);
    }
    if (st != ST_OK) {
        (void)sqlite3_exec(ix->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return st;
}

static enum status check_schema(struct index *ix, struct why *why)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t rows = 0;
    enum status st = store_ask(ix, "PRAGMA application_id", NULL, 0, &application, why);
    st = st == ST_OK ? store_ask(ix, "PRAGMA user_version", NULL, 0, &version, why) : st;
    if (st == ST_OK && (application != STORE_APPLICATION || version != STORE_VERSION)) {
        return why_fail(why, ST_CONFLICT, "%s is of another program or version", ix->file);
    }
    st = st == ST_OK ? store_ask(ix, "SELECT count(*) FROM about", NULL, 0, &rows, why) : st;
    return st == ST_OK && rows != 1
               ? why_fail(why, ST_CONFLICT, "%s is not as it was made", ix->file)
               : st;
}

static enum status look_at_schema(struct index *ix, struct why *why)
{
    int64_t tables = 0;
    enum status st = store_ask(ix, "SELECT count(*) FROM sqlite_schema", NULL, 0, &tables, why);
    if (st == ST_OK && tables == 0) {
        st = ix->made_only ? why_fail(why, ST_NOTFOUND, "there is no index of it")
                           : make_schema(ix, why);
    }
    return st == ST_OK ? check_schema(ix, why) : st;
}

static uint64_t inode_of(const char *file)
{
    struct stat st;
    return lstat(file, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

enum status store_open(struct index *ix, struct why *why)
{
    enum status st = check_beside(ix, why);
    st = st == ST_OK ? make_file(ix, why) : st;
    if (st != ST_OK) {
        return st;
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    st = store_status(ix, sqlite3_open_v2(ix->file, &ix->db, flags, NULL), why);
    st = st == ST_OK ? configure(ix, why) : st;
    st = st == ST_OK ? look_at_schema(ix, why) : st;
    if (st != ST_OK) {
        store_close(ix);
    }
    ix->inode = inode_of(ix->file);
    return st;
}

enum status store_same(struct index *ix, struct why *why)
{
    if (ix->db && inode_of(ix->file) == ix->inode) {
        return ST_OK;
    }
    store_close(ix);
    return store_open(ix, why);
}

void store_close(struct index *ix)
{
    (void)sqlite3_close_v2(ix->db);
    ix->db = NULL;
}

enum status store_remove(const char *file, struct why *why)
{
    enum status st = ST_OK;
    for (size_t i = 0; i <= ARRAY_LEN(ENDINGS); i++) {
        char *name = name_beside(file, i == 0 ? "" : ENDINGS[i - 1]);
        if (unlink(name) != 0 && errno != ENOENT && st == ST_OK) {
            st = why_fail(why, ST_IO, "cannot remove %s: %s", name, err_text(errno));
        }
        free(name);
    }
    return st;
}

enum status store_renew(struct index *ix, struct why *why)
{
    store_close(ix);
    enum status st = store_remove(ix->file, why);
    st = st == ST_OK ? store_open(ix, why) : st;
    return st == ST_CONFLICT ? ST_IO : st;
}

/* ---- segments */

static uint64_t number_at(sqlite3_stmt *s, int column)
{
    return (uint64_t)sqlite3_column_int64(s, column);
}

static void take_hash(sqlite3_stmt *s, int column, uint8_t out[SHA256_BYTES])
{
    const void *p = sqlite3_column_blob(s, column);
    memset(out, 0, SHA256_BYTES);
    if (p && sqlite3_column_bytes(s, column) == SHA256_BYTES) {
        memcpy(out, p, SHA256_BYTES);
    }
}

static struct store_segment segment_of(sqlite3_stmt *s)
{
    struct store_segment out = {
        .is = {.number = (uint32_t)number_at(s, 0),
               .bytes = number_at(s, 1),
               .inode = number_at(s, 2),
               .changed_ns = sqlite3_column_int64(s, 3)},
        .whole = sqlite3_column_int(s, 4) != 0,
        .at = number_at(s, 5),
        .line = number_at(s, 6),
        .doc = number_at(s, 7),
        .docs = number_at(s, 8),
        .bad = number_at(s, 9),
        .last_at = number_at(s, 12),
        .last_line = number_at(s, 13),
    };
    take_hash(s, 10, out.first);
    take_hash(s, 11, out.last);
    return out;
}

/* A figure below zero is too large here. The number is looked at before it is cut to its type. */
static bool is_possible(sqlite3_stmt *s)
{
    struct store_segment seg = segment_of(s);
    const uint64_t figures[] = {seg.is.bytes, seg.at,  seg.line,    seg.doc,
                                seg.docs,     seg.bad, seg.last_at, seg.last_line};
    bool possible = number_at(s, 0) <= UINT32_MAX;
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        possible = possible && figures[i] <= FIGURE_MOST;
    }
    return possible;
}

enum status store_segments(struct index *ix, struct store_segment **out, size_t *count,
                           struct why *why)
{
    sqlite3_stmt *s = NULL;
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    enum status st =
        store_prepare(ix,
                      "SELECT number, bytes, inode, changed_ns, whole, at, line, doc, docs,"
                      " bad, first, last, last_at, last_line FROM segment ORDER BY number",
                      &s, why);
    while (st == ST_OK && (st = store_step(ix, s, why)) == ST_OK) {
        if (!is_possible(s)) {
            st = why_fail(why, ST_CONFLICT, "%s is not as it was made", ix->file);
            break;
        }
        GROW(*out, cap, *count + 1);
        (*out)[(*count)++] = segment_of(s);
    }
    (void)sqlite3_finalize(s);
    if (st != ST_END) {
        free(*out);
        *out = NULL;
        *count = 0;
        return st;
    }
    return ST_OK;
}

enum status store_put_segment(struct index *ix, const struct store_segment *seg, struct why *why)
{
    const int64_t numbers[] = {(int64_t)seg->is.number,
                               (int64_t)seg->is.bytes,
                               (int64_t)seg->is.inode,
                               seg->is.changed_ns,
                               seg->whole,
                               (int64_t)seg->at,
                               (int64_t)seg->line,
                               (int64_t)seg->doc,
                               (int64_t)seg->docs,
                               (int64_t)seg->bad,
                               (int64_t)seg->last_at,
                               (int64_t)seg->last_line};
    sqlite3_stmt *s = NULL;
    enum status st =
        store_prepare(ix,
                      "INSERT OR REPLACE INTO segment(number, bytes, inode, changed_ns,"
                      " whole, at, line, doc, docs, bad, last_at, last_line, first, last)"
                      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                      &s, why);
    if (st == ST_OK) {
        int at = 1;
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
            (void)sqlite3_bind_int64(s, at++, numbers[i]);
        }
        (void)sqlite3_bind_blob(s, at++, seg->first, SHA256_BYTES, SQLITE_STATIC);
        (void)sqlite3_bind_blob(s, at, seg->last, SHA256_BYTES, SQLITE_STATIC);
        st = store_step(ix, s, why);
    }
    (void)sqlite3_finalize(s);
    return st == ST_END ? ST_OK : st;
}
