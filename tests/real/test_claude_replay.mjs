// The record of a console that watched the daemon over Claude Code makes the same picture again, and so does the daemon's own.
import assert from 'node:assert/strict';
import { section } from './lib/gate.mjs';
import { shell, tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { Watcher, foldsToOneDigest } from './lib/watcher.mjs';

const ASKED = section('rule helpers', { verdict: 'allow', tool: 'Agent' });

scenario('what is folded of the record is what was seen: requests, helpers, failures, spend, a stop, a killed daemon', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern({ rules: ASKED });
  const watcher = Watcher.start(sandbox, gate.backend, sandbox.path('home/watched'));
  await watcher.is('until live', /live/);
  await watcher.same();

  const child = model.play('child', shell('touch c'));
  const start = tool('Agent', { description: 'a helper', prompt: child, subagent_type: 'general-purpose' });
  const agent = claude.start(model.play('four', shell('touch a'), shell('touch b'), shell('exit 3'), start));
  for (const verb of ['approve', 'deny', 'approve', 'approve']) {
    await watcher.is('until approvals 1', /approvals/);
    await watcher.same();
    await watcher.is(verb, /confirmed/);
    await watcher.same();
  }
  assert.equal((await agent.finished()).code, 0);
  assert.deepEqual(['a', 'b', 'c'].map((name) => sandbox.made(name)), [true, false, true]);
  await watcher.same();

  const cut = claude.start(model.play('cut', shell('touch d')));
  await watcher.is('until approvals 1', /approvals/);
  await gate.end('SIGKILL');
  await cut.finished();
  assert.equal(sandbox.made('d'), false, 'it ran without a daemon');
  await gate.serve();
  await watcher.is('until approvals 0', /approvals/);
  await watcher.is('until live', /live/);
  await watcher.same();

  model.refuse(400, 1000);
  await claude.run(model.play('never', shell('true')));
  await gate.event('the failure', 'failure.reported', (one) => !one['failure.retrying']);
  await watcher.same();

  model.refuse(400, 0);
  const stopped = claude.start(model.play('stopped', shell('touch e')));
  await watcher.is('until approvals 1', /approvals/);
  await watcher.is('stop', /confirmed/);
  await stopped.finished();
  assert.equal(sandbox.made('e'), false, 'it was stopped and ran');
  await watcher.same();
  await gate.done('verify', sandbox.path('home/watched'));

  const again = Watcher.start(sandbox, gate.backend, sandbox.path('home/late')); // one that begins with all of this
  await again.is('until live', /live/);
  await again.same();
  await foldsToOneDigest(gate, sandbox);
});
