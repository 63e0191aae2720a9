#include "decode_priv.h"

#include "checkrein/status.h"
#include "checkrein/text.h"

#define ESC       0x1B
#define BEL       0x07
#define CAN       0x18
#define SUB       0x1A
#define PARAM_MAX 9999

static const char PASTE_END[] = "\033[201~";

enum { PASTE_BEGIN_PARAM = 200, MODE_SYNC = 2026, MODE_SET = 1, MODE_RESET = 2 };

/* ESC [ 1 ; modifiers letter */
static const struct {
    char final;
    enum named_key key;
} LETTERS[] = {
    {'A', KEYN_UP       },
    {'B', KEYN_DOWN     },
    {'C', KEYN_RIGHT    },
    {'D', KEYN_LEFT     },
    {'F', KEYN_END      },
    {'H', KEYN_HOME     },
    {'I', KEYN_FOCUS_IN },
    {'O', KEYN_FOCUS_OUT},
    {'P', KEYN_F1       },
    {'Q', KEYN_F2       },
    {'S', KEYN_F4       },
    {'Z', KEYN_BACKTAB  },
};

/* ESC [ number ; modifiers ~ */
static const struct {
    uint16_t number;
    enum named_key key;
} NUMBERS[] = {
    {1,  KEYN_HOME  },
    {2,  KEYN_INSERT},
    {3,  KEYN_DELETE},
    {4,  KEYN_END   },
    {5,  KEYN_PGUP  },
    {6,  KEYN_PGDN  },
    {7,  KEYN_HOME  },
    {8,  KEYN_END   },
    {11, KEYN_F1    },
    {12, KEYN_F2    },
    {13, KEYN_F3    },
    {14, KEYN_F4    },
    {15, KEYN_F5    },
    {17, KEYN_F6    },
    {18, KEYN_F7    },
    {19, KEYN_F8    },
    {20, KEYN_F9    },
    {21, KEYN_F10   },
    {23, KEYN_F11   },
    {24, KEYN_F12   },
};

/* ESC O letter: cursor keys and keypad in application mode, and rxvt's control-arrows */
static const struct {
    char final;
    uint32_t key;
} APPLICATION[] = {
    {'A', KEY_NAMED(KEYN_UP)              },
    {'B', KEY_NAMED(KEYN_DOWN)            },
    {'C', KEY_NAMED(KEYN_RIGHT)           },
    {'D', KEY_NAMED(KEYN_LEFT)            },
    {'F', KEY_NAMED(KEYN_END)             },
    {'H', KEY_NAMED(KEYN_HOME)            },
    {'I', KEY_NAMED(KEYN_TAB)             },
    {'M', KEY_NAMED(KEYN_ENTER)           },
    {'P', KEY_NAMED(KEYN_F1)              },
    {'Q', KEY_NAMED(KEYN_F2)              },
    {'R', KEY_NAMED(KEYN_F3)              },
    {'S', KEY_NAMED(KEYN_F4)              },
    {'X', '='                             },
    {'a', KEY_CTRL | KEY_NAMED(KEYN_UP)   },
    {'b', KEY_CTRL | KEY_NAMED(KEYN_DOWN) },
    {'c', KEY_CTRL | KEY_NAMED(KEYN_RIGHT)},
    {'d', KEY_CTRL | KEY_NAMED(KEYN_LEFT) },
};

/* The keypad's j..y. */
static const char KEYPAD[] = "*+,-./0123456789";

/* ---- sequences */

/* 1 and the sum of shift 1, alt 2, ctrl 4. With Shift, or what no key of ours has, it is no key. */
static uint32_t with_modifiers(enum named_key key, uint32_t param)
{
    enum { ALT = 2, CTRL = 4 };
    uint32_t bits = param > 0 ? param - 1 : 0;
    if ((bits & ~(uint32_t)(ALT | CTRL)) != 0) {
        return DECODE_NOTHING;
    }
    uint32_t out = KEY_NAMED(key);
    out |= (bits & ALT) != 0 ? KEY_ALT : 0;
    out |= (bits & CTRL) != 0 ? KEY_CTRL : 0;
    return out;
}

static uint32_t numbered_key(uint32_t number, uint32_t modifiers)
{
    for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++) {
        if (NUMBERS[i].number == number) {
            return with_modifiers(NUMBERS[i].key, modifiers);
        }
    }
    return DECODE_NOTHING;
}

static uint32_t lettered_key(const struct decoder *d, char final)
{
    if (d->param[0] > 1) {
        return DECODE_NOTHING;
    }
    for (size_t i = 0; i < ARRAY_LEN(LETTERS); i++) {
        if (LETTERS[i].final == final) {
            return with_modifiers(LETTERS[i].key, d->param[1]);
        }
    }
    return DECODE_NOTHING;
}

