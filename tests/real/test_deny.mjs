// A call that the operator denies does not run, and the model learns why.
import assert from 'node:assert/strict';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

async function assertDenied({ gate, model, sandbox }, agent, reason) {
  const { code, result } = await agent.finished();
  assert.equal(code, 0);
  assert.equal(sandbox.made('ran'), false, 'it ran');
  assert.ok(model.results[0].isError);
  assert.ok(model.results[0].text.includes(reason), model.results[0].text);
  assert.equal(result.permission_denials.length, 1);
  assert.equal(gate.events('approval.resolved')[0]['approval.decision'], 'denied');
  await gate.verify();
}

scenario('denied on the screen', async (world) => {
  const { model, claude } = world;
  await world.govern();
  const screen = await world.console({ cols: 80, rows: 24 });
  const agent = claude.start(model.play('one', shell('touch ran')));
  await screen.shows('touch ran');
  await screen.insist('d', 'Enter = default reason');
  screen.type('not on a Friday');
  screen.press('Enter');
  await screen.shows('deny project: confirmed');
  await assertDenied(world, agent, 'not on a Friday');
});

scenario('denied with its turn on the screen: one key, and nothing follows', async (world) => {
  const { gate, model, sandbox, claude } = world;
  await world.govern();
  const screen = await world.console({ cols: 80, rows: 24 });
  const agent = claude.start(model.play('two', shell('touch ran'), shell('touch after')));
  await screen.shows('touch ran');
  await screen.insist('E', 'deny project: '); // pressed again, it would speak of another request
  await screen.shows('deny project: confirmed');
  await agent.finished();
  assert.deepEqual([sandbox.made('ran'), sandbox.made('after')], [false, false]);
  assert.equal(model.answersOf('two').length, 1, 'the model was asked to go on');
  assert.equal(gate.events('approval.resolved')[0]['approval.decision'], 'denied');
});

scenario('denied from the shell, also under bypassPermissions', async (world) => {
  const { gate, model, claude } = world;
  await world.govern();
  const args = ['--dangerously-skip-permissions'];
  const agent = claude.start(model.play('one', shell('touch ran')), { args });
  const request = await gate.asked('touch ran');
  const asker = await gate.agent('the agent is known', () => true);
  assert.equal(asker['permissions.mode'], 'bypassPermissions');
  const denied = await gate.deny(request, 'not even then');
  assert.equal(denied.code, 0, denied.out + denied.err);
  await assertDenied(world, agent, 'not even then');
});
