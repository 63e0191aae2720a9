// Codex as people run it: with helpers, on its own screen, on its background server. What is answered here, their screens
// go on with; what they answer, is closed here.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { HELPED, asked, command, helper, scripted } from './lib/codex.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const codex = (name, body) => scenario(name, body, { pin: 'codex' });
const ITS_QUESTION = 'Would you like to run the following command?';

codex('a helper is shown as a child with its own name, and its request is answered', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const watch = await gate.watch();
  const thread = await user.thread(sandbox.project, { model: HELPED });
  const task = model.play('task', scripted(command('touch ran')));
  const turn = await user.turn(thread, model.play('parent', ...helper(task)));
  const request = await asked(gate, 'touch ran');
  const { agents } = await gate.status();
  const [parent, child] = [agents.find((one) => one['gen_ai.agent.id'] === thread), agents.find((one) => one['agent.parent'])];
  assert.equal(agents.length, 2);
  assert.equal(child['agent.parent'], thread);
  assert.equal(request['gen_ai.agent.id'], child['gen_ai.agent.id']);
  assert.equal(parent['agent.state'], 'running');
  const { thread: known } = await user.call('thread/read', { threadId: child['gen_ai.agent.id'] });
  assert.equal(child['gen_ai.agent.name'], known.agentNickname);
  const started = watch.of('agent.started').filter((event) => event['agent.parent'] === thread).at(-1);
  assert.equal(started.delegation[0].from, 'project');
  assert.equal((await gate.approve(request)).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  assert.equal(sandbox.made('ran'), true);
  const spent = watch.of('spend.recorded').filter((event) => event['gen_ai.agent.id'] === child['gen_ai.agent.id']);
  assert.equal(spent.reduce((sum, event) => sum + event['gen_ai.usage.input_tokens'], 0), 2000, 'its own two requests');
});

async function answeredHere(world, screen, play) {
  const { gate, model, codex: client, sandbox } = world;
  await client.ask(screen, model.play(play, command(`touch ${play}`)));
  const request = await asked(gate, `touch ${play}`);
  await screen.shows(ITS_QUESTION);
  const { agents } = await gate.status();
  assert.equal(agents.length, 1, 'its own helper, which finds a title, is no agent');
  assert.equal((await gate.approve(request)).code, 0);
  await screen.shows('That is all.');
  assert.doesNotMatch(screen.screen(), new RegExp(ITS_QUESTION));
  assert.equal(sandbox.made(play), true);
}

codex('its screen, on a server of the user\'s: its question closes when it is answered here, and the other way round', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  await client.begin(gate);
  const screen = await world.remoteScreen();
  await answeredHere(world, screen, 'here');
  const watch = await gate.watch();
  await client.ask(screen, model.play('there', command('touch there')));
  const request = await asked(gate, 'touch there');
  await screen.shows(ITS_QUESTION);
  screen.press('Escape');
  const closed = await watch.event('it is closed', 'approval.resolved');
  assert.equal(closed['approval.id'], request['approval.id']);
  assert.equal(sandbox.made('there'), false);
  assert.equal((await gate.approve(request)).code, 3);
});

codex('started without a flag: its background server is reached at its socket', async (world) => {
  const { gate, codex: client } = world;
  const screen = await world.screen();
  await until('its background server listens', () => fs.existsSync(client.controlSocket));
  assert.equal(fs.statSync(client.controlSocket).mode & 0o777, 0o600);
  gate.backend = { kind: 'codex', url: `unix:${client.controlSocket}` };
  await gate.configure();
  await answeredHere(world, screen, 'here');
});

codex('a server on a socket, and nobody who is connected: what waits is shown, and can be answered', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  await client.serveUnix();
  gate.backend = client.backend;
  await gate.configure();
  const user = await client.user();
  const thread = await user.thread(sandbox.project);
  await user.turn(thread, model.play('one', command('touch ran')));
  await user.ask('it asks');
  user.drop();
  assert.equal((await gate.approve(await asked(gate, 'touch ran'))).code, 0);
  assert.equal(sandbox.made('ran'), true);
});