/* The terminal's answer to "do you know mode 2026?". */
static void take_mode_report(struct decoder *d)
{
    if (d->prefix == '?' && d->middle == '$' && d->param[0] == MODE_SYNC) {
        d->sync_offered = d->param[1] == MODE_SET || d->param[1] == MODE_RESET;
    }
}

static uint32_t end_numbered(struct decoder *d)
{
    if (d->param[0] == PASTE_BEGIN_PARAM && d->params == 0) {
        d->state = DECODE_PASTE;
        d->matched = 0;
        return DECODE_NOTHING;
    }
    return numbered_key(d->param[0], d->param[1]);
}

static bool is_bare(const struct decoder *d)
{
    return d->params == 0 && d->param[0] == 0 && d->prefix == 0 && d->middle == 0;
}

static uint32_t end_plain_csi(struct decoder *d, char final)
{
    switch (final) {
    case '~':
        return end_numbered(d);
    case '^': /* rxvt's control */
        return numbered_key(d->param[0], 5);
    default:
        return lettered_key(d, final);
    }
}

static uint32_t end_csi(struct decoder *d, char final)
{
    d->state = DECODE_GROUND;
    if (final == 'M' && is_bare(d)) {
        d->state = DECODE_MOUSE;
        d->left = 3;
    } else if (final == 'y') {
        take_mode_report(d);
    } else if (d->prefix == 0 && d->middle == 0) {
        return end_plain_csi(d, final);
    }
    return DECODE_NOTHING;
}

static void begin_csi(struct decoder *d)
{
    d->state = DECODE_CSI;
    d->params = 0;
    d->prefix = d->middle = 0;
    for (size_t i = 0; i < DECODE_PARAMS; i++) {
        d->param[i] = 0;
    }
}

static void add_digit(struct decoder *d, unsigned char digit)
{
    if (d->params < DECODE_PARAMS) {
        uint32_t *p = &d->param[d->params];
        *p = *p * 10 + (uint32_t)(digit - '0');
        *p = *p > PARAM_MAX ? PARAM_MAX : *p;
    }
}

static uint32_t in_csi(struct decoder *d, unsigned char b)
{
    if (b >= '0' && b <= '9') {
        add_digit(d, b);
    } else if (b == ';' || b == ':') {
        d->params = (uint8_t)(d->params + (d->params < DECODE_PARAMS));
    } else if (b >= '<' && b <= '?') {
        d->prefix = (char)b;
    } else if (b == '$' && d->prefix == 0 && d->params == 0) {
        d->state = DECODE_GROUND; /* rxvt ends a key with Shift so */
    } else if (b >= 0x20 && b <= 0x2F) {
        d->middle = (char)b;
    } else if (b == '[' && is_bare(d)) {
        d->state = DECODE_LINUX;
    } else {
        return end_csi(d, (char)b);
    }
    return DECODE_NOTHING;
}

static uint32_t in_linux(struct decoder *d, unsigned char b)
{
    d->state = DECODE_GROUND;
    return b >= 'A' && b <= 'E' ? KEY_NAMED(KEYN_F1) + (uint32_t)(b - 'A') : DECODE_NOTHING;
}

static uint32_t in_mouse(struct decoder *d)
{
    d->left--;
    d->state = d->left > 0 ? DECODE_MOUSE : DECODE_GROUND;
    return DECODE_NOTHING;
}

static uint32_t in_ss3(struct decoder *d, unsigned char b)
{
    if ((b >= '0' && b <= '9') || b == ';') {
        d->middle = (char)b; /* modifiers in the old way, which every terminal counts otherwise */
        return DECODE_NOTHING;
    }
    d->state = DECODE_GROUND;
    if (d->middle != 0) {
        return DECODE_NOTHING;
    }
    if (b >= 'j' && b <= 'y') {
        return (uint32_t)KEYPAD[b - 'j'];
    }
    for (size_t i = 0; i < ARRAY_LEN(APPLICATION); i++) {
        if (APPLICATION[i].final == (char)b) {
            return APPLICATION[i].key;
        }
    }
    return DECODE_NOTHING;
}

static uint32_t in_string(struct decoder *d, unsigned char b)
{
    if (b == ESC) {
        d->state = DECODE_STRING_ESC;
    } else if (b == BEL || b == CAN || b == SUB) {
        d->state = DECODE_GROUND;
    } else {
        d->state = DECODE_STRING;
    }
    return DECODE_NOTHING;
}

static uint32_t in_string_esc(struct decoder *d, unsigned char b)
{
    if (b == '\\') {
        d->state = DECODE_GROUND;
        return DECODE_NOTHING;
    }
    return in_string(d, b);
}

