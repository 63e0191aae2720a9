// `checkrein run -- claude`: the real client behind the gate in one command, with no settings of its own touched.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { inputOf } from './lib/gate.mjs';
import { command } from './lib/gemini.mjs';
import { lock, ownMachine } from './lib/machine.mjs';
import { shell } from './lib/model.mjs';
import { isAlive } from './lib/sandbox.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const wrap = (gate, ...more) => [gate.checkrein, 'run', '--name', 'coder', '--on-behalf-of', 'a.ng', ...more, '--'];
const live = async (gate) => (await gate.status()).agents.filter((agent) => agent['agent.state'] !== 'stopped');
const stateOf = (pid) => /\) (\S)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))[1];

async function oneAgent(gate) {
  const agents = await live(gate);
  assert.equal(agents.length, 1, `one agent, and these rows: ${JSON.stringify(agents)}`);
  return agents[0];
}

function untouched(claude) {
  assert.equal(fs.existsSync(claude.settings), false, 'the settings of the user were written');
}

async function held({ gate, model, claude, sandbox }) {
  const agent = claude.start(model.play('two', shell('touch denied'), shell('touch approved')), { wrap: wrap(gate) });
  await gate.deny(await gate.asked('touch denied'), 'not this one');
  const request = await gate.asked('touch approved');
  assert.equal(sandbox.made('approved'), false, 'it ran before it was approved');
  const seen = await oneAgent(gate);
  assert.deepEqual([seen['gen_ai.agent.name'], seen['agent.on_behalf_of'], seen['agent.runtime'], seen['agent.runtime_version']],
    ['coder', 'a.ng', 'claude', claude.version]);
  assert.equal(request['gen_ai.agent.id'], seen['gen_ai.agent.id']);
  assert.equal((await gate.approve(request)).code, 0);
  const ended = await agent.finished();
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual([sandbox.made('denied'), sandbox.made('approved')], [false, true]);
  assert.match(model.results[0].text, /not this one/);
  await until('the run is over', async () => (await live(gate)).length === 0);
  untouched(claude);
}

async function frozen({ gate, model, claude, sandbox }) {
  const agent = claude.start(model.play('frozen', shell('tail -f /dev/null & echo $! >pid; wait'), shell('touch later')), { wrap: wrap(gate) });
  assert.equal((await gate.approve(await gate.approval('the first call'))).code, 0);
  const pid = Number(await until('the shell runs', () => sandbox.made('pid') && fs.readFileSync(`${sandbox.project}/pid`, 'utf8').trim()));
  const { 'gen_ai.agent.id': id } = await oneAgent(gate);
  await gate.done('freeze', id);
  assert.equal(stateOf(pid), 'T', 'a grandchild is not frozen');
  assert.equal((await oneAgent(gate))['agent.gate'], 'freeze');
  await gate.done('resume', id);
  assert.notEqual(stateOf(pid), 'T');
  process.kill(pid, 'SIGTERM');
  const request = await gate.asked('touch later');
  await gate.done('freeze', id);
  const refused = await gate.approve(request);
  assert.equal(refused.code, 3, 'a call of a frozen agent was let through');
  await gate.done('resume', id);
  assert.equal((await gate.approve(await gate.asked('touch later'))).code, 0);
  assert.equal((await agent.finished()).code, 0);
  assert.equal(sandbox.made('later'), true, 'it does not go on where it was frozen');
}

async function ended({ gate, model, claude, sandbox }) {
  for (const [verb, code] of [['stop', 143], ['kill', 137]]) {
    const file = `${verb}.pid`;
    const agent = claude.start(model.play(verb, shell(`setsid tail -f /dev/null & echo $! >${file}; wait`)), { wrap: wrap(gate) });
    const request = await gate.approval(`the call of ${verb}`, (r) => inputOf(r).command.includes(file));
    assert.equal((await gate.approve(request)).code, 0);
    const pid = Number(await until('the shell runs', () => sandbox.made(file) && fs.readFileSync(`${sandbox.project}/${file}`, 'utf8').trim()));
    const { 'gen_ai.agent.id': id } = await oneAgent(gate);
    await gate.done(verb, id);
    assert.equal(isAlive(pid), false, `confirmed, and what left its session lives: ${verb}`);
    assert.equal((await agent.ended).code, code);
  }
  untouched(claude);
}

async function refused({ gate, model, claude, sandbox }) {
  sandbox.write('project/.claude/settings.json', '{"disableAllHooks": true}');
  const off = await claude.start(model.play('off', shell('touch ran')), { wrap: wrap(gate) }).ended;
  assert.equal(off.code, 3);
  assert.match(off.err, /disableAllHooks/);
  fs.rmSync(`${sandbox.project}/.claude`, { recursive: true });
  const bare = await claude.start(model.play('bare', shell('touch ran')), { wrap: wrap(gate), args: ['--bare'] }).ended;
  assert.equal(bare.code, 3);
  assert.equal(sandbox.made('ran'), false, 'it ran');
}

async function withoutDaemon({ gate, model, claude, sandbox }) {
  const agent = claude.start(model.play('killed', shell('touch held'), shell('touch next')), { wrap: wrap(gate) });
  await gate.asked('touch held');
  await gate.end('SIGKILL');
  await agent.finished();
  assert.deepEqual([sandbox.made('held'), sandbox.made('next')], [false, false], 'it ran without the daemon');
}

