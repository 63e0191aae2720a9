// Waiting for a state: asked again and again until it is there, or the deadline has passed and the test fails.

const DEADLINE_MS = 30000;

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** The first truthy value that `look` gives. `what` is told when it never does. */
export async function until(what, look, { ms = DEADLINE_MS, every = 25 } = {}) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() >= end) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(every);
  }
}

/** The promise's value, unless the deadline passes first. */
export async function within(what, promise, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
