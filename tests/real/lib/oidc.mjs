// The real oidc-provider in a sandbox, and a client of it that holds tokens, as an agent does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { section } from './gate.mjs';
import { until } from './until.mjs';

const scriptOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const PORTS = { from: 20000, count: 12000 }; // below the range that the kernel hands out by itself
const secretOf = (client) => `secret-of-${client}-0000000000`;

export class Oidc {
  static script = scriptOf('oidc_server.mjs');
  #sandbox;
  #installed;

  constructor(sandbox, model, installed) {
    this.#sandbox = sandbox;
    this.#installed = installed;
  }

  /** Starts the server; it has a refresh token and an access token of a user. */
  async start() {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    const { binary, node } = this.#installed;
    const { seen } = this.#sandbox.start(node, [this.constructor.script, binary, port], { cwd: this.#sandbox.root });
    const line = await until('the authorisation server listens', () => /^\{.*\}$/m.exec(seen.out)?.[0]);
    Object.assign(this, JSON.parse(line));
  }

  async #post(endpoint, form, client) {
    const basic = Buffer.from(`${client}:${secretOf(client)}`).toString('base64');
    const answer = await fetch(this.issuer + endpoint, {
      method: 'POST', body: new URLSearchParams(form), headers: { authorization: `Basic ${basic}` },
    });
    return { status: answer.status, ...await answer.json().catch(() => ({})) };
  }

  /** What an agent does that has the credentials of a client only. */
  async clientCredentials() {
    const got = await this.#post('/token', { grant_type: 'client_credentials', scope: 'repo:write' }, 'agent');
    assert.equal(got.status, 200, JSON.stringify(got));
    return got.access_token;
  }

  /** What an agent does whose access token has expired. */
  refreshed() {
    return this.#post('/token', { grant_type: 'refresh_token', refresh_token: this.refresh }, 'agent');
  }

  /** What the server itself says of a token, asked beside checkrein. */
  async isActive(token) {
    return (await this.#post('/token/introspection', { token }, 'operator')).active;
  }

  #secret(name, text) {
    const file = this.#sandbox.write(`home/secrets/${name}`, text);
    fs.chmodSync(file, 0o600);
    return file;
  }

  /** What the daemon is told: `tokens` are those of a credential by its name. */
  configure({ client = 'operator', auth, tokens, agents = 'coder' }) {
    const keys = {
      kind: 'oauth', issuer: this.issuer, client_id: client, client_secret_file: this.#secret(client, secretOf(client)),
    };
    if (auth) keys.client_auth = auth;
    const held = Object.entries(tokens).map(([name, of]) => section(`credential ${name}`, {
      issuer: 'real', agents,
      ...Object.fromEntries(Object.entries(of).map(([type, text]) => [`${type}_token_file`, this.#secret(`${name}-${type}`, text)])),
    }));
    const file = path.join(this.#sandbox.env.XDG_CONFIG_HOME, 'checkrein/issuers.ini');
    fs.writeFileSync(file, section('issuer real', keys) + held.join(''));
  }
}

/** Another one, which has no refresh token. */
export class Oauth extends Oidc {
  static script = scriptOf('oauth_server.mjs');
}