static uint32_t in_paste(struct decoder *d, unsigned char b)
{
    d->paste_bytes++;
    if (b == (unsigned char)PASTE_END[d->matched]) {
        d->matched++;
    } else {
        d->matched = b == ESC;
    }
    if (PASTE_END[d->matched] == '\0') {
        d->paste_bytes -= sizeof(PASTE_END) - 1;
        d->state = DECODE_GROUND;
        d->settling = true;
    }
    return DECODE_NOTHING;
}

/* ---- characters */

static uint32_t add_to_character(struct decoder *d, unsigned char b)
{
    uint32_t cp = 0;
    d->utf8[d->utf8_n++] = (char)b;
    if (text_utf8(d->utf8, d->utf8_n, &cp) == d->utf8_n) {
        d->state = DECODE_GROUND;
        return key_normal(cp);
    }
    d->state = d->utf8_n < sizeof(d->utf8) ? DECODE_UTF8 : DECODE_GROUND;
    return DECODE_NOTHING;
}

static uint32_t in_ground(struct decoder *d, unsigned char b)
{
    d->state = DECODE_GROUND;
    if (b == ESC) {
        d->state = DECODE_ESC;
        return DECODE_NOTHING;
    }
    if (b >= 0x80) {
        d->utf8_n = 0;
        return b >= 0xC2 && b <= 0xF4 ? add_to_character(d, b) : DECODE_NOTHING;
    }
    return b == '\b' ? KEY_NAMED(KEYN_BACKSPACE) : key_normal(b);
}

static uint32_t in_utf8(struct decoder *d, unsigned char b)
{
    return b >= 0x80 && b <= 0xBF ? add_to_character(d, b) : in_ground(d, b);
}

/* Alt and a key arrive as Escape and the key. */
static uint32_t in_esc(struct decoder *d, unsigned char b)
{
    switch (b) {
    case '[':
        begin_csi(d);
        return DECODE_NOTHING;
    case 'O':
        d->state = DECODE_SS3;
        d->middle = 0;
        return DECODE_NOTHING;
    case 'P':
    case ']':
    case '_':
        d->state = DECODE_STRING;
        return DECODE_NOTHING;
    case ESC:
        return KEY_NAMED(KEYN_ESC); /* the first; the second is torn */
    default:
        break;
    }
    uint32_t key = in_ground(d, b);
    return key == DECODE_NOTHING ? key : key | KEY_ALT;
}

/* ---- the machine */

/* What is a control ends a sequence that it stands in; an Escape begins the next one. */
static bool breaks_off(const struct decoder *d, unsigned char b)
{
    return b < 0x20 &&
           (d->state == DECODE_CSI || d->state == DECODE_SS3 || d->state == DECODE_LINUX);
}

static uint32_t step(struct decoder *d, unsigned char b)
{
    if (breaks_off(d, b)) {
        return in_ground(d, b);
    }
    switch (d->state) {
    case DECODE_ESC:
        return in_esc(d, b);
    case DECODE_CSI:
        return in_csi(d, b);
    case DECODE_LINUX:
        return in_linux(d, b);
    case DECODE_MOUSE:
        return in_mouse(d);
    case DECODE_SS3:
        return in_ss3(d, b);
    case DECODE_STRING:
        return in_string(d, b);
    case DECODE_STRING_ESC:
        return in_string_esc(d, b);
    case DECODE_UTF8:
        return in_utf8(d, b);
    case DECODE_PASTE:
        return in_paste(d, b);
    case DECODE_GROUND:
    default:
        return in_ground(d, b);
    }
}

static void give_up(struct decoder *d, int64_t silence_us)
{
    int64_t limit_us =
        (d->state == DECODE_PASTE ? DECODE_PASTE_MS : DECODE_SEQUENCE_MS) * INT64_C(1000);
    if (silence_us > limit_us) {
        d->state = DECODE_GROUND;
    }
    if (silence_us > DECODE_SETTLE_MS * INT64_C(1000)) {
        d->settling = false;
    }
}

uint32_t decode_byte(struct decoder *d, unsigned char byte, int64_t now_us)
{
    give_up(d, now_us - d->last_us);
    d->last_us = now_us;
    bool behind_a_paste = d->settling;
    uint32_t key = step(d, byte);
    if (behind_a_paste && d->state != DECODE_PASTE) {
        d->paste_bytes++;
        return DECODE_NOTHING;
    }
    return key;
}

bool decode_is_torn(const struct decoder *d)
{
    return d->state == DECODE_ESC;
}

uint32_t decode_silence(struct decoder *d)
{
    d->state = DECODE_GROUND;
    return d->settling ? DECODE_NOTHING : KEY_NAMED(KEYN_ESC);
}
