// Gemini CLI without a screen, in its default mode: a call waits, and what the operator decides happens. The hook is
// the only gate: nothing else asks, and a rule of somebody else that denies still does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { command } from './lib/gemini.mjs';
import { inputOf, section } from './lib/gate.mjs';
import { tool } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const ALL = section('rule all', { verdict: 'allow', tool: '*' });
const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });

gemini('approved by verb: it runs then, and not before', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const agent = client.start(model.play('one', command('touch ran > out.txt')));
  const request = await gate.asked('touch ran > out.txt');
  assert.equal(sandbox.made('ran'), false, 'it ran before it was approved');
  const [known] = (await gate.status()).agents;
  assert.equal(known['agent.runtime'], 'gemini-cli');
  assert.equal(known['agent.runtime_version'], client.version);
  assert.equal(known['process.pid'], agent.pid);
  assert.equal(known['task.title'], 'Please do <<play one>>.');
  const approved = await gate.approve(request);
  assert.equal(approved.code, 0, approved.out + approved.err);
  const { code, result } = await agent.finished();
  assert.equal(code, 0);
  assert.equal(sandbox.made('ran'), true, 'it was approved and did not run');
  assert.equal(request['gen_ai.agent.id'], `gemini:${result.session_id}`);
  assert.equal(gate.events('action.finished')[0]['action.digest'], request['action.digest'], 'what ran is what was shown');
  const results = gate.events('operator.result').map((event) => event['command.state']);
  assert.deepEqual(results, ['accepted', 'confirmed']);
  assert.deepEqual(gate.events('signal.raised'), []);
  await gate.verify();
});

gemini('denied: it does not run, and the model learns why; also in yolo', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  for (const args of [[], ['--approval-mode', 'yolo']]) {
    const play = `denied${args.length}`;
    const agent = client.start(model.play(play, command('touch ran')), { args });
    const denied = await gate.deny(await gate.asked('touch ran'), 'not on a Friday');
    assert.equal(denied.code, 0, denied.out + denied.err);
    assert.equal((await agent.finished()).code, 0);
    assert.equal(sandbox.made('ran'), false, 'it ran');
    assert.match(model.results.at(-1).text, /not on a Friday/);
    assert.ok(model.results.at(-1).isError);
  }
});

gemini('several calls of one turn, two of them the same', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const same = command('echo x >> same');
  const agent = client.start(model.play('many', [same, command('touch denied'), same, command('exit 3')]));
  const waiting = await until('they wait side by side', async () => {
    const { approvals } = await gate.status();
    return approvals.length === 4 ? approvals : null;
  }, { every: 60 });
  const ids = gate.events('approval.requested').map((event) => event['gen_ai.tool.call.id']);
  assert.equal(new Set(ids).size, 4, `${ids}`);
  for (const one of waiting) {
    if (inputOf(one).command === 'touch denied') await gate.deny(one, 'no');
    else await gate.approve(one); // it runs when its neighbours are decided too
  }
  assert.equal((await agent.finished()).code, 0);
  assert.equal(fs.readFileSync(`${sandbox.project}/same`, 'utf8'), 'x\nx\n');
  assert.equal(sandbox.made('denied'), false);
  const ends = gate.events('action.finished').map((event) => event['action.outcome']).sort();
  assert.deepEqual(ends, ['denied', 'failed', 'succeeded', 'succeeded']);
  assert.deepEqual(gate.events('signal.raised'), []);
});

gemini('another\'s rule that denies still does', async (world) => {
  const { model, gemini: client, sandbox } = world;
  await world.govern({ rules: ALL });
  fs.writeFileSync(`${client.config}/policies/mine.toml`,
    '[[rule]]\ntoolName = "run_shell_command"\ncommandPrefix = "touch"\ndecision = "deny"\npriority = 1\n');
  await client.run(model.play('one', command('touch ran')));
  assert.equal(sandbox.made('ran'), false, 'it ran');
});

// What the gate lets run gives the model the same results as without it.
const STEPS = (folder) => [
  tool('write_file', { file_path: `${folder}/note.txt`, content: 'one\n"two" \\ é\n' }),
  tool('write_file', { file_path: 'sub/relative.txt', content: 'three\n' }),
  tool('replace', { file_path: `${folder}/note.txt`, old_string: 'one', new_string: 'four', instruction: 'one to four' }),
  tool('read_file', { file_path: `${folder}/note.txt` }),
  tool('list_directory', { dir_path: '.' }),
  tool('glob', { pattern: '**/*.txt' }),
  tool('grep_search', { pattern: 'three' }),
  tool('write_todos', { todos: [{ description: 'a', status: 'pending' }] }),
  command('exit 3'),
  [command('echo a'), command('echo b')],
];
const plain = (text, root) => text.replaceAll(root, '').replace(/PGID: \d+/g, 'PGID');

async function results({ model, gemini: client, sandbox }, args) {
  const { code } = await client.run(model.play('tools', ...STEPS(sandbox.project)), { args });
  assert.equal(code, 0);
  return model.results.map((one) => `${one.isError}: ${plain(one.text, sandbox.root)}`);
}

let without;
gemini('every tool without the gate', async (world) => {
  without = await results(world, ['--approval-mode', 'yolo']);
  assert.equal(without.length, STEPS('').flat().length);
});

gemini('every tool with the gate: the same, each call joined to its end', async (world) => {
  const { gate } = world;
  await world.govern({ rules: ALL });
  assert.deepEqual(await results(world, []), without);
  const starts = gate.events('action.started');
  const ends = gate.events('action.finished');
  const key = (event) => `${event['gen_ai.tool.call.id']} ${event['action.digest']}`;
  assert.equal(starts.length, without.length);
  assert.deepEqual(ends.map(key).sort(), starts.map(key).sort());
  assert.deepEqual(gate.events('signal.raised'), []);
});

gemini('half a character, and characters that look like others', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  const line = "printf %s 'a\u202eb\u200bc é e\u0301 \u0430 😀' > odd";
  const agent = client.start(model.play('odd', command("printf '\ud800' > half"), command(line)));
  const request = await gate.asked(line);
  assert.match(model.results[0].text, /half a character/);
  await gate.approve(request);
  await agent.finished();
  assert.equal(fs.readFileSync(`${sandbox.project}/odd`, 'utf8'), 'a\u202eb\u200bc é e\u0301 \u0430 😀');
  assert.equal(sandbox.made('half'), false);
});
