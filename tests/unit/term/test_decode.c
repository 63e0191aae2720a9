/* Bytes to keys. What is not known to be a key must never act as one, however it is cut, whoever
 * sent it. */
#include "expect.h"

#include <stdio.h>
#include <string.h>

#include "decode_priv.h"
#include "prng.h"

#define MS       INT64_C(1000)
#define NAMED(k) KEY_NAMED(KEYN_##k)
#define ALT_(k)  (KEY_ALT | (k))
#define CTRL_(k) (KEY_CTRL | (k))
#define NO_KEY   DECODE_NOTHING
#define KEYS_MAX 4096
#define PASTE(s) "\033[200~" s "\033[201~"

/* A terminal that types: keys are gathered as term_key() would give them. */
struct typist {
    struct decoder d;
    int64_t now_us;
    uint32_t key[KEYS_MAX];
    size_t n;
};

static void take(struct typist *t, uint32_t key)
{
    if (key != NO_KEY && t->n < KEYS_MAX) {
        t->key[t->n++] = key;
    }
}

static void type(struct typist *t, struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        take(t, decode_byte(&t->d, (unsigned char)bytes.p[i], t->now_us));
    }
}

/* Silence, as term_key() sees it: first the 25 ms for an Escape, then time goes by. */
static void pause_ms(struct typist *t, int64_t ms)
{
    if (ms >= DECODE_ESC_MS && decode_is_torn(&t->d)) {
        take(t, decode_silence(&t->d));
    }
    t->now_us += ms * MS;
}

static struct typist typist(void)
{
    return (struct typist){.now_us = 1000000 * MS};
}

static void expect_keys(const struct typist *t, const uint32_t *want, size_t n, const char *what)
{
    for (size_t i = 0; i < t->n || i < n; i++) {
        uint32_t got = i < t->n ? t->key[i] : NO_KEY;
        uint32_t wanted = i < n ? want[i] : NO_KEY;
        if (got != wanted) {
            char got_name[KEY_NAME_BYTES];
            char want_name[KEY_NAME_BYTES];
            key_text(got, got_name);
            key_text(wanted, want_name);
            fail_msg("%s: key %zu is %s, not %s", what, i, got_name, want_name);
        }
    }
}

#define S(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static const struct {
    struct span bytes;
    uint32_t key;
} keys[] = {
    {S("a"),          'a'                      },
    {S("A"),          'A'                      },
    {S("!"),          '!'                      },
    {S(" "),          ' '                      },
    {S("~"),          '~'                      },
    {S("\r"),         NAMED(ENTER)             },
    {S("\n"),         NAMED(ENTER)             },
    {S("\t"),         NAMED(TAB)               },
    {S("\177"),       NAMED(BACKSPACE)         },
    {S("\b"),         NAMED(BACKSPACE)         },
    {S("\003"),       CTRL_('c')               },
    {S("\006"),       CTRL_('f')               },
    {S("\014"),       CTRL_('l')               },
    {S("\032"),       CTRL_('z')               },
    {S("\0"),         CTRL_(' ')               },
    {S("\034"),       CTRL_('\\')              },
    {S("\037"),       CTRL_('_')               },
    {S("\u00e9"),     0xE9                     },
    {S("\u8a2d"),     0x8A2D                   },
    {S("\U0001F600"), 0x1F600                  },
    {S("\033x"),      ALT_('x')                },
    {S("\033X"),      ALT_('X')                },
    {S("\0331"),      ALT_('1')                },
    {S("\033\r"),     ALT_(NAMED(ENTER))       },
    {S("\033\006"),   ALT_(CTRL_('f'))         },
    {S("\033[A"),     NAMED(UP)                },
    {S("\033[B"),     NAMED(DOWN)              },
    {S("\033[C"),     NAMED(RIGHT)             },
    {S("\033[D"),     NAMED(LEFT)              },
    {S("\033OA"),     NAMED(UP)                },
    {S("\033OB"),     NAMED(DOWN)              },
    {S("\033OC"),     NAMED(RIGHT)             },
    {S("\033OD"),     NAMED(LEFT)              },
    {S("\033[H"),     NAMED(HOME)              },
    {S("\033OH"),     NAMED(HOME)              },
    {S("\033[1~"),    NAMED(HOME)              },
    {S("\033[7~"),    NAMED(HOME)              },
    {S("\033[F"),     NAMED(END)               },
    {S("\033OF"),     NAMED(END)               },
    {S("\033[4~"),    NAMED(END)               },
    {S("\033[8~"),    NAMED(END)               },
    {S("\033[2~"),    NAMED(INSERT)            },
    {S("\033[3~"),    NAMED(DELETE)            },
    {S("\033[5~"),    NAMED(PGUP)              },
    {S("\033[6~"),    NAMED(PGDN)              },
    {S("\033[Z"),     NAMED(BACKTAB)           },
    {S("\033OP"),     NAMED(F1)                },
    {S("\033OS"),     NAMED(F4)                },
    {S("\033[[A"),    NAMED(F1)                },
    {S("\033[[E"),    NAMED(F5)                },
    {S("\033[11~"),   NAMED(F1)                },
    {S("\033[15~"),   NAMED(F5)                },
    {S("\033[17~"),   NAMED(F6)                },
    {S("\033[24~"),   NAMED(F12)               },
    {S("\033OM"),     NAMED(ENTER)             },
    {S("\033Oj"),     '*'                      },
    {S("\033Op"),     '0'                      },
    {S("\033Oy"),     '9'                      },
    {S("\033[I"),     NAMED(FOCUS_IN)          },
    {S("\033[O"),     NAMED(FOCUS_OUT)         },
    {S("\033[1;5A"),  CTRL_(NAMED(UP))         },
    {S("\033[1;3D"),  ALT_(NAMED(LEFT))        },
    {S("\033[1;7C"),  ALT_(CTRL_(NAMED(RIGHT)))},
    {S("\033[3;5~"),  CTRL_(NAMED(DELETE))     },
    {S("\033[3^"),    CTRL_(NAMED(DELETE))     },
    {S("\033Oa"),     CTRL_(NAMED(UP))         },
    {S("\033[15;3~"), ALT_(NAMED(F5))          },
};

