// The daemon dies without a word: nothing runs, neither the call that waited nor the next one. When it is back,
// it says what became of the waiting call, and the gate stands again.
import assert from 'node:assert/strict';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

scenario('killed while a call waits, and away when the next one comes', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const screen = await world.console({ cols: 120, rows: 40 });
  const agent = claude.start(model.play('two', shell('touch held'), shell('touch next')));
  const request = await gate.asked('touch held');
  await gate.end('SIGKILL');
  await screen.shows('STALE');
  await agent.finished();
  assert.deepEqual([sandbox.made('held'), sandbox.made('next')], [false, false], 'it ran');
  assert.equal(model.results.length, 2);
  assert.ok(model.results.every((result) => result.isError), 'the model was not told that nothing ran');

  await gate.serve();
  await screen.shows('LIVE');
  screen.press('3');
  await screen.shows(/withdrawn +Bash/);
  assert.deepEqual((await gate.status()).approvals, []);
  const resolved = gate.events('approval.resolved');
  assert.equal(resolved.length, 1);
  assert.equal(resolved[0]['approval.id'], request['approval.id']);
  assert.equal(resolved[0]['approval.decision'], 'withdrawn');

  const late = await gate.approve(request);
  assert.equal(late.code, 3, 'a withdrawn request was approved');
  const other = claude.start(model.play('again', shell('touch again')));
  const second = await gate.asked('touch again');
  assert.equal(sandbox.made('again'), false, 'it ran unasked');
  assert.equal((await gate.approve(second)).code, 0);
  assert.equal((await other.finished()).code, 0);
  assert.equal(sandbox.made('again'), true, 'it was approved and did not run');
  await gate.verify();
});
