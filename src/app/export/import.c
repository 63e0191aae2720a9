/* import.c - `checkrein import`: what `checkrein export --format jsonl` wrote, as a record again.
 *
 * All is read twice: what is no such line is named before anything is written. The new record has a
 * chain and seals of its own, and a writer that says what it is: it proves nothing of what the old
 * one proved. */
#include "../app_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hub.h"
#include "checkrein/alloc.h"
#include "checkrein/codec.h"
#include "checkrein/journal.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

#define LINE_BYTES                                                                                 \
    (3 * (size_t)JOURNAL_LINE_BYTES) /* one byte of a record is three here at most                 \
                                      */
#define READ_BYTES  65536
#define FROM_BYTES  64
#define COMMIT_EACH 1024

struct choices {
    const char *record;
};

const struct option_row OPTIONS_IMPORT[] = {
    {"record",                         "FOLDER", "where: made, and empty before", offsetof(struct choices, record)},
    {0},
};

struct importer {
    const char *dir;
    struct journal *journal; /* NULL while it is only read, and before the first start */
    bool writes;
    struct codec *codec;
    struct tape tape;
    struct tape_token *tokens;
    struct buf scratch;
    uint64_t lines, records;
    int64_t last_us; /* the newest line's time: the record ends with it */
};

/* ---- one line */

struct line {
    int64_t time_us;
    char from[FROM_BYTES]; /* of an event and a transfer */
    struct span body;
};

/* Another process began there, with an empty picture; so it is here. */
static enum status begin(struct importer *im, const struct line *l, struct why *why)
{
    struct journal_options o = {.dir = im->dir, .writer = "import", .now_us = l->time_us};
    if (im->journal && journal_commit(im->journal, why) != ST_OK) {
        return ST_IO;
    }
    journal_close(im->journal, im->last_us);
    im->journal = NULL;
    return journal_open(&im->journal, &o, NULL, why);
}

static enum status take_open(struct importer *im, const struct line *l, struct why *why)
{
    return im->writes ? begin(im, l, why) : ST_OK;
}

/* A part of a record may begin without a start. */
static enum status have_journal(struct importer *im, const struct line *l, struct why *why)
{
    return im->journal ? ST_OK : begin(im, l, why);
}

static enum status take_event(struct importer *im, const struct line *l, struct why *why)
{
    struct event ev;
    enum status st = codec_read_event(im->codec, l->body, &ev, NULL, why);
    if (st == ST_OK && im->writes) {
        st = have_journal(im, l, why);
        const struct event *told;
        st = st == ST_OK
                 ? journal_event_from(im->journal, l->time_us, span_str(l->from), &ev, &told)
                 : st;
    }
    return st;
}

static enum status take_command(struct importer *im, const struct line *l, struct why *why)
{
    struct command c;
    enum status st = codec_read_command(im->codec, l->body, &c, why);
    if (st == ST_OK && im->writes) {
        st = have_journal(im, l, why);
        st = st == ST_OK ? journal_command(im->journal, l->time_us, &c, NULL) : st;
    }
    return st;
}

static enum status take_transfer(struct importer *im, const struct line *l, struct why *why)
{
    uint32_t object = tape_get(&im->tape, TAPE_ROOT, "snapshot");
    uint32_t complete = tape_get(&im->tape, object, "complete");
    int64_t seq = 0;
    if (tape_int(&im->tape, tape_get(&im->tape, object, "seq"), &seq) != ST_OK || seq < 0 ||
        seq > EVENT_INT_MAX ||
        (tape_type(&im->tape, complete) != TAPE_TRUE &&
         tape_type(&im->tape, complete) != TAPE_FALSE)) {
        return why_fail(why, ST_INVALID, "a snapshot has a seq, and is complete or not");
    }
    struct journal_transfer t = {(uint64_t)seq, tape_bool(&im->tape, complete, false)};
    if (!im->writes) {
        return ST_OK;
    }
    enum status st = have_journal(im, l, why);
    return st == ST_OK ? journal_snapshot(im->journal, l->time_us, span_str(l->from), &t) : st;
}

static const struct line_kind {
    const char *name;
    bool of_backend;
    enum status (*take)(struct importer *im, const struct line *l, struct why *why);
} KINDS[] = {
    {"open",     false, take_open    },
    {"event",    true,  take_event   },
    {"snapshot", true,  take_transfer},
    {"command",  false, take_command },
};

static struct span text_at(struct importer *im, const char *name)
{
    return tape_string(&im->tape, tape_get(&im->tape, TAPE_ROOT, name), &im->scratch);
}

static const struct line_kind *kind_of(struct importer *im)
{
    struct span k = text_at(im, "k");
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (span_is(k, KINDS[i].name)) {
            return &KINDS[i];
        }
    }
    return NULL;
}

static enum status read_line(struct importer *im, struct span text, struct line *l,
                             const struct line_kind **kind, struct why *why)
{
    buf_clear(&im->scratch);
    if (tape_parse(&im->tape, text, TAPE_STRICT, im->tokens, CODEC_TOKENS) != ST_OK) {
        return why_fail(why, ST_INVALID, "it is no JSON: %s",
                        im->tape.error ? im->tape.error : "too much of it");
    }
    *kind = kind_of(im);
    if (!*kind) {
        return why_fail(why, ST_INVALID, "\"k\" is none of open, event, snapshot and command");
    }
    if (time_parse(text_at(im, "t"), &l->time_us) != ST_OK) {
        return why_fail(why, ST_INVALID, "\"t\" is no time");
    }
    struct span from = text_at(im, "from");
    if ((*kind)->of_backend && (!from.n || !span_copy(from, l->from, sizeof(l->from)))) {
        return why_fail(why, ST_INVALID, "\"from\" is no name of a back-end");
    }
    l->body = tape_raw(&im->tape, tape_get(&im->tape, TAPE_ROOT, (*kind)->name));
    return l->body.n ? ST_OK : why_fail(why, ST_INVALID, "it has no \"%s\"", (*kind)->name);
}

