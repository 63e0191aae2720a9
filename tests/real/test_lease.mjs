// `checkrein run` with an upstream: the real clients work with a lease in place of their key, wait when it is held, and
// get nothing more when it is revoked.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { inside } from './lib/codex.mjs';
import { command } from './lib/gemini.mjs';
import { shell } from './lib/model.mjs';
import { section } from './lib/gate.mjs';
import { scenario } from './lib/scenario.mjs';
import { until, within } from './lib/until.mjs';

const REAL = 'sk-real-4f9d1c7be2a85036-of-this-test';

const CLIENTS = {
  claude: { dialect: 'anthropic', key: 'ANTHROPIC_API_KEY', field: 'x-api-key', step: (file) => shell(`touch ${file}`) },
  codex: { dialect: 'openai', key: 'OPENAI_API_KEY', field: 'authorization', step: (file) => inside(`touch ${file}`) },
  gemini: { dialect: 'gemini', key: 'GEMINI_API_KEY', field: 'x-goog-api-key', step: (file) => command(`touch ${file}`) },
};

/** `codex exec`, under its own name: `run` knows a client by that. */
function startCodex({ codex: client, sandbox }) {
  const bin = sandbox.path('home/bin/codex');
  fs.mkdirSync(path.dirname(bin));
  fs.symlinkSync(client.binary, bin);
  return (prompt, { wrap: [first, ...rest] }) => {
    const words = [...rest, bin, 'exec', '--json', '--skip-git-repo-check', prompt];
    const { FAKE_KEY, ...env } = client.env;
    const started = sandbox.start(first, words, { env });
    return { ...started, finished: () => within('the agent has finished', started.ended, 60000) };
  };
}

const wrap = (gate) => [gate.checkrein, 'run', '--name', 'leased', '--'];

async function configure({ gate, model, sandbox }, { dialect }) {
  const file = sandbox.write('real.key', `${REAL}\n`);
  fs.chmodSync(file, 0o600);
  await gate.configure({ rules: section('rule all', { verdict: 'allow', tool: '*' }) });
  const before = fs.readFileSync(gate.config, 'utf8').replace('[serve]\n', '[serve]\ngateway_port = 0\n');
  fs.writeFileSync(gate.config, before + section('upstream real', { url: model.url, dialect, secret_file: file }));
  await gate.serve();
}

function descendants(root) {
  const stats = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      return [[Number(name), Number(/\) \S (\d+)/.exec(fs.readFileSync(`/proc/${name}/stat`, 'latin1'))[1])]];
    } catch {
      return [];
    }
  });
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size;) {
    size = tree.size;
    for (const [pid, parent] of stats) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** Neither as the process was started nor as it is told of: the guardian's own environment counts too. */
function keyIsNowhereIn(pid) {
  const tree = descendants(pid);
  assert.ok(tree.length > 1, 'the run has no processes');
  for (const one of tree) {
    for (const what of ['environ', 'cmdline']) {
      let text = '';
      try {
        text = fs.readFileSync(`/proc/${one}/${what}`, 'latin1');
      } catch {
        continue; // it has just ended
      }
      assert.ok(!text.includes(REAL), `the real key stands in /proc/${one}/${what}`);
      assert.ok(what !== 'cmdline' || !text.includes('crl_'), `a lease stands in /proc/${one}/cmdline`);
    }
  }
}

function keyIsNowhereUnder(folder, except) {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    if (!entry.isFile() || file.endsWith(except)) continue;
    const text = fs.readFileSync(file, 'latin1');
    assert.ok(!text.includes(REAL), `${file} holds the real key`);
    assert.ok(!text.includes(REAL.slice(4, 24)), `${file} holds a part of the real key`);
  }
}

const leases = async (gate) => (await gate.done('lease', 'list', '--json')).split('\n').filter(Boolean).map((line) => JSON.parse(line));
const live = async (gate) => (await leases(gate)).filter((lease) => lease.state !== 'revoked');

function shownKeys(model, { field }) {
  return [...new Set(model.heads.map((head) => head[field]))];
}

async function works({ gate, model, sandbox }, agent, row) {
  const started = agent.start(model.play('works', row.step('first'), row.step('second')), { wrap: wrap(gate) });
  await until('the first call', () => sandbox.made('first')).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(started.seen)}`);
  });
  keyIsNowhereIn(started.pid);
  const ended = await started.finished();
  assert.equal(ended.code, 0, ended.err);
  assert.ok(sandbox.made('second'), 'it did not get to its second call');
  assert.deepEqual(shownKeys(model, row), [row.field === 'authorization' ? `Bearer ${REAL}` : REAL]);
  assert.ok(!JSON.stringify(model.heads).includes('crl_'), 'the lease went to the upstream');
  await until('the lease ends with the run', async () => (await live(gate)).length === 0);
}

async function waits({ gate, model, sandbox }, agent, row) {
  model.think();
  const started = agent.start(model.play('waits', row.step('before'), row.step('after')), { wrap: wrap(gate) });
  const lease = await until('its lease is used', async () => (await live(gate)).find((one) => one.uses > 0));
  assert.match(await gate.done('lease', 'hold', lease.id), /confirmed/);
  model.release();
  await until('the call before', () => sandbox.made('before'));
  await until('a request that waits', async () => (await live(gate))[0].waiting > 0);
  assert.equal(model.answersOf('waits').length, 1, 'a held request went through');
  assert.ok(!sandbox.made('after'));
  await gate.done('lease', 'resume', lease.id);
  const ended = await started.finished();
  assert.equal(ended.code, 0, ended.err);
  assert.ok(sandbox.made('after'), 'it did not go on');
}

async function dies({ gate, model, sandbox }, agent, row) {
  model.stall(1);
  const started = agent.start(model.play('dies', row.step('never')), { wrap: wrap(gate) });
  await until('an answer has begun', () => model.stalled.length > 0);
  const lease = (await live(gate))[0];
  const told = await gate.done('lease', 'revoke', lease.id, '--reason', 'leaked');
  assert.match(told, /confirmed: 1 revoked, 1 running answers cut; 1 test calls through the gateway were refused/);
  await until('the upstream sees the end', () => model.stalled[0].ended);
  const answered = model.heads.length;
  const { 'gen_ai.agent.id': id } = (await gate.status()).agents.find((one) => one['agent.state'] !== 'stopped') ?? {};
  if (id) await gate.run('kill', id); // a client may try again for as long as it likes
  await started.ended;
  assert.equal(model.heads.length, answered, 'something more went through');
  assert.equal(sandbox.made('never'), false);
  assert.equal((await leases(gate)).find((one) => one.id === lease.id).state, 'revoked');
}

async function all(world, name) {
  const row = CLIENTS[name];
  const { gate, sandbox } = world;
  const agent = world[name];
  const { env } = agent;
  Object.defineProperty(agent, 'env', { get: () => ({ ...env, [row.key]: REAL }) });
  if (name === 'codex') agent.start = startCodex(world);
  await configure(world, row);
  await works(world, agent, row);
  await waits(world, agent, row);
  world.model.stalled.length = 0;
  await dies(world, agent, row);
  keyIsNowhereUnder(sandbox.root, 'real.key');
  assert.ok(!gate.log.includes(REAL) && !gate.log.includes('crl_'), 'a secret stands in the log');
}

scenario('Claude Code', (world) => all(world, 'claude'));
scenario('Codex', (world) => all(world, 'codex'), { pin: 'codex' });
scenario('Gemini CLI', (world) => all(world, 'gemini'), { pin: 'gemini' });
