// What a subagent asks for is held under the subagent's own name, below the agent that started it.
import assert from 'node:assert/strict';
import { section } from './lib/gate.mjs';
import { shell, tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

const RULES = section('rule agents', { verdict: 'allow', tool: 'Agent' });

scenario('a subagent\'s call', async (world) => {
  const { gate, model, claude, sandbox } = world;
  await world.govern({ rules: RULES });
  const work = model.play('child', shell('touch by-child'), 'The child is done.');
  const start = tool('Agent', { description: 'a helper', prompt: work, subagent_type: 'general-purpose' });
  const agent = claude.start(model.play('parent', start, 'The parent is done.'));
  const request = await gate.asked('touch by-child');
  const { agents } = await gate.status();
  const child = agents.find((one) => one['gen_ai.agent.id'] === request['gen_ai.agent.id']);
  const parent = agents.find((one) => one['gen_ai.agent.id'] === child['agent.parent']);
  assert.equal(child['gen_ai.agent.name'], 'general-purpose');
  assert.equal(request['gen_ai.agent.name'], 'general-purpose');
  assert.equal(parent?.['gen_ai.agent.name'], 'project');
  assert.equal(child['agent.state'], 'waiting_approval');
  assert.equal((await gate.approve(request)).code, 0);
  assert.equal((await agent.finished()).code, 0);
  assert.equal(sandbox.made('by-child'), true);
});
