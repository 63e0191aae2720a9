// Codex behind the gate by its hooks: what is not trusted is no gate, and doctor says so; what is, holds each call, in
// `codex exec` too, refuses with a reason that the model is told, waits while it is paused, and blocks without the daemon.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { inside, patch } from './lib/codex.mjs';
import { inputOf } from './lib/gate.mjs';
import { scenario } from './lib/scenario.mjs';
import { until, within } from './lib/until.mjs';

const codex = (name, body) => scenario(name, body, { pin: 'codex' });
const THEIRS = '{\n  "hooks": {\n    "PreToolUse": [{"hooks": [{"type": "command", "command": "true", "timeout": 7}]}]\n  }\n}\n';

const hooksFile = (client) => path.join(client.home, 'hooks.json');

/** What a person does in its /hooks: looks at each, and trusts it. */
async function trust(client, sandbox) {
  await client.serve();
  const user = await client.user();
  const [{ hooks }] = (await user.call('hooks/list', { cwds: [sandbox.project] })).data;
  const value = Object.fromEntries(hooks.map(({ key, currentHash }) => [key, { trusted_hash: currentHash }]));
  await user.call('config/batchWrite', { edits: [{ keyPath: 'hooks.state', value, mergeStrategy: 'upsert' }], reloadUserConfig: true });
  return user;
}

/** The daemon, the hooks and the trust in them; gives a client of the user's on a server of it. */
async function held({ gate, codex: client, sandbox }, rules) {
  await gate.configure({ rules });
  await gate.serve();
  await gate.done('connect', 'codex', '--hooks', '--binary', client.binary);
  const user = await trust(client, sandbox);
  return user;
}

/** `codex exec` on this play. */
function exec({ codex: client, sandbox }, prompt, { program = [client.binary], args = [] } = {}) {
  const [first, ...rest] = program;
  return sandbox.start(first, [...rest, 'exec', '--json', '--skip-git-repo-check', ...args, prompt], { env: client.env });
}

const over = ({ ended }) => within('it ends', ended, 60000);
const toldTo = (model) => model.results.map(({ text }) => text).join('\n');
const doctor = async (gate, client) => {
  const { code, out } = await gate.run('doctor', 'codex', '--json', '--binary', client.binary);
  return { code, report: JSON.parse(out), check: (name) => JSON.parse(out).checks.filter((one) => one.check === name) };
};

