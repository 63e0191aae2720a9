/* What an ini line may be, case by case, through ini_load(). */
#include "scratch.h"

#include <stdlib.h>

#include "checkrein/conf.h"
#include "lint_priv.h"

struct bad {
    struct span text;
    const char *reason; /* behind the path */
};

#define QUOTES_WORDS  "a value with ';' or '#' needs quotes; comments have own lines"
#define KEY_WORDS     "the name of a key has only a-z 0-9 _ . -"
#define SECTION_WORDS "the name of a section has only a-z 0-9 _ . - \" and inner blanks"

static const struct bad bad_texts[] = {
  /* what iniparser cuts without a word */
    {BYTES("[roles]\nfg = #ff8800\n"),         ":2: [roles] fg: " QUOTES_WORDS                               },
    {BYTES("[s]\nk = a;b\n"),                  ":2: [s] k: " QUOTES_WORDS                                    },
    {BYTES("[s]\nk = http://h/#x\n"),          ":2: [s] k: " QUOTES_WORDS                                    },
    {BYTES("[s]\nk = a ; note\n"),             ":2: [s] k: " QUOTES_WORDS                                    },
    {BYTES("[s]\nk = \"a\" ; note\n"),         ":2: [s] k: text behind the closing quote"                    },
    {BYTES("[s]\nk = \"a\"b\n"),               ":2: [s] k: text behind the closing quote"                    },
    {BYTES("[s]\nk = \"a\" | \"b\"\n"),        ":2: [s] k: text behind the closing quote"                    },
    {BYTES("[s]\nk = 'a'b'\n"),                ":2: [s] k: text behind the closing quote"                    },
    {BYTES("[s]\nk = \"abc\n"),                ":2: [s] k: the quote is not closed"                          },
    {BYTES("[s]\nk = 'abc\"\n"),               ":2: [s] k: the quote is not closed"                          },
    {BYTES("[s]\nk = \"\n"),                   ":2: [s] k: the quote is not closed"                          },
    {BYTES("[s]\nk = \"\"\n"),                 ":2: [s] k: the quotes are empty"                             },
    {BYTES("[s]\nk = ''\n"),                   ":2: [s] k: the quotes are empty"                             },
    {BYTES("[s]\nk =\n"),                      ":2: [s] k: no value; leave the line out or put '#' before it"},
    {BYTES("[s]\nk = ;\n"),                    ":2: [s] k: " QUOTES_WORDS                                    },
 /* what it joins */
    {BYTES("[s]\nk = a\\\nb = c\n"),           ":2: a backslash ends the line; put the value in quotes"      },
    {BYTES("[s]\n# note \\\nk = a\n"),         ":2: a backslash ends the line; put the value in quotes"      },
    {BYTES("[s]\nk = a\\  \n"),                ":2: a backslash ends the line; put the value in quotes"      },
    {BYTES("\\"),                              ":1: a backslash ends the line; put the value in quotes"      },
 /* what it folds */
    {BYTES("[s]\nKey = a\n"),                  ":2: " KEY_WORDS                                              },
    {BYTES("[Section]\n"),                     ":1: " SECTION_WORDS                                          },
    {BYTES("[s]\nk = a\nl = b\nk = c\n"),      ":4: key \"k\" stands already in line 2"                      },
    {BYTES("[s]\nk = a\n[t]\n[s]\nl = b\n"),   ":4: section \"s\" stands already in line 1"                  },
    {BYTES("k = a\nk = a\n"),                  ":2: key \"k\" stands already in line 1"                      },
 /* what it takes for something else */
    {BYTES("[a:b]\nk = v\n"),                  ":1: " SECTION_WORDS                                          },
    {BYTES("[a]\nb:c = v\n"),                  ":2: " KEY_WORDS                                              },
    {BYTES("[s] k = v]\n"),                    ":1: " SECTION_WORDS                                          },
    {BYTES("[s]\nk\n"),                        ":2: neither a section, nor \"key = value\", nor a comment"   },
    {BYTES("x"),                               ":1: neither a section, nor \"key = value\", nor a comment"   },
    {BYTES("[s]\n= v\n"),                      ":2: a key without a name"                                    },
    {BYTES("[s]\nmy key = v\n"),               ":2: " KEY_WORDS                                              },
    {BYTES("[]\n"),                            ":1: a section without a name"                                },
    {BYTES("[\n"),                             ":1: a section is \"[name]\" with nothing behind it"          },
    {BYTES("[s\n"),                            ":1: a section is \"[name]\" with nothing behind it"          },
    {BYTES("[s] ; note\n"),                    ":1: a section is \"[name]\" with nothing behind it"          },
    {BYTES("[ s ]\n"),                         ":1: " SECTION_WORDS                                          },
    {BYTES("[s]]\n"),                          ":1: " SECTION_WORDS                                          },
    {BYTES("[s=t]\n"),                         ":1: " SECTION_WORDS                                          },
 /* bytes that nobody sees */
    {BYTES("[s]\nk = a\0b\n"),                 ":2: U+0000 is a NUL"                                         },
    {BYTES("[s]\nk = a\033[2J\n"),             ":2: U+001B is a control character"                           },
    {BYTES("[s]\r\nk = a\r\n"),                ":1: U+000D is a carriage return (lines end in LF alone)"     },
    {BYTES("[s]\n\fk = a\n"),                  ":2: U+000C is a control character"                           },
    {BYTES("[s]\nk = a\177\n"),                ":2: U+007F is a control character"                           },
    {BYTES("[s]\nk = \xc2\x9b\n"),             ":2: U+009B is a control character"                           },
    {BYTES("\xef\xbb\xbf[s]\n"),               ":1: U+FEFF is a byte order mark"                             },
    {BYTES("# \xe2\x80\xae\n"),                ":1: U+202E is a direction control"                           },
    {BYTES("# \xe2\x81\xa6\n"),                ":1: U+2066 is a direction control"                           },
    {BYTES("# \xd8\x9c\n"),                    ":1: U+061C is a direction control"                           },
    {BYTES("# \xe2\x80\xa8\n"),                ":1: U+2028 is a line separator"                              },
    {BYTES("[s]\nk = \xff\n"),                 ":2: byte 0xff is not UTF-8"                                  },
    {BYTES("[s]\nk = \x80\n"),                 ":2: byte 0x80 is not UTF-8"                                  },
    {BYTES("[s]\nk = \xc0\xaf\n"),             ":2: byte 0xc0 is not UTF-8"                                  },
    {BYTES("[s]\nk = \xe0\x80\xaf\n"),         ":2: byte 0xe0 is not UTF-8"                                  },
    {BYTES("[s]\nk = \xed\xa0\x80\n"),         ":2: byte 0xed is not UTF-8"                                  },
    {BYTES("[s]\nk = \xed\xbf\xbf\n"),         ":2: byte 0xed is not UTF-8"                                  },
    {BYTES("[s]\nk = \xc3\xc3\n"),             ":2: byte 0xc3 is not UTF-8"                                  },
    {BYTES("[s]\nk = \xe2\x82\xec\n"),         ":2: byte 0xe2 is not UTF-8"                                  },
    {BYTES("[s]\nk = \xf4\x90\x80\x80\n"),     ":2: byte 0xf4 is not UTF-8"                                  },
    {BYTES("[s]\nk = \xe2\x82"),               ":2: byte 0xe2 is not UTF-8"                                  },
    {BYTES("[s]\nk = \xf8\x88\x80\x80\x80\n"), ":2: byte 0xf8 is not UTF-8"                                  },
};