static enum status take(struct importer *im, struct span text, struct why *why)
{
    struct line l = {0};
    const struct line_kind *kind = NULL;
    enum status st = read_line(im, text, &l, &kind, why);
    if (st == ST_OK && kind) {
        st = kind->take(im, &l, why);
    }
    im->last_us = l.time_us;
    if (st == ST_OK && im->writes && ++im->records % COMMIT_EACH == 0) {
        st = journal_commit(im->journal, why);
    }
    return st != ST_OK && why->text[0] == '\0' ? why_fail(why, st, "%s", status_name(st)) : st;
}

/* ---- one file */

static enum status take_lines(struct importer *im, struct framer *f, struct why *why)
{
    struct span text;
    enum status st;
    while ((st = framer_next(f, &text)) == ST_OK) {
        im->lines++;
        st = take(im, text, why);
        if (st != ST_OK) {
            return st;
        }
    }
    if (st == ST_AGAIN) {
        return ST_OK;
    }
    im->lines++; /* this one was not given */
    return why_fail(why, st, "the line is longer than any of a record");
}

static enum status read_fd(struct importer *im, int fd, struct why *why)
{
    char bytes[READ_BYTES];
    struct framer f;
    ssize_t n = 0;
    enum status st = ST_OK;
    framer_init(&f, FRAME_NDJSON, LINE_BYTES);
    while (st == ST_OK && (n = read(fd, bytes, sizeof(bytes))) > 0) {
        st = framer_feed(&f, (struct span){bytes, (size_t)n});
        st = st == ST_OK ? take_lines(im, &f, why) : st;
    }
    if (st == ST_OK && n == 0) { /* the last line may lack its end */
        st = framer_feed(&f, SPAN("\n"));
        st = st == ST_OK ? take_lines(im, &f, why) : st;
    }
    framer_release(&f);
    return n < 0 ? why_fail(why, ST_IO, "%s", err_text(errno)) : st;
}

/* All is read twice, which a pipe cannot be. */
static enum status open_file(const char *path, int *fd, struct why *why)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        return why_fail(why, ST_IO, "%s: %s", path, err_text(errno));
    }
    if (S_ISREG(st.st_mode)) {
        return ST_OK;
    }
    (void)close(*fd);
    return why_fail(why, ST_INVALID, "%s is no regular file", path);
}

static enum status read_file(struct importer *im, const char *path, struct why *why)
{
    int fd = -1;
    if (open_file(path, &fd, why) != ST_OK) {
        return ST_IO;
    }
    im->lines = 0;
    enum status st = read_fd(im, fd, why);
    (void)close(fd);
    if (st != ST_OK) {
        why_prefix(why, "%s, line %llu", path, (unsigned long long)im->lines);
    }
    return st;
}

static enum status read_files(struct importer *im, const struct args *a, struct why *why)
{
    enum status st = ST_OK;
    uint64_t lines = 0;
    for (int i = 0; st == ST_OK && i < a->argc; i++) {
        st = read_file(im, a->argv[i], why);
        lines += im->lines;
    }
    return st == ST_OK && !lines ? why_fail(why, ST_INVALID, "there is nothing to import") : st;
}

/* ---- all of it */

static enum status check_folder(const char *dir, struct why *why)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    bool empty = true;
    if (!d) {
        return errno == ENOENT ? ST_OK : why_fail(why, ST_IO, "%s: %s", dir, err_text(errno));
    }
    while ((e = readdir(d))) {
        empty = empty && (span_is(span_str(e->d_name), ".") || span_is(span_str(e->d_name), ".."));
    }
    (void)closedir(d);
    return empty ? ST_OK : why_fail(why, ST_EXISTS, "%s is not empty", dir);
}

static enum status import_files(struct importer *im, const struct args *a, struct why *why)
{
    enum status st = check_folder(im->dir, why);
    if (st == ST_OK) {
        st = read_files(im, a, why);
    }
    im->writes = true;
    if (st == ST_OK) {
        st = read_files(im, a, why);
    }
    if (st == ST_OK) {
        st = journal_commit(im->journal, why);
    }
    if (st != ST_OK && im->journal) {
        why_prefix(why, "%s is not whole", im->dir);
    }
    return st;
}

static int say_digest(const struct importer *im)
{
    struct fleet *f = NULL;
    struct why why = {0};
    if (hub_replay(&f, im->dir, &why) != ST_OK) {
        return app_trouble(&why, EXIT_TROUBLE);
    }
    app_say("%llu lines, fleet digest %016llx", (unsigned long long)im->records,
            (unsigned long long)fleet_digest(f));
    fleet_free(f);
    return EXIT_DONE;
}

static int import_record(const char *dir, const struct args *a)
{
    struct importer im = {.dir = dir, .codec = codec_new()};
    struct why why = {0};
    im.tokens = xcalloc(CODEC_TOKENS, sizeof(*im.tokens));
    buf_init(&im.scratch, LINE_BYTES);
    enum status st = import_files(&im, a, &why);
    journal_close(im.journal, im.last_us);
    int code = st == ST_OK ? say_digest(&im) : app_trouble(&why, EXIT_TROUBLE);
    buf_release(&im.scratch);
    free(im.tokens);
    codec_free(im.codec);
    return code;
}

int cmd_import(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || a->argc == 0 || !ch.record) {
        return st == ST_END ? EXIT_DONE : st == ST_OK ? usage_fault(a) : EXIT_USAGE;
    }
    return import_record(ch.record, a);
}
