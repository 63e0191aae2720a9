// Two prompts of one session of the real Claude Code, through the gateway: one is completed, one is stopped. What the scripted
// model said that each used is on its task, to the token, and what a completed one costs is all of it. A turn of the real Codex
// is a task too.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { HELPED, helper, inside, scripted } from './lib/codex.mjs';
import { section } from './lib/gate.mjs';
import { REAL, configure, wrap } from './lib/leased.mjs';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const IN = 'gen_ai.usage.input_tokens';
const OUT = 'gen_ai.usage.output_tokens';
const COST = 'cost.microusd';
const CALL = 1000 * 10 + 200 * 20 + 3000 * 1 + 50 * 100; // of one answer of the scripted model, by the list below
const PRICES = { model: 'claude-*', from: '2020-01-01', source: 'a test', input: 10, output: 100, cache_read: 1, cache_write: 20 };

const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const tasks = async (gate) => lines(await gate.done('spend', '--by', 'task', '--json'));
const titled = (list, word) => list.find((one) => one['task.title']?.includes(word));

/** A session that takes prompts from its standard input. */
function converse({ sandbox, gate, claude }) {
  const [program, ...words] = wrap(gate);
  const args = [...words, claude.binary, '-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose',
    '--allowedTools', 'Bash'];
  const started = sandbox.start(program, args, { env: { ...claude.env, ANTHROPIC_API_KEY: REAL }, stdio: ['pipe', 'pipe', 'pipe'] });
  const ask = (prompt) => started.child.stdin.write(`${JSON.stringify({ type: 'user', message: { role: 'user', content: prompt } })}\n`);
  return { ...started, ask };
}

scenario('two prompts of one session: one is completed, one is stopped', async (world) => {
  const { gate, model, claude, sandbox } = world;
  fs.writeFileSync(path.join(path.dirname(gate.config), 'prices.ini'), section('price any', PRICES));
  const tap = await configure(world, { dialect: 'anthropic' });
  await gate.done('connect', 'claude');
  const session = converse(world);
  session.ask(model.play('first', shell('touch one'), shell('touch two')));
  await gate.event('the first is over', 'task.finished');
  session.ask(model.play('second', shell('touch three'), shell('touch four; sleep 100')));
  await until('its last call runs', () => sandbox.made('four'));
  await until('all of it is told', () => gate.events('spend.recorded').length === model.told.length);
  assert.match(await gate.done('stop', 'leased'), /confirmed/);
  await session.ended;

  const list = await tasks(gate);
  const [first, second] = [titled(list, 'first'), titled(list, 'second')];
  const [none] = list.filter((one) => one.tasks === 'none');
  assert.equal(first['gen_ai.agent.name'], 'leased');
  assert.deepEqual([first['task.outcome'], second['task.outcome']], ['succeeded', 'cancelled']);
  for (const [one, play] of [[first, 'first'], [second, 'second']]) {
    const calls = model.answersOf(play).length;
    assert.ok(calls >= 2);
    assert.deepEqual([one[IN], one[OUT], one[COST]], [calls * 4200, calls * 50, calls * CALL], play);
  }
  const said = model.told.reduce((sum, one) => sum + one.input, 0);
  assert.equal(first[IN] + second[IN] + none[IN], said, 'it adds up');
  const [agent] = lines(await gate.done('spend', '--json'));
  assert.deepEqual([agent['tasks.succeeded'], agent['tasks.cancelled']], [1, 1]);
  assert.equal(agent['tasks.completed_cost_microusd'], first[COST] + second[COST], 'both for the one that was completed');
  console.log(`      first ${first[IN]} in ${first[COST]} microUSD, second ${second[IN]} in ${second[COST]}, in none ${none[IN]}`);
  tap.close();
});

scenario('a turn of Codex is a task, and its helper works for it', async (world) => {
  const { gate, model, codex: client, sandbox } = world;
  const user = await client.begin(gate);
  const watch = await gate.watch();
  const thread = await user.thread(sandbox.project, { model: HELPED });
  const task = model.play('task', scripted(inside('touch helped')));
  const turn = await user.turn(thread, model.play('parent', ...helper(task)));
  assert.equal(await user.ended(turn), 'completed');
  await watch.event('it is over', 'task.finished');
  const other = await user.thread(sandbox.project);
  const cut = await user.turn(other, model.play('cut', inside('touch begun; sleep 100')));
  await until('its command runs', () => sandbox.made('begun'));
  await user.call('turn/interrupt', { threadId: other, turnId: cut });
  assert.equal(await user.ended(cut), 'interrupted');
  await watch.event('it is over too', 'task.finished', (one) => one['task.id'] === cut);

  const begun = new Set(watch.of('task.started').map((one) => `${one['gen_ai.agent.id']} ${one['task.id']}`));
  assert.deepEqual([...begun], [`${thread} ${turn}`, `${other} ${cut}`], 'a helper has none of its own');
  assert.ok(watch.of('task.started').some((one) => one['task.title']?.includes('<<play parent>>')));
  assert.deepEqual(watch.of('task.finished').map((one) => [one['task.id'], one['task.outcome']]), [[turn, 'succeeded'], [cut, 'cancelled']]);
  const own = watch.of('spend.recorded').filter((one) => one['gen_ai.agent.id'] === thread);
  assert.ok(own.length > 0 && own.every((one) => one['task.id'] === turn), JSON.stringify(own));
}, { pin: 'codex' });