codex('connect writes hooks.json, nothing is a gate before it is trusted, and remove leaves every byte', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  await gate.configure();
  await gate.serve();
  fs.writeFileSync(hooksFile(client), THEIRS);
  const config = fs.readFileSync(path.join(client.home, 'config.toml'), 'utf8');
  const said = await gate.done('connect', 'codex', '--hooks', '--binary', client.binary);
  assert.match(said, /trust/);
  assert.match(said, /\/hooks/);
  assert.equal(fs.readFileSync(path.join(client.home, 'config.toml'), 'utf8'), config, 'trust was written unasked');
  const before = await doctor(gate, client);
  assert.notEqual(before.code, 0);
  assert.match(before.check('trust')[0].words, /runs 0 of 10 hooks/);
  const loose = await over(exec(world, model.play('loose', inside('touch loose'))));
  assert.equal(loose.code, 0, loose.err);
  assert.equal(sandbox.made('loose'), true, 'it is held without trust: say so');
  await trust(client, sandbox);
  const after = await doctor(gate, client);
  assert.equal(after.check('trust')[0].result, 'ok', JSON.stringify(after.report));
  assert.equal(after.code, 0, JSON.stringify(after.report.checks.filter((one) => one.result === 'fail')));
  assert.equal(after.check('absence').length, 2);
  const document = fs.readFileSync(new URL('../../docs/drivers/codex.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
  for (const words of [...after.report.past, ...after.report.limits]) assert.ok(document.includes(words), `the document does not say: ${words}`);
  await gate.done('connect', 'codex', '--hooks', '--remove');
  assert.equal(fs.readFileSync(hooksFile(client), 'utf8'), THEIRS);
});

codex('codex exec: a call waits until it is approved, and a refusal tells the model why', async (world) => {
  const { gate, model, sandbox } = world;
  await held(world);
  const run = exec(world, model.play('two', inside('touch one'), inside('touch two'), patch('*** Add File: three', '+3')));
  const first = await gate.asked('touch one');
  assert.equal(sandbox.made('one'), false);
  assert.equal((await gate.approve(first)).code, 0);
  await gate.deny(await gate.asked('touch two'), 'not on a Monday');
  const third = await gate.approval('the patch is asked for', (request) => request['action.tool'] === 'apply_patch' || /Add File: three/.test(inputOf(request).command));
  assert.equal((await gate.approve(third)).code, 0);
  const { code, err } = await over(run);
  assert.equal(code, 0, err);
  assert.deepEqual(['one', 'two', 'three'].map((name) => sandbox.made(name)), [true, false, true]);
  assert.match(toldTo(model), /not on a Monday/);
  const [agent] = (await gate.status()).agents;
  assert.match(agent['gen_ai.agent.id'], /^codex:/);
});

codex('a call waits while its agent is paused, and goes on when it is resumed', async (world) => {
  const { gate, model, sandbox } = world;
  await held(world, '[rule all]\nverdict = allow\ntool = *\n');
  const run = exec(world, model.play('three', inside('touch one && sleep 2'), inside('touch two')));
  const agent = await gate.agent('it runs', (one) => /^codex:/.test(one['gen_ai.agent.id']));
  await gate.done('pause', agent['gen_ai.agent.id']);
  await gate.agent('its next call waits', (one) => one['agent.state'] === 'paused');
  const stands = ['one', 'two'].map((name) => sandbox.made(name));
  assert.equal(stands[1], false, 'it ran while it was paused');
  await gate.done('resume', agent['gen_ai.agent.id']);
  const { code, err } = await over(run);
  assert.equal(code, 0, err);
  assert.equal(sandbox.made('two'), true);
});

codex('without the daemon calls are blocked: it was killed while one waited, and before the next', async (world) => {
  const { gate, model, sandbox } = world;
  await held(world);
  const run = exec(world, model.play('two', inside('touch one'), inside('touch two')));
  await gate.asked('touch one');
  await gate.end('SIGKILL');
  const { code, err } = await over(run);
  assert.equal(code, 0, err);
  assert.deepEqual([sandbox.made('one'), sandbox.made('two')], [false, false]);
  assert.equal(model.results.filter(({ text }) => /there is no verdict, so the call is blocked/.test(text)).length, 2, toldTo(model));
});

codex('checkrein run -- codex exec: held, and no file of the user is touched', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  await gate.configure();
  await gate.serve();
  const bin = sandbox.path('home/bin/codex');
  fs.mkdirSync(path.dirname(bin));
  fs.symlinkSync(client.binary, bin);
  const config = fs.readFileSync(path.join(client.home, 'config.toml'), 'utf8');
  const program = [gate.checkrein, 'run', '--name', 'guarded', '--', bin];
  const run = exec(world, model.play('run', inside('touch ran'), inside('touch not')), { program });
  const request = await Promise.race([gate.asked('touch ran'), run.ended]);
  assert.ok(request['approval.id'], JSON.stringify(request));
  assert.equal(sandbox.made('ran'), false);
  await gate.approve(request);
  await gate.deny(await gate.asked('touch not'), 'enough');
  const { code, err } = await over(run);
  assert.equal(code, 0, err);
  assert.deepEqual([sandbox.made('ran'), sandbox.made('not')], [true, false]);
  assert.equal(fs.readFileSync(path.join(client.home, 'config.toml'), 'utf8'), config);
  assert.equal(fs.existsSync(hooksFile(client)), false);
  const names = (await gate.status()).agents.map((agent) => agent['gen_ai.agent.name']);
  assert.deepEqual(names, ['guarded']);

  const off = await over(exec(world, model.play('off', inside('touch off')), { program, args: ['-c', 'features.hooks=false'] }));
  assert.notEqual(off.code, 0);
  assert.match(off.err, /would run 0 of 10 hooks/);
  assert.equal(sandbox.made('off'), false);
  const many = await over(exec(world, 'x', { program, args: [...Array(150).fill(['-c', 'a.b=1']).flat(), '-c', 'features.hooks=false'] }));
  assert.notEqual(many.code, 0);
  assert.match(many.err, /too many options/);
  const two = await over(exec(world, 'x', { program, args: ['-C', sandbox.project, '--cd=/'] }));
  assert.match(two.err, /two folders/);
  const remote = await over(exec(world, 'x', { program, args: ['--remote', 'ws://127.0.0.1:1'] }));
  assert.match(remote.err, /another server/);
  for (const args of [['-p', 'fast'], ['-pfast'], ['--profile', 'fast'], ['--profile=fast']]) {
    const profile = await over(exec(world, 'x', { program, args }));
    assert.match(profile.err, /with a profile the client does not say which hooks it runs/);
    assert.equal(profile.code, 3);
  }
});

codex('checkrein run -- codex exec -C: the settings of the folder it works in let nothing run either', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  await gate.configure();
  await gate.serve();
  const bin = sandbox.path('home/bin/codex');
  fs.mkdirSync(path.dirname(bin));
  fs.symlinkSync(client.binary, bin);
  const elsewhere = sandbox.path('elsewhere');
  fs.mkdirSync(path.join(elsewhere, '.codex'), { recursive: true });
  fs.writeFileSync(path.join(elsewhere, '.codex/config.toml'), '[features]\nhooks = false\n');
  fs.appendFileSync(path.join(client.home, 'config.toml'), `\n[projects."${elsewhere}"]\ntrust_level = "trusted"\n`);
  const program = [gate.checkrein, 'run', '--name', 'guarded', '--', bin];
  const run = exec(world, model.play('there', inside('touch there')), { program, args: ['-C', elsewhere] });
  const request = await Promise.race([gate.asked('touch there'), run.ended]);
  assert.ok(request['approval.id'], JSON.stringify(request));
  await gate.deny(request, 'no');
  assert.equal((await over(run)).code, 0);
  assert.equal(fs.existsSync(path.join(elsewhere, 'there')), false);
});

codex('a thread of a server is held by the same hooks, and a stop of it ends no other', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await held(world);
  const one = await user.thread(sandbox.project);
  const other = await user.thread(sandbox.project);
  await user.turn(one, model.play('one', inside('touch one')));
  const turn = await user.turn(other, model.play('other', inside('touch other')));
  await gate.asked('touch one');
  const request = await gate.asked('touch other');
  const stopped = await gate.run('stop', `codex:${one}`, '--json');
  assert.equal(stopped.code, 0, stopped.out + stopped.err);
  assert.equal((await gate.approve(request)).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  assert.deepEqual([sandbox.made('one'), sandbox.made('other')], [false, true]);
  assert.equal(fs.existsSync(`/proc/${client.pid}`), true);
  await until('both are known by their threads', async () => (await gate.status()).agents.filter((agent) =>
    [`codex:${one}`, `codex:${other}`].includes(agent['gen_ai.agent.id'])).length === 2);
});
