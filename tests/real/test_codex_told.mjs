// What the screen must say of a Codex: tokens of a tree as a whole, also of a helper that is idle, to a connection that has
// just come; by which name its server speaks; the profile that its permissions come of; that an agent seen twice is one; and
// what becomes of a fleet stop that was given without a console.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ACCEPT, HELPED, asked, command, helper, inside, scripted } from './lib/codex.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const codex = (name, body) => scenario(name, body, { pin: 'codex' });
const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const IN = 'gen_ai.usage.input_tokens';
const OUT = 'gen_ai.usage.output_tokens';

codex('a connection that has just come knows what an idle helper has used, and the sum of the tree', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project, { model: HELPED });
  const task = model.play('task', scripted(inside('touch helped')));
  const turn = await user.turn(thread, model.play('parent', ...helper(task)));
  assert.equal(await user.ended(turn), 'completed');
  for (let times = 0; times < 3; times++) { // it is a race: once proves little
    const spend = lines(await gate.done('spend', '--json'));
    assert.equal(spend.length, 2);
    const parent = spend.find((one) => one['gen_ai.agent.id'] === thread);
    const child = spend.find((one) => one !== parent);
    assert.ok(child[IN] > 0 && child['tokens.told'], JSON.stringify(child));
    assert.equal(parent['tree.agents'], 2);
    assert.equal(parent['tree.tokens_in'], parent[IN] + child[IN]);
    assert.equal(parent['tree.tokens_out'], parent[OUT] + child[OUT]);
  }
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows(/idle +project/);
  screen.type('/project');
  screen.press('Enter');
  await screen.shows(/▸\S* *idle +project/);
  screen.press('g', 'Enter');
  await screen.shows(/spend .*tokens · with 1 helper: .* tokens/);
});

codex('a list of prices makes an estimate of what was used, in each line and in the sum', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const price = ['model = gpt-*', 'from = 2020-01-01', 'source = nowhere', 'input = 2000', 'output = 8000', 'cache_read = 1000'];
  fs.writeFileSync(path.join(path.dirname(gate.config), 'prices.ini'), ['[price any]', ...price, ''].join('\n'));
  const thread = await user.thread(sandbox.project);
  await user.ended(await user.turn(thread, model.play('priced', inside('true'))));
  const watch = await gate.watch();
  const [spend] = lines(await gate.done('spend', '--json'));
  const wanted = (spend[IN] - spend['gen_ai.usage.cache_read.input_tokens']) * 2000 + spend['gen_ai.usage.cache_read.input_tokens'] * 1000
    + spend[OUT] * 8000;
  assert.equal(spend['cost.microusd'], wanted);
  assert.equal(spend['cost.estimated'], true);
  const said = await gate.done('spend');
  for (const line of said.trim().split('\n')) assert.match(line, /[1-9]\.\d\d USD, estimated$/, said);
  assert.equal(watch.of('spend.recorded')[0].reason, 'nowhere');
});

codex('a thread that has not had a turn: what it used is not known, which is not nothing', async ({ gate, codex: client, sandbox }) => {
  const user = await client.begin(gate);
  await user.thread(sandbox.project);
  const [agent] = (await gate.status()).agents;
  assert.equal(agent['tokens.told'], false);
});

codex('the first client of a server gives it its name: when that is ours, the screen says so', async (world) => {
  const { gate, codex: client } = world;
  client.configure();
  await client.serve();
  gate.backend = client.backend;
  await gate.configure();
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows(/● gate \(codex 0\.169\.0, speaks as checkrein\)/);
  screen.press('6');
  const watch = await gate.watch();
  await watch.event('an alarm says so', 'signal.raised', (event) => /speaks to the model's service as checkrein/.test(JSON.stringify(event)));
  const { backends: [backend] } = await gate.status();
  assert.match(backend.reason, /speaks as checkrein/);
});

codex('the name of another first client is no alarm, and the version stands there', async ({ gate, codex: client }) => {
  await client.begin(gate);
  const { backends: [backend] } = await gate.status();
  assert.equal(backend.reason, 'codex 0.169.0');
});

codex('the limits of the account stand in the back-end\'s line as its service tells them', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const screen = await world.console({ cols: 120, rows: 40 });
  const resets = Math.floor(Date.now() / 1000) + 3600;
  const turn = async (name, primary, secondary) => {
    model.says = { 'x-codex-primary-used-percent': primary, 'x-codex-primary-window-minutes': '300', 'x-codex-primary-reset-at': resets,
      'x-codex-secondary-used-percent': secondary, 'x-codex-secondary-window-minutes': '10080', 'x-codex-secondary-reset-at': resets };
    assert.equal(await user.ended(await user.turn(thread, model.play(name, inside('true')))), 'completed');
  };
  const thread = await user.thread(sandbox.project);
  await turn('first', '37', '12');
  await screen.shows(/5h limit 37 % used, 7d limit 12 % used/);
  await turn('second', '93', '12');
  await screen.shows(/5h limit 93 % used, 7d limit 12 % used/);
  screen.press('6');
  await screen.shows(/limit/);
});

