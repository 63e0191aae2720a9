/* keys_priv.h - what the files of keys share. */
#ifndef CHECKREIN_KEYS_PRIV_H
#define CHECKREIN_KEYS_PRIV_H

#include "checkrein/keys.h"

#define KEY_CHAR_BYTES 4

/* The one character that `s` is, or false: not UTF-8, none, more than one. */
bool keys_decode(struct span s, uint32_t *cp);
size_t keys_encode(uint32_t cp, char out[KEY_CHAR_BYTES]);

#endif
