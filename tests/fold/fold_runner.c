/* fold_runner [--update] FILE.jsonl... - folds each file and holds the picture against FILE.golden.
 *
 * A line is an event as it stands in the record, a comment ("#"), or a directive:
 *   @backend NAME          whose events follow
 *   @snapshot begin        a snapshot of that back-end begins
 *   @snapshot end SEQ      and ends
 *   @dump                  writes the picture as it is here; it is written at the end anyway
 *
 * Each file is folded twice: the second fleet must have the digest of the first. Exit status 1 when
 * a picture differs from its golden file, 2 when a file cannot be used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/codec.h"
#include "checkrein/file.h"
#include "checkrein/model.h"
#include "checkrein/num.h"

#define FILE_BYTES    ((size_t)16 << 20)
#define PICTURE_BYTES ((size_t)16 << 20)
#define PATH_BYTES    4096

struct run {
    const char *path;
    struct codec *codec;
    struct fleet *fleet;
    struct buf *picture;
    char backend[128];
    unsigned line;
};

static void fail(const struct run *r, const char *what)
{
    (void)fprintf(stderr, "%s:%u: %s\n", r->path, r->line, what);
    exit(2);
}

/* ---- one line */
static void run_event(struct run *r, struct span line)
{
    struct event ev;
    struct why why = {{0}};
    if (codec_read_event(r->codec, line, &ev, NULL, &why) != ST_OK) {
        fail(r, why.text);
    }
    ev.backend = span_str(r->backend);
    fleet_apply(r->fleet, &ev);
}

static void run_dump(struct run *r)
{
    (void)buf_printf(r->picture, "---- after line %u\n", r->line);
    if (fleet_dump(r->fleet, r->picture) != ST_OK) {
        fail(r, "the picture is too large");
    }
}

static void run_snapshot_end(struct run *r, struct span number)
{
    int64_t seq = 0;
    if (num_parse(span_trim(number), 0, INT64_MAX, &seq) != ST_OK) {
        fail(r, "@snapshot end SEQ");
    }
    fleet_snapshot_end(r->fleet, span_str(r->backend), (uint64_t)seq);
}

static void run_directive(struct run *r, struct span line)
{
    static const char backend[] = "@backend ";
    static const char end[] = "@snapshot end ";
    if (span_starts(line, backend)) {
        struct span name = span_sub(line, sizeof(backend) - 1, SIZE_MAX);
        (void)span_copy(span_trim(name), r->backend, sizeof(r->backend));
    } else if (span_is(line, "@snapshot begin")) {
        fleet_snapshot_begin(r->fleet, span_str(r->backend));
    } else if (span_starts(line, end)) {
        run_snapshot_end(r, span_sub(line, sizeof(end) - 1, SIZE_MAX));
    } else if (span_is(line, "@dump")) {
        run_dump(r);
    } else {
        fail(r, "no such directive");
    }
}

static void run_line(struct run *r, struct span line)
{
    r->line++;
    line = span_trim(line);
    if (span_starts(line, "@")) {
        run_directive(r, line);
    } else if (line.n > 0 && !span_starts(line, "#")) {
        run_event(r, line);
    }
}

/* ---- one file */
static uint64_t fold_file(struct run *r, struct span text)
{
    struct span line;
    r->codec = codec_new();
    r->fleet = fleet_new();
    r->line = 0;
    (void)snprintf(r->backend, sizeof(r->backend), "local");
    while (span_next(&text, '\n', &line)) {
        run_line(r, line);
    }
    run_dump(r);
    uint64_t digest = fleet_digest(r->fleet);
    fleet_free(r->fleet);
    codec_free(r->codec);
    return digest;
}

static void read_whole(const char *path, struct buf *out)
{
    struct why why = {{0}};
    if (file_read(path, out, &why) != ST_OK) {
        (void)fprintf(stderr, "%s: %s\n", path, why.text);
        exit(2);
    }
}

static int write_golden(const char *path, const struct buf *picture)
{
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && fwrite(picture->data, 1, picture->len, file) == picture->len;
    if (file == NULL || fclose(file) != 0 || !written) {
        (void)fprintf(stderr, "%s: cannot be written\n", path);
        return 2;
    }
    return 0;
}

static int first_difference(const char *path, struct span got, struct span want)
{
    struct span a;
    struct span b;
    for (unsigned line = 1;; line++) {
        bool more = span_next(&got, '\n', &a);
        bool wanted = span_next(&want, '\n', &b);
        if (!more || !wanted || !span_eq(a, b)) {
            (void)fprintf(stderr, "%s:%u:\n  got  %.*s\n  want %.*s\n", path, line,
                          SPAN_ARG(more ? a : SPAN("(end)")), SPAN_ARG(wanted ? b : SPAN("(end)")));
            return 1;
        }
    }
}

static int hold_against_golden(const char *path, const struct buf *picture)
{
    struct buf golden;
    buf_init(&golden, FILE_BYTES);
    read_whole(path, &golden);
    bool same = span_eq(buf_span(picture), buf_span(&golden));
    int status = same ? 0 : first_difference(path, buf_span(picture), buf_span(&golden));
    buf_release(&golden);
    return status;
}

typedef int use_fn(const char *golden_path, const struct buf *picture);

static int run_file(const char *path, use_fn *use)
{
    char golden[PATH_BYTES];
    struct buf text;
    struct buf picture;
    struct buf again;
    size_t stem = strlen(path) > 6 ? strlen(path) - 6 : 0;
    (void)snprintf(golden, sizeof(golden), "%.*s.golden", (int)stem, path);
    buf_init(&text, FILE_BYTES);
    buf_init(&picture, PICTURE_BYTES);
    buf_init(&again, PICTURE_BYTES);
    read_whole(path, &text);
    struct run r = {.path = path, .picture = &picture};
    uint64_t digest = fold_file(&r, buf_span(&text));
    r.picture = &again;
    if (fold_file(&r, buf_span(&text)) != digest) {
        fail(&r, "the second fold has another digest");
    }
    int status = use(golden, &picture);
    buf_release(&text);
    buf_release(&picture);
    buf_release(&again);
    return status;
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int status = 0;
    for (int i = update ? 2 : 1; i < argc; i++) {
        int one = run_file(argv[i], update ? write_golden : hold_against_golden);
        status = one > status ? one : status;
    }
    return status;
}
