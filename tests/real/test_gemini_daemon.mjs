// Gemini CLI lets a call run when a hook fails in most ways: with the daemon killed, away, shut down or silent, and
// with the helper gone, it must not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { command } from './lib/gemini.mjs';
import { scenario } from './lib/scenario.mjs';

const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });

gemini('killed while a call waits, and away when the next one comes', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const agent = client.start(model.play('two', command('touch held'), command('touch next')));
  const request = await gate.asked('touch held');
  await gate.end('SIGKILL');
  await agent.finished();
  assert.deepEqual([sandbox.made('held'), sandbox.made('next')], [false, false], 'it ran');
  assert.equal(model.results.length, 2);
  assert.ok(model.results.every((result) => result.isError && /checkrein/.test(result.text)), 'the model was not told');
  await gate.serve();
  assert.equal((await gate.approve(request)).code, 3, 'a withdrawn request was approved');
  const [resolved] = gate.events('approval.resolved');
  assert.equal(resolved['approval.decision'], 'withdrawn');
  await gate.verify();
});

gemini('away at the start', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  await gate.end('SIGTERM');
  const { code } = await client.run(model.play('one', command('touch ran')));
  assert.equal(code, 0);
  assert.equal(sandbox.made('ran'), false, 'it ran');
  assert.equal(model.results.length, 1);
});

gemini('shut down while a call waits', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const agent = client.start(model.play('one', command('touch ran')));
  await gate.asked('touch ran');
  assert.equal((await gate.end('SIGTERM')).code, 0);
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'it ran');
  const [resolved] = gate.events('approval.resolved');
  assert.equal(resolved['approval.decision'], 'denied');
  assert.match(resolved.reason, /shutting down/);
  assert.equal(model.answersOf('one').length, 1, 'the turn went on');
});

function change(client, edit) {
  fs.writeFileSync(client.settings, edit(fs.readFileSync(client.settings, 'utf8')));
}

gemini('nobody decides, and the helper\'s deadline passes', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  change(client, (text) => text.replaceAll('--deadline 23h', '--deadline 2s'));
  await client.run(model.play('one', command('touch ran')));
  assert.equal(sandbox.made('ran'), false, 'it ran');
  assert.match(model.results[0].text, /checkrein: the call is blocked/);
  assert.equal(gate.events('approval.resolved')[0]['approval.decision'], 'withdrawn');
});

gemini('the executable is gone', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  const itself = gate.checkrein;
  fs.copyFileSync(gate.checkrein, sandbox.path('bin/checkrein'));
  gate.checkrein = sandbox.path('bin/checkrein'); // the one that the hooks name
  await world.govern();
  fs.rmSync(gate.checkrein);
  gate.checkrein = itself;
  await client.run(model.play('one', command('touch ran')));
  assert.equal(sandbox.made('ran'), false, 'it ran');
});
