#include "option_priv.h"

/* A member's C type must be what the kind in its row says. */
#define IS_TEXT_KIND(kind)     ((kind) == OPTION_TEXT || (kind) == OPTION_CHOICE)
#define IS_TEXT_MEMBER(member) _Generic(((struct conf *)0)->member, char * : 1, int64_t : 0)
#define CHECK(member, kind)                                                                        \
    _Static_assert(IS_TEXT_MEMBER(member) == IS_TEXT_KIND(kind), "type of " #member);
#define X(member, name, kind, fallback, min, max, help) CHECK(console.member, kind)
CONSOLE_OPTIONS(X)
#undef X
#define X(member, name, kind, fallback, min, max, help) CHECK(serve.member, kind)
SERVE_OPTIONS(X)
#undef X

static const struct option_info infos[] = {
#define X(member, name, kind, fallback, min, max, help)                                            \
    {"console", name, fallback, help, kind, min, max},
    CONSOLE_OPTIONS(X)
#undef X
#define X(member, name, kind, fallback, min, max, help)                                            \
    {"serve", name, fallback, help, kind, min, max},
        SERVE_OPTIONS(X)
#undef X
            {0},
};

static const size_t offsets[] = {
#define X(member, ...) offsetof(struct conf, console.member),
    CONSOLE_OPTIONS(X)
#undef X
#define X(member, ...) offsetof(struct conf, serve.member),
        SERVE_OPTIONS(X)
#undef X
};

const struct option_info *conf_options(void)
{
    return infos;
}

void *option_slot(struct conf *c, size_t index)
{
    return (char *)c + offsets[index];
}

const void *option_value(const struct conf *c, size_t index)
{
    return (const char *)c + offsets[index];
}
