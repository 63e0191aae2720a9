// The reins of Codex: an interrupt leaves its commands running, and is not shown as done; a stop and a kill are called
// done when nothing of the agent runs; a fleet stop stays latched, and its console interrupts every new turn.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { ACCEPT, HELPED, asked, command, helper, inside, scripted } from './lib/codex.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const PROGRAM = ['tail', '-f', '/dev/null'];
const ENDLESS = PROGRAM.join(' ');
const KEY = 'sk-not-a-key-of-anybody-00000000000000000';
const codex = (name, body) => scenario(name, body, { pin: 'codex' });

const state = async (gate, name) => {
  const found = (await gate.status()).agents.find((agent) => agent['gen_ai.agent.name'] === name);
  return [found?.['agent.state'], found?.reason];
};
const outcome = ({ out }) => JSON.parse(out)['command.state'];

/** An agent of the user's with a turn whose command does not end. */
async function running(world, user, { play = 'endless', cwd = world.sandbox.project } = {}) {
  const { gate, model, sandbox } = world;
  const thread = await user.thread(cwd);
  const turn = await user.turn(thread, model.play(play, command(ENDLESS), command('touch after')));
  user.answer(await user.ask('it asks', ({ params }) => params.threadId === thread), ACCEPT);
  const pid = await until('its command runs', () => sandbox.process(...PROGRAM));
  await gate.agent('it is seen to run', (agent) => agent['agent.state'] === 'running');
  return { thread, turn, pid };
}

codex('interrupt while a command runs: the turn ends, the command does not, and nobody says that it did', async (world) => {
  const { gate, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const { turn, pid } = await running(world, user);
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows(/▸.* project/);
  screen.press('g'); // a row that was chosen takes keys at once
  await screen.insist('i', 'interrupt project:');
  await screen.shows(/interrupt project: failed: .*still run/);
  assert.equal(await user.ended(turn), 'interrupted');
  assert.equal(sandbox.process(...PROGRAM), pid, 'its command ended: say so');
  assert.match((await state(gate, 'project')).join(': '), /1 of its commands still runs/);
  assert.doesNotMatch(screen.screen(), /confirmed/);

  const stopped = await gate.run('stop', 'project', '--json');
  assert.equal(stopped.code, 0, stopped.out + stopped.err);
  assert.equal(sandbox.process(...PROGRAM), undefined, 'its command still runs');
  assert.deepEqual((await state(gate, 'project'))[0], 'idle');
  assert.equal(sandbox.made('after'), false);
});

codex('stop while a command runs: confirmed when the server lists none, and then there is none', async (world) => {
  const { gate, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const { turn, pid } = await running(world, user);
  const stopped = await gate.run('stop', 'project', '--json');
  assert.equal(stopped.code, 0, stopped.out + stopped.err);
  assert.equal(outcome(stopped), 'confirmed');
  assert.equal(sandbox.process(...PROGRAM), undefined, `its command still runs: ${pid}`);
  assert.equal(await user.ended(turn), 'interrupted');
  assert.equal(sandbox.made('after'), false);
});

codex('tighten: what its sandbox allowed unasked is asked about from the next turn on', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project, { approvalPolicy: 'never', sandbox: 'workspace-write' });
  const unasked = await user.turn(thread, model.play('unasked', inside('touch unasked')));
  assert.equal(await user.ended(unasked), 'completed');
  assert.equal(sandbox.made('unasked'), true);
  const tightened = await gate.run('tighten', 'project', '--json');
  assert.equal(tightened.code, 0, tightened.out + tightened.err);
  assert.equal(outcome(tightened), 'confirmed');
  assert.equal((await gate.status()).agents[0]['permissions.mode'], 'untrusted');
  const turn = await user.turn(thread, model.play('asked', inside('touch asked')));
  const request = await gate.approval('it is asked about now');
  assert.equal(sandbox.made('asked'), false, 'it ran before it was approved');
  assert.equal((await gate.deny(request, 'no')).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  assert.equal(sandbox.made('asked'), false);
});

codex('tighten takes the reviewer role back from a model, in the turn that runs', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate, { features: 'guardian_approval = true' });
  const thread = await user.thread(sandbox.project, { approvalsReviewer: 'auto_review' });
  const gone = sandbox.path('project/go-on');
  const turn = await user.turn(thread, model.play('reviewed', inside(`until [ -e ${gone} ]; do sleep 0.1; done`), command('touch asked')));
  await gate.agent('a model reviews', (agent) => /reviewed by auto_review/.test(agent['permissions.mode']) && agent['agent.state'] === 'running');
  const tightened = await gate.run('tighten', 'project', '--json');
  assert.equal(tightened.code, 0, tightened.out + tightened.err);
  assert.equal(outcome(tightened), 'confirmed');
  assert.equal((await gate.status()).agents[0]['permissions.mode'], 'untrusted');
  fs.writeFileSync(gone, '');
  const request = await asked(gate, 'touch asked');
  assert.equal(sandbox.made('asked'), false, 'it ran before a person was asked');
  assert.equal((await gate.approve(request)).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  assert.equal(sandbox.made('asked'), true);
});

