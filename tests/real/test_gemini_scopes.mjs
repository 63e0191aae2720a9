// `connect gemini` for a project and for the machine, and what `doctor` says of both: docs/drivers/gemini.md.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { command } from './lib/gemini.mjs';
import { Unable } from './lib/install.mjs';
import { lock, ownMachine } from './lib/machine.mjs';
import { tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

const YOLO = ['--approval-mode', 'yolo'];
const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });
const write = (sandbox, name) => tool('write_file', { file_path: `${sandbox.project}/${name}`, content: 'x' });

async function inProject({ gate, sandbox, gemini: client }, ...args) {
  const ran = await sandbox.run(gate.checkrein, ['connect', 'gemini', '--scope', 'project', ...args]);
  assert.equal(ran.code, 0, ran.err);
  assert.equal(fs.existsSync(client.policy), false, 'a rule for all projects of the user');
  return ran.out;
}

async function doctor({ gate, sandbox }, wrap = []) {
  const [program, ...words] = [...wrap, gate.checkrein, 'doctor', 'gemini', '--json'];
  const ran = await sandbox.run(program, words);
  const report = JSON.parse(ran.out);
  assert.equal(ran.code === 0, report.holds);
  return { ...report, failed: report.checks.filter((one) => one.result === 'fail').map((one) => one.words) };
}

async function held(world, name, options) {
  const { gate, model, gemini: client, sandbox } = world;
  const agent = client.start(model.play(name, write(sandbox, name)), options);
  await gate.deny(await gate.approval('it is asked for'), 'no');
  await agent.finished();
  assert.equal(sandbox.made(name), false, 'it ran');
}

async function notHeld(world, name, options) {
  const { gate, model, gemini: client, sandbox } = world;
  const before = gate.events('approval.requested').length;
  await client.run(model.play(name, write(sandbox, name)), options);
  assert.equal(sandbox.made(name), true, 'it is held now: docs/drivers/gemini.md says that it is not');
  assert.equal(gate.events('approval.requested').length, before);
}

gemini('doctor holds what the client does, in the user\'s settings', async (world) => {
  await world.govern();
  const report = await doctor(world);
  assert.deepEqual([report.holds, report.scope, report.failed], [true, 'user', []]);
  const client = report.checks.find((one) => one.check === 'client');
  assert.deepEqual([client.result, /0\.61\.0/.test(client.words)], ['ok', true]);
  await held(world, 'held');
});

gemini('a project holds its agents', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await gate.configure();
  await gate.serve();
  const said = await inProject(world);
  assert.ok(!/not trusted/.test(said.split('\n').filter((line) => line.startsWith('warning')).join()), said);
  assert.deepEqual([(await doctor(world)).holds, (await doctor(world)).scope], [true, 'project']);
  const agent = client.start(model.play('two', command('touch denied'), command('touch approved')), { args: YOLO });
  await gate.deny(await gate.asked('touch denied'), 'not this one');
  await gate.approve(await gate.asked('touch approved'));
  await agent.finished();
  assert.deepEqual([sandbox.made('denied'), sandbox.made('approved')], [false, true]);
  assert.deepEqual(gate.events('signal.raised'), []);

  await client.run(model.play('unoffered', command('touch unoffered')));
  assert.equal(sandbox.made('unoffered'), false, 'without a rule it was offered a shell');
  assert.equal(gate.events('approval.requested').length, 2);

  await gate.end('SIGKILL');
  await client.run(model.play('away', command('touch away')), { args: YOLO });
  assert.equal(sandbox.made('away'), false, 'it ran');
});

gemini('a project that is not trusted: connect and doctor say that no hook runs there', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await gate.configure();
  await gate.serve();
  client.trust(sandbox.project, 'DO_NOT_TRUST');
  assert.match(await inProject(world), /this folder is not trusted by the client: no hook of it runs here/);
  const report = await doctor(world);
  assert.equal(report.holds, false);
  assert.match(report.failed.join(), /does not trust .*: no hook runs here/);
  const { code } = await client.run(model.play('one', write(sandbox, 'ran')), { args: YOLO });
  assert.deepEqual([code === 0, sandbox.made('ran')], [false, false]);
});

gemini('a folder of which nothing was said: with --skip-trust its hooks hold', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  fs.rmSync(`${client.config}/trustedFolders.json`);
  assert.match((await doctor(world)).failed.join(), /nobody has said/);
  const { code } = await client.run(model.play('one', write(sandbox, 'ran')));
  assert.deepEqual([code === 0, sandbox.made('ran'), gate.events('approval.requested')], [false, false, []]);
  await held(world, 'skipped', { args: ['--skip-trust'] });
});

