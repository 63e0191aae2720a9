// The real oidc-provider with three clients: `agent` holds tokens, `operator` may revoke and introspect them, `half` may
// only revoke. Tokens of a user are put into its own store, as its code flow does; everything else goes over HTTP.
//
//   node oidc_server.mjs PROVIDER PORT    writes the tokens as one line of JSON when it listens
import { pathToFileURL } from 'node:url';

const [, , module, port] = process.argv;
const { Provider } = await import(pathToFileURL(module));
const issuer = `http://127.0.0.1:${port}`;

const client = (id, more) => ({
  client_id: id, client_secret: `secret-of-${id}-0000000000`, redirect_uris: [], response_types: [], grant_types: [], ...more,
});
const provider = new Provider(issuer, {
  clients: [
    client('agent', {
      grant_types: ['client_credentials', 'refresh_token', 'authorization_code'], response_types: ['code'],
      redirect_uris: ['https://agent.example/cb'], scope: 'openid offline_access repo:read repo:write',
    }),
    client('operator'),
    client('half', { token_endpoint_auth_method: 'client_secret_post' }),
  ],
  scopes: ['openid', 'offline_access', 'repo:read', 'repo:write'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (ctx, who, token) => who.clientId === token.clientId || who.clientId !== 'agent' },
    introspection: { enabled: true, allowedPolicy: (ctx, who) => who.clientId === 'operator' },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

const agent = await provider.Client.find('agent');
const scope = 'openid offline_access repo:read';
const grant = new provider.Grant({ accountId: 'alice', clientId: 'agent' });
grant.addOIDCScope(scope);
const of = { accountId: 'alice', client: agent, grantId: await grant.save(), scope, gty: 'authorization_code' };
const refresh = await new provider.RefreshToken({ ...of, expiresWithSession: false }).save();
const access = await new provider.AccessToken({ ...of, expiresWithSession: false }).save();

provider.listen(Number(port), '127.0.0.1', () => console.log(JSON.stringify({ issuer, refresh, access })));