codex('a named profile of permissions is shown with them', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  client.configure();
  const config = path.join(client.home, 'config.toml');
  const text = fs.readFileSync(config, 'utf8').replace('approval_policy', 'default_permissions = "careful"\napproval_policy');
  fs.writeFileSync(config, `${text}\n[permissions.careful]\nextends = ":workspace"\n`);
  await client.serve();
  gate.backend = client.backend;
  await gate.configure();
  const user = await client.user();
  const turn = await user.turn(await user.thread(sandbox.project), model.play('any', inside('true')));
  await user.ended(turn);
  const [agent] = lines(await gate.done('agents', '--json'));
  assert.ok(agent, 'no agent');
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows(/▸.* project/);
  screen.press('g');
  screen.press('Enter');
  await screen.shows(/sandbox workspaceWrite by profile careful, of :workspace/);
});

codex('seen by its server and by its hooks, it is said to be one, and what it used is counted once', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const own = { kind: 'checkrein', url: `unix:${gate.socket}` };
  await gate.configure();
  await gate.serve();
  await gate.done('connect', 'codex', '--hooks', '--binary', client.binary);
  await client.serve();
  const user = await client.user();
  const [{ hooks }] = (await user.call('hooks/list', { cwds: [sandbox.project] })).data;
  const value = Object.fromEntries(hooks.map(({ key, currentHash }) => [key, { trusted_hash: currentHash }]));
  await user.call('config/batchWrite', { edits: [{ keyPath: 'hooks.state', value, mergeStrategy: 'upsert' }], reloadUserConfig: true });
  gate.backend = { ...client.backend };
  const name = gate.consoleConfig('both', {});
  fs.appendFileSync(name, `\n[backend own]\nkind = ${own.kind}\nurl = ${own.url}\n`);
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('twice', inside('touch twice')));
  const both = () => gate.run('status', '--json', '--config', name).then(({ out }) => JSON.parse(out));
  const request = await until('it is asked for at the gate', async () => (await both()).approvals.find((one) => one.backend === 'own'));
  assert.equal((await gate.run('approve', request['approval.id'], '--digest', request['action.digest'], '--config', name)).code, 0);
  assert.equal(await user.ended(turn), 'completed');
  const { agents } = await both();
  assert.deepEqual(agents.map((agent) => agent['gen_ai.agent.id']).sort(), [thread, `codex:${thread}`].sort());
  const told = agents.filter((agent) => agent['tokens.told']).map((agent) => agent.backend);
  assert.deepEqual(told, ['gate'], 'what it used is counted twice');
  assert.deepEqual(agents.map((agent) => agent['agent.twin']).sort(), [`gate ${thread}`, `own codex:${thread}`].sort());
});

codex('stop-all without a console: nothing holds it, it says so, and the console that comes next does', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const thread = await user.thread(sandbox.project);
  const turn = await user.turn(thread, model.play('waits', command('touch waits')));
  await asked(gate, 'touch waits');
  const config = gate.consoleConfig('console-120x40', {}); // of the console that comes: its record's place
  const stopped = await gate.run('stop-all', '--config', config);
  assert.equal(stopped.code, 0, stopped.out + stopped.err);
  assert.match(stopped.err, /nothing holds this stop now/);
  assert.equal(await user.ended(turn), 'interrupted');
  const told = async () => JSON.parse((await gate.run('status', '--json', '--config', config)).out).backends[0]['stop.left'];
  assert.equal(await told(), true);
  const loose = await user.turn(thread, model.play('loose', inside('touch loose')));
  assert.equal(await user.ended(loose), 'completed', 'it is held all the same: say so');
  const screen = await world.console({ cols: 120, rows: 40 });
  await screen.shows(/STOP/);
  await until('the console holds it', async () => {
    const next = await user.turn(thread, model.play('next', command('touch next')));
    return (await user.ended(next)) === 'interrupted';
  });
  assert.equal(sandbox.made('next'), false);
  screen.press('q');
  const reset = await gate.run('reset-stop', '--config', config);
  assert.equal(reset.code, 0, reset.out + reset.err);
  assert.equal(await told(), false);
});