static void each_key_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct typist t = typist();
        type(&t, keys[i].bytes);
        assert_false(decode_is_torn(&t.d));
        expect_keys(&t, &keys[i].key, 1, keys[i].bytes.p);
        assert_int_equal(t.key[0], key_normal(t.key[0]));
        assert_int_equal(t.d.state, DECODE_GROUND);
    }
}

/* A network may cut anywhere but behind the Escape, and pause for as long as links do. */
static void each_key_may_come_in_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        for (size_t cut = 1; cut < keys[i].bytes.n; cut++) {
            struct typist t = typist();
            type(&t, span_sub(keys[i].bytes, 0, cut));
            pause_ms(&t, decode_is_torn(&t.d) ? DECODE_ESC_MS - 1 : DECODE_SEQUENCE_MS);
            type(&t, span_sub(keys[i].bytes, cut, SIZE_MAX));
            expect_keys(&t, &keys[i].key, 1, keys[i].bytes.p);
        }
    }
}

static void an_escape_alone_is_a_key_after_25_ms(void **state)
{
    (void)state;
    struct typist t = typist();
    type(&t, SPAN("\033"));
    assert_true(decode_is_torn(&t.d));
    pause_ms(&t, DECODE_ESC_MS);
    type(&t, SPAN("x"));
    expect_keys(&t, (const uint32_t[]){NAMED(ESC), 'x'}, 2, "esc, x");
    t = typist();
    type(&t, SPAN("\033\033"));
    pause_ms(&t, DECODE_ESC_MS);
    expect_keys(&t, (const uint32_t[]){NAMED(ESC), NAMED(ESC)}, 2, "esc esc");
    t = typist();
    type(&t, SPAN("\033\033[A"));
    expect_keys(&t, (const uint32_t[]){NAMED(ESC), NAMED(UP)}, 2, "esc up");
}

/* Sequences that no key of ours has, and what terminals answer to other people's questions. 'a'
 * approves, 'p' pauses, '!' begins a fleet stop: not one byte of these may come out as a key. */
