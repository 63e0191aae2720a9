/* fleet_scene.h - a believable watch: four back-ends, one of them down, agents in every state. */
#ifndef CHECKREIN_TEST_VIEW_FLEET_SCENE_H
#define CHECKREIN_TEST_VIEW_FLEET_SCENE_H

#include "kit.h"

#define SCENE_SQL                                                                                  \
    "{\"tool\":\"Bash\",\"input\":{\"argv\":[\"psql\",\"-h\",\"prod-db\",\"-c\","                  \
    "\"DELETE FROM invoices\\n  WHERE created < now() - interval '90 days'\"],"                    \
    "\"description\":\"remove duplicate invoices\"},\"cwd\":\"/srv/billing\"}"
#define SCENE_WRITE                                                                                \
    "{\"tool\":\"Write\",\"input\":{\"file_path\":\"/home/m.ito/docs/README.md\","                 \
    "\"content\":\"# Docs\\n\\nHow to build the "                                                  \
    "documentation.\\n\"},\"cwd\":\"/home/m.ito/docs\"}"

static inline void scene_agents(struct kit *k)
{
    static const struct {
        const char *backend;
        struct an_agent agent;
    } agents[] = {
        {"codex-prod",
         {"agent/7f3c", "billing-recon", "codex", "gpt-6-codex", "a.ng", "workspace", "prod-3", "",
          AGENT_WAITING_APPROVAL, 42, "Bash", "psql -h prod-db -c 'DELETE FROM invoices'", 42,
          182000, 1200000, false}                                                            },
        {"laptop",
         {"agent/docs", "docs-bot", "claude", "sonnet-5", "m.ito", "ask", "ito-mbp", "",
          AGENT_WAITING_APPROVAL, 7, "Write", "write README.md", 7, 41000, 310000, false}    },
        {"ci",
         {"agent/etl7", "etl-7", "opencode", "kimi-k3", "ci", "allow bash", "runner-12", "",
          AGENT_RUNNING, 130, NULL, NULL, 0, 960000, 4020000, false}                         },
        {"laptop",
         {"agent/mail", "mailer", "claude", "sonnet-5", "p.roy", "ask", "mail-1", "", AGENT_PAUSED,
          751, "send_mail", "held before send_mail", 760, 77000, 550000, false}              },
        {"codex-prod",
         {"agent/si", "search-index", "codex", "gpt-6-codex", "a.ng", "workspace", "prod-3", "",
          AGENT_RUNNING, 500, "Bash", "npm test", 33, 310000, 2110000, false}                },
        {"codex-prod",
         {"agent/si-d", "index-docs", "codex", "gpt-6-codex", "a.ng", "workspace", "prod-3",
          "agent/si", AGENT_RUNNING, 400, "Read", "read 14 files", 11, 22000, 140000, false} },
        {"codex-prod",
         {"agent/si-c", "index-code", "codex", "gpt-6-codex", "a.ng", "workspace", "prod-3",
          "agent/si", AGENT_RUNNING, 400, "Bash", "rg --json parse", 2, 18000, 120000, false}},
        {"ci",
         {"agent/rn", "release-notes", "openclaw", "opus-5", "k.lee", "guarded", "runner-3", "",
          AGENT_IDLE, 1869, NULL, NULL, 0, 9000, 60000, false}                               },
        {"edge-eu",
         {"agent/na", "nightly-audit", "checkrein", "opus-5", "sec", "read-only", "edge-1", "",
          AGENT_RUNNING, 900, "Bash", "scan repositories", 252, 55000, 400000, false}        },
        {"ci",
         {"agent/lint", "lint-fixer", "opencode", "kimi-k3", "ci", "allow bash", "runner-7", "",
          AGENT_RUNNING, 60, "edit", "src/parse.c", 14, 64000, 200000, false}                },
        {"laptop",
         {"agent/tri", "triage", "claude", "haiku-5", "m.ito", "plan", "ito-mbp", "",
          AGENT_WAITING_INPUT, 300, NULL, NULL, 0, 5000, 20000, false}                       },
        {"codex-prod",
         {"agent/mig", "migrate-db", "codex", "gpt-6-codex", "a.ng", "read-only", "prod-1", "",
          AGENT_STOPPED, 7000, NULL, NULL, 0, 88000, 700000, false}                          },
    };
    for (size_t i = 0; i < ARRAY_LEN(agents); i++) {
        agent_add(k, agents[i].backend, &agents[i].agent);
    }
}

static inline void scene_requests(struct kit *k)
{
    request_add(k, "codex-prod",
                &(struct a_request){.agent = "agent/7f3c",
                                    .id = "01KBILLING",
                                    .tool = "Bash",
                                    .summary = "psql -h prod-db -c 'DELETE FROM invoices'",
                                    .action = SCENE_SQL,
                                    .rule = "writes to production ask",
                                    .reason = "DELETE on a production host",
                                    .words = "remove duplicate invoices before closing",
                                    .risk = RISK_HIGH,
                                    .asked_s = 42,
                                    .left_s = 258});
    request_add(k, "laptop",
                &(struct a_request){.agent = "agent/docs",
                                    .id = "01KDOCS",
                                    .tool = "Write",
                                    .summary = "README.md +12 -3",
                                    .action = SCENE_WRITE,
                                    .rule = "default: everything else asks",
                                    .risk = RISK_LOW,
                                    .asked_s = 7,
                                    .reversible = true});
}

