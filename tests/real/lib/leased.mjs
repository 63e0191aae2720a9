// `checkrein run` with an upstream: the real clients work with a lease in place of their key, wait when it is held, and get
// nothing more when it is revoked. What they were told of tokens is what the record has, to the token. One table, and
// every sentence for each row of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { inside } from './codex.mjs';
import { freePort, section } from './gate.mjs';
import { command } from './gemini.mjs';
import { shell } from './model.mjs';
import { bash } from './headless.mjs';
import { scenario } from './scenario.mjs';
import { Tap } from './tap.mjs';
import { until, within } from './until.mjs';

export const REAL = 'sk-real-4f9d1c7be2a85036-of-this-test';
const SOON_MS = 100;
export const START_MS = 90000; // of a client, on a machine that does much else
const RETRY_MS = 10000; // a client that tries again does so within this

const opencode = (model, more = {}) => ({
  pin: 'opencode', ms: 300000, // its three starts take 17 s of a processor
  keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'], step: (file) => bash(`touch ${file}`),
  prepare: ({ opencode: client }) => client.configure({ model, ...more }),
});
const copilot = (env) => ({
  pin: 'copilot', keys: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'COPILOT_PROVIDER_API_KEY', 'OPENAI_API_KEY'],
  step: (file) => bash(`touch ${file}`), env,
});

// Who asks what service: where the real key stands in the upstream's request, and what of the environment held one.
const CLIENTS = {
  'Claude Code': {
    pin: 'claude', dialect: 'anthropic', field: 'x-api-key', keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'],
    step: (file) => shell(`touch ${file}`),
  },
  Codex: {
    pin: 'codex', dialect: 'openai', field: 'authorization', keys: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
    step: (file) => inside(`touch ${file}`), prepare: nameCodex,
  },
  'Gemini CLI': {
    pin: 'gemini', dialect: 'gemini', field: 'x-goog-api-key', keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    step: (file) => command(`touch ${file}`),
  },
  'opencode, Messages': { ...opencode('anthropic/claude-sonnet-4-5'), dialect: 'anthropic', field: 'x-api-key' },
  'opencode, Responses': { ...opencode('openai/gpt-5'), dialect: 'openai', field: 'authorization' },
  'opencode, Gemini': { ...opencode('google/gemini-2.5-flash'), dialect: 'gemini', field: 'x-goog-api-key' },
  'opencode, a service of its settings': {
    ...opencode('real/scripted', { provider: { real: {
      npm: '@ai-sdk/openai-compatible', name: 'Ours', options: { baseURL: 'http://127.0.0.1:1/elsewhere', apiKey: REAL },
      models: { scripted: { name: 'Scripted', limit: { context: 128000, output: 8000 } } },
    } } }), dialect: 'openai', field: 'authorization', except: 'opencode.json',
  },
  'Copilot CLI, Chat Completions': { ...copilot({ COPILOT_MODEL: 'gpt-4.1' }), dialect: 'openai', field: 'authorization' },
  'Copilot CLI, Responses': {
    ...copilot({ COPILOT_MODEL: 'gpt-5', COPILOT_PROVIDER_WIRE_API: 'responses' }), dialect: 'openai', field: 'authorization',
  },
  'Copilot CLI, Messages': { ...copilot({ COPILOT_MODEL: 'claude-sonnet-4' }), dialect: 'anthropic', field: 'x-api-key' },
};

/** `codex exec`, under its own name: `run` knows a client by that. */
export function nameCodex({ codex: client, sandbox }) {
  const bin = sandbox.path('home/bin/codex');
  fs.mkdirSync(path.dirname(bin));
  fs.symlinkSync(client.binary, bin);
  client.binary = bin;
  client.start = (prompt, { args = [], wrap: [first, ...rest] }) => {
    const words = [...rest, bin, 'exec', '--json', '--skip-git-repo-check', ...args, prompt];
    const { FAKE_KEY, ...env } = client.env;
    const started = sandbox.start(first, words, { env });
    return { ...started, finished: () => within('the agent has finished', started.ended, 60000) };
  };
}

/** A daemon with an upstream of this dialect that has the real key, and a tap before it. */
export async function configure({ gate, model, sandbox }, { dialect }) {
  const file = sandbox.write('real.key', `${REAL}\n`);
  fs.chmodSync(file, 0o600);
  await gate.configure({ rules: section('rule all', { verdict: 'allow', tool: '*' }) });
  const port = await freePort();
  const before = fs.readFileSync(gate.config, 'utf8').replace('[serve]\n', `[serve]\ngateway_port = ${port}\n`);
  fs.writeFileSync(gate.config, before + section('upstream real', { url: model.url, dialect, secret_file: file }));
  await gate.serve();
  return Tap.open(port);
}

/* ---- where the real key is not */

