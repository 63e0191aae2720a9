// The program that is a console without a screen and compares what it sees with what its record makes of it: replayed.c.
import assert from 'node:assert/strict';
import { until } from './until.mjs';

export class Watcher {
  /** A record of its own, on this back-end; without a file of a token, none is sent. */
  static start(sandbox, { kind, url, tokenFile = '-' }, record) {
    const watcher = new Watcher();
    watcher.run = sandbox.start(process.env.CHECKREIN_REPLAYED, [kind, url, tokenFile, record], { stdio: ['pipe', 'pipe', 'pipe'] });
    return watcher;
  }

  #said() {
    return this.run.seen.out.split('\n').slice(0, -1);
  }

  async does(line) {
    const before = this.#said().length;
    this.run.child.stdin.write(`${line}\n`);
    const answered = until(`"${line}" is answered`, () => this.#said().length > before, { ms: 60000 });
    await Promise.race([answered, this.run.ended]);
    return this.#said()[before] ?? this.run.seen.err;
  }

  async is(line, wanted) {
    assert.match(await this.does(line), wanted, line);
  }

  same() {
    return this.is('check', /^same /);
  }
}

/** The daemon's own record: folded twice, and made anew of what was told of it, it is the same picture. */
export async function foldsToOneDigest(gate, sandbox) {
  const digest = async (record, file) => {
    const { code, err } = await gate.run('export', '--format', 'jsonl', '--output', file, record);
    assert.equal(code, 0, err);
    return /fleet digest ([0-9a-f]{16})/.exec(err)[1];
  };
  const [one, two, again] = ['one', 'two', 'again'].map((name) => sandbox.path('home', `${name}.jsonl`));
  const copy = sandbox.path('home/copy');
  const first = await digest(gate.record, one);
  assert.equal(await digest(gate.record, two), first, 'a second fold is another picture');
  await gate.done('import', one, '--record', copy);
  assert.equal(await digest(copy, again), first, 'another picture of what was told');
}
