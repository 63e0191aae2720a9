// The gate changes nothing for a tool that it lets run: the same play with and without it gives the model the
// same results, although every answer of the gate carries the input along.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { section } from './lib/gate.mjs';
import { shell, tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

const CALLS = 11;
const REFUSED_BY_CLIENT = 1; // the edit of what is not there: the client sees that before it asks its hooks
const RULES = section('rule all', { verdict: 'allow', tool: '*' });

function stepsIn(folder, model) {
  const file = `${folder}/note.txt`;
  const child = model.play('child', shell('echo from the child'));
  return [
    tool('Write', { file_path: file, content: 'one\n"two" \\ é\n' }),
    tool('Read', { file_path: file }),
    tool('Edit', { file_path: file, old_string: 'one', new_string: 'three' }),
    tool('Edit', { file_path: file, old_string: 'not there', new_string: 'x' }),
    shell('cat note.txt'),
    shell('echo in the background > background', { run_in_background: true }),
    shell('exit 3', { timeout: 20000 }),
    [shell('echo both'), tool('Read', { file_path: file, offset: 1, limit: 1 })],
    tool('Agent', { description: 'a helper', prompt: child, subagent_type: 'general-purpose' }),
  ];
}

// Numbers that differ from run to run.
const plain = (text, root) => text.replaceAll(root, '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
  .replace(/\b[ab][0-9a-z]{8,}\b/g, 'ID').replaceAll(/-tmp-cr-real-\w+-/g, '');

async function results({ model, claude, sandbox }) {
  const steps = stepsIn(sandbox.project, model);
  const ended = await claude.run(model.play('tools', ...steps));
  assert.equal(ended.code, 0);
  const calls = ['tools', 'child'].flatMap((play) => model.answersOf(play)).flatMap((answer) => answer.calls);
  const told = calls.filter((call) => call.type === 'tool_use').map((call) => {
    const { isError, text } = model.results.find((result) => result.id === call.id);
    return `${call.name}, ${isError}: ${plain(text, sandbox.root)}`;
  });
  return { told, note: fs.readFileSync(`${sandbox.project}/note.txt`, 'utf8') };
}

let without;

scenario('without the gate', async (world) => {
  without = await results(world);
  assert.equal(without.told.length, CALLS);
});

scenario('with the gate: the same', async (world) => {
  await world.govern({ rules: RULES });
  const with_ = await results(world);
  assert.deepEqual(with_, without);
  const { gate } = world;
  assert.equal(gate.events('action.started').length, CALLS - REFUSED_BY_CLIENT);
  assert.equal(gate.events('action.finished').length, CALLS - REFUSED_BY_CLIENT);
  assert.equal(world.sandbox.made('background'), true);
});
