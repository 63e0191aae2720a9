// Clients from before HTTP hooks could fail closed get command hooks: they hold, approve and deny the same way,
// and block when the daemon, or even the checkrein executable, is not there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

function assertCommandForm(claude) {
  const { hooks } = JSON.parse(fs.readFileSync(claude.settings));
  assert.ok(Object.values(hooks).flat().flatMap((group) => group.hooks).every((hook) => hook.type === 'command'));
}

async function decide({ gate, model, claude, sandbox }) {
  assertCommandForm(claude);
  const agent = claude.start(model.play('two', shell('touch denied'), shell('touch approved')));
  await gate.deny(await gate.asked('touch denied'), 'not this one');
  const request = await gate.asked('touch approved');
  assert.equal(sandbox.made('approved'), false, 'it ran before it was approved');
  assert.equal((await gate.approve(request)).code, 0);
  assert.equal((await agent.finished()).code, 0);
  assert.deepEqual([sandbox.made('denied'), sandbox.made('approved')], [false, true]);
  assert.match(model.results[0].text, /not this one/);
}

async function killed({ gate, model, claude, sandbox }) {
  const agent = claude.start(model.play('killed', shell('touch held'), shell('touch next')));
  await gate.asked('touch held');
  await gate.end('SIGKILL');
  await agent.finished();
  assert.deepEqual([sandbox.made('held'), sandbox.made('next')], [false, false], 'it ran');
  assert.equal(model.answersOf('killed').length, 3, 'the agent was kept talking');
}

async function removed({ gate, model, claude, sandbox }) {
  fs.rmSync(gate.checkrein);
  await claude.run(model.play('removed', shell('touch ran')));
  assert.equal(sandbox.made('ran'), false, 'it ran');
}

async function all(world, connect) {
  const { gate, sandbox } = world;
  const { checkrein } = gate;
  fs.copyFileSync(checkrein, sandbox.path('bin/checkrein'));
  gate.checkrein = sandbox.path('bin/checkrein'); // the one that the hooks name: it will be removed
  await world.govern({ connect });
  await decide(world);
  await killed(world);
  await removed(world);
  gate.checkrein = checkrein;
}

scenario('2.1.197, asked for its version', (world) => all(world, []), { pin: 'old' });
scenario('the current client, connected as if it were 2.1.197', (world) =>
  all(world, ['--runtime-version', '2.1.197']));