static const struct span strangers[] = {
    S("\033[1;2A"),  /* shift-up */
    S("\033[1;6A"),  /* ctrl-shift-up */
    S("\033[1;13P"), /* with keys of a Mac */
    S("\033[a"),     /* rxvt: shift-up */
    S("\033[3$"),    /* rxvt: shift-delete */
    S("\033[3@"),    /* rxvt: ctrl-shift-delete */
    S("\033O5A"),    /* modifiers in the old way, which of them is lost */
    S("\033OZ"),
    S("\033[25~"),      /* a function key too many */
    S("\033[27;5;97~"), /* xterm, modifyOtherKeys: ctrl-a */
    S("\033[97;5u"),    /* kitty: ctrl-a */
    S("\033[97;1:3u"),
    S("\033[?1;2c"), /* who are you */
    S("\033[>41;354;0c"),
    S("\033[2A"),
    S("\033[24;80H"),
    S("\033[12;40R"), /* where is the cursor */
    S("\033[0n"),
    S("\033[8;24;80t"),  /* how large */
    S("\033[?2026;2$y"), /* modes */
    S("\033[4;1$y"),
    S("\033[?997;1n"),  /* dark or light */
    S("\033[<0;12;7M"), /* mouse, four ways */
    S("\033[<0;12;7m"),
    S("\033[32;12;7M"),
    S("\033[M !!"),
    S("\033[Maaa"),
    S("\033[99999999999999999999~"),
    S("\033[1;2;3;4;5;6;7A"),
    S("\033[?"
      "\033[<A"),
    S("\033]11;rgb:1e1e/1e1e/1e1e\033\\"), /* the background's colour */
    S("\033]11;rgb:1e1e/1e1e/1e1e\a"),
    S("\033]52;c;YXBwcm92ZSBhbGw=\a"), /* the clipboard */
    S("\033P>|term(1.0) a!S\033\\"),   /* version */
    S("\033P1$r0m\033\\"),
    S("\033_Gi=1;OK\033\\"),  /* pictures */
    S("\033]0;a\033b\033\\"), /* an Escape inside that ends nothing */
    S("\033]a\030"),          /* cancelled */
    S("\xc3"),                /* broken UTF-8 */
    S("\x80\xff\xc0\xaf"),
    S("\xe2\x82"),
    S("\xed\xa0\x80"),
    S("\xf4\x90\x80\x80"),
    S("\xc2\x9b"), /* a C1 control */
};

static void nothing_strange_is_a_key(void **state)
{
    (void)state;
    const uint32_t up = NAMED(UP);
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        for (size_t cut = 0; cut <= strangers[i].n; cut++) {
            struct typist t = typist();
            type(&t, span_sub(strangers[i], 0, cut));
            pause_ms(&t, decode_is_torn(&t.d) ? DECODE_ESC_MS - 1 : DECODE_SEQUENCE_MS);
            type(&t, span_sub(strangers[i], cut, SIZE_MAX));
            expect_keys(&t, NULL, 0, strangers[i].p);
            type(&t, SPAN("\033[A")); /* and the next key is what it is */
            expect_keys(&t, &up, 1, strangers[i].p);
        }
    }
}

static void what_never_ends_is_given_up(void **state)
{
    (void)state;
    static const struct span begun[] = {
        S("\033["),       S("\033[1;"),  S("\033[?12"), S("\033[["),     S("\033[M"),  S("\033O"),
        S("\033]11;rgb"), S("\033Pabc"), S("\033_G"),   S("\033]x\033"), S("\xe2\x82")};
    const uint32_t want = 'k';
    for (size_t i = 0; i < ARRAY_LEN(begun); i++) {
        struct typist t = typist();
        type(&t, begun[i]);
        pause_ms(&t, DECODE_SEQUENCE_MS + 1);
        type(&t, SPAN("k"));
        expect_keys(&t, &want, 1, begun[i].p);
    }
}

static void ctrl_c_gets_through_a_begun_sequence(void **state)
{
    (void)state;
    static const struct span begun[] = {S("\033[1;"), S("\033O"), S("\033[[")};
    const uint32_t want = CTRL_('c');
    for (size_t i = 0; i < ARRAY_LEN(begun); i++) {
        struct typist t = typist();
        type(&t, begun[i]);
        type(&t, SPAN("\003"));
        expect_keys(&t, &want, 1, begun[i].p);
    }
}

static void the_terminal_offers_synchronised_output(void **state)
{
    (void)state;
    static const struct {
        struct span answer;
        bool offered;
    } answers[] = {
        {S("\033[?2026;0$y"), false},
        {S("\033[?2026;1$y"), true },
        {S("\033[?2026;2$y"), true },
        {S("\033[?2026;4$y"), false},
        {S("\033[?2004;2$y"), false},
        {S("\033[2026;2$y"),  false},
        {S("\033[?2026;2y"),  false},
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct typist t = typist();
        type(&t, answers[i].answer);
        assert_int_equal(t.d.sync_offered, answers[i].offered);
        expect_keys(&t, NULL, 0, "answer");
    }
}

/* ---- pastes */

static void a_paste_is_swallowed_however_it_is_cut(void **state)
{
    (void)state;
    const struct span paste = SPAN(PASTE("!S\rQ\033[Aa\003\033\033[2\033[201\033[20 1~\xe2\x82"));
    const uint32_t want = 'j';
    for (size_t cut = 0; cut <= paste.n; cut++) {
        struct typist t = typist();
        type(&t, span_sub(paste, 0, cut));
        pause_ms(&t, decode_is_torn(&t.d) ? DECODE_ESC_MS - 1 : DECODE_SEQUENCE_MS);
        type(&t, span_sub(paste, cut, SIZE_MAX));
        expect_keys(&t, NULL, 0, "paste");
        assert_int_equal(t.d.paste_bytes, paste.n - 12);
        pause_ms(&t, DECODE_SETTLE_MS + 1);
        type(&t, SPAN("j"));
        expect_keys(&t, &want, 1, "after the paste");
    }
}

