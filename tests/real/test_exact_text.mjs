// What runs is what was shown: the digest is that of the exact text, another digest is refused, of two answers
// one counts, and no character of a command is lost or added between the screen and the shell.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { shell } from './lib/model.mjs';
import { inputOf, section } from './lib/gate.mjs';
import { scenario } from './lib/scenario.mjs';

const digestOf = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

// Right-to-left override, zero width space, a tag character, a no-break space, a variation selector, two ways to
// write é, a letter that looks like another, a line separator, and escapes that JSON may write in several ways.
const ODD = 'a\u202eb\u200bc\u{e0041}d\u00a0e\ufe0f é e\u0301 \u0430 \u2028 漢字 😀 \\ / " ';

scenario('odd characters: shown as marks, run as they are', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const screen = await world.console({ cols: 120, rows: 40 });
  const command = `printf %s '${ODD}' > odd`;
  const agent = claude.start(model.play('odd', shell(command)));
  const request = await gate.approval('it is asked for');
  assert.equal(inputOf(request).command, command);
  assert.equal(request['action.digest'], digestOf(request.action));
  await screen.insist('a', 'replaced');
  assert.doesNotMatch(screen.screen(), /[\u202a-\u202e\u200b\u2028\u{e0041}]/u);
  assert.equal((await gate.approve(request)).code, 0);
  await agent.finished();
  assert.equal(fs.readFileSync(path.join(sandbox.project, 'odd'), 'utf8'), ODD);
});

scenario('half a character, of which the client would run something else, is refused', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern({ rules: section('rule all', { verdict: 'allow', tool: '*' }) });
  await claude.run(model.play('half', shell('touch "x\ud800y"'), shell('touch whole')));
  assert.match(model.results[0].text, /half a character/);
  assert.deepEqual(fs.readdirSync(sandbox.project), ['whole']);
});

scenario('another digest, two answers at once, and a late one', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('two', shell('echo x >> count'), shell('touch second')));
  const request = await gate.asked('echo x >> count');
  const other = await gate.approve({ ...request, 'action.digest': digestOf('something else') });
  assert.equal(other.code, 3, other.out);
  assert.match(other.out, /digest is not that of the call/);
  assert.equal(sandbox.made('count'), false);
  assert.equal((await gate.status()).approvals.length, 1);

  const answers = await Promise.all([gate.approve(request), gate.approve(request), gate.deny(request, 'no')]);
  const won = answers.filter((answer) => answer.code === 0);
  assert.equal(won.length, 1, JSON.stringify(answers));
  const next = await gate.asked('touch second');
  assert.equal(sandbox.made('count'), won[0] !== answers[2]);
  if (sandbox.made('count')) assert.equal(fs.readFileSync(path.join(sandbox.project, 'count'), 'utf8'), 'x\n');
  assert.equal(gate.events('approval.resolved').length, 1);
  assert.equal((await gate.deny(request, 'late')).code, 3);
  await gate.deny(next, 'no');
  await agent.finished();
});

scenario('two consoles answer the same request', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const screens = [await world.console({ cols: 80, rows: 24 }), await world.console({ cols: 120, rows: 40 })];
  const agent = claude.start(model.play('one', shell('echo x >> count')));
  for (const screen of screens) {
    await screen.shows('echo x >> count');
    await screen.insist('a', 'low risk');
    await screen.shows('a approve once');
  }
  for (const screen of screens) screen.press('a');
  for (const screen of screens) await screen.shows(/confirmed|superseded|answered elsewhere/);
  await agent.finished();
  assert.equal(fs.readFileSync(path.join(sandbox.project, 'count'), 'utf8'), 'x\n');
  assert.equal(gate.events('approval.resolved').length, 1);
  assert.equal(screens.filter((screen) => /approve: .* confirmed/.test(screen.screen())).length, 1);
});
