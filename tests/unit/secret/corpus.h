/* corpus.h - one secret of each shape, made when the test runs: a source with a key in it would be
 * what this is about. */
#ifndef CHECKREIN_TEST_CORPUS_H
#define CHECKREIN_TEST_CORPUS_H

#include <string.h>

#include "checkrein/buf.h"
#include "prng.h"

#define MIXED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define HEX   "0123456789abcdef"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

/* A piece is a literal, or so many characters of a set; the secret is what stands between `before`
 * and `after`. */
struct example {
    const char *kind, *before, *after;
    struct {
        const char *literal, *set;
        size_t n;
    } piece[4];
};

/* clang-format off */
static const struct example EXAMPLES[] = {
    {"anthropic-key",     "", "", {{"sk-ant-api03-", MIXED, 95}}},
    {"openai-key",        "", "", {{"sk-proj-", MIXED, 48}}},
    {"openai-key",        "", "", {{"sk-svcacct-", MIXED, 48}}},
    {"openai-key",        "", "", {{"sk-admin-", MIXED, 48}}},
    {"openai-key",        "", "", {{"sk-", MIXED, 20}, {"T3BlbkFJ", MIXED, 20}}},
    {"openrouter-key",    "", "", {{"sk-or-v1-", HEX, 64}}},
    {"xai-key",           "", "", {{"xai-", MIXED, 80}}},
    {"groq-key",          "", "", {{"gsk_", MIXED, 52}}},
    {"perplexity-key",    "", "", {{"pplx-", MIXED, 48}}},
    {"nvidia-key",        "", "", {{"nvapi-", MIXED, 64}}},
    {"replicate-key",     "", "", {{"r8_", MIXED, 37}}},
    {"huggingface-token", "", "", {{"hf_", MIXED, 34}}},
    {"github-token",      "", "", {{"ghp_", MIXED, 36}}},
    {"github-token",      "", "", {{"gho_", MIXED, 36}}},
    {"github-token",      "", "", {{"ghu_", MIXED, 36}}},
    {"github-token",      "", "", {{"ghs_", MIXED, 36}}},
    {"github-token",      "", "", {{"ghr_", MIXED, 36}}},
    {"github-token",      "", "", {{"github_pat_", MIXED, 22}, {"_", MIXED, 59}}},
    {"gitlab-token",      "", "", {{"glpat-", MIXED, 20}}},
    {"gitlab-token",      "", "", {{"gldt-", MIXED, 20}}},
    {"gitlab-token",      "", "", {{"glrt-", MIXED, 20}}},
    {"gitlab-token",      "", "", {{"glptt-", HEX, 40}}},
    {"gitlab-token",      "", "", {{"glcbt-", MIXED, 23}}},
    {"gitlab-token",      "", "", {{"glsoat-", MIXED, 20}}},
    {"aws-key-id",        "", "", {{"AKIA", UPPER, 16}}},
    {"aws-key-id",        "", "", {{"ASIA", UPPER, 16}}},
    {"access-key",        "aws_secret_access_key = ", "\n", {{"", MIXED, 20}, {"/", MIXED, 19}}},
    {"google-key",        "", "", {{"AIza", MIXED, 35}}},
    {"google-token",      "", "", {{"ya29.", MIXED, 60}}},
    {"google-token",      "", "", {{"1//0", MIXED, 60}}},
    {"google-secret",     "", "", {{"GOCSPX-", MIXED, 28}}},
    {"slack-token",       "", "", {{"xoxb-", "0123456789", 12}, {"-", MIXED, 24}}},
    {"slack-token",       "", "", {{"xoxa-", "0123456789", 12}, {"-", MIXED, 24}}},
    {"slack-token",       "", "", {{"xoxp-", "0123456789", 12}, {"-", MIXED, 24}}},
    {"slack-token",       "", "", {{"xoxr-", "0123456789", 12}, {"-", MIXED, 24}}},
    {"slack-token",       "", "", {{"xoxs-", "0123456789", 12}, {"-", MIXED, 24}}},
    {"slack-token",       "", "", {{"xoxe-", "0123456789", 12}, {"-", MIXED, 24}}},
    {"slack-token",       "", "", {{"xapp-", "0123456789", 12}, {"-", MIXED, 24}}},
    {"slack-webhook",     "https://", "", {{"hooks.slack.com/services/T", UPPER, 8}, {"/B", UPPER, 8}, {"/", MIXED, 24}}},
    {"stripe-key",        "", "", {{"sk_live_", MIXED, 24}}},
    {"stripe-key",        "", "", {{"rk_live_", MIXED, 24}}},
    {"stripe-key",        "", "", {{"sk_test_", MIXED, 24}}},
    {"stripe-key",        "", "", {{"rk_test_", MIXED, 24}}},
    {"stripe-secret",     "", "", {{"whsec_", MIXED, 32}}},
    {"npm-token",         "", "", {{"npm_", MIXED, 36}}},
    {"pypi-token",        "", "", {{"pypi-AgEIcHlwaS5vcmc", MIXED, 130}}},
    {"sendgrid-key",      "", "", {{"SG.", MIXED, 22}, {".", MIXED, 43}}},
    {"twilio-key",        "", "", {{"SK", HEX, 32}}},
    {"digitalocean-token", "", "", {{"dop_v1_", HEX, 64}}},
    {"digitalocean-token", "", "", {{"doo_v1_", HEX, 64}}},
    {"digitalocean-token", "", "", {{"dor_v1_", HEX, 64}}},
    {"shopify-token",     "", "", {{"shpat_", HEX, 32}}},
    {"shopify-token",     "", "", {{"shpss_", HEX, 32}}},
    {"docker-token",      "", "", {{"dckr_pat_", MIXED, 27}}},
    {"linear-key",        "", "", {{"lin_api_", MIXED, 40}}},
    {"postman-key",       "", "", {{"PMAK-", HEX, 24}, {"-", HEX, 34}}},
    {"grafana-token",     "", "", {{"glsa_", MIXED, 32}, {"_", HEX, 8}}},
    {"vault-token",       "", "", {{"hvs.", MIXED, 90}}},
    {"tailscale-key",     "", "", {{"tskey-auth-", MIXED, 30}}},
    {"databricks-token",  "", "", {{"dapi", HEX, 32}}},
    {"atlassian-token",   "", "", {{"ATATT3", MIXED, 180}}},
    {"age-key",           "", "", {{"AGE-SECRET-KEY-1", UPPER, 58}}},
    {"checkrein-token",   "", "", {{"crc_", HEX, 64}}},
    {"checkrein-lease",   "", "", {{"crl_", HEX, 64}}},
    {"jwt",               "", "", {{"eyJ", MIXED, 33}, {".eyJ", MIXED, 60}, {".", MIXED, 43}}},
    {"bearer-token",      "Authorization: Bearer ", "\n", {{"", LOWER, 24}}},
    {"basic-credentials", "authorization: basic ", "\n", {{"", MIXED, 24}}},
    {"url-password",      "postgres://app:", "@db.internal/x", {{"", MIXED, 14}}},
    {"password",          "password=", " ", {{"", MIXED, 12}}},
    {"password",          "DB_PASSWD='", "'", {{"", MIXED, 12}}},
    {"password",          "passphrase: ", "\n", {{"", MIXED, 12}}},
    {"password",          "SMTP_PASS=", " ", {{"", MIXED, 12}}},
    {"authorization",     "curl -H 'Authorization: ", "'", {{"", MIXED, 31}, {"1", MIXED, 8}}},
    {"password",          "mysql_pwd=", ";", {{"", MIXED, 12}}},
    {"password",          "PGPASS=", "\n", {{"", MIXED, 12}}},
    {"password",          "mysql --password ", " -u root", {{"", MIXED, 12}}},
    {"password",          "{\"password\": \"", "\"}", {{"", MIXED, 12}}},
    {"token",             "https://h/?a=1&access_token=", "&b=2", {{"a1", MIXED, 20}}},
    {"secret",            "CLIENT_SECRET=", "\n", {{"a1", MIXED, 20}}},
    {"api-key",           "OTHER_API_KEY=", "\n", {{"a1", MIXED, 20}}},
    {"api-key",           "apiKey: \"", "\"", {{"a1", MIXED, 20}}},
    {"api-key",           "X-Api-Key: ", "\n", {{"a1", MIXED, 20}}},
    {"access-key",        "accessKey=", "\n", {{"a1", MIXED, 20}}},
    {"access-key",        "access-key=", "\n", {{"a1", MIXED, 20}}},
    {"account-key",       "AccountName=n;AccountKey=", ";Suffix=x", {{"a1", MIXED, 60}}},
    {"secret-key",        "SECRET_KEY=", "\n", {{"a1", MIXED, 20}}},
    {"secret-key",        "secretKey=", "\n", {{"a1", MIXED, 20}}},
    {"secret-key",        "secret-key=", "\n", {{"a1", MIXED, 20}}},
    {"private-key",       "PRIVATE_KEY=", "\n", {{"a1", MIXED, 60}}},
    {"auth-key",          "AUTH_KEY=", "\n", {{"a1", MIXED, 20}}},
    {"auth-key",          "authkey=", "\n", {{"a1", MIXED, 20}}},
    {"private-key",       "", "\n", {{"-----BEGIN RSA PRIVATE KEY-----\n", MIXED, 64}, {"\n", MIXED, 64}, {"\n", MIXED, 22}, {"==\n-----END RSA PRIVATE KEY-----", MIXED, 0}}},
    {"private-key",       "", "\n", {{"-----BEGIN OPENSSH PRIVATE KEY-----\n", MIXED, 70}, {"\n", MIXED, 30}, {"\n-----END OPENSSH PRIVATE KEY-----", MIXED, 0}}},
};
/* clang-format on */

/* Each call another one. Always a digit, an upper and a lower letter where the set has them. */
static inline void example_make(const struct example *e, struct prng *r, struct buf *secret)
{
    buf_clear(secret);
    for (size_t i = 0; i < 4 && e->piece[i].literal; i++) {
        const char *set = e->piece[i].set;
        size_t n = strlen(set);
        buf_addstr(secret, e->piece[i].literal);
        for (size_t k = 0; k < e->piece[i].n; k++) {
            size_t at = k == 0 ? n - 1 : k == 1 ? 0 : k == 2 ? n / 2 : prng_below(r, n);
            buf_addch(secret, set[at]);
        }
    }
}

#endif