codex('a message goes into the running turn, and into a new one when none runs', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('first', command('touch first')));
  const request = await asked(gate, 'touch first');
  const told = await gate.run('message', 'project', model.play('steered', command('touch steered')), '--json');
  assert.equal(told.code, 0, told.out + told.err);
  await gate.approve(request);
  assert.equal((await gate.approve(await asked(gate, 'touch steered'))).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  const again = await gate.run('message', 'project', model.play('later', command('touch later')), '--json');
  assert.equal(again.code, 0, again.out + again.err);
  assert.equal((await gate.approve(await asked(gate, 'touch later'))).code, 0);
  assert.deepEqual(['first', 'steered', 'later'].map((name) => sandbox.made(name)), [true, true, true]);
});

codex('revoke inside a running turn: the next request to the model has no Authorization', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate, { key: 'requires_openai_auth = true' });
  await user.call('account/login/start', { type: 'apiKey', apiKey: KEY });
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('two', command('touch ran')));
  const request = await asked(gate, 'touch ran');
  assert.equal(model.heads.at(-1).authorization, `Bearer ${KEY}`);
  const revoked = await gate.run('revoke', 'project', '--json');
  assert.equal(revoked.code, 0, revoked.out + revoked.err);
  const before = model.heads.length;
  await gate.approve(request);
  await user.ended(turn);
  assert.ok(model.heads.length > before, 'no request came');
  assert.deepEqual(model.heads.slice(before).map(({ authorization }) => authorization), Array(model.heads.length - before).fill(undefined));
  const other = await gate.run('revoke', 'project', '--json');
  assert.equal(other.code, 3, 'nothing is left to revoke');
});

codex('fleet stop: all ends, it is latched, a new turn is interrupted at once; taken back, one runs again', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const { thread, turn } = await running(world, user);
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows('running');
  screen.press('!', 'S');
  await screen.shows(/FLEET STOP/);
  assert.equal(await user.ended(turn), 'interrupted');
  await until('its command is gone', () => !sandbox.process(...PROGRAM));
  const next = await user.turn(thread, model.play('next', command('touch next')));
  assert.equal(await user.ended(next), 'interrupted', 'a new turn ran on');
  assert.equal(sandbox.made('next'), false);
  screen.type(':reset-stop');
  screen.press('Enter');
  await screen.shows('type "reset"');
  screen.type('reset');
  screen.press('Enter');
  await screen.shows(/^(?!.*STOPPED)/);
  const last = await user.turn(thread, model.play('last', command('touch last')));
  assert.equal((await gate.approve(await asked(gate, 'touch last'))).code, 0);
  assert.equal(await user.ended(last), 'completed');
  assert.equal(sandbox.made('last'), true, 'after the reset nothing may run');
});

codex('kill while its helper runs a command: both threads are unloaded, and no process is left', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project, { model: HELPED });
  const task = model.play('task', scripted(command(ENDLESS)));
  await user.turn(thread, model.play('parent', ...helper(task)));
  assert.equal((await gate.approve(await asked(gate, ENDLESS))).code, 0);
  await until('its command runs', () => sandbox.process(...PROGRAM));
  const { agents } = await gate.status();
  assert.equal(agents.length, 2);
  const watch = await gate.watch();
  const child = agents.find((agent) => agent['agent.parent'] === thread);
  const killed = await gate.run('kill', child['gen_ai.agent.id'], '--json');
  assert.equal(killed.code, 0, killed.out + killed.err);
  assert.equal(outcome(killed), 'confirmed');
  assert.equal(sandbox.process(...PROGRAM), undefined, 'its command still runs');
  assert.deepEqual((await user.call('thread/loaded/list')).data, []);
  for (const { 'gen_ai.agent.id': id } of agents) {
    await watch.event('it is over', 'agent.state', (event) => event['gen_ai.agent.id'] === id && event['agent.state'] === 'stopped');
  }
});
