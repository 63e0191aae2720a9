// A server of tools for tests, over stdio. "ask_user" puts a form before the user, its schema given in the call, and says
// what came of it; "look" only reads and "delete_all" destroys, by their own word. It does nothing at all.
import readline from 'node:readline';

const object = (properties) => ({ type: 'object', properties });
const TOOLS = [
  { name: 'ask_user', description: 'asks', inputSchema: object({ message: { type: 'string' }, form: { type: 'string' } }),
    annotations: { readOnlyHint: true } },
  { name: 'look', description: 'looks', inputSchema: object({ at: { type: 'string' } }), annotations: { readOnlyHint: true } },
  { name: 'delete_all', description: 'deletes', inputSchema: object({ what: { type: 'string' } }),
    annotations: { destructiveHint: true, readOnlyHint: false, openWorldHint: true } },
  { name: 'fail', description: 'fails with these words', inputSchema: object({ what: { type: 'string' } }) },
];

let asked = 0;
const waiting = new Map();
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (id, words) => send({ id, result: { content: [{ type: 'text', text: words }] } });

const CALLS = {
  look: ({ at }) => `looked at ${at}`,
  delete_all: ({ what }) => `deleted ${what}`,
  ask_user: async ({ message, form, url, meta }) => {
    const id = `form-${++asked}`;
    const answer = new Promise((done) => waiting.set(id, done));
    const params = url ? { mode: 'url', message, url, elicitationId: id } : { message, requestedSchema: JSON.parse(form), _meta: meta && JSON.parse(meta) };
    send({ id, method: 'elicitation/create', params });
    return `answered ${JSON.stringify(await answer)}`;
  },
};

const REPLIES = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'lab', version: '1' } }),
  'tools/list': () => ({ tools: TOOLS }),
};

async function take({ id, method, params, result, error }) {
  if (!method) waiting.get(id)?.(result ?? error);
  else if (params?.name === 'fail') send({ id, error: { code: -32000, message: params.arguments.what } });
  else if (method === 'tools/call') text(id, await CALLS[params.name](params.arguments ?? {}));
  else if (id !== undefined) send({ id, result: REPLIES[method]?.(params) ?? {} });
}

readline.createInterface({ input: process.stdin }).on('line', (line) => take(JSON.parse(line)));
