// The agent's own screen, with a person before it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const WITHDRAWN_WITHIN_MS = 2000;

scenario('Esc while its call is held: the request is withdrawn at once, everywhere', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const screen = await world.screen();
  await claude.ask(screen, model.play('one', shell('touch ran')));
  const request = await gate.asked('touch ran');
  await screen.shows('checkrein gate'); // it says what it waits for
  const at = Date.now();
  screen.press('Escape');
  const resolved = await gate.event('it is withdrawn', 'approval.resolved');
  assert.equal(resolved['approval.decision'], 'withdrawn');
  assert.ok(resolved.at - at <= WITHDRAWN_WITHIN_MS, `withdrawn after ${resolved.at - at} ms`);
  assert.deepEqual((await gate.status()).approvals, []);
  assert.equal((await gate.approve(request)).code, 3, 'a withdrawn request was approved');

  await claude.ask(screen, model.play('next', shell('touch next')));
  const next = await gate.asked('touch next');
  assert.equal((await gate.approve(next)).code, 0);
  await screen.shows('That is all.');
  assert.deepEqual([sandbox.made('ran'), sandbox.made('next')], [false, true]);
});

scenario('connected while it runs: its next call is held', async (world) => {
  const { gate, model, claude, sandbox } = world;
  const noticed = { type: 'command', command: `touch ${sandbox.path('noticed')}` };
  fs.writeFileSync(claude.settings, JSON.stringify({ hooks: { ConfigChange: [{ hooks: [noticed] }] } }));
  const screen = await world.screen();
  await claude.ask(screen, model.play('before', 'Nothing done yet.'));
  await screen.shows('Nothing done yet.');
  await world.govern();
  await until('the client has noticed the change', () => fs.existsSync(sandbox.path('noticed')));
  await claude.ask(screen, model.play('after', shell('touch ran')));
  const request = await gate.asked('touch ran');
  assert.equal((await gate.deny(request, 'no')).code, 0);
  await screen.shows('That is all.');
  assert.equal(sandbox.made('ran'), false);
});