gemini('two scopes that ask in different ways: a call waits for both', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const ran = await sandbox.run(gate.checkrein, ['connect', 'gemini', '--scope', 'project', '--runtime-version', '0.60.0']);
  assert.match(ran.out, /each call is asked twice, and waits for both/);
  assert.match((await doctor(world)).failed.join(), /asked twice/);
  const agent = client.start(model.play('one', write(sandbox, 'ran')));
  const first = await gate.approval('it is asked for');
  await gate.approve(first);
  const second = await gate.approval('it is asked for once more', (one) => one['approval.id'] !== first['approval.id']);
  assert.equal(sandbox.made('ran'), false, 'it ran');
  await gate.deny(second, 'no');
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'it ran');
});

gemini('the same hooks in two scopes ask once', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const ran = await sandbox.run(gate.checkrein, ['connect', 'gemini', '--scope', 'project']);
  assert.equal(ran.code, 0, ran.err);
  assert.equal((await doctor(world)).holds, true);
  const agent = client.start(model.play('one', write(sandbox, 'ran')));
  await gate.approve(await gate.approval('it is asked for'));
  await agent.finished();
  assert.equal(sandbox.made('ran'), true);
  assert.equal(gate.events('approval.requested').length, 1);
});

// A project's .env sets it for the client, whose hooks' shells then read their lines and run none of them.
gemini('SHELLOPTS=noexec in a project\'s .env: the hooks clear it for themselves', async (world) => {
  const { gemini: client, sandbox } = world;
  sandbox.write('project/.env', 'SHELLOPTS=noexec\n');
  await world.govern();
  await held(world, 'held');
  const settings = JSON.parse(fs.readFileSync(client.settings));
  delete settings.hooks.BeforeTool[0].hooks[0].env;
  fs.writeFileSync(client.settings, JSON.stringify(settings));
  assert.equal((await doctor(world)).holds, false, 'doctor sees nothing');
  await notHeld(world, 'unheld');
});

async function managed(world, ...args) {
  if (process.getuid() !== 0) throw new Unable('the machine\'s settings take root');
  const { gate } = world;
  const { etc, wrap } = await ownMachine(world);
  await gate.configure();
  await gate.serve();
  return { etc, wrap, said: await lock(world, wrap, 'gemini', ...args) };
}

gemini('the machine\'s settings hold where a project switches hooks off, but not by name', async (world) => {
  const { gate, sandbox } = world;
  const { etc, wrap } = await managed(world, '--socket', world.gate.socket);
  assert.equal(fs.statSync(`${etc}/gemini-cli/settings.json`).mode & 0o777, 0o644);
  const here = { args: YOLO, wrap };
  await held(world, 'held', here);
  assert.deepEqual([(await doctor(world, wrap)).scope, (await doctor(world, wrap)).failed], ['managed', []]);

  sandbox.write('project/.gemini/settings.json', JSON.stringify({ hooksConfig: { enabled: false } }));
  await held(world, 'still-held', here);
  assert.deepEqual([(await doctor(world, wrap)).holds, (await doctor(world, wrap)).scope], [true, 'managed']);

  sandbox.write('project/.gemini/settings.json', JSON.stringify({ hooksConfig: { disabled: ['checkrein gate'] } }));
  assert.equal((await doctor(world, wrap)).holds, false);
  await notHeld(world, 'named', here);
  fs.rmSync(sandbox.path('project/.gemini/settings.json'));

  await notHeld(world, 'elsewhere', { ...here, env: { GEMINI_CLI_SYSTEM_SETTINGS_PATH: '/etc/none.json' } });
  await gate.end('SIGKILL');
  await world.gemini.run(world.model.play('away', write(sandbox, 'away')), here);
  assert.equal(sandbox.made('away'), false, 'it ran');
});

gemini('the machine\'s settings without --socket: each user asks his own daemon', async (world) => {
  const { wrap, said } = await managed(world);
  assert.match(said, /each user asks the daemon of his own/);
  await held(world, 'held', { args: YOLO, wrap, env: { XDG_RUNTIME_DIR: '/nowhere' } });
  const report = await doctor(world, [...wrap, 'env', 'XDG_RUNTIME_DIR=/run/user/0']);
  assert.deepEqual([report.holds, report.scope, report.failed], [true, 'managed', []]);
});

gemini('the machine\'s settings that somebody else could write are skipped, and connect and doctor say so', async (world) => {
  const { gate, sandbox } = world;
  const { etc, wrap } = await managed(world, '--socket', gate.socket);
  fs.chmodSync(`${etc}/gemini-cli`, 0o777);
  const [program, ...words] = [...wrap, gate.checkrein, 'connect', 'gemini', '--scope', 'managed', '--socket', '/other.sock'];
  const again = await sandbox.run(program, words);
  assert.match(again.out, /the client skips it/);
  assert.match(again.err, /can be written by others/);
  const report = await doctor(world, wrap);
  assert.deepEqual([report.holds, report.scope], [false, 'none']);
  assert.ok(report.checks.some((one) => one.check === 'settings.managed' && /does not count/.test(one.words)), 'it is not said');
  await notHeld(world, 'unheld', { args: YOLO, wrap });
});
