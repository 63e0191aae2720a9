// Stopping ends the process and what it started, and is called done when the kernel says so. A fleet stop ends
// all, stays latched, and lets no stopped agent go on when it is taken back.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { section } from './lib/gate.mjs';
import { shell } from './lib/model.mjs';
import { isAlive } from './lib/sandbox.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

// In a session of its own, as what is meant to outlive its parent is.
const PROGRAM = ['tail', '-f', '/dev/null'];
const ENDLESS = `setsid ${PROGRAM.join(' ')}`;
const RULES = section('rule endless', { verdict: 'allow', tool: 'Bash', command: ENDLESS });

const childIn = (sandbox) => until('its command runs', () => sandbox.process(...PROGRAM));

async function stateOf(gate, name) {
  const { agents } = await gate.status();
  return agents.find((one) => one['gen_ai.agent.name'] === name)['agent.state'];
}

scenario('one agent that has stopped to react, while its command runs', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern({ rules: RULES });
  const agent = claude.start(model.play('one', shell(ENDLESS), shell('touch after')));
  const child = await childIn(sandbox);
  const [known] = (await gate.status()).agents;
  assert.equal(known['process.pid'], agent.pid);
  assert.equal(known['agent.runtime_version'], claude.version);
  process.kill(agent.pid, 'SIGSTOP'); // else the client itself would end what it started
  const said = await gate.done('stop', 'project');
  assert.match(said, /confirmed: its processes are gone/);
  assert.deepEqual([isAlive(agent.pid), isAlive(child)], [false, false]);
  assert.equal(await stateOf(gate, 'project'), 'stopped');
  assert.equal(sandbox.made('after'), false);
});

scenario('all agents: one waits at the gate, one runs', async (world) => {
  const { gate, model, claude, sandbox } = world;
  const other = sandbox.path('other');
  fs.mkdirSync(other);
  await world.govern({ rules: RULES });
  const running = claude.start(model.play('running', shell(ENDLESS)), { cwd: other });
  const waiting = claude.start(model.play('waiting', shell('touch ran')));
  const child = await childIn(sandbox);
  await gate.asked('touch ran');

  await gate.done('stop-all');
  assert.deepEqual([running.pid, waiting.pid, child].map(isAlive), [false, false, false]);
  assert.deepEqual([await stateOf(gate, 'other'), await stateOf(gate, 'project')], ['stopped', 'stopped']);
  const [backend] = (await gate.status()).backends;
  assert.equal(backend['fleet.stop.latched'], true);
  assert.deepEqual([backend['fleet.stop.requested'], backend['fleet.stop.confirmed']], [2, 2]);
  assert.deepEqual((await gate.status()).approvals, []);

  await claude.run(model.play('refused', shell('touch ran')));
  assert.deepEqual(model.answersOf('refused'), [], 'a new agent was let on');
  await gate.end('SIGTERM');
  await gate.serve();
  await claude.run(model.play('restarted', shell('touch ran')));
  assert.deepEqual(model.answersOf('restarted'), [], 'the latch did not outlive the daemon');

  await gate.done('reset-stop');
  const stopped = gate.events('agent.started').find((event) => event['gen_ai.agent.name'] === 'other');
  const args = ['--resume', stopped['gen_ai.conversation.id']];
  await claude.run(model.play('resumed', shell('touch ran')), { args, cwd: other });
  assert.deepEqual(model.answersOf('resumed'), [], 'a stopped agent went on after the reset');
  assert.equal(sandbox.made('ran'), false);

  const fresh = claude.start(model.play('fresh', shell('touch ran')));
  assert.equal((await gate.approve(await gate.asked('touch ran'))).code, 0);
  await fresh.finished();
  assert.equal(sandbox.made('ran'), true, 'after the reset nothing may run');
});
