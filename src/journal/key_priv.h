/* key_priv.h - the sealing key, in the files `key` and `key.pub` of the record's folder, and that
 * of the marks. */
#ifndef CHECKREIN_JOURNAL_KEY_PRIV_H
#define CHECKREIN_JOURNAL_KEY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/crypto.h"
#include "checkrein/secret.h"
#include "checkrein/status.h"

/* The key is made when there is none; `key.pub` is too. ST_DENIED when others may read `key`,
 * ST_INVALID when it is not a key, ST_CONFLICT when the two files do not belong together. */
enum status key_load_or_make(const char *dir, struct signer *s, struct why *why) MUST_USE;
/* As above, but a missing `key` is ST_CONFLICT: there is a record already, sealed with it. */
enum status key_load(const char *dir, struct signer *s, struct why *why) MUST_USE;
enum status key_load_public(const char *dir, uint8_t out[ED25519_KEY_BYTES],
                            struct why *why) MUST_USE;
/* Of the marks in place of secrets, in the file `key.marks`: nothing is lost with it but that equal
 * secrets before and after have different marks, so a missing one is made. */
enum status key_load_or_make_marks(const char *dir, uint8_t key[VEIL_KEY_BYTES],
                                   struct why *why) MUST_USE;

#endif
