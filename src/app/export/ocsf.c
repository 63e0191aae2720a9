/* ocsf.c - the Open Cybersecurity Schema Framework: an alarm is a Detection Finding (2004),
 * everything else API Activity (6003), with the agent as the schema's `ai_agent` and the gate's
 * decision in the profile security_control. All that the event has stands in `unmapped` as well. */
#include "export_priv.h"

#define SCHEMA_VERSION "1.9.0-dev" /* the first that knows ai_agent */

#define CATEGORY_FINDINGS    2
#define CATEGORY_APPLICATION 6
#define CLASS_FINDING        2004
#define CLASS_API            6003

enum { CREATE = 1, READ = 2, UPDATE = 3, DELETE = 4, OTHER = 99 };
enum { INFORMATIONAL = 1, LOW, MEDIUM, HIGH, CRITICAL };
enum { SUCCESS = 1, FAILURE = 2 };
enum { ALLOWED = 1, BLOCKED = 2, DELAYED = 14, APPROVED = 8, REVOKED = 24, REJECTED = 25 };
enum { ACTION_ALLOWED = 1, ACTION_DENIED = 2 };

/* ---- what an event is there */

struct activity {
    int id;
    const char *name; /* the schema's caption; of OTHER a word of ours */
};

static struct activity activity_of(enum event_type type)
{
    /* clang-format off */
    static const struct activity ACTIVITIES[EVENT_TYPE_COUNT] = {
        [EVENT_AGENT_STARTED] = {CREATE, "Create"},
        [EVENT_AGENT_UPDATED] = {UPDATE, "Update"},
        [EVENT_AGENT_STATE] = {UPDATE, "Update"},
        [EVENT_ACTION_STARTED] = {OTHER, "Start"},
        [EVENT_ACTION_OUTPUT] = {OTHER, "Output"},
        [EVENT_ACTION_FINISHED] = {OTHER, "Finish"},
        [EVENT_APPROVAL_REQUESTED] = {CREATE, "Create"},
        [EVENT_APPROVAL_RESOLVED] = {UPDATE, "Update"},
        [EVENT_TASK_STARTED] = {OTHER, "Start"},
        [EVENT_TASK_FINISHED] = {OTHER, "Finish"},
        [EVENT_SPEND_RECORDED] = {OTHER, "Spend"},
        [EVENT_SPEND_DAY] = {OTHER, "Spend"},
        [EVENT_BUDGET_CHANGED] = {UPDATE, "Update"},
        [EVENT_FAILURE_REPORTED] = {OTHER, "Fail"},
        [EVENT_CREDENTIAL_ISSUED] = {CREATE, "Create"},
        [EVENT_CREDENTIAL_USED] = {READ, "Read"},
        [EVENT_CREDENTIAL_REVOKED] = {DELETE, "Delete"},
        [EVENT_CREDENTIAL_CHANGED] = {UPDATE, "Update"},
        [EVENT_SIGNAL_RAISED] = {CREATE, "Create"},
        [EVENT_POLICY_DECIDED] = {OTHER, "Decide"},
        [EVENT_POLICY_LOADED] = {UPDATE, "Update"},
        [EVENT_FLEET_STOP] = {OTHER, "Stop"},
        [EVENT_OPERATOR_COMMAND] = {OTHER, "Command"},
        [EVENT_OPERATOR_RESULT] = {OTHER, "Result"},
        [EVENT_OPERATOR_PRESENCE] = {OTHER, "Presence"},
        [EVENT_BACKEND_LINK] = {OTHER, "Link"},
        [EVENT_UNKNOWN] = {0, "Unknown"},
    };
    /* clang-format on */
    return ACTIVITIES[type < EVENT_TYPE_COUNT ? type : EVENT_UNKNOWN];
}

static int severity_of(const struct event *ev)
{
    static const int OF_SIGNALS[SEVERITY_COUNT] = {
        [SEVERITY_LOW] = LOW, [SEVERITY_HIGH] = HIGH, [SEVERITY_EMERGENCY] = CRITICAL};
    switch ((int)ev->type) {
    case EVENT_SIGNAL_RAISED:
        return OF_SIGNALS[event_number(ev, F_SEVERITY) % SEVERITY_COUNT];
    case EVENT_FLEET_STOP:
        return event_number(ev, F_STOP_LATCHED) ? CRITICAL : INFORMATIONAL;
    case EVENT_FAILURE_REPORTED:
        return event_number(ev, F_RETRYING) ? LOW : MEDIUM;
    default:
        return event_number(ev, F_RISK) == RISK_HIGH ? MEDIUM : INFORMATIONAL;
    }
}