static inline void scene_failure(struct kit *k)
{
    begin(k, "ci", EVENT_FAILURE_REPORTED, 130);
    text(k, F_AGENT_ID, "agent/etl7");
    number(k, F_FAILURE_CLASS, FAILURE_MODEL);
    number(k, F_RETRYING, 0);
    text(k, F_ERROR, "429 rate limited, gave up after attempt 5");
    fold(k);
    begin(k, "ci", EVENT_SIGNAL_RAISED, 400);
    text(k, F_AGENT_ID, "agent/etl7");
    text(k, F_SIGNAL_SOURCE, "siem");
    number(k, F_SEVERITY, SEVERITY_HIGH);
    text(k, F_TITLE, "login from a new country");
    fold(k);
}

static inline void lease_issue(struct kit *k, const char *backend, const char *agent,
                               const char *id, const char *parent, const char *scopes)
{
    begin(k, backend, EVENT_CREDENTIAL_ISSUED, 900);
    text(k, F_AGENT_ID, agent);
    text(k, F_CREDENTIAL_ID, id);
    text(k, F_CREDENTIAL_DIGEST, A_DIGEST);
    text(k, F_CREDENTIAL_PARENT, parent);
    text(k, F_CREDENTIAL_ISSUER, "anthropic");
    text(k, F_CREDENTIAL_SCOPES, scopes);
    text(k, F_CREDENTIAL_STATE, "active");
    fold(k);
}

static inline void lease_set(struct kit *k, const char *backend, const char *agent, const char *id,
                             const char *state)
{
    bool revoked = strcmp(state, "revoked") == 0;
    begin(k, backend, revoked ? EVENT_CREDENTIAL_REVOKED : EVENT_CREDENTIAL_CHANGED, 30);
    text(k, F_AGENT_ID, agent);
    text(k, F_CREDENTIAL_ID, id);
    text(k, F_CREDENTIAL_ISSUER, "anthropic");
    text(k, F_CREDENTIAL_STATE, state);
    text(k, F_REASON, "found in a log");
    text(k, F_OPERATOR, "ops@bastion");
    fold(k);
}

static inline void lease_use(struct kit *k, const char *backend, const char *agent, const char *id,
                             int64_t uses, int64_t seconds_ago)
{
    begin(k, backend, EVENT_CREDENTIAL_USED, seconds_ago);
    text(k, F_AGENT_ID, agent);
    text(k, F_CREDENTIAL_ID, id);
    number(k, F_VERDICT, VERDICT_ALLOW);
    text(k, F_SUMMARY, "POST /v1/messages");
    number(k, F_CREDENTIAL_USES, uses);
    fold(k);
}

#define LEASE_MAIL  "01KMAILLEASE0000000000K3D9"
#define LEASE_CHILD "01KCHILDLEASE000000000Q7RM"
#define LEASE_DOCS  "01KDOCSLEASE0000000000T0AA"
#define LEASE_DEAD  "01KDEADLEASE0000000000ZZ1B"

/* Leases of the gateway, a token that ends soon, and a login that nobody can take back. */
static inline void scene_credentials(struct kit *k)
{
    struct event_row mail[] = {
        ROW(SPAN(LEASE_MAIL), SPAN("lease"), SPAN("anthropic"), SPAN("everything"), SPAN("never"),
            SPAN("yes")),
        ROW(SPAN("cred-github-7"), SPAN("token"), SPAN("github"), SPAN("repo, workflow"),
            SPAN("2026-11-20T14:52:07Z"), SPAN("yes")),
        ROW(SPAN("login-keychain"), SPAN("login"), SPAN("claude.ai"), SPAN(""), SPAN("never"),
            SPAN("no: the client keeps it, log out there")),
    };
    struct event_row docs[] = {mail[1]};
    lease_issue(k, "laptop", "agent/mail", LEASE_MAIL, "", "methods=POST models=claude-*");
    lease_issue(k, "laptop", "agent/docs", LEASE_CHILD, LEASE_MAIL, "models=claude-haiku-*");
    lease_issue(k, "laptop", "agent/docs", LEASE_DOCS, "", "rate=60");
    lease_issue(k, "laptop", "agent/tri", LEASE_DEAD, "", "");
    lease_use(k, "laptop", "agent/mail", LEASE_MAIL, 1412, 20);
    lease_use(k, "laptop", "agent/docs", LEASE_CHILD, 31, 130);
    lease_set(k, "laptop", "agent/docs", LEASE_DOCS, "held");
    lease_set(k, "laptop", "agent/tri", LEASE_DEAD, "revoked");
    begin(k, "laptop", EVENT_AGENT_UPDATED, 5);
    text(k, F_AGENT_ID, "agent/mail");
    event_set_list(&k->ev, F_CREDENTIALS, mail, 3);
    fold(k);
    begin(k, "laptop", EVENT_AGENT_UPDATED, 5);
    text(k, F_AGENT_ID, "agent/docs");
    event_set_list(&k->ev, F_CREDENTIALS, docs, 1);
    fold(k);
}

static inline void scene_build(struct kit *k)
{
    backend_live(k, "codex-prod");
    backend_live(k, "laptop");
    backend_live(k, "ci");
    backend_live(k, "edge-eu");
    scene_agents(k);
    scene_requests(k);
    scene_failure(k);
    backend_verbs(k, "edge-eu", LINK_DOWN, 252, "connection refused", 20);
    draw(k);
    pass_ms(k, 2000);
}

#endif
