/* The budgets of all agents below the table of spending: what is used of each, when it will be used
 * up if it goes on like this, and who waits for one. An agent's own budget is in its row.
 */
#include "frame_priv.h"

#define LIMITS_MAX   4
#define LABEL_COLS   7
#define RATE_MINUTES 10
#define DAY_US       (86400 * SECOND_US)
#define MINUTE_US    (60 * SECOND_US)
#define NAME_COLS    20
#define NAMES_MAX    3
#define HINT_COLS    61 /* of the line of who waits, without the names */

/* ---- how a budget looks wherever it stands */
#define BAR_CELLS   10
#define BAR_WARN    8 /* of them: where the limit is near */
#define GLYPH_BYTES 3 /* each of these */

int64_t spend_permille(int64_t used, int64_t limit)
{
    int64_t scaled = 0;
    if (limit <= 0 || used <= 0) {
        return 0;
    }
    return __builtin_mul_overflow(used, INT64_C(1000), &scaled) ? INT64_C(1000000) : scaled / limit;
}

enum role spend_role(int64_t permille)
{
    bool near = permille >= 1000 * BAR_WARN / BAR_CELLS;
    return permille >= 1000 ? ROLE_SPEND_OVER : near ? ROLE_STRONG : ROLE_SPEND;
}

/* What is used, a mark where it is nearly used up, and the number: the bar alone would be colour
 * alone. */
void spend_bar(struct words *w, int64_t permille)
{
    static const char used[] = "████████│██";
    static const char left[] = "░░░░░░░░│░░";
    int64_t cells = permille >= 1000 ? BAR_CELLS : permille * BAR_CELLS / 1000;
    int at = (int)(cells + (cells > BAR_WARN)) * GLYPH_BYTES;
    words_fmt(w, "%.*s%s %lld%%", at, used, left + at, (long long)(permille / 10));
}

/* ---- of all agents */
struct limit {
    const struct backend *backend;
    const char *label;
    int64_t told,
        bound; /* what is used: as it was told, and what calls that did not tell may have */
    int64_t limit, ends_us; /* ends_us: it begins anew then; 0: never */
};

static int64_t used_of(const struct limit *l)
{
    int64_t used = 0;
    return __builtin_add_overflow(l->told, l->bound, &used) ? INT64_MAX : used;
}

static uint32_t collect(const struct frame *fr, struct limit out[LIMITS_MAX])
{
    uint32_t count = 0;
    int64_t midnight_us = (fr->now.wall_us / DAY_US + 1) * DAY_US;
    for (uint32_t i = 0; i < fleet_backend_count(fr->f); i++) {
        const struct backend *b = fleet_backend_at(fr->f, i);
        const struct spend_day day = fleet_day(b, fr->now.wall_us);
        const struct limit both[] = {
            {b, "day",   day.microusd,      day.bound_microusd,      b->day_limit_microusd,   midnight_us},
            {b, "fleet", b->total_microusd, b->total_bound_microusd, b->total_limit_microusd, 0          },
        };
        for (size_t n = 0; n < ARRAY_LEN(both) && count < LIMITS_MAX; n++) {
            if (both[n].limit > 0) {
                out[count++] = both[n];
            }
        }
    }
    return count;
}

static uint32_t count_waiting(const struct frame *fr)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fleet_agent_count(fr->f); i++) {
        count += agent_waits_for_budget(fr->f, fleet_agent_at(fr->f, i));
    }
    return count;
}

/* Of one back-end only: the minutes are of all of them. */
static void say_when(struct words *w, const struct limit *l)
{
    struct frame *fr = w->fr;
    int64_t minute[FLEET_BURN_MINUTES];
    int64_t rate = 0;
    int64_t left = l->limit - used_of(l);
    if (fleet_burn(fr->f, fr->now.wall_us, minute) <= 0 || left <= 0 ||
        fleet_backend_count(fr->f) != 1) {
        return;
    }
    for (int i = FLEET_BURN_MINUTES - RATE_MINUTES; i < FLEET_BURN_MINUTES; i++) {
        rate += minute[i] / RATE_MINUTES;
    }
    frame_change_wall(fr, (fr->now.wall_us / MINUTE_US + 1) * MINUTE_US);
    int64_t minutes = rate > 0 ? left / rate : INT64_MAX;
    int64_t until = l->ends_us > 0 ? (l->ends_us - fr->now.wall_us) / MINUTE_US : 10000;
    if (minutes < until) {
        words_own(w, "  at ");
        words_safe(w, frame_money(fr, rate));
        words_fmt(w, minutes < 120 ? "/min full in ~%lld min" : "/min full in ~%lld h",
                  (long long)(minutes < 120 ? minutes : minutes / 60));
    }
}

