// Rules decide without asking, and the record names the rule. A reload judges again what waits; a file with a
// fault changes nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { section } from './lib/gate.mjs';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

const ALLOW = section('rule touching', { verdict: 'allow', tool: 'Bash', command: 'touch *' });
const DENY = section('rule deleting', { verdict: 'deny', command: 'rm *', reason: 'ask a person for that' });

const verdictOn = (gate, text) => gate.events('policy.decided').filter((event) => event['action.summary'] === text);

scenario('allowed and denied by rule', async (world) => {
  const { gate, model, claude, sandbox } = world;
  sandbox.write('project/old', '');
  await world.govern({ rules: ALLOW + DENY });
  const steps = [shell('touch ran'), shell('rm old'), shell('touch hidden; rm old')];
  const ended = await claude.run(model.play('three', ...steps));
  assert.equal(ended.code, 0);
  assert.deepEqual([sandbox.made('ran'), sandbox.made('old'), sandbox.made('hidden')], [true, true, false]);
  assert.match(model.results[1].text, /rule deleting: ask a person for that/);
  const [allowed] = verdictOn(gate, 'touch ran');
  assert.deepEqual([allowed['policy.verdict'], allowed['policy.rule']], ['allow', 'touching']);
  for (const text of ['rm old', 'touch hidden; rm old']) {
    const [denied] = verdictOn(gate, text);
    assert.deepEqual([denied['policy.verdict'], denied['policy.rule']], ['deny', 'deleting']);
  }
  assert.deepEqual(gate.events('approval.requested'), []);
});

scenario('rules are reloaded while a call waits', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern({ rules: DENY });
  const agent = claude.start(model.play('one', shell('touch ran')));
  const request = await gate.asked('touch ran');

  fs.writeFileSync(gate.policy, `${ALLOW}[rule broken]\nverdict = perhaps\n`);
  gate.signal('SIGHUP');
  const fault = await gate.event('the fault is told', 'signal.raised');
  assert.match(fault['signal.title'] ?? JSON.stringify(fault), /policy\.ini:\d+.*perhaps/);
  const kept = (await gate.status()).approvals;
  assert.equal(kept.length, 1, 'a broken file changed the rules');
  assert.equal(kept[0]['policy.version'], request['policy.version']);
  assert.equal(sandbox.made('ran'), false);
  const other = sandbox.path('other');
  fs.mkdirSync(other);
  await claude.run(model.play('other', shell('rm old')), { cwd: other });
  assert.deepEqual(verdictOn(gate, 'rm old').map((event) => event['policy.rule']), ['deleting']);

  fs.writeFileSync(gate.policy, ALLOW);
  gate.signal('SIGHUP');
  assert.equal((await agent.finished()).code, 0);
  assert.equal(sandbox.made('ran'), true);
  assert.deepEqual(verdictOn(gate, 'touch ran').map((event) => event['policy.verdict']), ['ask', 'allow']);
  assert.deepEqual((await gate.status()).approvals, []);
});
