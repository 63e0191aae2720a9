#include "lint_priv.h"

#include "checkrein/utf8.h"

struct refused {
    uint32_t first, last;
    const char *what;
};

/* What an editor does not show: it could hide a rule or make it read as another one. */
static const struct refused refused[] = {
    {0x0000, 0x0000, "a NUL"                                    },
    {0x0001, 0x0008, "a control character"                      },
    {0x000a, 0x000c, "a control character"                      },
    {0x000d, 0x000d, "a carriage return (lines end in LF alone)"},
    {0x000e, 0x001f, "a control character"                      },
    {0x007f, 0x009f, "a control character"                      },
    {0x061c, 0x061c, "a direction control"                      },
    {0x200e, 0x200f, "a direction control"                      },
    {0x2028, 0x2029, "a line separator"                         },
    {0x202a, 0x202e, "a direction control"                      },
    {0x2066, 0x2069, "a direction control"                      },
    {0xfeff, 0xfeff, "a byte order mark"                        },
};

/* The code point of a character that utf8_length() has passed: of the lead byte, 7, 5, 4 or 3 bits.
 */
static uint32_t code_point(const char *p, size_t n)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t cp = (uint8_t)p[0] & lead_bits[n];
    for (size_t i = 1; i < n; i++) {
        cp = cp << 6 | ((uint8_t)p[i] & 0x3f);
    }
    return cp;
}

enum status lint_characters(struct span s, struct why *why)
{
    while (s.n > 0) {
        size_t n = utf8_length(s.p, s.n);
        if (n == 0) {
            return why_fail(why, ST_INVALID, "byte 0x%02x is not UTF-8", (unsigned)(uint8_t)s.p[0]);
        }
        uint32_t cp = code_point(s.p, n);
        for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
            if (cp >= refused[i].first && cp <= refused[i].last) {
                return why_fail(why, ST_INVALID, "U+%04X is %s", (unsigned)cp, refused[i].what);
            }
        }
        s = span_sub(s, n, SIZE_MAX);
    }
    return ST_OK;
}

enum lint_value lint_value_kind(struct span value)
{
    if (value.n == 0) {
        return LINT_PLAIN;
    }
    char first = value.p[0];
    bool outer = !span_eq(span_trim(value), value) || span_ends(value, "\\");
    bool comment = span_find(value, ';') < value.n || span_find(value, '#') < value.n;
    return outer || comment || first == '"' || first == '\'' ? LINT_NEEDS_QUOTES : LINT_PLAIN;
}
