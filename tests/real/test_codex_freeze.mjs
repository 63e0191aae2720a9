// Freezing a Codex: its server and all below it stand still, by the process table, and go on again; what was frozen stays
// so when the console ends, and the next one shows it; a server that lies about its process gets nobody stopped.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { ACCEPT, command } from './lib/codex.mjs';
import { isAlive } from './lib/sandbox.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const codex = (name, body) => scenario(name, body, { pin: 'codex' });
const LEFT = ['tail', '-f', '/dev/null'];
const COUNTER = 'setsid tail -f /dev/null & while [ ! -e enough ]; do echo >>ticks; sleep 0.05; done';

const stateOf = (pid) => fs.readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '')[0];
const outcome = ({ out }) => JSON.parse(out)['command.state'];
const parentOf = (pid) => Number(/^PPid:\s+(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1]);

/** The process and all below it. */
function family(root) {
  const all = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const below = (pid) => {
    try {
      return pid === root || (pid > 1 && below(parentOf(pid)));
    } catch {
      return false; // it went while we looked
    }
  };
  return all.filter((pid) => below(pid) && isAlive(pid));
}

const ticks = (sandbox) => fs.statSync(path.join(sandbox.project, 'ticks')).size;

/** A turn whose command counts, and has left a process in a session of its own. */
async function counting({ gate, model, sandbox }, user) {
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('counts', command(COUNTER, { yield_time_ms: 30000 })));
  user.answer(await user.ask('it asks', ({ params }) => params.threadId === thread), ACCEPT);
  await until('it counts', () => sandbox.made('ticks') && ticks(sandbox) > 3);
  const left = await until('it left a process', () => sandbox.process(...LEFT));
  await gate.agent('it is seen to run', (agent) => agent['agent.state'] === 'running');
  return { turn, left };
}

async function goesOn({ sandbox }, user, turn) {
  const before = ticks(sandbox);
  await until('it counts on', () => ticks(sandbox) > before + 3);
  sandbox.write('project/enough', '');
  assert.equal(await user.ended(turn), 'completed');
}

codex('freeze and resume in the console: every process is stopped, time goes on for none, then for all', async (world) => {
  const { gate, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const { turn, left } = await counting(world, user);
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows(/▸.* project/);
  screen.press('g');
  await screen.insist('Z', 'freeze project:');
  await screen.shows(/freeze project: confirmed/);
  const pids = family(client.pid);
  assert.ok(pids.includes(left) && pids.length >= 4, `${left} of ${pids}`);
  assert.deepEqual(pids.map(stateOf), pids.map(() => 'T'));
  await screen.shows(/= paused/);
  const at = ticks(sandbox);
  screen.press('Enter');
  await screen.shows(/paused since .*frozen with its server: all its threads; (\d+) of \1 processes/);
  screen.press('Escape');
  assert.equal(ticks(sandbox), at, 'it counts while it is frozen');
  await screen.insist('r', 'with ALL its threads');
  await screen.shows('r again resumes it');
  screen.press('r');
  await screen.shows(/resume project: confirmed/);
  await screen.shows(/running since/);
  await goesOn(world, user, turn);
});

codex('what was frozen outlives its console; the next one shows it, and lets it go on', async (world) => {
  const { gate, codex: client } = world;
  client.configure();
  await client.serveUnix();
  gate.backend = client.backend;
  await gate.configure();
  const user = await client.user();
  const { turn } = await counting(world, user);
  const frozen = await gate.run('freeze', 'project', '--json');
  assert.equal(frozen.code, 0, frozen.out + frozen.err);
  assert.equal(outcome(frozen), 'confirmed');
  const pids = family(client.pid);
  assert.deepEqual(pids.map(stateOf), pids.map(() => 'T'), 'it goes on without a console');
  const status = await gate.status();
  assert.equal(status.backends[0]['backend.link'], 'frozen');
  assert.match(status.backends[0].reason, /stands still.*process \d+ is stopped/);
  assert.deepEqual(status.agents.map((agent) => [agent['gen_ai.agent.name'], agent['agent.state']]), [['codex server', 'paused']]);
  const again = await gate.run('resume', 'codex server', '--json');
  assert.equal(again.code, 0, again.out + again.err);
  assert.deepEqual(family(client.pid).map(stateOf).filter((state) => state === 'T'), []);
  await gate.agent('its thread is back', (agent) => agent['gen_ai.agent.name'] === 'project' && agent['agent.state'] === 'running');
  await goesOn(world, user, turn);
});

/** Speaks as much as it takes to be believed: it says that it is process `pid`. */
async function liar(pid) {
  const server = http.createServer();
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const say = (message) => {
      const text = Buffer.from(JSON.stringify(message));
      const head = Buffer.from(text.length < 126 ? [0x81, text.length] : [0x81, 126, text.length >> 8, text.length & 0xff]);
      socket.write(Buffer.concat([head, text]));
    };
    const thread = { id: 'a-thread', sessionId: 'a-thread', cwd: '/lies', status: { type: 'active', activeFlags: [] } };
    const answers = {
      initialize: { userAgent: 'codex/0.169.0 (x)' },
      'server/diagnostics': { process: { id: pid } },
      'thread/loaded/list': { data: ['a-thread'], nextCursor: null },
      'thread/read': { thread },
      'thread/resume': { thread, approvalPolicy: 'never', initialTurnsPage: { data: [] } },
      'thread/backgroundTerminals/list': { data: [] },
    };
    let kept = Buffer.alloc(0);
    socket.on('error', () => {}).on('data', (bytes) => {
      for (kept = Buffer.concat([kept, bytes]); kept.length >= 6;) {
        const short = kept[1] & 0x7f;
        const from = short === 126 ? 4 : 2;
        const length = short === 126 ? kept.readUInt16BE(2) : short;
        if (kept.length < from + 4 + length) return;
        const mask = kept.subarray(from, from + 4);
        const text = Buffer.from(kept.subarray(from + 4, from + 4 + length)).map((byte, i) => byte ^ mask[i % 4]).toString();
        kept = kept.subarray(from + 4 + length);
        if (!text.startsWith('{')) continue;
        const { id, method } = JSON.parse(text);
        if (id) say({ id, result: answers[method] ?? {} });
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

codex('a server that says it is another process gets nobody stopped', async ({ gate, codex: client, sandbox }) => {
  client.configure();
  await client.serve();
  const victim = sandbox.start('sleep', ['1000']);
  const cases = [
    ['a process of this user that does not listen there', victim.pid, /does not hold its socket/],
    ['the real server, which listens elsewhere', client.pid, /does not hold its socket/],
    ['itself, which is no Codex', process.pid, /does not run codex/],
    ['process 1', 1, /is no process of this user|does not hold its socket/],
    ['no number', 'x', /does not say which process/],
  ];
  for (const [what, pid, why] of cases) {
    const server = await liar(pid);
    gate.backend = { kind: 'codex', url: `ws://127.0.0.1:${server.address().port}/` };
    await gate.configure();
    const { code, out, err } = await gate.run('freeze', 'lies', '--json');
    assert.notEqual(code, 0, `${what}: ${out}${err}`);
    assert.match(out + err, why, what);
    for (const one of [victim.pid, client.pid, process.pid]) assert.notEqual(stateOf(one), 'T', what);
    server.closeAllConnections?.();
    server.close();
  }
});
