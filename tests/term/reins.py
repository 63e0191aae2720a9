"""The reins of the demo's leases and budgets from the keys: each is seen to work on agents that run."""
from tmux import Screen, run


def has(*words):
    return lambda rows: any(all(word in row for word in words) for row in rows)


def select(s, words):
    """The first row of the view that has these words, by hand."""
    s.keys("/")
    s.type(words)
    s.keys("Enter")
    s.wait_text(f"─ /{words} ─")
    s.wait_quiet(0.7)
    s.keys("g")
    s.wait_quiet(0.7)


def a_lease(binary, cols, rows):
    with Screen([binary, "demo"], cols, rows) as s:
        s.wait("a helper that came of another", has("changelog"), 60)
        s.press("7", "─ credentials ─")
        select(s, "test-runner")
        s.press("H", ": confirmed: 1 lease is held", every=3)
        s.wait("a call that waits", has("a call came", "and was held"), 90)
        s.press("1", "─ agents ─")
        s.wait("that its agent waits", has("test-runner", "its lease is held"))
        s.press("7", "─ credentials ─")
        s.press("C", ": confirmed: 1 lease is choked; 0 requests wait", every=3)
        s.wait("that its call was refused", has("lease was choked by"), 60)
        s.press("u", "what waits under it goes on at once")
        s.press("u", ": confirmed: 1 lease is active", every=2)
        s.press("v", "─ revoke 1 credential? ─")
        s.wait_text("v again revokes it")
        s.press("v", "confirmed: 1 revoked", every=2)
        s.press("Escape", "─ credentials ─")
        s.wait("that its next call was refused", has("the lease was revoked by"), 90)


def held_choked_let_go_and_revoked_small(binary):
    a_lease(binary, 80, 24)


def held_choked_let_go_and_revoked(binary):
    a_lease(binary, 120, 40)


def a_budget_is_raised_where_it_is_reached(binary):
    with Screen([binary, "demo"], 80, 24) as s:
        s.wait("one that waits for its budget", has("supplier-study", "held: over its budget of $5.00"), 60)
        s.press("5", "─ spend ─")
        s.wait_text("waits    1: supplier-study")
        select(s, "supplier")
        s.press("b", "limit in USD for supplier-study")
        s.type("9")
        s.press("Enter", "supplier-study: $9.00 (now $5.00)")
        s.wait_text("b again sets it")
        s.keys("b")
        s.wait("what went on", has("budget supplier-study: confirmed:", "1 waited and went on"))
        s.wait("its spend", has("supplier-study", "~$6.40", "$9.00"))
        s.wait("nobody waits", lambda rows: not has("raises a budget")(rows))


if __name__ == "__main__":
    run([held_choked_let_go_and_revoked, held_choked_let_go_and_revoked_small, a_budget_is_raised_where_it_is_reached])