/* One row each, so that none is pushed out. */
static void put_row(struct frame *fr, struct rect *area, const char *label, enum role role,
                    struct safe text)
{
    canvas_put(fr->c, area->x, area->y, ROLE_LABEL, text_own(label));
    canvas_field(fr->c, area->x + LABEL_COLS + SHEET_GAP, area->y, area->w - LABEL_COLS - SHEET_GAP,
                 role, text);
    area->y++;
}

static void draw_limit(struct frame *fr, struct rect *area, const struct limit *l)
{
    struct words w = words_of(fr);
    int64_t used = used_of(l);
    bool over = used >= l->limit;
    int64_t permille = spend_permille(used, l->limit);
    spend_bar(&w, permille);
    words_own(&w, fr->totals.cost_estimated ? "  ~" : "  ");
    words_safe(&w, frame_money(fr, used));
    words_own(&w, " of ");
    words_safe(&w, frame_money(fr, l->limit));
    if (l->bound > 0) {
        words_own(&w, ", ");
        words_safe(&w, frame_money(fr, l->bound));
        words_own(&w, " of it not told");
    }
    if (fleet_backend_count(fr->f) > 1) {
        words_own(&w, " on ");
        words_sid(&w, l->backend->name, NAME_COLS);
    }
    words_own(&w, over ? "  used up: calls to models wait" : "");
    say_when(&w, l);
    put_row(fr, area, l->label, spend_role(permille), words_end(&w));
}

/* As many names as leave room for what can be done. */
static void draw_waiting(struct frame *fr, struct rect *area, uint32_t count)
{
    struct words w = words_of(fr);
    char key[KEY_NAME_BYTES];
    uint32_t said = 0;
    int room = (area->w - HINT_COLS) / (NAME_COLS + 2);
    uint32_t names = room > NAMES_MAX ? NAMES_MAX : room > 1 ? (uint32_t)room : 1;
    action_key(fr->ui, ACT_BUDGET, key);
    words_fmt(&w, "%u: ", count);
    for (uint32_t i = 0; i < fleet_agent_count(fr->f) && said < names; i++) {
        const struct agent *a = fleet_agent_at(fr->f, i);
        if (agent_waits_for_budget(fr->f, a)) {
            words_own(&w, said++ > 0 ? ", " : "");
            words_safe(&w,
                       text_ellipsis(fr->arena, agent_title(fr, a, 2 * NAME_COLS), NAME_COLS, "…"));
        }
    }
    words_own(&w, count > said ? ", ..." : "");
    words_fmt(&w, "  %s raises a budget; of all: @day, @fleet", key);
    put_row(fr, area, count == 1 ? "waits" : "wait", ROLE_STRONG, words_end(&w));
}

int spend_budgets_height(const struct frame *fr, int height)
{
    struct limit limits[LIMITS_MAX];
    int rows = (int)collect(fr, limits) + (count_waiting(fr) > 0);
    return rows > 0 && height >= 3 * rows + 4 ? rows + 1 : 0;
}

void spend_budgets_draw(struct frame *fr, struct rect area, struct safe right)
{
    struct limit limits[LIMITS_MAX];
    uint32_t count = collect(fr, limits);
    uint32_t waiting = count_waiting(fr);
    size_t mark = frame_mark(fr);
    struct rect row = {area.x + 1, area.y + 1, area.w - 2, 1};
    rule_draw(fr, (struct rect){area.x, area.y, area.w, 1}, ROLE_LABEL,
              text_own("budgets of all agents"), right);
    if (waiting > 0) {
        draw_waiting(fr, &row, waiting);
    }
    for (uint32_t i = 0; i < count; i++) {
        draw_limit(fr, &row, &limits[i]);
    }
    frame_back(fr, mark);
}
