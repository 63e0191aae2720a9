// Records what the real Codex sends to checkrein, for the fuzzer and the unit tests of its driver: node record_codex.mjs
// FOLDER writes one file a play, a frame a line. A line "!verb" is a command of ours at that point, to the agent or
// request that came last. Paths are those of nobody, and long texts are cut.
import fs from 'node:fs';
import path from 'node:path';
import { ACCEPT, ASKING, DECLINE, HELPED, Relay, command, helper, mcp, patch, scripted } from './lib/codex.mjs';
import { tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';
import { frameOf } from './lib/websocket.mjs';

const [folder] = process.argv.slice(2);
const TEXT_MOST = 200;

class Recording {
  lines = [];
  #bytes = Buffer.alloc(0);
  #begun = false;

  take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const head = this.#bytes.indexOf('\r\n\r\n');
    if (!this.#begun && head >= 0) [this.#bytes, this.#begun] = [this.#bytes.subarray(head + 4), true];
    for (let frame; this.#begun && (frame = frameOf(this.#bytes)); this.#bytes = frame.rest) {
      if (frame.opcode === 1) this.lines.push(frame.payload.toString());
    }
  }

  ours(verb) {
    this.lines.push(`!${verb}`);
  }

  has(text) {
    return until(`${text} is recorded`, () => this.lines.some((line) => line.includes(text)));
  }

  write(name, root) {
    const short = (key, value) => typeof value === 'string' ? value.replaceAll(root, '/home/u').slice(0, TEXT_MOST)
      : key === 'installationId' ? 'none' : value;
    const lines = this.lines.map((line) => line[0] === '!' ? line : JSON.stringify(JSON.parse(line, short)));
    fs.writeFileSync(path.join(folder, name), `${lines.join('\n')}\n`);
  }
}

function record(name, play, { late = false, options } = {}) {
  scenario(name, async (world) => {
    const { gate, codex, sandbox } = world;
    const user = await codex.begin(gate, options);
    const relay = await Relay.open(codex.port);
    const recording = new Recording();
    relay.onBytes = (bytes) => recording.take(bytes);
    gate.backend = { ...codex.backend, url: `ws://127.0.0.1:${relay.port}/` };
    await gate.configure();
    if (!late) await gate.watch();
    await play(world, user, recording);
    recording.write(name, sandbox.root);
    relay.close();
  }, { pin: 'codex' });
}

async function answer(user, recording, verb, result, earlier = []) {
  const ask = await user.ask(verb, ({ id }) => !earlier.includes(id));
  await recording.has(`"id":${ask.id},`);
  recording.ours(verb);
  user.answer(ask, result);
  await recording.has(`"requestId":${ask.id}}`);
  return ask.id;
}

record('asked', async ({ model, sandbox }, user, recording) => {
  const thread = await user.thread(sandbox.project, { approvalPolicy: 'untrusted' });
  const turn = await user.turn(thread, model.play('three', command('touch a'), patch('*** Add File: b', '+b'), command('touch c')));
  await answer(user, recording, 'approve', ACCEPT);
  await answer(user, recording, 'approve session', ACCEPT);
  await answer(user, recording, 'deny', DECLINE);
  await user.ended(turn);
  await recording.has('turn/completed');
});

record('helped', async ({ model, sandbox }, user, recording) => {
  const thread = await user.thread(sandbox.project, { model: HELPED });
  const task = model.play('task', scripted(command('touch ran')));
  const turn = await user.turn(thread, model.play('parent', ...helper(task)));
  await answer(user, recording, 'approve', ACCEPT);
  await user.ended(turn);
  await recording.has(`"status":"completed"`);
  recording.ours('kill');
  await user.call('thread/archive', { threadId: thread });
  await recording.has('thread/archived');
});

record('stopped', async ({ model, sandbox }, user, recording) => {
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('one', command('tail -f /dev/null')));
  await answer(user, recording, 'approve', ACCEPT);
  await until('it runs', () => sandbox.process('tail', '-f', '/dev/null'));
  recording.ours('interrupt');
  await user.call('turn/interrupt', { threadId: thread, turnId: turn });
  await user.ended(turn);
  await recording.has('"commands:');
  recording.ours('stop');
  await user.call('thread/backgroundTerminals/clean', { threadId: thread });
  await recording.has(`"status":"interrupted"`);
});

record('failed', async ({ model, sandbox }, user, recording) => {
  for (const trouble of [() => model.refuse(500, 100), () => model.refuse(429, 100), () => model.cut(100)]) {
    const thread = await user.thread(sandbox.project);
    await user.ended(await user.turn(thread, model.play('ready', 'Yes.')));
    trouble();
    await user.ended(await user.turn(thread, model.play('none', 'No.')));
    model.refuse(0, 0);
  }
  await recording.has('systemError');
});

record('late', async ({ gate, model, sandbox }, user, recording) => {
  const thread = await user.thread(sandbox.project);
  await user.turn(thread, model.play('one', command('touch a')));
  await user.ask('it waits');
  await gate.watch();
  await answer(user, recording, 'deny', DECLINE);
  await recording.has('turn/completed');
}, { late: true });

const FORM = { type: 'object', required: ['region'], properties: { region: { type: 'string', enum: ['eu', 'us'] }, n: { type: 'integer', minimum: 1 },
  tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } } } };
const QUESTION = { id: 'db', header: 'Database', question: 'Which?', options: [{ label: 'Postgres', description: 'usual' }, { label: 'SQLite', description: 'small' }] };
const WANTED = { network: { enabled: true }, file_system: { write: ['/srv/data'] } };
const GIVEN = JSON.stringify([{ id: 'db', value: 'SQLite' }]);
const FILLED = JSON.stringify([{ id: 'region', value: 'eu' }, { id: 'n', value: '3' }, { id: 'tags', value: 'a' }]);

record('questions', async ({ model, sandbox }, user, recording) => {
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('asks', tool('request_user_input', { questions: [QUESTION] }),
    mcp('ask_user', { message: 'Where?', form: JSON.stringify(FORM) }), mcp('delete_all', { what: 'x' }), mcp('delete_all', { what: 'y' }),
    tool('request_permissions', { reason: 'to look', permissions: WANTED }), command('touch never')));
  const earlier = [];
  for (const [verb, result] of [[`approve once ${GIVEN}`, { answers: { db: { answers: ['SQLite'] } } }],
    [`approve once ${FILLED}`, { action: 'accept', content: { region: 'eu', n: 3, tags: ['a'] }, _meta: null }],
    ['approve once', { action: 'accept', content: {}, _meta: null }], ['deny', { action: 'decline', content: null, _meta: null }],
    ['approve session', { permissions: {}, scope: 'turn' }], ['deny turn', { decision: 'cancel' }]]) {
    earlier.push(await answer(user, recording, verb, result, earlier));
  }
  await user.ended(turn);
  await recording.has('turn/completed');
}, { options: ASKING });