static void put_severity(json_t *o, const struct event *ev)
{
    static const char *const CAPTIONS[] = {"Unknown", "Informational", "Low",
                                           "Medium",  "High",          "Critical"};
    int severity = severity_of(ev);
    json_put_number(o, "severity_id", severity);
    json_put_text(o, "severity", span_str(CAPTIONS[severity]));
}

static int status_of(const struct event *ev)
{
    if (ev->type == EVENT_FAILURE_REPORTED) {
        return FAILURE;
    }
    if (event_has(ev, F_OUTCOME)) {
        int64_t outcome = event_number(ev, F_OUTCOME);
        return outcome == OUTCOME_SUCCEEDED ? SUCCESS : outcome == OUTCOME_UNKNOWN ? 0 : FAILURE;
    }
    switch ((int)event_number(ev, F_COMMAND_STATE)) {
    case COMMAND_CONFIRMED:
        return SUCCESS;
    case COMMAND_REFUSED:
    case COMMAND_EXPIRED:
    case COMMAND_SUPERSEDED:
    case COMMAND_FAILED:
        return FAILURE;
    default:
        return 0;
    }
}

static void put_status(json_t *o, const struct event *ev)
{
    static const char *const CAPTIONS[] = {"Unknown", "Success", "Failure"};
    int status = status_of(ev);
    json_put_number(o, "status_id", status);
    json_put_text(o, "status", span_str(CAPTIONS[status]));
    json_put_text(o, "status_detail", event_text(ev, F_REASON));
}

/* ---- the gate's decision */

struct gate_word {
    int action, disposition;
    const char *action_name, *disposition_name;
};

static struct gate_word gate_word_of(const struct event *ev)
{
    static const struct gate_word ALLOW = {ACTION_ALLOWED, ALLOWED, "Allowed", "Allowed"};
    static const struct gate_word DENY = {ACTION_DENIED, BLOCKED, "Denied", "Blocked"};
    static const struct gate_word ASK = {OTHER, DELAYED, "Ask", "Delayed"};
    static const struct gate_word YES = {ACTION_ALLOWED, APPROVED, "Allowed", "Approved"};
    static const struct gate_word NO = {ACTION_DENIED, REJECTED, "Denied", "Rejected"};
    static const struct gate_word GONE = {ACTION_DENIED, OTHER, "Denied", NULL};
    static const struct gate_word TAKEN = {ACTION_DENIED, REVOKED, "Denied", "Access Revoked"};
    int64_t verdict = event_number(ev, F_VERDICT);
    int64_t decision = event_number(ev, F_DECISION);
    switch ((int)ev->type) {
    case EVENT_POLICY_DECIDED:
        return verdict == VERDICT_ALLOW  ? ALLOW
               : verdict == VERDICT_DENY ? DENY
               : verdict == VERDICT_ASK  ? ASK
                                         : (struct gate_word){0};
    case EVENT_APPROVAL_REQUESTED:
        return ASK;
    case EVENT_APPROVAL_RESOLVED:
        return decision == DECISION_APPROVED  ? YES
               : decision == DECISION_DENIED  ? NO
               : decision == DECISION_UNKNOWN ? (struct gate_word){0}
                                              : GONE;
    case EVENT_CREDENTIAL_REVOKED:
        return TAKEN;
    default:
        return (struct gate_word){0};
    }
}

/* False: it is no decision. */
static bool put_gate(json_t *o, const struct event *ev)
{
    struct gate_word w = gate_word_of(ev);
    if (!w.action) {
        return false;
    }
    const char *other = decision_name((enum decision)event_number(ev, F_DECISION));
    json_put_number(o, "action_id", w.action);
    json_put_text(o, "action", span_str(w.action_name));
    json_put_number(o, "disposition_id", w.disposition);
    json_put_text(o, "disposition", span_str(w.disposition_name ? w.disposition_name : other));
    if (event_text(ev, F_RULE).n) {
        json_t *policy = json_object();
        json_put_text(policy, "name", event_text(ev, F_RULE));
        json_put_text(policy, "version", event_text(ev, F_POLICY_VERSION));
        (void)json_object_set_new(o, "policy", policy);
    }
    return true;
}

/* ---- who */

static struct span told_or_known(const struct export_item *it, enum event_field f, sid known)
{
    struct span told = event_text(it->ev, f);
    return told.n || !known ? told : fleet_span(it->fleet, known);
}

static struct span agent_id(const struct export_item *it, const struct agent *a)
{
    struct span id = event_text(it->ev, F_AGENT_ID);
    return id.n || !a ? id : fleet_span(it->fleet, a->id);
}

static json_t *model_json(const struct export_item *it, const struct agent *a)
{
    struct span name = told_or_known(it, F_MODEL, a ? a->traits->model : 0);
    struct span provider = told_or_known(it, F_PROVIDER, a ? a->traits->provider : 0);
    if (!name.n) {
        return NULL;
    }
    json_t *o = json_object();
    json_put_text(o, "name", name);
    json_put_text(o, "ai_provider", provider.n ? provider : SPAN("unknown"));
    return o;
}

