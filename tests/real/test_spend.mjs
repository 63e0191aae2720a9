// What a run cost is on the agent, and is what the client itself says: counted once, subagents apart. Attempts of
// the model are told from failures, and calls that ran past the gate are noticed from what the client tells of them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { section } from './lib/gate.mjs';
import { shell, tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const RULES = section('rule all', { verdict: 'allow', tool: 'Bash | Agent | Write' });
const INPUT = 1000 + 200 + 3000; // of one request of the scripted model, what caches gave and took included
const OUTPUT = 50;

const emergencies = (gate) => gate.events('signal.raised').filter((one) => one['signal.severity'] === 'emergency');
const totalOf = (agents, attribute) => agents.reduce((sum, one) => sum + one[attribute], 0);

async function agentsWith(gate, total) {
  return until('all of it has arrived', async () => {
    const all = (await gate.status()).agents;
    return totalOf(all, 'cost.microusd') >= total ? all : null;
  }, { every: 100 });
}

scenario('tokens and cost, from the client\'s telemetry', async (world) => {
  const { gate, model, claude } = world;
  await world.govern({ rules: RULES });
  const child = model.play('child', shell('true'), shell('false'));
  const start = tool('Agent', { description: 'a helper', prompt: child, subagent_type: 'general-purpose' });
  const write = tool('Write', { file_path: 'new.txt', content: 'x' });
  const { result } = await claude.run(model.play('parent', shell('true'), write, start));
  const total = Math.round(result.total_cost_usd * 1e6);
  const agents = await agentsWith(gate, total);
  assert.equal(totalOf(agents, 'cost.microusd'), total, 'counted twice, or not at all');
  assert.equal(agents.length, 2);
  const requests = gate.events('spend.recorded').length;
  assert.equal(totalOf(agents, 'gen_ai.usage.input_tokens'), requests * INPUT);
  assert.equal(totalOf(agents, 'gen_ai.usage.output_tokens'), requests * OUTPUT);
  for (const agent of agents) {
    assert.match(agent['gen_ai.request.model'], /^claude-/);
    assert.ok(agent['cost.microusd'] > 0 && agent['cost.estimated'] && !agent['cost.unpriced'], JSON.stringify(agent));
    assert.ok(agent['gen_ai.usage.input_tokens'] >= INPUT);
  }
  assert.deepEqual(emergencies(gate), [], 'what the gate let through is no alarm');
  const ends = gate.events('action.finished').map((one) => one['gen_ai.tool.call.id']);
  assert.equal(new Set(ends).size, ends.length, 'a call ended twice');
});

scenario('a model that is tried again is not a failure', async (world) => {
  const { gate, model, claude } = world;
  await world.govern({ rules: RULES });
  model.refuse(529, 2);
  const { result, code } = await claude.run(model.play('again', shell('true')));
  assert.equal(code, 0);
  const [agent] = await agentsWith(gate, Math.round(result.total_cost_usd * 1e6));
  assert.equal(model.refusalsLeft, 0, 'it was not refused');
  assert.deepEqual(gate.events('failure.reported'), [], 'this client tells of an error only when it gives up');
  assert.equal(agent.retrying, 0, 'it answered');
  assert.notEqual(agent['agent.state'], 'failed');
});

scenario('a model that is given up is a failure', async (world) => {
  const { gate, model, claude } = world;
  await world.govern({ rules: RULES });
  model.refuse(400, 1000);
  await claude.run(model.play('never', shell('true')));
  await gate.event('StopFailure', 'failure.reported', (one) => !one['failure.retrying']);
  await gate.event('the attempt', 'failure.reported', (one) => one['failure.retrying']);
  assert.equal(gate.events('failure.reported').filter((one) => !one['failure.retrying']).length, 1);
});

scenario('a call past the gate is noticed from telemetry alone', async (world) => {
  const { gate, model, claude } = world;
  await world.govern({ rules: RULES });
  const settings = JSON.parse(fs.readFileSync(claude.settings));
  for (const hook of ['PreToolUse', 'PostToolUse', 'PostToolUseFailure']) delete settings.hooks[hook];
  fs.writeFileSync(claude.settings, JSON.stringify(settings));
  await claude.run(model.play('past', shell('true')));
  const [alarm] = await until('the emergency', () => (emergencies(gate).length ? emergencies(gate) : null));
  assert.match(alarm['signal.title'], /never let through/);
  assert.equal(emergencies(gate).length, 1, 'once for one call');
});
