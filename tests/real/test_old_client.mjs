// Claude Code 2.1.197, what plain `npm install` takes with Node 20, ignores `onFailure` and runs a call whose hook fails in
// any way but one: exit code 2. Its command hooks end so whatever happens to the daemon, to the helper, or to the answer.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const OLD = { pin: 'old' };

async function runsNothing({ model, claude, sandbox }, name) {
  await claude.run(model.play(name, shell(`touch ${name}`)));
  assert.equal(sandbox.made(name), false, `${name}: it ran`);
  const told = model.results.at(-1);
  assert.ok(told?.isError, `${name}: the model was not told`);
  return told.text;
}

// The process that waits for the answer, and the shell that the client gave its line to.
function waiting(gate) {
  const found = {};
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words[0] === gate.checkrein && words[1] === 'hook' && words.includes(gate.socket)) found.helper = Number(pid);
      else if (words.some((word) => word.includes(' hook claude ') && word.includes(gate.socket))) found.shell = Number(pid);
    } catch {
      // it has ended
    }
  }
  return found.helper && found;
}

scenario('one agent is one process, and its calls end as they began', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('two', shell('touch one'), shell('false')));
  await gate.approve(await gate.asked('touch one'));
  const seen = await gate.agent('its process is known', (one) => one['process.pid']);
  assert.equal(seen['process.pid'], agent.pid, 'something else was taken for the client');
  const second = await gate.asked('false');
  await gate.approve(second);
  assert.equal((await agent.finished()).code, 0);
  assert.equal(sandbox.made('one'), true);
  const ends = gate.events('action.finished').map((end) => end['action.outcome']);
  assert.deepEqual(ends, ['succeeded', 'failed']);
  assert.deepEqual(gate.events('signal.raised'), []);
}, OLD);

scenario('it is stopped as a process', async (world) => {
  const { gate, model, claude } = world;
  await world.govern();
  const agent = claude.start(model.play('one', shell('sleep 60')));
  await gate.approve(await gate.asked('sleep 60'));
  const [seen] = (await gate.status()).agents;
  assert.equal((await gate.run('stop', seen['gen_ai.agent.id'])).code, 0);
  const ended = await agent.ended;
  assert.notEqual(ended.code, 0, 'it ended by itself');
}, OLD);

scenario('the daemon is away from the start', async (world) => {
  await world.govern();
  await world.gate.end('SIGKILL');
  assert.match(await runsNothing(world, 'away'), /the call is blocked/);
}, OLD);

const http = (body, status = '200 OK') => `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const ALLOW = '{"hookSpecificOutput":{"hookEventName":"PostToolUse","permissionDecision":"allow"}}';
const NONSENSE = {
  nothing: '', noise: '\x16\x03\x01', empty: http(''), noopinion: http('{}'), word: http('allow'), failed: http('{}', '500 Oops'),
  elsewhere: http(ALLOW), cut: http(ALLOW).slice(0, -4),
};

scenario('something else answers in its place', async (world) => {
  const { gate } = world;
  await world.govern();
  await gate.end('SIGKILL');
  let answer = '';
  const liar = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer, 'latin1'));
  });
  fs.rmSync(gate.socket, { force: true });
  await new Promise((done) => liar.listen(gate.socket, done));
  try {
    for (const [name, text] of Object.entries(NONSENSE)) {
      answer = text;
      await runsNothing(world, name);
    }
  } finally {
    liar.close();
  }
}, OLD);

scenario('the helper is killed while the call waits', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('two', shell('touch killed'), shell('touch next')));
  await gate.asked('touch killed');
  const { helper } = await until('the helper waits', () => waiting(gate));
  process.kill(helper, 'SIGKILL');
  await gate.deny(await gate.asked('touch next'), 'no');
  await agent.finished();
  assert.deepEqual([sandbox.made('killed'), sandbox.made('next')], [false, false], 'it ran');
  const [first] = gate.events('approval.resolved');
  assert.equal(first['approval.decision'], 'withdrawn');
}, OLD);

// A stop of all that is below the agent, or the end of its terminal, reaches shell and helper, in any order.
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
  for (const order of [['shell', 'helper'], ['helper', 'shell']]) {
    scenario(`${signal} to ${order.join(' and ')} while the call waits: it goes on waiting`, async (world) => {
      const { gate, model, claude, sandbox } = world;
      await world.govern();
      const agent = claude.start(model.play('one', shell('touch ran')));
      const request = await gate.asked('touch ran');
      const found = await until('the helper waits', () => waiting(gate));
      for (const one of order) process.kill(found[one], signal);
      const { code } = await gate.deny(request, 'no');
      await agent.finished();
      assert.equal(sandbox.made('ran'), false, 'it ran');
      assert.equal(code, 0, 'it did not wait any more');
    }, OLD);
  }
}

// The client ends what it waits for by a signal too; then nothing of it may run, whatever is decided afterwards.
scenario('Esc at its screen while a call waits: nothing runs, and the request does not stay', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const screen = await world.screen();
  await claude.ask(screen, model.play('one', shell('touch ran')));
  const request = await gate.asked('touch ran');
  screen.press('Escape');
  await gate.event('it is withdrawn', 'approval.resolved', (end) => end['approval.id'] === request['approval.id']);
  assert.equal(sandbox.made('ran'), false, 'it ran');
}, OLD);

scenario('nobody decides before the helper\'s own deadline', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  fs.writeFileSync(claude.settings, fs.readFileSync(claude.settings, 'utf8').replaceAll('--deadline 23h', '--deadline 2s'));
  const agent = claude.start(model.play('late', shell('touch late')));
  await gate.asked('touch late');
  await agent.finished();
  assert.equal(sandbox.made('late'), false, 'it ran');
  assert.match(model.results[0].text, /the call is blocked/);
  assert.deepEqual((await gate.status()).approvals, []);
}, OLD);

// docs/drivers/claude.md says so: the one end that exit codes cannot cover. A process left behind by an approved
// command can do it; the current client's HTTP hooks have no such shell.
scenario('shell and helper are killed together: that call runs, and is told', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('one', shell('touch ran')));
  await gate.asked('touch ran');
  const { shell: around, helper } = await until('the helper waits', () => waiting(gate));
  process.kill(around, 'SIGKILL');
  process.kill(helper, 'SIGKILL');
  await agent.finished();
  assert.equal(sandbox.made('ran'), true, 'it is blocked now: docs/drivers/claude.md says that it is not');
  const alarm = await gate.event('the daemon says so', 'signal.raised');
  assert.equal(alarm['signal.severity'], 'emergency');
  assert.equal(alarm['signal.title'], 'a call ended that this gate never let through');
}, OLD);

scenario('the shell alone is killed: a refusal still counts', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern();
  const agent = claude.start(model.play('one', shell('touch ran')));
  const request = await gate.asked('touch ran');
  const { shell: around } = await until('the helper waits', () => waiting(gate));
  process.kill(around, 'SIGKILL');
  await gate.deny(request, 'no');
  await agent.finished();
  assert.equal(sandbox.made('ran'), false, 'it ran');
}, OLD);
