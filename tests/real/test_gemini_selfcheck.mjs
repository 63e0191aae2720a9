// The tests of Gemini CLI can fail: with the gate broken the assertions that hold elsewhere do not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { command } from './lib/gemini.mjs';
import { scenario } from './lib/scenario.mjs';

const gemini = (name, body) => scenario(name, body, { pin: 'gemini' });

function assertDidNotRun(sandbox) {
  assert.equal(sandbox.made('ran'), false, 'it ran');
}

function change(client, edit) {
  const settings = JSON.parse(fs.readFileSync(client.settings));
  edit(settings.hooks);
  fs.writeFileSync(client.settings, JSON.stringify(settings));
}

gemini('the hook taken out: it runs, and the daemon raises an alarm', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  change(client, (hooks) => delete hooks.BeforeTool);
  await client.run(model.play('one', command('touch ran')));
  assert.throws(() => assertDidNotRun(sandbox), /it ran/);
  assert.deepEqual(gate.events('approval.requested'), []);
  const [alarm] = gate.events('signal.raised'); // telemetry may add another
  assert.equal(alarm['signal.severity'], 'emergency');
  assert.equal(alarm['signal.title'], 'a call ended that this gate never let through');
});

gemini('a hook that ends with 1 on failure: with the daemon away it runs', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  change(client, (hooks) => {
    hooks.BeforeTool[0].hooks[0].command = hooks.BeforeTool[0].hooks[0].command.replace('exit 2', 'exit 1');
  });
  await gate.end('SIGKILL');
  await client.run(model.play('one', command('touch ran')));
  assert.throws(() => assertDidNotRun(sandbox), /it ran/);
});

// A hook whose time has passed has no opinion, whatever it says afterwards.
for (const [name, timeout] of [['a time-out that has passed', 1], ['a time-out of 2^31 ms', 2 ** 31]]) {
  gemini(`${name}: it runs although it was denied`, async (world) => {
    const { gate, model, gemini: client, sandbox } = world;
    await world.govern();
    change(client, (hooks) => {
      hooks.BeforeTool[0].hooks[0].timeout = timeout;
    });
    const agent = client.start(model.play('one', command('touch ran')));
    const request = await Promise.race([gate.asked('touch ran'), agent.ended]);
    if (request['approval.id']) await gate.deny(request, 'no'); // else its shell was ended before it could ask
    await agent.finished();
    assert.throws(() => assertDidNotRun(sandbox), /it ran/);
  });
}

gemini('without our rules the client offers no shell at all: what runs elsewhere runs by them', async (world) => {
  const { gate, model, gemini: client, sandbox } = world;
  await world.govern();
  fs.rmSync(client.policy);
  await client.run(model.play('one', command('touch ran')));
  assertDidNotRun(sandbox);
  assert.deepEqual(gate.events('approval.requested'), []);
});
