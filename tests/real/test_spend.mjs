// What a run cost is on the agent, and is what the client itself says: counted once, subagents apart.
import assert from 'node:assert/strict';
import { section } from './lib/gate.mjs';
import { shell, tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const RULES = section('rule all', { verdict: 'allow', tool: 'Bash | Agent' });

scenario('tokens and cost, from the client\'s telemetry', async (world) => {
  const { gate, model, claude } = world;
  await world.govern({ rules: RULES });
  const child = model.play('child', shell('true'));
  const start = tool('Agent', { description: 'a helper', prompt: child, subagent_type: 'general-purpose' });
  const { result } = await claude.run(model.play('parent', shell('true'), start));
  const total = Math.round(result.total_cost_usd * 1e6);
  const agents = await until('all of it has arrived', async () => {
    const all = (await gate.status()).agents;
    return all.reduce((sum, one) => sum + one['cost.microusd'], 0) >= total ? all : null;
  }, { every: 100 });
  assert.equal(agents.reduce((sum, one) => sum + one['cost.microusd'], 0), total, 'counted twice, or not at all');
  assert.equal(agents.length, 2);
  for (const agent of agents) {
    assert.match(agent['gen_ai.request.model'], /^claude-/);
    assert.ok(agent['cost.microusd'] > 0, JSON.stringify(agent));
    assert.ok(agent['gen_ai.usage.input_tokens'] >= 1000);
    assert.ok(agent['gen_ai.usage.output_tokens'] >= 50);
  }
});
