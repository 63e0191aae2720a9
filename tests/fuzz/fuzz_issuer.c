/* What an authorisation server says: metadata are of the issuer that was asked, and lead only where
 * a request may go; a token is active when a strict reader of JSON says so; a word of an error is a
 * plain one. What is sent of a token is a form of one value, whatever its bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/issuer/issuer_priv.h"
#include "checkrein/wire.h"

#define ISSUER "https://id.example/tenant"
enum { TOKENS = 16384 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_issuer: %s\n", what);
        abort();
    }
}

static void read_metadata(struct span text)
{
    struct metadata m;
    struct why why = {0};
    if (oauth_metadata_read(&m, text, ISSUER, &why) == ST_OK) {
        demand(strcmp(m.issuer, ISSUER) == 0, "metadata of another issuer");
        demand(m.revocation == NULL || net_http_check(m.revocation, NULL) == ST_OK,
               "a revocation endpoint that must not be asked");
        demand(m.introspection == NULL || net_http_check(m.introspection, NULL) == ST_OK,
               "an introspection endpoint that must not be asked");
    } else {
        demand(why.text[0] != '\0', "no word of why");
        demand(m.issuer == NULL && m.revocation == NULL && m.introspection == NULL, "a rest of it");
    }
    oauth_metadata_release(&m);
}

static void read_introspection(struct span text)
{
    static struct tape_token tokens[TOKENS];
    struct tape j;
    struct introspection i;
    bool read = oauth_introspection_read(&i, text, NULL) == ST_OK;
    bool object = tape_parse(&j, text, TAPE_STRICT, tokens, TOKENS) == ST_OK &&
                  tape_type(&j, TAPE_ROOT) == TAPE_OBJECT;
    enum tape_type type = object ? tape_type(&j, tape_get(&j, TAPE_ROOT, "active")) : TAPE_NULL;
    demand(read == (type == TAPE_TRUE || type == TAPE_FALSE), "read what is none, or did not");
    demand(i.active == (type == TAPE_TRUE), "active, and does not say so");
}

static void read_error(struct span text)
{
    char word[64];
    oauth_error_read(text, word);
    demand(strspn(word, "abcdefghijklmnopqrstuvwxyz_") == strlen(word), "no plain word");
}

static void send(struct span text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._%";
    struct buf form;
    buf_init(&form, text.n * 3 + 16);
    oauth_form_add(&form, "token", text);
    demand(buf_status(&form) == ST_OK && strncmp(form.data, "token=", 6) == 0, "no form");
    demand(strspn(form.data + 6, plain) == form.len - 6, "a form that a token can break");
    buf_wipe(&form);
}

static void match(struct span text)
{
    size_t end = span_find(text, '\n');
    struct span patterns = span_sub(text, 0, end);
    struct span name = span_sub(text, end + 1, text.n);
    bool plain = span_find(patterns, '*') == patterns.n && span_find(patterns, '?') == patterns.n;
    if (plain && issuer_match(patterns, name)) {
        demand(name.n > 0 && memmem(patterns.p, patterns.n, name.p, name.n) != NULL,
               "matches what it does not name");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    read_metadata(text);
    read_introspection(text);
    read_error(text);
    send(text);
    match(text);
    return 0;
}
