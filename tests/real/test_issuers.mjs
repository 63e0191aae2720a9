// Credentials of real authorisation servers (oidc-provider, @jmondi/oauth2-server): revoked there, and proven dead by them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

/** An agent that holds what the daemon is told of; its credentials, once each says `words`. */
async function governed({ gate, oidc, sandbox }, settings, words) {
  oidc.configure(settings);
  await gate.configure();
  await gate.serve();
  sandbox.start(gate.checkrein, ['run', '--name', 'coder', '--', 'sleep', '600']);
  return until(`credentials are said to be ${words}`, () => {
    const told = [...gate.events('agent.started'), ...gate.events('agent.updated')];
    const agent = told.filter((event) => event['permissions.credentials']).at(-1);
    return agent?.['permissions.credentials'].every((one) => one.revocable.includes(words)) && agent;
  });
}

const revoke = async (gate, ...words) => {
  const { code, out } = await gate.run('revoke', '--json', '--wait', '30s', ...words);
  const told = JSON.parse(out.trim().split('\n').at(-1));
  return { code, state: told['command.state'], reason: told.reason, by: told['command.confirmed_by'] };
};

/** Neither in the record nor in the log. */
function nowhere({ gate }, ...secrets) {
  const told = fs.readdirSync(gate.record).map((name) => fs.readFileSync(path.join(gate.record, name), 'latin1'));
  for (const secret of secrets) {
    assert.ok(![...told, gate.log].some((text) => text.includes(secret)), 'a secret is written down');
  }
}

scenario('a refresh token and its access token: both dead, and none can be had any more', async (world) => {
  const { gate, oidc } = world;
  await oidc.start();
  const agent = await governed(world, { tokens: { user: { refresh: oidc.refresh, access: oidc.access } } }, 'proven by introspection');
  const [held] = agent['permissions.credentials'];
  assert.equal(held.id, 'user');
  assert.equal(held.scopes, 'openid offline_access repo:read');
  assert.match(held.kind, /client agent/);
  assert.ok(await oidc.isActive(oidc.access) && await oidc.isActive(oidc.refresh));
  const told = await revoke(gate, agent['gen_ai.agent.id']);
  assert.equal(told.state, 'confirmed', JSON.stringify(told));
  assert.equal(await oidc.isActive(oidc.access), false);
  assert.equal(await oidc.isActive(oidc.refresh), false);
  assert.deepEqual((({ status, error }) => [status, error])(await oidc.refreshed()), [400, 'invalid_grant']);
  const [event] = gate.events('credential.revoked');
  assert.equal(event['credential.id'], 'user');
  assert.match(event['credential.probe'], /refresh token: introspection says not active.*access token: introspection says not active/);
  nowhere(world, oidc.refresh, oidc.access, 'secret-of-operator-0000000000');
  await gate.verify();
}, { pin: 'oidc' });

scenario('an access token alone: dead, and that another can be had is said', async (world) => {
  const { gate, oidc } = world;
  await oidc.start();
  const token = await oidc.clientCredentials();
  const agent = await governed(world, { tokens: { ci: { access: token }, user: { access: oidc.access } } }, 'proven by introspection');
  const told = await revoke(gate, agent['gen_ai.agent.id'], '--credential', 'ci');
  assert.equal(told.state, 'confirmed', JSON.stringify(told));
  assert.match(told.by, /No refresh token is known here: whoever has one may get another/);
  assert.equal(await oidc.isActive(token), false);
  assert.equal(await oidc.isActive(oidc.access), true, 'another one was revoked too');
  assert.equal((await oidc.refreshed()).status, 200, 'the refresh token is not touched');
}, { pin: 'oidc' });

scenario('a client that may revoke and not introspect: asked for, and not said to be proven', async (world) => {
  const { gate, oidc } = world;
  await oidc.start();
  const agent = await governed(world, { client: 'half', auth: 'post', tokens: { user: { access: oidc.access } } }, 'cannot be proven');
  const told = await revoke(gate, agent['gen_ai.agent.id']);
  assert.equal(told.state, 'unverifiable', JSON.stringify(told));
  assert.match(told.reason, /proves nothing/);
  assert.equal(gate.events('credential.revoked').length, 0);
  assert.equal(await oidc.isActive(oidc.access), false, 'it was revoked all the same');
}, { pin: 'oidc' });

scenario('a client that may do neither: the token lives, and that is said', async (world) => {
  const { gate, oidc } = world;
  await oidc.start();
  const agent = await governed(world, { client: 'nobody', tokens: { user: { access: oidc.access } } }, 'cannot be proven');
  const told = await revoke(gate, agent['gen_ai.agent.id']);
  assert.equal(told.state, 'failed', JSON.stringify(told));
  assert.match(told.reason, /HTTP 401 invalid_client/);
  assert.equal(await oidc.isActive(oidc.access), true);
}, { pin: 'oidc' });

scenario('a server that says yes to everything: the token of another client lives, and that is said', async (world) => {
  const { gate, oauth } = world;
  await oauth.start();
  const agent = await governed({ ...world, oidc: oauth }, { tokens: { ci: { access: oauth.access } } }, 'proven by introspection');
  const told = await revoke(gate, agent['gen_ai.agent.id']);
  assert.equal(told.state, 'failed', JSON.stringify(told));
  assert.match(told.reason, /revocation accepted; introspection says it is still active/);
  assert.equal(gate.events('credential.revoked').length, 0);
  assert.equal(await oauth.isActive(oauth.access), true);
}, { pin: 'oauth' });

scenario('a JWT is dead at its issuer, and that it may be taken elsewhere is said', async (world) => {
  const { gate, oauth } = world;
  await oauth.start();
  const agent = await governed({ ...world, oidc: oauth }, { client: 'agent', tokens: { ci: { access: oauth.access } } }, 'proven by introspection');
  assert.match(agent['permissions.credentials'][0].expires, /^20\d\d-/);
  const told = await revoke(gate, agent['gen_ai.agent.id']);
  assert.equal(told.state, 'confirmed', JSON.stringify(told));
  assert.match(told.by, /The access token is a JWT: who checks it without asking its issuer may take it until 20\d\d-/);
  assert.equal(await oauth.isActive(oauth.access), false);
  nowhere(world, oauth.access, 'secret-of-agent-0000000000');
}, { pin: 'oauth' });
