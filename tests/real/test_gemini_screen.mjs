// Gemini CLI's own screen beside the console: what it asks for is shown there, decided by key, and withdrawn when the
// person at the client gives it up.
import assert from 'node:assert/strict';
import { command } from './lib/gemini.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });

gemini('asked without a screen, approved by key on the console; what is not held stands there', async (world) => {
  const { model, gemini: client, sandbox } = world;
  await world.govern();
  const console_ = await world.console({ cols: 120, rows: 40, arm_low_ms: 500 });
  const agent = client.start(model.play('one', command('touch ran')));
  await console_.shows('touch ran');
  assert.equal(sandbox.made('ran'), false, 'it ran before it was approved');
  await console_.insist('a', 'low risk');
  await console_.shows('a approve once');
  console_.press('a');
  await console_.shows(/approve: sent .* confirmed/);
  await until('the approved call has run', () => sandbox.made('ran'));
  console_.press('Escape');
  assert.equal((await agent.finished()).code, 0);
  await console_.shows(/stopped +project +gemini-/);
  await console_.insist('Enter', 'ways around the gate');
  await console_.insist('Tab', 'under an editor no call passes here');
});

gemini('on its own screen in yolo: the gate alone asks; what Esc gave up there does not run, whatever is decided', async (world) => {
  const { gate, model, sandbox } = world;
  await world.govern();
  const screen = await world.screen({ args: ['--approval-mode', 'yolo'] });
  await world.gemini.ask(screen, model.play('given-up', command('touch given-up')));
  const request = await gate.asked('touch given-up');
  screen.press('Escape');
  await screen.shows('Request cancelled');
  assert.equal((await gate.status()).approvals.length, 1, 'the gate is told of it now: say so');
  await gate.approve(request);
  await world.gemini.ask(screen, model.play('next', command('touch ran')));
  await gate.approve(await gate.asked('touch ran'));
  await until('the approved call has run', () => sandbox.made('ran'));
  assert.equal(sandbox.made('given-up'), false, 'what was given up ran');
});

gemini('on its own screen in the default mode: its own question comes after the gate', async (world) => {
  const { gate, model, sandbox } = world;
  await world.govern();
  const screen = await world.screen();
  await world.gemini.ask(screen, model.play('one', command('touch ran')));
  await gate.approve(await gate.asked('touch ran'));
  await screen.shows('Allow execution of');
  await gate.agent('it is said to ask there', (one) => one['agent.state'] === 'waiting_input');
  assert.equal(sandbox.made('ran'), false, 'it ran before its own question was answered');
  screen.press('Enter');
  await until('it has run', () => sandbox.made('ran'));
});
