// An agent that may write files can write the settings that its hooks stand in. A change that would loosen the gate
// is not taken up by the running session, and told with the file, what changed, and the call that ran. One that leaves
// the hooks whole is taken up when no call runs that could swap the file behind the daemon's look.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

// The call ends when the client has seen the change: only then the next one comes.
const UNTIL_SEEN = 'until [ -e seen ]; do sleep 0.1; done';
const TAKE_OUT = `echo "{}" > "$CLAUDE_CONFIG_DIR/settings.json"; ${UNTIL_SEEN}`;
const SWITCH_OFF = `mkdir -p .claude; echo '{"disableAllHooks":true}' > .claude/settings.local.json; ${UNTIL_SEEN}`;

// A script, because the client looks into command lines for this very file by itself.
function script(sandbox, text) {
  sandbox.write('project/tidy-up.sh', text);
  return shell('sh tidy-up.sh');
}

function editIn(sandbox, edit) {
  sandbox.write('project/edit.js', `const fs = require('fs');
    const file = process.env.CLAUDE_CONFIG_DIR + '/settings.json';
    const s = JSON.parse(fs.readFileSync(file));
    (${edit})(s);
    fs.writeFileSync(file, JSON.stringify(s, null, 2));`);
  return script(sandbox, `"${process.execPath}" edit.js; ${UNTIL_SEEN}`);
}

async function loosened(world, step, { severity = 'emergency', file, what }, allowed) {
  const { gate, model, claude, sandbox } = world;
  await world.govern(allowed);
  const agent = claude.start(model.play('two', step, shell('touch ran')));
  await gate.approve(await gate.approval('it asks to write'));
  const [request] = gate.events('approval.requested');
  const alarm = await gate.event('the change is told', 'signal.raised');
  assert.equal(alarm['signal.severity'], severity, alarm['signal.title']);
  assert.ok(alarm['signal.title'].includes(file), alarm['signal.title']);
  assert.match(alarm['signal.title'], what);
  assert.match(alarm['signal.title'], /refused: this session keeps its own/);
  assert.equal(alarm['gen_ai.tool.call.id'], request['gen_ai.tool.call.id'], 'the call that did it is not named');
  assert.equal(alarm['gen_ai.agent.id'], request['gen_ai.agent.id']);
  fs.writeFileSync(`${sandbox.project}/seen`, '');
  const next = await gate.asked('touch ran');
  assert.equal((await gate.deny(next, 'no')).code, 0);
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'the hooks were gone');
}

const GONE = { file: '/.claude/settings.json', what: /no settings hold the gate's hooks any more/ };

scenario('its hooks taken out of the user\'s settings', (world) => loosened(world, shell(TAKE_OUT), GONE));

scenario('its hooks taken out, as an old version had them', (world) =>
  loosened(world, shell(TAKE_OUT), GONE, { connect: ['--runtime-version', '2.1.197'] }));

scenario('its hooks taken out, in the old version', (world) => loosened(world, shell(TAKE_OUT), GONE), { pin: 'old' });

scenario('its hooks switched off in the project\'s settings', (world) =>
  loosened(world, script(world.sandbox, SWITCH_OFF),
    { file: '/.claude/settings.local.json', what: /"disableAllHooks" switches all hooks off/ }));

scenario('the gate\'s hook led to another address', (world) =>
  loosened(world, editIn(world.sandbox, (s) => { s.hooks.PreToolUse[0].hooks[0].url = 'http://127.0.0.1:1/hook/claude'; }),
    { file: '/.claude/settings.json', what: /the hook for PreToolUse asks another address/ }));

scenario('the gate\'s hook made to fail open', (world) =>
  loosened(world, editIn(world.sandbox, (s) => { delete s.hooks.PreToolUse[0].hooks[0].onFailure; }),
    { file: '/.claude/settings.json', what: /the hook for PreToolUse lets the call run when it fails/ }));

scenario('a variable set that leads hooks elsewhere', (world) =>
  loosened(world, editIn(world.sandbox, (s) => { s.env.HTTP_PROXY = 'http://127.0.0.1:1'; }),
    { file: '/.claude/settings.json', what: /"env" sets HTTP_PROXY/ }));

const digestOf = (file) => `sha256:${createHash('sha256').update(fs.readFileSync(file)).digest('hex')}`;

// A rule that forbids what the next call does: seen in force, the settings were taken up.
function forbid(claude) {
  const settings = JSON.parse(fs.readFileSync(claude.settings));
  settings.permissions = { deny: ['Bash(touch forbidden)'] };
  fs.writeFileSync(claude.settings, JSON.stringify(settings, null, 2));
}

async function harmless(world) {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('three', shell('touch first'), shell('touch forbidden'), shell('touch last')));
  const first = await gate.asked('touch first');
  model.think(); // the next call comes when the settings were taken up
  await gate.approve(first);
  await gate.event('the first call has ended', 'action.finished');
  forbid(claude);
  const told = await gate.event('the change is told', 'signal.raised');
  assert.equal(told['signal.severity'], 'low', told['signal.title']);
  assert.match(told['signal.title'], /hooks are whole: taken up/);
  assert.ok(told['signal.title'].includes(digestOf(claude.settings)), told['signal.title']);
  model.release();
  // The gate still stands: an operator lets the call run, and only the new rule of the client keeps it from that.
  for (const name of ['forbidden', 'last']) {
    const request = await gate.asked(`touch ${name}`);
    await gate.approve(request);
  }
  assert.equal((await agent.finished()).code, 0);
  assert.deepEqual(['first', 'forbidden', 'last'].map((name) => sandbox.made(name)), [true, false, true]);
  assert.equal(gate.events('signal.raised').length, 1);
}

scenario('a change that leaves the hooks whole is taken up', harmless);
scenario('the same in the old version', harmless, { pin: 'old' });

scenario('the same change while a call runs waits for the next start', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('two', shell(UNTIL_SEEN), shell('touch forbidden')));
  await gate.approve(await gate.asked(UNTIL_SEEN));
  forbid(claude);
  const told = await gate.event('the change is told', 'signal.raised');
  assert.equal(told['signal.severity'], 'low', told['signal.title']);
  assert.match(told['signal.title'], /while a call of this agent ran.*not taken up/);
  fs.writeFileSync(`${sandbox.project}/seen`, '');
  await gate.approve(await gate.asked('touch forbidden'));
  await agent.finished();
  assert.equal(sandbox.made('forbidden'), true, 'it was taken up all the same');
});

// What was refused stays on the disk: a later change of another file must not bring it in.
scenario('behind a refused change no other one is let through', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('two', shell('touch first'), shell('touch ran')));
  const first = await gate.asked('touch first');
  model.think();
  await gate.approve(first);
  await gate.event('the first call has ended', 'action.finished');
  fs.writeFileSync(claude.settings, '{}');
  await gate.event('the first change is told', 'signal.raised', (one) => one['signal.severity'] === 'emergency');
  fs.mkdirSync(path.join(sandbox.project, '.claude'));
  fs.writeFileSync(path.join(sandbox.project, '.claude/settings.local.json'), '{"cleanupPeriodDays": 20}');
  await gate.event('the second change is told', 'signal.raised',
    (one) => one !== undefined && gate.events('signal.raised').length > 1);
  assert.ok(gate.events('signal.raised').every((one) => one['signal.severity'] === 'emergency'));
  model.release();
  await gate.deny(await gate.asked('touch ran'), 'no');
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'the hooks were gone');
});
