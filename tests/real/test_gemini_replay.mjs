// The record of a console that watched the daemon over Gemini CLI makes the same picture again, and so does the daemon's own.
import assert from 'node:assert/strict';
import { command } from './lib/gemini.mjs';
import { scenario } from './lib/scenario.mjs';
import { Watcher, foldsToOneDigest } from './lib/watcher.mjs';

scenario('what is folded of the record is what was seen: requests, a failure, a denial, a killed daemon', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const watcher = Watcher.start(sandbox, gate.backend, sandbox.path('home/watched'));
  await watcher.is('until live', /live/);

  const agent = client.start(model.play('three', command('touch a'), command('touch b'), command('exit 3')));
  for (const verb of ['approve', 'deny', 'approve']) {
    await watcher.is('until approvals 1', /approvals/);
    await watcher.same();
    await watcher.is(verb, /confirmed/);
    await watcher.same();
  }
  assert.equal((await agent.finished()).code, 0);
  assert.equal(sandbox.made('a') !== sandbox.made('b'), true, 'one of them was denied');
  await watcher.same();

  const cut = client.start(model.play('cut', command('touch d')));
  await watcher.is('until approvals 1', /approvals/);
  await gate.end('SIGKILL');
  await cut.finished();
  assert.equal(sandbox.made('d'), false, 'it ran without a daemon');
  await gate.serve();
  await watcher.is('until approvals 0', /approvals/);
  await watcher.is('until live', /live/);
  await watcher.same();
  await gate.done('verify', sandbox.path('home/watched'));

  const again = Watcher.start(sandbox, gate.backend, sandbox.path('home/late'));
  await again.is('until live', /live/);
  await again.same();
  await foldsToOneDigest(gate, sandbox);
}, { pin: 'gemini' });
