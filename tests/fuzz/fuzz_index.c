/* Any bytes as what is looked for, and after a byte 0x1E as what is looked through: SQLite takes
 * the expression that is made of it, and finds the text when, and only when, our own comparison
 * does.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/index/query_priv.h"

#define TEXT_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sqlite3 *db;

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void run(const char *sql, struct span text)
{
    sqlite3_stmt *s = NULL;
    must(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK);
    if (sqlite3_bind_parameter_count(s) > 0) {
        must(sqlite3_bind_text(s, 1, text.p, (int)text.n, SQLITE_STATIC) == SQLITE_OK);
    }
    must(sqlite3_step(s) == SQLITE_DONE);
    (void)sqlite3_finalize(s);
}

static bool is_found(struct span expression)
{
    sqlite3_stmt *s = NULL;
    must(sqlite3_prepare_v2(db, "SELECT rowid FROM words WHERE words MATCH ?", -1, &s, NULL) ==
         SQLITE_OK);
    must(sqlite3_bind_text(s, 1, expression.p, (int)expression.n, SQLITE_STATIC) == SQLITE_OK);
    int rc = sqlite3_step(s);
    must(rc == SQLITE_ROW || rc == SQLITE_DONE);
    (void)sqlite3_finalize(s);
    return rc == SQLITE_ROW;
}

static void compare(const struct query *q, struct span text)
{
    struct buf words;
    struct buf expression;
    buf_init(&words, WORDS_BYTES);
    buf_init(&expression, WORDS_BYTES);
    buf_addch(&words, ' ');
    words_add(&words, text);
    query_expression(q, &expression);
    bool takes = query_takes(q, buf_span(&words));
    if (query_takes_all(q)) {
        must(takes);
    } else {
        run("BEGIN", SPAN_NONE);
        run("INSERT INTO words(rowid, text) VALUES(1, ?)", buf_span(&words));
        must(is_found(buf_span(&expression)) == takes);
        run("ROLLBACK", SPAN_NONE);
    }
    buf_release(&words);
    buf_release(&expression);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = {(const char *)data, size};
    struct query *q = NULL;
    struct why why = {0};
    size_t end = span_find(all, '\x1E');
    if (db == NULL) {
        must(sqlite3_open(":memory:", &db) == SQLITE_OK);
        run("CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, "
            "tokenize='ascii')",
            SPAN_NONE);
    }
    if (query_parse(&q, span_sub(all, 0, end), &why) == ST_OK) {
        compare(q, span_sub(all, end + 1, TEXT_BYTES));
    } else {
        must(q == NULL && why.text[0] != '\0');
    }
    query_free(q);
    return 0;
}
