// Settings of a client, of a project and of the machine that name another address or key: either what they say does not count in
// a run with a lease, or nothing is started and it is said why. Nothing reaches the other address, and no lease does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { inside } from './lib/codex.mjs';
import { command } from './lib/gemini.mjs';
import { configure, nameCodex, REAL } from './lib/leased.mjs';
import { ownMachine } from './lib/machine.mjs';
import { Model, shell } from './lib/model.mjs';
import { bash } from './lib/headless.mjs';
import { scenario } from './lib/scenario.mjs';
import { within } from './lib/until.mjs';

const OTHER = 'sk-other-000000000000000000000000000000000';
const THROUGH = 'through the gateway';
const CLOSED = 'to no address at all'; // what is in the way of the lease is sent with it, and refused

const CLIENTS = {
  claude: { pin: 'current', dialect: 'anthropic', step: (file) => shell(`touch ${file}`), drop: ['ANTHROPIC_BASE_URL', 'ANTHROPIC_API_KEY'] },
  codex: { pin: 'codex', dialect: 'openai', step: (file) => inside(`touch ${file}`), drop: [] },
  gemini: { pin: 'gemini', dialect: 'gemini', step: (file) => command(`touch ${file}`), drop: ['GOOGLE_GEMINI_BASE_URL', 'GEMINI_API_KEY'] },
  opencode: { pin: 'opencode', dialect: 'anthropic', step: (file) => bash(`touch ${file}`), drop: ['OPENCODE_DISABLE_DEFAULT_PLUGINS'] },
};

const json = (file, value) => ({ sandbox }, url) => sandbox.write(file, JSON.stringify(value(url)));
const text = (file, value) => ({ sandbox }, url) => sandbox.write(file, value(url));
const env = (name) => (url) => ({ env: { [name]: url } });
const key = (name) => () => ({ env: { [name]: OTHER } });
const PROVIDER = (url) => `model_provider = "other"\n[model_providers.other]\nname = "Other"\nbase_url = "${url}/v1"\nwire_api = "responses"\n`;
const bedrock = (url) => ({ env: {
  CLAUDE_CODE_USE_BEDROCK: '1', ANTHROPIC_BEDROCK_BASE_URL: url, AWS_BEARER_TOKEN_BEDROCK: OTHER, AWS_REGION: 'us-east-1',
} });
const GEMINI_ENV = (url) => [
  'GOOGLE_GENAI_USE_VERTEXAI=true', `GOOGLE_API_KEY=${OTHER}`, `GEMINI_API_KEY=${OTHER}`, `GOOGLE_VERTEX_BASE_URL=${url}`,
  `GOOGLE_GEMINI_BASE_URL=${url}`, ''].join('\n');
const login = (type) => () => ({ security: { auth: { selectedType: type } } });
const anthropic = (more) => (url) => ({ provider: { anthropic: { options: { baseURL: `${url}/v1`, apiKey: OTHER, ...more } } } });
const stored = (name, value) => json('home/.local/share/opencode/auth.json', () => ({ [name]: value }));
const OAUTH = { type: 'oauth', access: OTHER, refresh: OTHER, expires: 4102444800000, accountId: 'a' };

/** A folder of the machine's settings of its own for this run. */
const machine = (file, value) => async (world, url) => {
  const { etc, wrap } = await ownMachine(world);
  fs.mkdirSync(path.dirname(path.join(etc, file)), { recursive: true });
  fs.writeFileSync(path.join(etc, file), JSON.stringify(value(url)));
  return { wrap };
};

const geminiType = (type) => ({ gemini }) => {
  const settings = JSON.parse(fs.readFileSync(gemini.settings));
  settings.security.auth = type && { selectedType: type };
  fs.writeFileSync(gemini.settings, JSON.stringify(settings));
};

