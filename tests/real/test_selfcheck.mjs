// The tests can fail. With the hook taken out, or its `onFailure` gone, the same assertions that hold elsewhere
// do not: what they see is the gate, and not something else that keeps the agent from running.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

function assertDidNotRun(sandbox) {
  assert.equal(sandbox.made('ran'), false, 'it ran');
}

function change(claude, edit) {
  const settings = JSON.parse(fs.readFileSync(claude.settings));
  edit(settings.hooks);
  fs.writeFileSync(claude.settings, JSON.stringify(settings));
}

scenario('the gate as it is: nothing runs', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('one', shell('touch ran')));
  await gate.deny(await gate.asked('touch ran'), 'no');
  await agent.finished();
  assertDidNotRun(sandbox);
});

scenario('the hook taken out: it runs, and the daemon raises an alarm', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  change(claude, (hooks) => delete hooks.PreToolUse);
  await claude.run(model.play('one', shell('touch ran')));
  assert.throws(() => assertDidNotRun(sandbox), /it ran/);
  assert.deepEqual(gate.events('approval.requested'), []);
  const [alarm] = gate.events('signal.raised');
  assert.equal(alarm['signal.severity'], 'emergency');
  assert.equal(alarm['signal.title'], 'a call ended that this gate never let through');
});

scenario('a hook that does not block on failure: with the daemon away it runs', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  change(claude, (hooks) => delete hooks.PreToolUse[0].hooks[0].onFailure);
  await gate.end('SIGKILL');
  await claude.run(model.play('one', shell('touch ran')));
  assert.throws(() => assertDidNotRun(sandbox), /it ran/);
});
