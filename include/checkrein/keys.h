/* keys.h - names of keys, and tables from key to action.
 *
 * A key is one 32-bit number: a Unicode character, or KEY_BASE + one of the named ones, with a Ctrl
 * or Alt bit. Text form, as in the configuration: "a", "A", "!", "space", "enter", "esc", "tab",
 * "up", "f5", "ctrl-f", "alt-x", "ctrl-alt-x"; names and modifiers in any case. A binding is one
 * key; alternatives are separated by blanks: "j down". Ctrl goes with letters (in lower case),
 * "space", "\", "]", "^", "_" and the named keys: no terminal sends others.
 *
 *     if (keymap_bind(&map, CONTEXT_LIST, SPAN("j down"), ACTION_DOWN, &why) != ST_OK)
 *         ...
 *     int action = keymap_find(&map, CONTEXT_LIST, key_normal(key));
 */
#ifndef CHECKREIN_KEYS_H
#define CHECKREIN_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

#define KEY_BASE       0x200000u
#define KEY_CTRL       0x1000000u
#define KEY_ALT        0x2000000u
#define KEY_NAME_BYTES 24

/* X(constant, name) */
#define NAMED_KEYS(X)                                                                              \
    X(KEYN_NONE, "none")                                                                           \
    X(KEYN_ENTER, "enter")                                                                         \
    X(KEYN_ESC, "esc")                                                                             \
    X(KEYN_TAB, "tab")                                                                             \
    X(KEYN_BACKTAB, "backtab")                                                                     \
    X(KEYN_BACKSPACE, "backspace")                                                                 \
    X(KEYN_DELETE, "delete")                                                                       \
    X(KEYN_INSERT, "insert")                                                                       \
    X(KEYN_UP, "up")                                                                               \
    X(KEYN_DOWN, "down")                                                                           \
    X(KEYN_LEFT, "left")                                                                           \
    X(KEYN_RIGHT, "right")                                                                         \
    X(KEYN_HOME, "home")                                                                           \
    X(KEYN_END, "end")                                                                             \
    X(KEYN_PGUP, "pgup")                                                                           \
    X(KEYN_PGDN, "pgdn")                                                                           \
    X(KEYN_F1, "f1")                                                                               \
    X(KEYN_F2, "f2")                                                                               \
    X(KEYN_F3, "f3")                                                                               \
    X(KEYN_F4, "f4")                                                                               \
    X(KEYN_F5, "f5")                                                                               \
    X(KEYN_F6, "f6")                                                                               \
    X(KEYN_F7, "f7")                                                                               \
    X(KEYN_F8, "f8")                                                                               \
    X(KEYN_F9, "f9")                                                                               \
    X(KEYN_F10, "f10")                                                                             \
    X(KEYN_F11, "f11")                                                                             \
    X(KEYN_F12, "f12")                                                                             \
    X(KEYN_FOCUS_IN, "focus-in")                                                                   \
    X(KEYN_FOCUS_OUT, "focus-out")                                                                 \
    X(KEYN_RESIZE, "resize")

enum named_key {
#define X(constant, name) constant,
    NAMED_KEYS(X)
#undef X
        KEYN_COUNT
};
#define KEY_NAMED(k) (KEY_BASE + (uint32_t)(k))

/* The one form of a key: what a terminal sends as the same byte is the same key (0x0D, 0x0A, ctrl-m
 * and ctrl-j are enter, 0x09 is tab, 0x1B esc, 0x7F backspace, 0x06 ctrl-f); KEY_NAMED(KEYN_NONE)
 * for numbers that are no key. Everything below takes any form and gives this one. */
uint32_t key_normal(uint32_t key);

/* One key by name; ST_INVALID for an empty name or for what follows it. "space" is ' '; "none" is
 * KEY_NAMED(KEYN_NONE). */
enum status key_parse(struct span name, uint32_t *key) MUST_USE;
/* Writes the name: always parses back to key_normal(key). Control characters come out as "ctrl-x".
 */
void key_text(uint32_t key, char out[KEY_NAME_BYTES]);

/* Key table: which action (an index of the caller's table) a key means in a context (a small
 * number). */
#define KEYMAP_MAX 512
struct keymap_entry {
    uint32_t key;
    uint16_t context;
    uint16_t action;
};
struct keymap {
    struct keymap_entry entry[KEYMAP_MAX];
    uint32_t count;
};

/* Binds all keys of "j down" to the action; "none" binds nothing. ST_EXISTS when a key means
 * another action there already (why names it and all keys of that action), ST_INVALID for a bad
 * name or none at all, ST_LIMIT. Nothing is bound on failure. */
enum status keymap_bind(struct keymap *m, uint16_t context, struct span keys, uint16_t action,
                        struct why *why) MUST_USE;
/* Forgets the action's keys in the context (before a user's own binding). */
void keymap_unbind(struct keymap *m, uint16_t context, uint16_t action);
/* The action, first in `context`, then in context 0; -1 when the key means nothing. */
int keymap_find(const struct keymap *m, uint16_t context, uint32_t key);
/* "j down" of an action as bound now, in the order of binding: writes at most out_bytes with the
 * NUL, cut at a name, and returns the length. */
size_t keymap_keys(const struct keymap *m, uint16_t context, uint16_t action, char *out,
                   size_t out_bytes);

#endif
