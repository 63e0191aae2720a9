// The record of a console that watched a real Codex makes the same picture again, at every point and after every cut.
import assert from 'node:assert/strict';
import { DECLINE, HELPED, Relay, command, helper, inside, patch, scripted } from './lib/codex.mjs';
import { scenario } from './lib/scenario.mjs';
import { Watcher } from './lib/watcher.mjs';

const codex = (name, body) => scenario(name, body, { pin: 'codex' });

codex('what is folded of the record is what was seen: requests, denials, interrupts, helpers, cuts', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const relay = await Relay.open(client.port);
  const record = sandbox.path('home/record');
  const server = { kind: 'codex', url: `ws://127.0.0.1:${relay.port}/`, tokenFile: client.tokenFile };
  const watcher = Watcher.start(sandbox, server, record);
  await watcher.is('until live', /live/);
  await watcher.same();

  const thread = await user.thread(sandbox.project, { approvalPolicy: 'untrusted' });
  const turn = await user.turn(thread, model.play('four', command('touch a'), patch('*** Add File: b', '+b'), command('touch c'),
    inside('seq 1 40000')));
  for (const [verb, outcome] of [['approve', /confirmed/], ['approve', /confirmed/], ['deny', /confirmed/], ['approve', /confirmed/]]) {
    await watcher.is('until approvals 1', /approvals/);
    await watcher.same();
    await watcher.is(verb, outcome);
    await watcher.same();
  }
  assert.equal(await user.ended(turn), 'completed');
  await watcher.same();

  const parent = await user.thread(sandbox.project, { model: HELPED });
  const task = model.play('task', scripted(command('touch d')));
  const second = await user.turn(parent, model.play('parent', ...helper(task)));
  await watcher.is('until approvals 1', /approvals/);
  await watcher.is('until agents 3', /agents/);
  relay.cut();
  await watcher.is('until approvals 1', /approvals/);
  await watcher.is('until live', /live/);
  await watcher.same();
  const ask = await user.ask('it still waits');
  user.answer(ask, DECLINE); // elsewhere
  assert.equal(await user.ended(second), 'completed');
  await watcher.is('until approvals 0', /approvals/);
  await watcher.same();

  const third = await user.turn(thread, model.play('long', command('sleep 300')));
  await watcher.is('until approvals 1', /approvals/);
  await watcher.is('approve', /confirmed/);
  await watcher.is('stop', /confirmed/);
  assert.equal(await user.ended(third), 'interrupted');
  await watcher.same();
  await gate.done('verify', record);

  const again = Watcher.start(sandbox, server, sandbox.path('home/record2')); // one that begins with all of this
  await again.is('until live', /live/);
  await again.same();
  relay.close();
});
