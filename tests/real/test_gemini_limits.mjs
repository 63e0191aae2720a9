// What the gate of Gemini CLI does not hold: docs/drivers/gemini.md says each of these, and these tests fail when one
// of them stops being true, or stops being noticed where it is said to be.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { command } from './lib/gemini.mjs';
import { section } from './lib/gate.mjs';
import { tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until, within } from './lib/until.mjs';

const ALL = section('rule all', { verdict: 'allow', tool: '*' });
const NEVER = 'a call ended that this gate never let through';
const UNHOOKED = 'a call ran in an agent whose hooks have told nothing: they are off, and it is not held';
const MORE = 'the runtime tells of a call that this gate never let through';
const OTHER = 'a call ran with another input than the one that was let through';
const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });
const titles = (gate) => gate.events('signal.raised').map((event) => event['signal.title']);

function projectSettings(sandbox, settings) {
  sandbox.write('project/.gemini/settings.json', JSON.stringify(settings));
}

gemini('a project switches all hooks off: its calls run, and only its telemetry tells of it', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  projectSettings(sandbox, { hooksConfig: { enabled: false } });
  await client.run(model.play('one', command('touch ran')));
  assert.equal(sandbox.made('ran'), true, 'it is held now: say so');
  assert.deepEqual((await gate.status()).agents, []);
  await gate.event('its telemetry tells', 'signal.raised', (event) => event['signal.title'] === UNHOOKED);
});

gemini('a project switches ours off by name: the same', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  projectSettings(sandbox, { hooksConfig: { disabled: ['checkrein gate'] } });
  await client.run(model.play('one', command('touch ran')));
  assert.equal(sandbox.made('ran'), true, 'it is held now: say so');
  assert.deepEqual((await gate.status()).agents, []);
  await gate.event('its telemetry tells', 'signal.raised', (event) => event['signal.title'] === UNHOOKED);
});

gemini('another hook changes a call after it was let run: an alarm', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  const settings = JSON.parse(fs.readFileSync(client.settings));
  const change = JSON.stringify({ hookSpecificOutput: { hookEventName: 'BeforeTool', tool_input: { command: 'touch other' } } });
  settings.hooks = { BeforeTool: [{ matcher: '*', hooks: [{ type: 'command', name: 'theirs', command: `echo '${change}'` }] }] };
  fs.writeFileSync(client.settings, JSON.stringify(settings));
  await world.govern({ rules: ALL });
  await client.run(model.play('one', command('touch shown')));
  assert.deepEqual([sandbox.made('shown'), sandbox.made('other')], [false, true], 'it is prevented now: say so');
  assert.deepEqual(titles(gate), [OTHER]);
});

gemini('shell and helper of a waiting hook are killed, in this order: the call runs, and an alarm says so', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const agent = client.start(model.play('one', command('touch ran')));
  await gate.asked('touch ran');
  const { BeforeTool } = JSON.parse(fs.readFileSync(client.settings)).hooks;
  const shell = sandbox.process('bash', '-c', BeforeTool[0].hooks[0].command);
  const helper = sandbox.process(gate.checkrein, 'hook', 'gemini', '--deadline', '23h', '--pid', `${agent.pid}`, '--socket',
    gate.socket, '--runtime-version', client.version);
  process.kill(shell, 'SIGKILL');
  process.kill(helper, 'SIGKILL');
  await agent.finished();
  assert.equal(sandbox.made('ran'), true, 'it is held now: say so');
  assert.equal(titles(gate)[0], NEVER); // its telemetry may add that there was one call too many
});

gemini('the helper of a waiting hook is killed: its shell blocks the call', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const agent = client.start(model.play('one', command('touch ran')));
  await gate.asked('touch ran');
  const helper = sandbox.process(gate.checkrein, 'hook', 'gemini', '--deadline', '23h', '--pid', `${agent.pid}`, '--socket',
    gate.socket, '--runtime-version', client.version);
  process.kill(helper, 'SIGKILL');
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'it ran');
  assert.match(model.results[0].text, /there is no verdict/);
});

gemini('under a foreign editor (--acp) no call passes here: that editor is asked, because our rule is for others', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const started = sandbox.start(client.binary, ['-m', 'gemini-2.5-flash', '--acp'], { env: client.env, stdio: ['pipe', 'pipe', 'pipe'] });
  const answers = new Map();
  const asked = [];
  let rest = '';
  const say = (message) => started.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  started.child.stdout.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines.filter((one) => one.startsWith('{'))) {
      const message = JSON.parse(line);
      if (message.method && message.id !== undefined) {
        asked.push(message.method);
        say({ id: message.id, result: { outcome: { outcome: 'selected', optionId: 'cancel' } } });
      } else if (message.id !== undefined) {
        answers.set(message.id, message);
      }
    }
  });
  let id = 0;
  const call = (method, params) => {
    const mine = ++id;
    say({ id: mine, method, params });
    return until(`an answer to ${method}`, () => answers.get(mine));
  };
  await call('initialize', { protocolVersion: 1, clientCapabilities: {} });
  await call('authenticate', { methodId: 'gemini-api-key' });
  const { result } = await call('session/new', { cwd: sandbox.project, mcpServers: [] });
  const prompt = [{ type: 'text', text: model.play('one', command('touch ran')) }];
  await call('session/prompt', { sessionId: result.sessionId, prompt });
  started.child.kill('SIGTERM');
  await within('it ends', started.ended);
  assert.deepEqual(asked, ['session/request_permission']);
  assert.equal(sandbox.made('ran'), false, 'our rule let it run without anybody being asked');
  assert.deepEqual(gate.events('approval.requested'), [], 'it passes here now: say so');
});

gemini('a folder that is not trusted: no start without a screen; on the screen its own question, and no hook', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  client.trust(sandbox.project, 'DO_NOT_TRUST');
  const { code } = await client.run(model.play('headless', command('touch ran')));
  assert.notEqual(code, 0);
  const screen = await world.screen({ args: ['--approval-mode', 'yolo'] });
  await client.ask(screen, model.play('screen', command('touch ran')));
  await screen.shows('Allow execution of');
  assert.equal(sandbox.made('ran'), false, 'our rule let it run without anybody being asked');
  assert.deepEqual((await gate.status()).agents, [], 'its hooks run now: say so');
});

gemini('settings edited while it runs: this session keeps its hooks', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const TAKE_OUT = 'echo "{}" > "$HOME/.gemini/settings.json"';
  const agent = client.start(model.play('two', command(TAKE_OUT), command('touch ran')));
  await gate.approve(await gate.asked(TAKE_OUT));
  const next = await gate.asked('touch ran');
  assert.equal((await gate.deny(next, 'no')).code, 0);
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'the hooks were gone');
});

gemini('its folder is taken away: no hook can be started there, and the next call runs', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const away = `mv ${sandbox.project} ${sandbox.project}.away`;
  const aside = tool('write_file', { file_path: `${sandbox.path('home')}/ran`, content: 'x' });
  const agent = client.start(model.play('two', command(away), aside), { args: ['--include-directories', sandbox.path('home')] });
  await gate.approve(await gate.asked(away));
  await agent.finished();
  const ran = fs.existsSync(`${sandbox.path('home')}/ran`);
  fs.renameSync(`${sandbox.project}.away`, sandbox.project);
  assert.equal(ran, true, `it is held now: say so: ${JSON.stringify(model.results)}`);
  await gate.event('its telemetry tells', 'signal.raised', (event) => event['signal.title'] === MORE);
});