export function descendants(root) {
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

function procText(pid, what) {
  try {
    return fs.readFileSync(`/proc/${pid}/${what}`, 'latin1');
  } catch {
    return ''; // it has just ended
  }
}

/** Neither as the process was started nor as it is told of: the guardian's own environment counts too. Gives the lease. */
export function keyIsNowhereIn(pid) {
  const tree = descendants(pid);
  assert.ok(tree.length > 1, 'the run has no processes');
  const tokens = new Set();
  for (const one of tree) {
    const environ = procText(one, 'environ');
    const cmdline = procText(one, 'cmdline');
    assert.ok(!environ.includes(REAL), `the real key stands in /proc/${one}/environ: ${cmdline}`);
    assert.ok(!cmdline.includes(REAL), `the real key stands in /proc/${one}/cmdline`);
    assert.ok(!cmdline.includes('crl_'), `a lease stands in /proc/${one}/cmdline`);
    for (const [token] of environ.matchAll(/crl_[0-9a-f]{64}/g)) tokens.add(token);
  }
  assert.equal(tokens.size, 1, 'the run has one lease');
  return [...tokens][0];
}

/** Record, logs, and all that the client keeps of its own. */
function keyIsNowhereUnder(folder, except) {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    if (!entry.isFile() || except.includes(entry.name)) continue;
    const text = fs.readFileSync(file, 'latin1');
    assert.ok(!text.includes(REAL), `${file} holds the real key`);
    assert.ok(!text.includes(REAL.slice(4, 24)), `${file} holds a part of the real key`);
  }
}

function leaseIsNowhereIn(record, log) {
  assert.ok(!log.includes(REAL) && !log.includes('crl_'), 'a secret stands in the log');
  for (const name of fs.readdirSync(record)) {
    assert.ok(!fs.readFileSync(path.join(record, name), 'latin1').includes('crl_'), `a lease stands in the record: ${name}`);
  }
}

/* ---- the sentences */

export const wrap = (gate) => [gate.checkrein, 'run', '--name', 'leased', '--'];
const leases = async (gate) => (await gate.done('lease', 'list', '--json')).split('\n').filter(Boolean).map((line) => JSON.parse(line));
export const live = async (gate) => (await leases(gate)).filter((lease) => lease.state !== 'revoked');
const ended = (gate) => until('the lease ends with the run', async () => (await live(gate)).length === 0);