static json_t *agent_json(const struct export_item *it, const struct agent *a)
{
    struct span id = agent_id(it, a);
    struct span runtime = told_or_known(it, F_AGENT_RUNTIME, a ? a->traits->runtime : 0);
    if (!id.n) {
        return NULL;
    }
    json_t *o = json_object();
    json_put_text(o, "uid", id);
    json_put_text(o, "name", told_or_known(it, F_AGENT_NAME, a ? a->name : 0));
    json_put_text(o, "instance_uid", told_or_known(it, F_AGENT_INSTANCE, a ? a->instance : 0));
    json_put_text(o, "version",
                  told_or_known(it, F_AGENT_RUNTIME_VERSION, a ? a->traits->runtime_version : 0));
    json_put_number(o, "type_id", runtime.n ? OTHER : 0);
    json_put_text(o, "type", runtime.n ? runtime : SPAN("Unknown"));
    json_t *model = model_json(it, a);
    if (model) {
        (void)json_object_set_new(o, "ai_model", model);
    }
    return o;
}

static void put_user(json_t *actor, const struct event *ev)
{
    struct span id = item_person(ev);
    if (id.n) {
        json_t *user = json_object();
        json_put_text(user, "uid", id);
        json_put_text(user, "name", event_text(ev, F_OPERATOR_LABEL));
        (void)json_object_set_new(actor, "user", user);
    }
}

/* An operator who is named, and else the agent; the back-end where there is neither. */
static json_t *actor_json(const struct export_item *it, const struct agent *a)
{
    json_t *actor = json_object();
    struct span runtime = told_or_known(it, F_AGENT_RUNTIME, a ? a->traits->runtime : 0);
    struct span id = agent_id(it, a);
    json_put_text(actor, "app_name", runtime.n ? runtime : it->backend);
    json_put_text(actor, "app_uid", id);
    json_put_text(actor, "invoked_by",
                  told_or_known(it, F_AGENT_ON_BEHALF_OF, a ? a->traits->on_behalf_of : 0));
    put_user(actor, it->ev);
    if (event_number(it->ev, F_PID) > 0) {
        (void)json_object_set_new(
            actor, "process", json_pack("{sI}", "pid", (json_int_t)event_number(it->ev, F_PID)));
    }
    return actor;
}

/* ---- what */

static struct span type_of(const struct event *ev)
{
    return ev->raw_type.n ? ev->raw_type : span_str(event_type_name(ev->type));
}

static struct span operation_of(const struct event *ev)
{
    struct span tool = event_text(ev, F_TOOL);
    return tool.n                  ? tool
           : event_has(ev, F_VERB) ? span_str(verb_name((enum verb)event_number(ev, F_VERB)))
                                   : type_of(ev);
}

static struct span request_id(const struct event *ev)
{
    static const enum event_field FIELDS[] = {F_ACTION_ID, F_APPROVAL_ID, F_COMMAND_ID};
    for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
        if (event_text(ev, FIELDS[i]).n) {
            return event_text(ev, FIELDS[i]);
        }
    }
    return ev->id;
}

static json_t *api_json(const struct export_item *it)
{
    const struct event *ev = it->ev;
    json_t *api = json_object();
    json_t *service = json_object();
    json_t *request = json_object();
    json_put_text(api, "operation", operation_of(ev));
    json_put_text(service, "name", it->backend);
    json_put_text(request, "uid", request_id(ev));
    (void)json_object_set_new(api, "service", service);
    (void)json_object_set_new(api, "request", request);
    if (event_text(ev, F_ERROR).n) {
        json_t *response = json_object();
        json_put_text(response, "error", event_text(ev, F_ERROR_TYPE));
        json_put_text(response, "error_message", event_text(ev, F_ERROR));
        (void)json_object_set_new(api, "response", response);
    }
    return api;
}

static json_t *endpoint_json(const struct export_item *it, const struct agent *a)
{
    json_t *o = json_object();
    json_put_text(o, "svc_name", it->backend);
    json_put_text(o, "hostname", told_or_known(it, F_HOST, a ? a->traits->host : 0));
    return o;
}

static int64_t in_32_bits(int64_t n)
{
    return n < INT32_MAX ? n : INT32_MAX;
}

