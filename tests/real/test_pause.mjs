// A paused agent's next call waits at the gate, also one that the rules allow; resumed, it goes on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { section } from './lib/gate.mjs';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

const RULES = section('rule touching', { verdict: 'allow', tool: 'Bash', command: 'touch *' });

scenario('paused, seen waiting, resumed', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern({ rules: RULES });
  const agent = claude.start(model.play('two', shell('touch first'), shell('touch second')));
  model.think();
  await gate.agent('the agent is there', () => true);
  await gate.done('pause', 'project');
  model.release();

  const held = await gate.agent('its call is seen waiting', (one) => one['agent.state'] === 'paused');
  assert.equal(held['agent.gate'], 'hold');
  await gate.event('the pause is confirmed', 'operator.result', (event) => event['command.state'] === 'confirmed');
  const other = sandbox.path('other');
  fs.mkdirSync(other);
  await claude.run(model.play('meanwhile', shell('touch third')), { cwd: other });
  assert.equal(fs.existsSync(`${other}/third`), true, 'another agent was held too');
  assert.equal(sandbox.made('first'), false, 'it ran while it was paused');
  assert.deepEqual((await gate.status()).approvals, [], 'what the rules allow is not asked');
  assert.equal(model.answersOf('two').length, 1);

  await gate.done('resume', 'project');
  assert.equal((await agent.finished()).code, 0);
  assert.deepEqual([sandbox.made('first'), sandbox.made('second')], [true, true]);
});

scenario('paused while a request waits: it cannot be approved before the agent is resumed', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('one', shell('touch ran')));
  const request = await gate.asked('touch ran');
  await gate.done('pause', 'project');
  const early = await gate.approve(request);
  assert.equal(early.code, 3, 'approved while paused');
  assert.match(early.out, /resume it first/);
  await gate.done('resume', 'project');
  const again = await gate.asked('touch ran');
  assert.equal((await gate.approve(again)).code, 0);
  await agent.finished();
  assert.equal(sandbox.made('ran'), true);
});