// What is set, by whom, and what comes of it: a pattern is what is said when nothing is started.
const ROWS = [
  ['claude', "the user's address", json('home/.claude/settings.json', env('ANTHROPIC_BASE_URL')), THROUGH],
  ['claude', "the user's token", json('home/.claude/settings.json', key('ANTHROPIC_AUTH_TOKEN')), THROUGH],
  ['claude', "the user's key", json('home/.claude/settings.json', key('ANTHROPIC_API_KEY')), THROUGH],
  ['claude', "the user's apiKeyHelper", json('home/.claude/settings.json', () => ({ apiKeyHelper: `echo ${OTHER}` })), THROUGH],
  ['claude', "the user's Bedrock", json('home/.claude/settings.json', bedrock), THROUGH],
  ['claude', "the project's address", json('project/.claude/settings.json', env('ANTHROPIC_BASE_URL')), THROUGH],
  ['claude', "the project's local address", json('project/.claude/settings.local.json', env('ANTHROPIC_BASE_URL')), THROUGH],
  ['claude', "the project's proxy", json('project/.claude/settings.json', (url) => ({ env: { HTTP_PROXY: url, http_proxy: url, NO_PROXY: '', no_proxy: '' } })), THROUGH],
  ['claude', '--settings', (_, url) => ({ args: ['--settings', JSON.stringify(env('ANTHROPIC_BASE_URL')(url))] }), THROUGH],
  ['claude', "the machine's address", machine('claude-code/managed-settings.json', env('ANTHROPIC_BASE_URL')), /managed-settings.json names another address.*ANTHROPIC_BASE_URL/],
  ['claude', "a key of the machine's folder", machine('claude-code/managed-settings.d/10-keys.json', key('ANTHROPIC_API_KEY')), /managed-settings.d\/10-keys.json names another address.*ANTHROPIC_API_KEY/],
  ['codex', "the project's provider", text('project/.codex/config.toml', PROVIDER), THROUGH],
  ['codex', '-c model_provider', (_, url) => ({ args: ['-c', 'model_provider="other"', '-c', `model_providers.other={name="x",base_url="${url}/v1"}`] }), /"-c model_provider="other"" names another address/],
  ['codex', '--oss', () => ({ args: ['--oss'] }), /"--oss" names another address/],
  ['gemini', "the user's login", geminiType('oauth-personal'), THROUGH],
  ['gemini', "the project's login", json('project/.gemini/settings.json', login('oauth-personal')), /\.gemini\/settings.json names another address.*selectedType/],
  ['gemini', "the project's .env", async (world, url) => {
    geminiType(undefined)(world);
    world.sandbox.write('project/.gemini/.env', GEMINI_ENV(url));
  }, THROUGH],
  ['opencode', "the project's address", json('project/opencode.json', anthropic({})), THROUGH],
  ['opencode', "the project's key in a field", json('project/opencode.json', anthropic({ headers: { 'x-api-key': OTHER } })), CLOSED],
  ['opencode', "another service of the project's", json('project/opencode.json', (url) => ({ model: 'other/x', provider: { other: {
    npm: '@ai-sdk/openai-compatible', options: { baseURL: `${url}/v1`, apiKey: OTHER }, models: { x: {} } } } })), CLOSED],
  ['opencode', 'OPENCODE_CONFIG_CONTENT', (_, url) => ({ env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(anthropic({})(url)) } }), THROUGH],
  ['opencode', 'OPENCODE_CONFIG_CONTENT that is no JSON', () => ({ env: { OPENCODE_CONFIG_CONTENT: '{"a": // b\n1}' } }), /OPENCODE_CONFIG_CONTENT: not JSON/],
  ['opencode', 'a stored key', stored('anthropic', { type: 'api', key: OTHER }), THROUGH],
  ['opencode', 'a stored login', stored('anthropic', OAUTH), /auth.json holds a login for anthropic/],
  ['opencode', 'a .env file', text('project/.env', (url) => `ANTHROPIC_API_KEY=${OTHER}\nANTHROPIC_BASE_URL=${url}\n`), THROUGH],
  ['opencode', "the machine's address", machine('opencode/opencode.json', anthropic({})), /\/etc\/opencode\/opencode.json names another address.*provider/],
  ['opencode', '--attach', (_, url) => ({ args: ['--attach', url] }), /--attach.*another server/],
];

async function past(world, [name, , put, wanted]) {
  const { gate, model, sandbox } = world;
  const agent = world[name];
  const elsewhere = await Model.start();
  const row = CLIENTS[name];
  if (name === 'codex') nameCodex(world);
  const given = { ...agent.env, HTTP_PROXY: elsewhere.url, HTTPS_PROXY: elsewhere.url };
  for (const one of row.drop) delete given[one];
  const { args = [], wrap = [], env: more } = await put(world, elsewhere.url) ?? {};
  Object.defineProperty(agent, 'env', { get: () => ({ ...given, ...more }) });
  const tap = await configure(world, row);
  const prompt = model.play('past', row.step('made'));
  elsewhere.play('past', row.step('made'));
  const started = agent.start(prompt, { args, wrap: [...wrap, gate.checkrein, 'run', '--'] });
  const ended = await within('it ends', started.ended, 110000);
  assert.deepEqual(elsewhere.heads, [], 'it went past the gateway');
  assert.ok(!JSON.stringify(model.heads).includes(OTHER), 'the other key went through the gateway');
  assert.equal(sandbox.made('made'), wanted === THROUGH, ended.err + ended.out);
  if (wanted === THROUGH) assert.ok(model.heads.length > 0 && JSON.stringify(model.heads).includes(REAL));
  else assert.deepEqual(model.heads, []);
  if (wanted instanceof RegExp) {
    assert.equal(ended.code, 3, ended.err);
    assert.match(ended.err, wanted);
  }
  tap.close();
  await elsewhere.stop();
}

for (const row of ROWS) scenario(`${row[0]}: ${row[1]}`, (world) => past(world, row), { pin: CLIENTS[row[0]].pin });