static void put_usage(json_t *o, const struct export_item *it)
{
    const struct event *ev = it->ev;
    if (!event_has(ev, F_TOKENS_IN) && !event_has(ev, F_TOKENS_OUT)) {
        return;
    }
    int64_t in = event_number(ev, F_TOKENS_IN);
    int64_t out = event_number(ev, F_TOKENS_OUT);
    json_t *context = json_object();
    json_t *service = json_object();
    struct span provider = event_text(ev, F_PROVIDER);
    json_put_text(service, "name", provider.n ? provider : it->backend);
    (void)json_object_set_new(context, "service", service);
    json_put_number(context, "prompt_tokens", in_32_bits(in));
    json_put_number(context, "completion_tokens", in_32_bits(out));
    json_put_number(context, "total_tokens", in_32_bits(in + out));
    (void)json_object_set_new(o, "message_context", context);
}

static json_t *metadata_json(const struct export_item *it, json_t *profiles)
{
    json_t *o = json_object();
    json_put_text(o, "version", SPAN(SCHEMA_VERSION));
    (void)json_object_set_new(o, "product",
                              json_pack("{ssssss}", "name", "checkrein", "vendor_name", "checkrein",
                                        "version", CHECKREIN_VERSION));
    json_put_text(o, "uid", it->ev->id);
    json_put_text(o, "event_code", type_of(it->ev));
    json_put_text(o, "log_name", it->backend);
    json_put_text(o, "correlation_uid", event_text(it->ev, F_SESSION));
    json_put_number(o, "logged_time", it->time_us / 1000);
    json_put_number(o, "sequence", (int64_t)it->n);
    (void)json_object_set_new(o, "profiles", profiles);
    return o;
}

/* ---- the two classes */

static void put_class(json_t *o, int category, const char *category_name, int class_uid,
                      const char *class_name, const struct event *ev)
{
    struct activity act = activity_of(ev->type);
    json_put_number(o, "category_uid", category);
    json_put_text(o, "category_name", span_str(category_name));
    json_put_number(o, "class_uid", class_uid);
    json_put_text(o, "class_name", span_str(class_name));
    json_put_number(o, "activity_id", act.id);
    json_put_text(o, "activity_name", span_str(act.name));
    json_put_number(o, "type_uid", (int64_t)class_uid * 100 + act.id);
}

static void put_api_activity(json_t *o, const struct export_item *it, const struct agent *a,
                             json_t *profiles)
{
    put_class(o, CATEGORY_APPLICATION, "Application Activity", CLASS_API, "API Activity", it->ev);
    put_status(o, it->ev);
    (void)json_object_set_new(o, "actor", actor_json(it, a));
    (void)json_object_set_new(o, "api", api_json(it));
    (void)json_object_set_new(o, "src_endpoint", endpoint_json(it, a));
    json_t *agent = agent_json(it, a);
    if (agent) {
        (void)json_object_set_new(o, "ai_agent", agent);
    }
    json_t *model = model_json(it, a);
    if (model) {
        (void)json_object_set_new(o, "ai_model", model);
    }
    put_usage(o, it);
    (void)json_array_append_new(profiles, json_string("ai_operation"));
    if (put_gate(o, it->ev)) {
        (void)json_array_append_new(profiles, json_string("security_control"));
    }
}

static void put_finding(json_t *o, const struct export_item *it, const struct agent *a)
{
    const struct event *ev = it->ev;
    json_t *info = json_object();
    json_t *evidence = json_object();
    put_class(o, CATEGORY_FINDINGS, "Findings", CLASS_FINDING, "Detection Finding", ev);
    json_put_number(o, "status_id", 1);
    json_put_text(o, "status", SPAN("New"));
    json_put_text(info, "uid", ev->id);
    json_put_text(info, "title", event_text(ev, F_TITLE));
    json_put_text(info, "desc", event_text(ev, F_REASON));
    json_put_number(info, "created_time", ev->time_us / 1000);
    (void)json_object_set_new(o, "finding_info", info);
    (void)json_object_set_new(evidence, "actor", actor_json(it, a));
    json_t *agent = agent_json(it, a);
    if (agent) {
        (void)json_object_set_new(evidence, "ai_agent", agent);
    }
    (void)json_object_set_new(o, "evidences", json_pack("[o]", evidence));
}

enum status ocsf_item(struct buf *out, const struct export_item *it)
{
    const struct event *ev = it->ev;
    const struct agent *a = item_agent(it);
    json_t *told = event_json(ev);
    if (!told) {
        return ST_INVALID;
    }
    json_t *o = json_object();
    json_t *profiles = json_array();
    if (ev->type == EVENT_SIGNAL_RAISED) {
        put_finding(o, it, a);
    } else {
        put_api_activity(o, it, a, profiles);
    }
    put_severity(o, ev);
    json_put_number(o, "time", ev->time_us / 1000);
    json_put_text(o, "message", item_words(ev));
    (void)json_object_set_new(o, "metadata", metadata_json(it, profiles));
    (void)json_object_set(o, "unmapped", json_object_get(told, "data"));
    json_decref(told);
    return put_json_line(out, o);
}
