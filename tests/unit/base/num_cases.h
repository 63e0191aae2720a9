/* num_cases.h - texts, and what a parser of num.h should make of each. */
#ifndef CHECKREIN_TEST_NUM_CASES_H
#define CHECKREIN_TEST_NUM_CASES_H

#include "expect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

/* What an output holds before the call, and must still hold after a refusal. */
#define UNTOUCHED (-987654321)

struct num_case {
    const char *text;
    enum status st;
    int64_t value;
};

typedef enum status parse_fn(struct span s, int64_t *out);

static inline void check_num_cases(parse_fn *parse, const struct num_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = UNTOUCHED;
        size_t bytes = strlen(cases[i].text);
        char *exact = xmalloc(bytes); /* no NUL behind it: a sanitizer sees a read too far */
        memcpy(exact, cases[i].text, bytes);
        enum status st = parse((struct span){exact, bytes}, &value);
        free(exact);
        int64_t want = cases[i].st == ST_OK ? cases[i].value : UNTOUCHED;
        if (st != cases[i].st || value != want) {
            print_error("\"%s\": %s, %" PRId64 "\n", cases[i].text, status_name(st), value);
            fail();
        }
    }
}

#define CHECK(parse, cases) check_num_cases((parse), (cases), ARRAY_LEN(cases))

#endif
