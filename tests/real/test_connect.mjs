// `checkrein connect` edits what a person wrote: only its own lines come and go.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { scenario } from './lib/scenario.mjs';

// Written by hand, with the habits of a hand.
const THEIRS = `{
    "model" : "opus",   "cleanupPeriodDays":   1.50e1,
  "permissions": {"allow":["Bash(ls:*)", "Read(~/a \\u00e9 \\/ b)"] ,
        "deny" : [ ]},
  "hooks": {
    "PreToolUse": [ {"matcher":"Write",  "hooks":[{"type":"command","command":"true  # theirs"}]} ],
    "PreCompact":[{ "hooks": [ {"type":"command","command":"true"} ] }]
  },
\t"env": { "THEIR_OWN" : "1" }
}
`;
const PIECES = [
  '"model" : "opus",   "cleanupPeriodDays":   1.50e1,',
  '["Bash(ls:*)", "Read(~/a \\u00e9 \\/ b)"] ,\n        "deny" : [ ]}',
  '{"matcher":"Write",  "hooks":[{"type":"command","command":"true  # theirs"}]}',
  '"PreCompact":[{ "hooks": [ {"type":"command","command":"true"} ] }]',
  '"THEIR_OWN" : "1"',
];

const meaning = (text) => JSON.parse(text);

async function open(world, text) {
  const { gate, claude } = world;
  await gate.configure();
  await gate.serve();
  if (text !== undefined) fs.writeFileSync(claude.settings, text);
  const connect = (...args) => gate.done('connect', 'claude', '--settings', claude.settings, ...args);
  const read = () => fs.readFileSync(claude.settings, 'utf8');
  return { connect, read };
}

scenario('into settings that a person wrote', async (world) => {
  const { connect, read } = await open(world, THEIRS);
  const token = fs.readFileSync(`${world.sandbox.env.XDG_STATE_HOME}/checkrein/hook.token`, 'utf8').trim();
  const plan = await connect('--dry-run');
  assert.equal(read(), THEIRS, 'a dry run wrote');
  assert.match(plan, /^\+.*PreToolUse|^\+.*hook\/claude/m);
  assert.ok(!plan.includes(token), 'the token was printed');

  await connect();
  const ours = read();
  for (const piece of PIECES) assert.ok(ours.includes(piece), `changed: ${piece}`);
  const { hooks, env } = meaning(ours);
  assert.equal(hooks.PreToolUse.length, 2);
  assert.equal(hooks.PreToolUse[1].hooks[0].onFailure, 'block');
  assert.equal(env.OTEL_LOGS_EXPORTER, 'otlp');
  assert.equal(fs.statSync(world.claude.settings).mode & 0o777, 0o600);

  assert.match(await connect(), /nothing to change/);
  assert.equal(read(), ours, 'twice is not the same as once');
  await connect('--remove');
  assert.deepEqual(meaning(read()), meaning(THEIRS));
  for (const piece of PIECES) assert.ok(read().includes(piece), `changed: ${piece}`);
});

scenario('where there were none, and through a link', async (world) => {
  const { claude, sandbox } = world;
  const { connect, read } = await open(world);
  await connect('--dry-run');
  assert.equal(fs.existsSync(claude.settings), false, 'a dry run wrote');
  await connect();
  await connect('--remove');
  assert.deepEqual(meaning(read()), {});

  const elsewhere = sandbox.write('dotfiles/settings.json', THEIRS);
  fs.rmSync(claude.settings);
  fs.symlinkSync(elsewhere, claude.settings);
  await connect();
  assert.equal(fs.lstatSync(claude.settings).isSymbolicLink(), true, 'the link was replaced');
  assert.equal(meaning(fs.readFileSync(elsewhere, 'utf8')).hooks.PreToolUse.length, 2);
});

scenario('what cannot be edited safely is left as it is', async (world) => {
  const { gate, claude } = world;
  await open(world);
  for (const text of ['{"a":1', '[]', '{"hooks": []}', '{"a": 1, "a": 2}', '// why\n{}']) {
    fs.writeFileSync(claude.settings, text);
    const ran = await gate.run('connect', 'claude');
    assert.notEqual(ran.code, 0, `accepted: ${text}`);
    assert.ok(ran.err.includes(claude.settings), ran.err);
    assert.equal(fs.readFileSync(claude.settings, 'utf8'), text);
  }
});
