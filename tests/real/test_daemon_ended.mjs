// The daemon is shut down: what waits is refused, in words, and nothing runs.
import assert from 'node:assert/strict';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

scenario('shut down while a call waits', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('one', shell('touch ran')));
  await gate.asked('touch ran');
  const ended = await gate.end('SIGTERM');
  assert.equal(ended.code, 0, 'the daemon did not end cleanly');
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'it ran');
  const resolved = gate.events('approval.resolved');
  assert.equal(resolved.length, 1);
  assert.equal(resolved[0]['approval.decision'], 'denied');
  assert.match(resolved[0].reason, /shutting down/);
  assert.equal(gate.lines().at(-1).k, 'seal', 'the record was not closed');
  await gate.verify();
});
