#include <stdio.h>

#include "checkrein/crypto.h"
#include "checkrein/num.h"
#include "journal_priv.h"

/* The key signs, so that nobody without it can try texts out; what is kept of the signature is a
 * part of its hash, which shows nothing of the key. */
void journal_mark(const struct journal *j, struct span about, struct span text,
                  char out[JOURNAL_MARK_BYTES])
{
    uint8_t signature[ED25519_SIG_BYTES];
    uint8_t hash[SHA256_BYTES];
    char inner[DIGEST_TEXT_BYTES];
    char signed_text[DIGEST_TEXT_BYTES * 2 + 16];
    char outer[DIGEST_TEXT_BYTES];
    digest_text(about, outer);
    digest_text(text, inner);
    (void)snprintf(signed_text, sizeof(signed_text), "mark %s %s", outer, inner);
    out[0] = '\0';
    if (signer_sign(&j->signer, span_str(signed_text), signature) == ST_OK) {
        sha256((struct span){(const char *)signature, sizeof(signature)}, hash);
        hex_encode(hash, 16, out);
    }
    wipe(inner, sizeof(inner));
    wipe(signed_text, sizeof(signed_text));
    wipe(signature, sizeof(signature));
}