static void refuses_what_iniparser_would_misread(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_texts); i++) {
        struct scratch file = scratch_of(bad_texts[i].text);
        struct why why = {0};
        struct ini ini;
        assert_int_equal(ini_load(&ini, file.path, &why), ST_INVALID);
        assert_string_equal(scratch_reason(&file, &why), bad_texts[i].reason);
        assert_null(ini.path);
        assert_null(ini.sections);
        scratch_close(&file);
    }
}

static const struct good {
    struct span text;
    const char *value; /* of key k in section s */
} good_texts[] = {
    {BYTES("[s]\nk = v\n"),                                          "v"                },
    {BYTES("[s]\nk=v"),                                              "v"                },
    {BYTES("\n \t\n; note\n  # note = note ]\n[s]\n\tk\t=\tv \t\n"), "v"                },
    {BYTES("[s]\nk = \"#ff8800\"\n"),                                "#ff8800"          },
    {BYTES("[s]\nk = \";\"\n"),                                      ";"                },
    {BYTES("[s]\nk = =\n"),                                          "="                },
    {BYTES("[s]\nk = \"=\"\n"),                                      "="                },
    {BYTES("[s]\nk = a = b == c\n"),                                 "a = b == c"       },
    {BYTES("[s]\nk = '\"'\n"),                                       "\""               },
    {BYTES("[s]\nk = \"'\"\n"),                                      "'"                },
    {BYTES("[s]\nk = it's a \"b\" c\n"),                             "it's a \"b\" c"   },
    {BYTES("[s]\nk = '\"a\" | \"b\"'\n"),                            "\"a\" | \"b\""    },
    {BYTES("[s]\nk = \"  two  \"\n"),                                "  two  "          },
    {BYTES("[s]\nk = \" \"\n"),                                      " "                },
    {BYTES("[s]\nk = \"a\\\"\n"),                                    "a\\"              },
    {BYTES("[s]\nk = a\\b\n"),                                       "a\\b"             },
    {BYTES("[s]\nk = [x]\n"),                                        "[x]"              },
    {BYTES("[s]\nk = re:^(rm|dd) .*$\n"),                            "re:^(rm|dd) .*$"  },
    {BYTES("[s]\nk = \"re:;|#|`\"\n"),                               "re:;|#|`"         },
    {BYTES("[s]\nk = /srv/*/%s/$HOME/~\n"),                          "/srv/*/%s/$HOME/~"},
    {BYTES("[s]\nk = caf\xc3\xa0\n"),                                "caf\xc3\xa0"      },
    {BYTES("[s]\nk = \xf0\x9f\x90\x8e\n"),                           "\xf0\x9f\x90\x8e" },
    {BYTES("[t]\nk = x\n[s]\nk = v\n[u]\nk = y\n"),                  "v"                },
    {BYTES("k = x\n[s]\nk = v\n"),                                   "v"                },
};

