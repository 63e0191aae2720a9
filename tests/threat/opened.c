/* opened FOLDER...: what a start makes of each record, a line each:
 *   VERDICT FIRST_TORN_BYTES VERDICT_AFTER WORDS
 * the verdicts as `checkrein verify` has them, before the start and after it; "refused" when it
 * does not start; "none" when there is nothing to verify. */
#include <inttypes.h>
#include <stdio.h>

#include "checkrein/journal.h"

#define NOW_US 1795184527123000 /* 2026-11-20T14:22:07.123Z */

static const char *verdict_of(const char *dir)
{
    static const char *const NAMES[] = {
        [VERIFY_INTACT] = "intact", [VERIFY_TORN_TAIL] = "torn", [VERIFY_BROKEN] = "broken"};
    struct journal_report report;
    struct why why = {0};
    return journal_verify(dir, NULL, &report, &why) == ST_OK ? NAMES[report.verdict] : "none";
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct journal *j;
        struct journal_opened found = {0};
        struct journal_options o = {.dir = argv[i], .writer = "daemon", .now_us = NOW_US};
        struct why why = {0};
        const char *before = verdict_of(argv[i]);
        bool starts = journal_open(&j, &o, &found, &why) == ST_OK;
        if (starts) {
            journal_close(j, NOW_US);
        }
        (void)printf("%s %" PRIu64 " %s %s\n", before, found.torn_bytes,
                     starts ? verdict_of(argv[i]) : "refused", why.text);
    }
    return 0;
}
