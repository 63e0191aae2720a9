// What goes wrong around Codex: its model, its server, its token. Each is shown as what it is.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { asked, command } from './lib/codex.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const codex = (name, body) => scenario(name, body, { pin: 'codex' });
const ALWAYS = 100;

// What is done to the model, whether Codex tells that it tries again, and what its end is called.
const TROUBLES = [
  ['500', (model) => model.refuse(500, ALWAYS), true, /internalServerError/],
  ['429', (model) => model.refuse(429, ALWAYS), false, /responseTooManyFailedAttempts/],
  ['401', (model) => model.refuse(401, ALWAYS), true, /httpConnectionFailed|unauthorized/],
  ['a stream that is cut', (model) => model.cut(ALWAYS), true, /responseStreamDisconnected|other/],
];

codex('the model fails: tried again is shown as that, and then as a failure; the next turn runs', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const watch = await gate.watch();
  for (const [name, trouble, isTried, type] of TROUBLES) {
    const thread = await user.thread(sandbox.project);
    const of = (event) => event['gen_ai.agent.id'] === thread;
    await user.ended(await user.turn(thread, model.play('ready', 'Yes.')));
    await watch.event('it is attached to', 'agent.updated', of);
    trouble(model);
    const turn = await user.turn(thread, model.play('none', command('touch none')));
    assert.equal(await user.ended(turn), 'failed', name);
    const last = await watch.event(`${name}: it is a failure`, 'failure.reported', (event) => of(event) && !event['failure.retrying']);
    const told = watch.of('failure.reported').filter(of);
    assert.match(last['error.type'], type);
    const states = watch.of('agent.state').filter(of).map((event) => event['agent.state']);
    assert.deepEqual(states.at(-1), 'failed', name);
    assert.equal(told.some((event) => event['failure.retrying']), isTried, name);
    model.refuse(0, 0);
    model.cut(0);
  }
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('after', command('touch after')));
  assert.equal((await gate.approve(await asked(gate, 'touch after'))).code, 0);
  assert.equal(await user.ended(turn), 'completed');
});

codex('the server dies with a request: down, and not to be approved; it comes back, and the turn is over', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project);
  await user.turn(thread, model.play('one', command('touch ran')));
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows('touch ran');
  const request = await asked(gate, 'touch ran');
  screen.press('g'); // a row that was chosen takes keys at once
  await screen.insist('a', 'low risk');
  await client.kill();
  await screen.shows('STALE');
  screen.press('a');
  await screen.shows('approve: its back-end is not connected');

  await client.serve();
  const again = await client.user();
  await again.call('thread/resume', { threadId: thread });
  screen.press('Escape');
  await screen.insist('R', 'LIVE');
  const { agents, approvals } = await gate.status();
  assert.deepEqual(approvals, []);
  assert.equal(agents[0]['agent.state'], 'idle');
  assert.equal((await gate.approve(request)).code, 3, 'a request of a dead server was approved');
  assert.equal(sandbox.made('ran'), false, 'it ran');
});

codex('told to end while it asks: a console that was there answers it; one that comes is told why it cannot', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project);
  await user.turn(thread, model.play('one', command('touch ran')));
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows('touch ran');
  process.kill(client.pid, 'SIGTERM');
  await gate.agent('that its server ends is told', (agent) => /told to end/.test(agent.reason ?? ''));
  screen.press('g'); // a row that was chosen takes keys at once
  await screen.insist('a', 'a approve once');
  screen.press('a');
  await screen.shows('STALE'); // it ended with its turn
  assert.equal(sandbox.made('ran'), true);
});

codex('a wrong token is told as that', async (world) => {
  const { gate, codex: client, sandbox } = world;
  await client.begin(gate);
  fs.writeFileSync(client.tokenFile, 'another-one\n');
  const status = await gate.run('status', '--json');
  assert.equal(status.code, 1, status.out);
  assert.match(status.err, /refuse|401|token/);
  assert.doesNotMatch(status.err, /checkrein serve/, 'what would not help');
  const name = sandbox.start(gate.checkrein, ['watch', '--json'], { cwd: sandbox.root });
  await until('it is refused', () => /"backend.link":"refused"/.test(name.seen.out));
});
