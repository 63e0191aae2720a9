// The real @jmondi/oauth2-server, whose tokens are JWTs and whose revocation answers 200 to whatever it is sent: to who it
// does not know, and for tokens of another client. Two clients: `agent` holds a token, `operator` may see it. What it keeps is
// kept here; metadata it has none of its own.
//
//   node oauth_server.mjs MODULE PORT     writes the token as one line of JSON when it listens
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const [, , module, port] = process.argv;
const { AuthorizationServer, DateInterval, generateRandomToken } = await import(pathToFileURL(module));
const issuer = `http://127.0.0.1:${port}`;
const kept = new Map();

const client = (id) => ({
  id, name: id, secret: `secret-of-${id}-0000000000`, redirectUris: [], allowedGrants: ['client_credentials'], scopes: [],
});
const clients = { agent: client('agent'), operator: client('operator') };
const found = (it) => {
  if (!it) throw new Error('not found');
  return it;
};
const server = new AuthorizationServer(
  { getByIdentifier: async (id) => found(clients[id]), isClientValid: async (grant, one, secret) => one.secret === secret },
  {
    issueToken: async (of, scopes) => ({
      accessToken: generateRandomToken(), accessTokenExpiresAt: new Date(Date.now() + 3600000), client: of, scopes,
    }),
    persist: async (token) => kept.set(token.accessToken, token),
    revoke: async (token) => { token.accessTokenExpiresAt = new Date(0); },
    getByAccessToken: async (id) => found(kept.get(id)),
  },
  { getAllByIdentifiers: async (names) => names.map((name) => ({ name })), finalize: async (scopes) => scopes },
  'a-key-that-tokens-are-signed-with', { requiresPKCE: false },
);
server.enableGrantType('client_credentials', new DateInterval('1h'));

const metadata = {
  issuer, revocation_endpoint: `${issuer}/token/revocation`, introspection_endpoint: `${issuer}/token/introspection`,
};
const ways = {
  '/.well-known/oauth-authorization-server': async () => ({ status: 200, body: metadata }),
  '/token': (request) => server.respondToAccessTokenRequest(request),
  '/token/revocation': (request) => server.revoke(request),
  '/token/introspection': (request) => server.introspect(request),
};

http.createServer(async (request, response) => {
  let text = '';
  for await (const piece of request) text += piece;
  const asked = { headers: request.headers, query: {}, body: Object.fromEntries(new URLSearchParams(text)) };
  const { status, body } = await (ways[request.url]?.(asked) ?? Promise.reject(new Error('no such path')))
    .catch((error) => ({ status: error.status ?? 404, body: { error: error.errorType ?? 'not_found' } }));
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}).listen(Number(port), '127.0.0.1', async () => {
  const { id, secret } = clients.agent;
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'repo:read' }),
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
  });
  console.log(JSON.stringify({ issuer, access: (await answer.json()).access_token }));
});