async function all(world) {
  await world.gate.configure();
  await world.gate.serve();
  await held(world);
  await frozen(world);
  await ended(world);
  await refused(world);
  await withoutDaemon(world);
}

scenario('the current client', all);
scenario('2.1.197', all, { pin: 'old' });

// The machine's settings are a file and a folder of more: what stands in either counts.
scenario("the machine's settings", async (world) => {
  const { gate, model, claude, sandbox } = world;
  const { etc, wrap: own } = await ownMachine(world);
  const files = { file: 'managed-settings.json', more: 'managed-settings.d/50-more.json' };
  const put = (file, value) => {
    fs.mkdirSync(path.dirname(path.join(etc, 'claude-code', file)), { recursive: true });
    fs.writeFileSync(path.join(etc, 'claude-code', file), JSON.stringify(value));
  };
  const start = (name) => claude.start(model.play(name, shell(`touch ${name}`)), { wrap: [...own, ...wrap(gate)] });
  await gate.configure();
  await gate.serve();
  for (const [name, file] of Object.entries(files)) {
    for (const [key, said] of [['disableAllHooks', /switches the gate off/], ['allowManagedHooksOnly', /drops the gate/]]) {
      put(file, { [key]: true });
      const { code, err } = await start(name).ended;
      assert.equal(code, 3, err);
      assert.match(err, said);
      assert.ok(err.includes(file), err);
    }
    assert.equal(sandbox.made(name), false, 'it ran');
    put(file, {});
  }
  // The lock in one file, and the gate in the other.
  fs.rmSync(path.join(etc, 'claude-code', files.file));
  await lock(world, own, 'claude', '--socket', gate.socket);
  const doctor = async () => {
    const [program, ...words] = [...own, gate.checkrein, 'doctor', 'claude', '--binary', claude.binary];
    return sandbox.run(program, words, { cwd: sandbox.project });
  };
  put(files.more, { disableAllHooks: true });
  const off = await doctor();
  assert.notEqual(off.code, 0);
  assert.match(off.out, /50-more.json: "disableAllHooks" switches all hooks off/);
  assert.match(off.out, /THE GATE DOES NOT HOLD/);
  put(files.more, { allowManagedHooksOnly: true });
  const held = await doctor();
  assert.doesNotMatch(held.out, /50-more.json/);
  assert.match(held.out, /what holds here: the managed settings/);
  const agent = start('locked');
  await gate.deny(await gate.asked('touch locked'), 'no');
  assert.equal((await agent.finished()).code, 0);
  assert.equal(sandbox.made('locked'), false, 'it ran');
});

scenario('its own screen', async ({ gate, model, claude, sandbox, ...world }) => {
  await gate.configure();
  await gate.serve();
  const real = claude.binary;
  const start = sandbox.write('bin/start', `#!/bin/sh\nexec '${gate.checkrein}' run --name coder -- '${real}' "$@"\n`);
  fs.chmodSync(start, 0o755);
  claude.binary = start;
  const terminal = await claude.screen({ cols: 100, rows: 30 });
  try {
    await claude.ask(terminal, model.play('screen', shell('touch seen')));
    assert.equal((await gate.approve(await gate.asked('touch seen'))).code, 0);
    await until('it ran', () => sandbox.made('seen'));
    assert.equal((await oneAgent(gate))['gen_ai.agent.name'], 'coder');
    await gate.done('kill', 'coder');
  } finally {
    terminal.close();
  }
});

scenario('Gemini CLI', async ({ gate, model, gemini: client, sandbox }) => {
  await gate.configure();
  await gate.serve();
  const before = fs.readFileSync(client.settings, 'utf8');
  const real = client.binary;
  client.binary = sandbox.write('bin/start', `#!/bin/sh\nexec '${gate.checkrein}' run --name coder -- '${real}' "$@"\n`);
  fs.chmodSync(client.binary, 0o755);
  const agent = client.start(model.play('two', command('touch denied'), command('touch approved > out')));
  await gate.deny(await gate.asked('touch denied'), 'not this one');
  const request = await gate.asked('touch approved > out');
  const seen = await oneAgent(gate);
  assert.deepEqual([seen['gen_ai.agent.name'], seen['agent.runtime'], seen['agent.runtime_version']], ['coder', 'gemini-cli', client.version]);
  assert.equal(request['gen_ai.agent.id'], seen['gen_ai.agent.id']);
  await gate.done('freeze', seen['gen_ai.agent.id']);
  await gate.done('resume', seen['gen_ai.agent.id']);
  assert.equal((await gate.approve(await gate.asked('touch approved > out'))).code, 0);
  assert.equal((await agent.finished()).code, 0);
  assert.deepEqual([sandbox.made('denied'), sandbox.made('approved')], [false, true]);
  assert.equal(fs.readFileSync(client.settings, 'utf8'), before, 'the settings of the user were written');
  assert.equal(fs.existsSync(client.policy), false, 'the rules of the user were written');
  sandbox.write('project/.gemini/settings.json', '{"hooksConfig": {"enabled": false}}');
  const off = await client.start(model.play('off', command('touch ran'))).ended;
  assert.equal(off.code, 3, off.err);
  assert.match(off.err, /hooksConfig/);
  const acp = await client.start(model.play('acp', command('touch ran')), { args: ['--acp'] }).ended;
  assert.equal(acp.code, 3);
  assert.equal(sandbox.made('ran'), false, 'it ran');
}, { pin: 'gemini' });
