// Clients that `run` has no gate for: they are agents of the fleet all the same, and say that their calls are not held; pause
// freezes them, stop ends all of them, and their model goes by a lease.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { freePort } from './lib/gate.mjs';
import { configure, descendants, keyIsNowhereIn, live, REAL, START_MS, wrap } from './lib/leased.mjs';
import { bash } from './lib/headless.mjs';
import { isAlive } from './lib/sandbox.mjs';
import { scenario } from './lib/scenario.mjs';
import { Terminal } from './lib/terminal.mjs';
import { until } from './lib/until.mjs';

const stateOf = (pid) => /\) (\S)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))[1];
const agents = async (gate) => (await gate.status()).agents.filter((agent) => agent['agent.state'] !== 'stopped');

async function reins({ gate, model, sandbox }, agent, name) {
  model.stall(1);
  const started = agent.start(model.play('reined', bash('touch never')), { wrap: wrap(gate) });
  await until('an answer runs', () => model.stalled.length > 0, { ms: START_MS });
  const [seen, ...more] = await agents(gate);
  assert.deepEqual(more, [], 'one agent');
  assert.deepEqual([seen['gen_ai.agent.name'], seen['agent.runtime'], seen['permissions.mode']], ['leased', name, 'calls are not held']);
  const tree = descendants(started.pid).filter((pid) => pid !== started.pid);
  await gate.done('pause', seen['gen_ai.agent.id']);
  await until('all of it is frozen', () => tree.filter(isAlive).every((pid) => stateOf(pid) === 'T'));
  assert.equal((await agents(gate))[0]['agent.gate'], 'freeze');
  await gate.done('resume', seen['gen_ai.agent.id']);
  await until('all of it goes on', () => tree.filter(isAlive).every((pid) => stateOf(pid) !== 'T'));
  await gate.done('stop', seen['gen_ai.agent.id']);
  assert.deepEqual(tree.filter(isAlive), [], 'it was stopped, and something of it lives');
  await until('the upstream sees the end', () => model.stalled[0].ended);
  await started.ended;
  await until('the lease ends with the run', async () => (await live(gate)).length === 0);
  assert.equal(sandbox.made('never'), false);
}

async function begin(world, pin, row) {
  const agent = world[pin];
  const env = { ...agent.env, [row.key]: REAL };
  Object.defineProperty(agent, 'env', { get: () => env });
  await configure(world, row);
  return agent;
}

const OPENCODE = { key: 'ANTHROPIC_API_KEY', dialect: 'anthropic' };

scenario('opencode is paused and stopped', async (world) => {
  await reins(world, await begin(world, 'opencode', OPENCODE), 'opencode');
}, { pin: 'opencode' });

scenario('Copilot CLI is paused and stopped, and what its script started', async (world) => {
  await reins(world, await begin(world, 'copilot', { key: 'COPILOT_GITHUB_TOKEN', dialect: 'openai' }), 'copilot');
}, { pin: 'copilot' });

/** What its screen shows when the model refuses. */
const REFUSED = /lease was revoked|leaked/;

scenario("opencode's own screen", async (world) => {
  const { gate, model, sandbox } = world;
  const agent = await begin(world, 'opencode', OPENCODE);
  const command = [gate.checkrein, 'run', '--name', 'leased', '--', agent.binary];
  const terminal = new Terminal(sandbox, 'opencode', { cols: 120, rows: 40, command, env: agent.env });
  try {
    await terminal.shows(/Ask anything|Build/, { ms: START_MS });
    const say = async (prompt) => {
      terminal.type(prompt);
      await terminal.shows(prompt.slice(0, 20));
      terminal.press('Enter');
    };
    await say(model.play('screen', bash('touch seen')));
    await until('it ran', () => sandbox.made('seen'), { ms: START_MS });
    await terminal.shows('That is all.', { ms: START_MS });
    const [{ 'gen_ai.agent.id': id }] = await agents(gate);
    const [lease] = await live(gate);
    await gate.done('lease', 'revoke', lease.id, '--reason', 'leaked');
    const answered = model.heads.length;
    await say(model.play('after', bash('touch after')));
    await terminal.shows(REFUSED);
    assert.equal(model.heads.length, answered, 'something more went through');
    assert.equal(sandbox.made('after'), false);
    await gate.done('stop', id);
  } finally {
    terminal.close();
  }
}, { pin: 'opencode' });

scenario("opencode's server", async (world) => {
  const { gate, model, sandbox } = world;
  const agent = await begin(world, 'opencode', OPENCODE);
  const port = await freePort();
  const words = [...wrap(gate).slice(1), agent.binary, 'serve', '--hostname', '127.0.0.1', '--port', `${port}`];
  const started = sandbox.start(gate.checkrein, words, { env: { ...agent.env, OPENCODE_SERVER_PASSWORD: 'of-this-test' } });
  const headers = { authorization: `Basic ${btoa('opencode:of-this-test')}`, 'content-type': 'application/json' };
  const call = async (path, body, ms = START_MS) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(ms),
    });
    return answer.json();
  };
  await until('the server listens', () => call('/global/health', null, 2000).then(() => true, () => false), { ms: START_MS });
  keyIsNowhereIn(started.pid);
  const { id } = await call('/session', { title: 'a session of the test' });
  const say = (text) => call(`/session/${id}/message`, { parts: [{ type: 'text', text }] });
  const first = await say(model.play('served', bash('touch served')));
  assert.ok(sandbox.made('served'), JSON.stringify(first));
  const [lease] = await live(gate);
  await gate.done('lease', 'revoke', lease.id, '--reason', 'leaked');
  const answered = model.heads.length;
  const refused = await say(model.play('later', bash('touch later')));
  assert.match(JSON.stringify(refused), /leaked/);
  assert.equal(model.heads.length, answered, 'something more went through');
  assert.equal(sandbox.made('later'), false);
  const [{ 'gen_ai.agent.id': agentId }] = await agents(gate);
  await gate.done('stop', agentId);
}, { pin: 'opencode' });
