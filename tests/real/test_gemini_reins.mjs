// Pause, interrupt and stop of a Gemini CLI.
import assert from 'node:assert/strict';
import { section } from './lib/gate.mjs';
import { command } from './lib/gemini.mjs';
import { isAlive } from './lib/sandbox.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const PROGRAM = ['tail', '-f', '/dev/null'];
const ENDLESS = PROGRAM.join(' ');
const ALL = section('rule all', { verdict: 'allow', tool: '*' });
const confirmed = (event) => event['command.state'] === 'confirmed';
const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });

gemini('paused: the next call waits, whatever the rules say', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern({ rules: ALL });
  model.think();
  const agent = client.start(model.play('one', command('touch ran')));
  await gate.agent('it is in a turn', (one) => one['agent.state'] === 'running');
  await gate.done('pause', 'project');
  model.release();
  await gate.event('the pause is confirmed', 'operator.result', confirmed);
  await gate.agent('it is paused', (one) => one['agent.state'] === 'paused');
  assert.equal(sandbox.made('ran'), false, 'it ran under a pause');
  await gate.done('resume', 'project');
  assert.equal((await agent.finished()).code, 0);
  assert.equal(sandbox.made('ran'), true, 'it did not go on');
});

gemini('interrupted: the waiting call is refused and the turn ends', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const agent = client.start(model.play('two', command('touch ran'), command('touch next')));
  await gate.asked('touch ran');
  await gate.done('interrupt', 'project');
  await agent.finished();
  await gate.event('the interruption is confirmed', 'operator.result', confirmed);
  assert.deepEqual([sandbox.made('ran'), sandbox.made('next')], [false, false], 'it ran');
  assert.equal(model.answersOf('two').length, 1, 'the turn went on');
});

gemini('stopped while its command runs and it does not react', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern({ rules: ALL });
  const agent = client.start(model.play('one', command(ENDLESS), command('touch after')));
  const child = await until('its command runs', () => sandbox.process(...PROGRAM));
  process.kill(agent.pid, 'SIGSTOP'); // else the client itself would end what it started
  assert.match(await gate.done('stop', 'project'), /confirmed: its processes are gone/);
  assert.deepEqual([isAlive(agent.pid), isAlive(child)], [false, false]);
  const [known] = (await gate.status()).agents;
  assert.equal(known['agent.state'], 'stopped');
  assert.equal(sandbox.made('after'), false);
});

gemini('a fleet stop: what waits is refused, a new agent is not let on', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  // As a person starts it: the client starts itself anew, and the agent is the inner process.
  const agent = client.start(model.play('one', command('touch ran')), { env: { GEMINI_CLI_NO_RELAUNCH: '' } });
  await gate.asked('touch ran');
  const inner = (await gate.status()).agents[0]['process.pid'];
  assert.notEqual(inner, agent.pid);
  await gate.done('stop-all');
  await until('both processes are gone', () => !isAlive(inner) && !isAlive(agent.pid));
  await client.run(model.play('refused', command('touch ran')));
  assert.deepEqual(model.answersOf('refused'), [], 'its prompt reached the model');
  assert.equal(sandbox.made('ran'), false);
  await gate.done('reset-stop');
});
