// Codex asks, and is answered here: what was shown happens, and nothing else; the server takes one answer of several,
// and an answer that came second is not shown as done.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { ACCEPT, DECLINE, Relay, asked, command, patch } from './lib/codex.mjs';
import { inputOf } from './lib/gate.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const RACES = 20;
const codex = (name, body) => scenario(name, body, { pin: 'codex' });
const resolved = (watch, request) => watch.event('it is closed', 'approval.resolved',
  (event) => event['approval.id'] === request['approval.id']);

codex('a command approved runs then, and not before; one declined does not, and the turn goes on', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('two', command('touch ran'), command('touch never')));
  const request = await asked(gate, 'touch ran');
  assert.equal(sandbox.made('ran'), false, 'it ran before it was approved');
  assert.equal(request['approval.agent_words'], 'a step of the test');
  assert.match(inputOf(request).command, /touch ran/);
  const [known] = (await gate.status()).agents;
  assert.equal(known['gen_ai.agent.id'], thread);
  assert.equal(known['agent.runtime'], 'codex');
  assert.equal(known['agent.runtime_version'], client.version);
  assert.equal(known['agent.state'], 'waiting_approval');
  assert.equal(known['task.title'], 'Please do <<play two>>.');
  assert.deepEqual([known['gen_ai.usage.input_tokens'], known['gen_ai.usage.output_tokens']], [1000, 50]);

  const other = await gate.run('approve', request['approval.id'], '--digest', `sha256:${'0'.repeat(64)}`);
  assert.equal(other.code, 3, 'what was not shown was approved');
  assert.equal(sandbox.made('ran'), false);
  const approved = await gate.approve(request);
  assert.equal(approved.code, 0, approved.out + approved.err);
  assert.match(approved.out, /^confirmed: succeeded/);
  assert.equal(sandbox.made('ran'), true, 'it was approved and did not run');

  const denied = await gate.deny(await asked(gate, 'touch never'), 'no');
  assert.equal(denied.code, 0, denied.out + denied.err);
  assert.equal(await user.ended(turn), 'completed');
  assert.equal(sandbox.made('never'), false, 'it was declined and ran');
  assert.match(model.results.at(-1).text, /rejected by user/);
});

codex('a file change is shown with its diff; approved, it is on disk; declined, it is not', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project, { approvalPolicy: 'untrusted' });
  const turn = await user.turn(thread, model.play('two', patch('*** Add File: notes.txt', '+one', '+two'),
    patch('*** Update File: notes.txt', '@@', '-one', '+changed')));
  const add = await gate.approval('the new file', (request) => inputOf(request).changes[0].kind.type === 'add');
  assert.deepEqual(inputOf(add).changes.map(({ path, diff }) => [path, diff]), [[`${sandbox.project}/notes.txt`, 'one\ntwo\n']]);
  assert.equal(sandbox.made('notes.txt'), false, 'it was written before it was approved');
  const approved = await gate.approve(add);
  assert.equal(approved.code, 0, approved.out + approved.err);
  assert.equal(fs.readFileSync(`${sandbox.project}/notes.txt`, 'utf8'), 'one\ntwo\n');
  const update = await gate.approval('the change', (request) => inputOf(request).changes[0].kind.type === 'update');
  assert.match(inputOf(update).changes[0].diff, /-one\n\+changed/);
  assert.equal((await gate.deny(update, 'no')).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  assert.equal(fs.readFileSync(`${sandbox.project}/notes.txt`, 'utf8'), 'one\ntwo\n');
});

codex('the user\'s own client answers: closed as answered elsewhere, and a second answer is not shown as done', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const watch = await gate.watch();
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('two', command('touch ran'), command('touch never')));
  for (const [line, answer] of [['touch ran', ACCEPT], ['touch never', DECLINE]]) {
    const request = await asked(gate, line);
    user.answer(await user.ask(`"${line}"`), answer);
    const { 'approval.decision': decision, reason } = await resolved(watch, request);
    assert.deepEqual([decision, reason], ['superseded', 'answered elsewhere']);
    const late = await gate.approve(request);
    assert.equal(late.code, 3, `the second answer: ${late.out}${late.err}`);
  }
  assert.equal(await user.ended(turn), 'completed');
  assert.deepEqual([sandbox.made('ran'), sandbox.made('never')], [true, false]);
  assert.deepEqual((await gate.status()).approvals, []);
});

codex('a request stays one over connections; nothing that is sent carries an Origin', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const relay = await Relay.open(client.port);
  gate.backend = { ...client.backend, url: `ws://127.0.0.1:${relay.port}/` };
  await gate.configure();
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('one', command('touch ran')));
  await user.ask('it waits'); // before anybody here has attached
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows('touch ran');
  const request = await asked(gate, 'touch ran');
  const before = relay.heads.length;
  relay.cut();
  await until('the console has come back', () => relay.heads.length > before);
  await screen.shows('LIVE');
  const { approvals, agents } = await gate.status();
  assert.deepEqual(approvals.map((one) => one['approval.id']), [request['approval.id']]);
  assert.equal(agents.length, 1);
  await screen.shows('1 waiting');
  assert.equal((await gate.approve(request)).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  assert.equal(sandbox.made('ran'), true);
  assert.deepEqual(relay.heads.filter((head) => /^origin:/im.test(head)), []);
  assert.ok(relay.heads.every((head) => /^authorization: bearer /im.test(head)));
  relay.close();
});

function timesOf(sandbox, i) {
  const told = sandbox.made('raced') ? fs.readFileSync(`${sandbox.project}/raced`, 'utf8') : '';
  return told.split('\n').filter((line) => line === `${i}`).length;
}

const VERBS = {
  approve: { verb: (gate, request) => gate.approve(request), other: DECLINE, runs: (won) => won },
  deny: { verb: (gate, request) => gate.deny(request, 'no'), other: ACCEPT, runs: (won) => !won },
};

codex(`two answers race ${RACES} times: one of them counts, and only that one is told as done`, async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project);
  const lines = Array.from({ length: RACES }, (_, i) => `echo ${i} >> raced`);
  const turn = await user.turn(thread, model.play('race', ...lines.map((line) => command(line))));
  const watch = await gate.watch();
  const won = { here: 0, there: 0 };
  let after = 200; // ms until the other answers: sooner when it lost, later when it won, so that both meet
  for (const [i, line] of lines.entries()) {
    const { verb, other, runs } = VERBS[i % 2 ? 'approve' : 'deny'];
    const ask = await user.ask(`"${line}"`, ({ params }) => params.command.includes(line));
    const request = await asked(gate, line);
    const here = verb(gate, request);
    setTimeout(() => user.answer(ask, other), after);
    const { code, out } = await here;
    after *= code === 0 ? 0.75 : 1.3;
    await user.note('its end', 'item/completed', ({ item }) => item.id === ask.params.itemId);
    assert.equal(timesOf(sandbox, i), runs(code === 0) ? 1 : 0, `"${line}", and here it was ${code}: ${out}`);
    const { 'approval.decision': decision } = await resolved(watch, request);
    assert.equal(decision, 'superseded', 'who only watches does not know who answered');
    won[code === 0 ? 'here' : 'there']++;
  }
  assert.equal(await user.ended(turn), 'completed');
  console.log(`      won here ${won.here} times, by the other client ${won.there} times`);
});