/* A character that is cut by the end of its memory: nothing behind it may be looked at. */
static void looks_at_no_byte_too_many(void **state)
{
    (void)state;
    static const struct span cut[] = {
        BYTES("\xc3"),     BYTES("\xe2\x82"),     BYTES("\xe2"),
        BYTES("\xf0\x9f"), BYTES("\xf0\x9f\x90"), BYTES("ab\xf0\x9f\x90"),
    };
    for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
        char *exact = malloc(cut[i].n);
        assert_non_null(exact);
        memcpy(exact, cut[i].p, cut[i].n);
        assert_int_equal(lint_characters((struct span){exact, cut[i].n}, NULL), ST_INVALID);
        free(exact);
    }
    assert_int_equal(lint_characters(SPAN_NONE, NULL), ST_OK);
}

static void takes_values_as_they_stand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good_texts); i++) {
        struct scratch file = scratch_of(good_texts[i].text);
        struct why why = {0};
        struct ini ini;
        enum status st = ini_load(&ini, file.path, &why);
        assert_string_equal(why.text, "");
        assert_int_equal(st, ST_OK);
        const struct ini_key *k = ini_key(ini_section(&ini, "s"), "k");
        assert_non_null(k);
        assert_string_equal(k->value.p, good_texts[i].value);
        assert_int_equal(k->value.n, strlen(good_texts[i].value));
        ini_release(&ini);
        scratch_close(&file);
    }
}

/* Every text of up to LONGEST of these, alone and as a value: where the lint says yes, iniparser
 * must have read the same. */
#define LONGEST 5
static const char alphabet[] = "a=\"'; [\\]\n#";

static void must_not_differ(struct span text, size_t *accepted)
{
    struct scratch file = scratch_of(text);
    struct why why = {0};
    struct ini ini;
    if (ini_load(&ini, file.path, &why) == ST_OK) {
        ++*accepted;
        ini_release(&ini);
    } else if (strstr(why.text, "iniparser") != NULL) {
        fail_msg("%s: %.*s", why.text, SPAN_ARG(text));
    }
    scratch_close(&file);
}

static void agrees_with_iniparser_on_all_short_texts(void **state)
{
    (void)state;
    static const char head[] = "[s]\nk=";
    char text[sizeof(head) - 1 + LONGEST];
    memcpy(text, head, sizeof(head) - 1);
    char *tail = text + sizeof(head) - 1;
    const size_t letters = sizeof(alphabet) - 1;
    size_t accepted = 0;
    size_t count = 1;
    for (size_t n = 0; n <= LONGEST; n++, count *= letters) {
        for (size_t at = 0; at < count; at++) {
            size_t digits = at;
            for (size_t i = 0; i < n; i++, digits /= letters) {
                tail[i] = alphabet[digits % letters];
            }
            must_not_differ((struct span){text, sizeof(head) - 1 + n}, &accepted);
            if (n < LONGEST) {
                must_not_differ((struct span){tail, n}, &accepted);
            }
        }
    }
    assert_in_range(accepted, 1000, SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_iniparser_would_misread),
        cmocka_unit_test(looks_at_no_byte_too_many),
        cmocka_unit_test(takes_values_as_they_stand),
        cmocka_unit_test(agrees_with_iniparser_on_all_short_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