async function works({ gate, model, sandbox }, agent, row) {
  const started = agent.start(model.play('works', row.step('first'), row.step('second')), { wrap: wrap(gate) });
  await until('the first call', () => sandbox.made('first'), { ms: START_MS }).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(started.seen)}`);
  });
  keyIsNowhereIn(started.pid);
  const end = await started.finished();
  assert.equal(end.code, 0, end.err);
  assert.ok(sandbox.made('second'), 'it did not get to its second call');
  const keys = [...new Set(model.heads.map((head) => head[row.field]))];
  assert.deepEqual(keys, [row.field === 'authorization' ? `Bearer ${REAL}` : REAL]);
  assert.ok(!JSON.stringify(model.heads).includes('crl_'), 'the lease went to the upstream');
  await ended(gate);
}

async function waits({ gate, model, sandbox }, agent, row) {
  const asked = model.heads.length;
  model.think();
  const started = agent.start(model.play('waits', row.step('before'), row.step('after')), { wrap: wrap(gate) });
  await until('the model is asked', () => model.heads.length > asked, { ms: START_MS });
  const [lease] = await live(gate);
  assert.match(await gate.done('lease', 'hold', lease.id), /confirmed/);
  model.release();
  await until('the call before', () => sandbox.made('before'));
  await until('a request that waits', async () => (await live(gate))[0]?.waiting > 0);
  assert.equal(model.answersOf('waits').length, 1, 'a held request went through');
  assert.ok(!sandbox.made('after'));
  keyIsNowhereIn(started.pid);
  await gate.done('lease', 'resume', lease.id);
  const end = await started.finished();
  assert.equal(end.code, 0, end.err);
  assert.ok(sandbox.made('after'), 'it did not go on');
  await ended(gate);
}

/** An act with the client's own lease, over its own way: answered, and how. */
async function act(tap, token, { field }, asked) {
  const headers = { [field]: field === 'authorization' ? `Bearer ${token}` : token, 'content-type': 'application/json' };
  const request = http.request(`${tap.url}${asked}`, { method: 'POST', headers, agent: false }).end('{}');
  const [{ statusCode: status }] = await once(request, 'response');
  return { status, at: performance.now() };
}

/** Nothing but refusals, each at once, whatever the client tries. */
function isRefused(exchange) {
  assert.equal(exchange.status, 403, `after the revocation it was answered ${exchange.status}: ${exchange.text}`);
  assert.match(exchange.text, /leaked/, 'it is not told why');
  const took = exchange.answered - exchange.sent;
  assert.ok(took <= SOON_MS, `a request failed after ${took} ms`);
}

async function dies({ gate, model, sandbox }, tap, agent, row) {
  model.stall(1);
  const started = agent.start(model.play('dies', row.step('never')), { wrap: wrap(gate) });
  const stream = await until('an answer reaches the client', () => tap.exchanges.find((one) => one.text.includes('and so on')),
    { ms: START_MS });
  assert.ok(!stream.closed && model.stalled[0].ended === 0);
  const token = keyIsNowhereIn(started.pid);
  const [lease] = await live(gate);
  const told = await gate.done('lease', 'revoke', lease.id, '--reason', 'leaked');
  const confirmed = performance.now();
  assert.match(told, /confirmed: 1 revoked, 1 running answer cut; 1 test call through the gateway was refused/);
  const next = await act(tap, token, row, stream.path);
  assert.equal(next.status, 403, 'its next act');
  assert.ok(next.at - confirmed <= SOON_MS, `its next act failed after ${next.at - confirmed} ms`);
  await until('the upstream sees the end', () => model.stalled[0].ended && stream.closed);
  const ends = { stream: stream.closed, 'last byte': stream.last, upstream: model.stalled[0].ended };
  for (const [what, at] of Object.entries(ends)) {
    assert.ok(at - confirmed <= SOON_MS, `${what}: ${at - confirmed} ms after the revocation was confirmed`);
  }
  const answered = model.heads.length;
  const isOver = { now: false };
  const end = started.ended.then((one) => (isOver.now = one));
  await until('it tries again, or ends', () => isOver.now || tap.since(next.at).some((one) => one.status), { ms: RETRY_MS }).catch(() => null);
  const tries = tap.since(confirmed).filter((one) => one.status);
  tries.forEach(isRefused);
  if (!isOver.now) await gate.run('kill', (await live(gate))[0]?.agent ?? lease.agent); // it may try for as long as it likes
  const { code, signal } = await end;
  assert.notEqual(code, 0, 'the client takes it for a success');
  assert.equal(model.heads.length, answered, 'something more went through');
  assert.equal(sandbox.made('never'), false);
  assert.equal((await leases(gate)).find((one) => one.id === lease.id).state, 'revoked');
  console.log(`      next act ${(next.at - confirmed).toFixed(1)} ms, last byte ${(stream.last - confirmed).toFixed(1)} ms, ` +
    `own tries refused ${tries.length - 1}, ended ${code ?? signal}`);
}

const TOKENS = {
  input: 'gen_ai.usage.input_tokens', cached: 'gen_ai.usage.cache_read.input_tokens',
  created: 'gen_ai.usage.cache_creation.input_tokens', output: 'gen_ai.usage.output_tokens',
  reasoning: 'gen_ai.usage.reasoning_tokens',
};

const sumOf = (list, key) => list.reduce((sum, one) => sum + (one[key] ?? 0), 0);

/** The record, and the agents of the fleet, have what the scripted model said, to the token. */
async function counts({ gate, model }) {
  const spent = gate.events('spend.recorded').filter((one) => one['spend.source'] === 'gateway');
  assert.equal(spent.filter((one) => !one['spend.untold']).length, sumOf(model.told, 'calls'), 'calls');
  assert.equal(spent.filter((one) => one['spend.untold']).length, model.stalled.length, 'calls that were cut');
  const said = [...model.told, ...model.stalled.map((one) => one.told ?? {})];
  const { agents } = await gate.status();
  for (const [name, key] of Object.entries(TOKENS)) {
    assert.equal(sumOf(spent, key), sumOf(said, name), `${name} of the record`);
  }
  for (const name of ['input', 'output']) {
    assert.equal(sumOf(agents, TOKENS[name]), sumOf(said, name), `${name} of the fleet`);
  }
}

async function all(world, row) {
  const { gate, sandbox, model } = world;
  const agent = world[row.pin];
  const env = { ...agent.env, ...row.env, ...Object.fromEntries(row.keys.map((key) => [key, REAL])) };
  Object.defineProperty(agent, 'env', { get: () => env });
  row.prepare?.(world);
  const tap = await configure(world, row);
  tap.before(agent.binary);
  await works(world, agent, row);
  await waits(world, agent, row);
  assert.ok(tap.exchanges.length > 0, 'it does not pass the tap');
  await dies(world, tap, agent, row);
  await counts(world);
  keyIsNowhereUnder(sandbox.root, ['real.key', row.except]);
  leaseIsNowhereIn(gate.record, gate.log);
  assert.ok(sumOf(model.told, 'calls') >= 6);
  tap.close();
}

/** A scenario for each client whose name begins so. */
export function leased(...names) {
  for (const [name, row] of Object.entries(CLIENTS)) {
    if (!names.some((one) => name.startsWith(one))) continue;
    scenario(name, (world) => all(world, row), { pin: row.pin === 'claude' ? 'current' : row.pin, ms: row.ms });
  }
}
