// Much in little time, and much that was before: threads whose history no connection could carry, and commands that print
// without end. What is shown and what can be answered stays as with a short one.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { asked, command, inside, patch } from './lib/codex.mjs';
import { inputOf } from './lib/gate.mjs';
import { scenario } from './lib/scenario.mjs';

const codex = (name, body) => scenario(name, body, { pin: 'codex' });
const MB = 1 << 20;

codex('a turn of 35 MB stays in sight; what it asks after that is shown whole', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const watch = await gate.watch();
  const thread = await user.thread(sandbox.project, { approvalPolicy: 'untrusted' });
  const long = Array(5).fill('so many words '.repeat(7 * MB / 14)); // each is longer than a line of the record
  assert.equal(await user.ended(await user.turn(thread, model.play('long', long))), 'completed');
  const { agents: [idle] } = await gate.status(); // of a connection of its own, when that turn is the last
  assert.equal(idle['agent.state'], 'idle');
  const turn = await user.turn(thread, model.play('short', patch('*** Add File: notes.txt', '+one')));
  const request = await gate.approval('the change is asked for');
  assert.equal(inputOf(request).changes[0].diff, 'one\n');
  assert.equal((await gate.approve(request)).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  assert.equal(fs.readFileSync(`${sandbox.project}/notes.txt`, 'utf8'), 'one\n');
  assert.deepEqual(watch.of('backend.link').map((event) => event['backend.link']).filter((link) => link === 'down'), []);
});
