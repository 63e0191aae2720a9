// `checkrein connect gemini` edits what a person wrote: only its own lines, and its own file of rules, come and go.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { scenario } from './lib/scenario.mjs';

// Written by hand, with the habits of a hand.
const THEIRS = `{
    "general" : {"enableAutoUpdate":false},   "ui":{"theme":"Default \\u00e9 \\/ b"},
  "hooks": {
    "BeforeTool": [ {"matcher":"write_file",  "hooks":[{"type":"command","name":"theirs","command":"true"}]} ],
    "PreCompress":[{ "hooks": [ {"type":"command","command":"true"} ] }]
  },
\t"telemetry": { "logPrompts" : false, "enabled":false }
}
`;
const PIECES = [
  '"general" : {"enableAutoUpdate":false},   "ui":{"theme":"Default \\u00e9 \\/ b"},',
  '{"matcher":"write_file",  "hooks":[{"type":"command","name":"theirs","command":"true"}]}',
  '"PreCompress":[{ "hooks": [ {"type":"command","command":"true"} ] }]',
  '"telemetry": { "logPrompts" : false, "enabled":false }',
];
const MS_LIMIT = 2 ** 31;

async function open(world, text) {
  const { gate, gemini: client } = world;
  await gate.configure();
  await gate.serve();
  if (text !== undefined) fs.writeFileSync(client.settings, text);
  const connect = (...args) => gate.done('connect', 'gemini', '--runtime-version', client.version, ...args);
  const read = () => fs.readFileSync(client.settings, 'utf8');
  const token = fs.readFileSync(`${world.sandbox.env.XDG_STATE_HOME}/checkrein/hook.token`, 'utf8').trim();
  return { connect, read, token };
}
const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });

gemini('into settings that a person wrote, with telemetry of his own', async (world) => {
  const { connect, read } = await open(world, THEIRS);
  const { gate, gemini: { policy } } = world;
  const plan = await gate.done('connect', 'gemini', '--dry-run'); // asks the client for its version
  assert.equal(read(), THEIRS, 'a dry run wrote');
  assert.equal(fs.existsSync(policy), false, 'a dry run wrote');
  assert.match(plan, /^\+.*BeforeTool/m);
  assert.match(plan, /^\+ decision = "allow"/m);
  assert.match(plan, /Gemini CLI 0\.61\.0: command hooks/);
  assert.match(plan, /Not held: gemini --acp/);
  assert.match(plan, /telemetry is set up already/);

  await connect();
  const ours = read();
  for (const piece of PIECES) assert.ok(ours.includes(piece), `changed: ${piece}`);
  const { hooks } = JSON.parse(ours);
  assert.equal(hooks.BeforeTool.length, 2);
  const [hook] = hooks.BeforeTool[1].hooks;
  assert.ok(hook.timeout < MS_LIMIT && hook.timeout > 23 * 3600 * 1000, 'the hook ends before its helper, or at once');
  assert.match(hook.command, /exit 2; \}$/);
  for (const event of ['BeforeModel', 'AfterModel', 'PreCompress']) {
    assert.ok(!JSON.stringify(hooks[event] ?? []).includes('checkrein'), event);
  }
  assert.equal(fs.statSync(world.gemini.settings).mode & 0o777, 0o600);
  assert.match(fs.readFileSync(policy, 'utf8'), /^interactive = false$/m);

  assert.match(await connect(), /nothing to change/);
  fs.rmSync(policy);
  assert.match(await connect(), /decision = "allow"/, 'the rules were gone, and nobody noticed');
  assert.equal(read(), ours, 'twice is not the same as once');
  await connect('--remove');
  assert.deepEqual(JSON.parse(read()), JSON.parse(THEIRS));
  for (const piece of PIECES) assert.ok(read().includes(piece), `changed: ${piece}`);
  assert.equal(fs.existsSync(policy), false, 'the rules are still there');
});

gemini('with our telemetry; the token is never printed', async (world) => {
  const { connect, read, token } = await open(world, '{}\n');
  const said = await connect();
  const { telemetry } = JSON.parse(read());
  assert.deepEqual({ ...telemetry, otlpEndpoint: '' },
    { enabled: true, target: 'local', otlpEndpoint: '', otlpProtocol: 'http', logPrompts: false });
  assert.ok(telemetry.otlpEndpoint.includes(token), 'without the token the daemon does not listen');
  const removed = await connect('--remove');
  assert.ok(!said.includes(token) && !removed.includes(token), 'the token was printed');
  assert.deepEqual(JSON.parse(read()), {});
});

gemini('rules of somebody else under our file\'s name stay', async (world) => {
  const { connect } = await open(world);
  const { policy } = world.gemini;
  fs.mkdirSync(`${world.gemini.config}/policies`);
  fs.writeFileSync(policy, '# mine\n');
  await connect('--remove');
  assert.equal(fs.readFileSync(policy, 'utf8'), '# mine\n');
});

gemini('what cannot be edited safely, or would leave the hooks out, is left as it is', async (world) => {
  const { gate, gemini: client } = world;
  await open(world);
  const bad = ['{"a":1', '[]', '{"hooks": []}', '{"a": 1, "a": 2}', '// why\n{}', '{"hooksConfig": {"enabled": false}}',
    '{"hooksConfig": {"disabled": ["checkrein gate"]}}'];
  for (const text of bad) {
    fs.writeFileSync(client.settings, text);
    const ran = await gate.run('connect', 'gemini', '--runtime-version', client.version);
    assert.notEqual(ran.code, 0, `accepted: ${text}`);
    assert.ok(ran.err.includes(client.settings), ran.err);
    assert.equal(fs.readFileSync(client.settings, 'utf8'), text);
    assert.equal(fs.existsSync(client.policy), false, 'rules without hooks');
  }
});