static void a_slow_paste_stays_a_paste(void **state)
{
    (void)state;
    struct typist t = typist();
    type(&t, SPAN("\033[200~"));
    for (int i = 0; i < 100; i++) {
        pause_ms(&t, DECODE_PASTE_MS);
        type(&t, SPAN("!S"));
    }
    type(&t, SPAN("\033[201~"));
    expect_keys(&t, NULL, 0, "slow paste");
    assert_int_equal(t.d.paste_bytes, 200);
}

static void a_paste_without_end_is_given_up(void **state)
{
    (void)state;
    const uint32_t want = 'j';
    struct typist t = typist();
    type(&t, SPAN("\033[200~rm -rf"));
    pause_ms(&t, DECODE_PASTE_MS + 1);
    type(&t, SPAN("j"));
    expect_keys(&t, &want, 1, "after a paste without end");
}

/* Text that was copied from a hostile page may hold the end mark itself. */
static void a_forged_end_does_not_help(void **state)
{
    (void)state;
    struct typist t = typist();
    type(&t, SPAN(PASTE("x") "!Sapprove" PASTE("y") "a\033[201~a"));
    expect_keys(&t, NULL, 0, "forged end");
    for (int i = 0; i < 50; i++) {
        pause_ms(&t, DECODE_SETTLE_MS - 1);
        type(&t, SPAN("!S"));
    }
    expect_keys(&t, NULL, 0, "forged end, tail in pieces");
    type(&t, SPAN("\033[200~"));
    pause_ms(&t, DECODE_SETTLE_MS + 1);
    type(&t, SPAN("!S\033[201~"));
    expect_keys(&t, NULL, 0, "a paste right behind a paste");
}

static void an_end_without_a_paste_is_nothing(void **state)
{
    (void)state;
    const uint32_t want = 'j';
    struct typist t = typist();
    type(&t, SPAN("\033[201~j"));
    expect_keys(&t, &want, 1, "end without paste");
    assert_int_equal(t.d.paste_bytes, 0);
}

/* ---- anything */

/* Whatever comes, keys come out in their normal form, no state lasts longer than a silence, and
 * after it keys are keys. */
static void noise_does_no_harm(void **state)
{
    (void)state;
    static const char pieces[][8] = {"\033", "\033[", "\033O", "\033]",    "\033P",  "[", "1",
                                     ";",    "~",     "200~",  "201~",     "\033\\", "M", "$",
                                     "?",    "\a",    "\x9b",  "\xe2\x82", "\xac",   "a"};
    struct prng r = {17};
    for (int round = 0; round < 20000; round++) {
        struct typist t = typist();
        for (uint64_t i = 0, n = prng_below(&r, 40); i < n; i++) {
            const char *piece = pieces[prng_below(&r, ARRAY_LEN(pieces))];
            char any[2] = {(char)prng_below(&r, 256), '\0'};
            type(&t, prng_below(&r, 4) == 0 ? (struct span){any, 1} : span_str(piece));
            pause_ms(&t, (int64_t)prng_below(&r, 8) * 40);
        }
        for (size_t i = 0; i < t.n; i++) {
            assert_int_equal(t.key[i], key_normal(t.key[i]));
        }
        pause_ms(&t, DECODE_PASTE_MS + 1);
        t.n = 0;
        type(&t, SPAN("\033[Bq"));
        expect_keys(&t, (const uint32_t[]){NAMED(DOWN), 'q'}, 2, "after noise");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_known),
        cmocka_unit_test(each_key_may_come_in_pieces),
        cmocka_unit_test(an_escape_alone_is_a_key_after_25_ms),
        cmocka_unit_test(nothing_strange_is_a_key),
        cmocka_unit_test(what_never_ends_is_given_up),
        cmocka_unit_test(ctrl_c_gets_through_a_begun_sequence),
        cmocka_unit_test(the_terminal_offers_synchronised_output),
        cmocka_unit_test(a_paste_is_swallowed_however_it_is_cut),
        cmocka_unit_test(a_slow_paste_stays_a_paste),
        cmocka_unit_test(a_paste_without_end_is_given_up),
        cmocka_unit_test(a_forged_end_does_not_help),
        cmocka_unit_test(an_end_without_a_paste_is_nothing),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
