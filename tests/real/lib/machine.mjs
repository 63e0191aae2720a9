// The machine's settings of a client are below /etc and nowhere else, and `--own-socket` is below /run: a test gets both of
// its own, in a mount namespace. /run/user/UID is the sandbox's own folder there, where its daemon listens.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Unable } from './install.mjs';

const NEEDED = ['passwd', 'group', 'hosts', 'nsswitch.conf'];
const BIND = 'mount --make-rprivate / && mount --bind "$0/etc" /etc && mount --bind "$0/machine-run" /run && ' +
  'mount --bind "$0/run" "/run/user/$(id -u)" && exec "$@"';
const NAMESPACE = process.getuid() === 0 ? ['-m'] : ['-r', '-m'];

/** Its folder /etc, and the words that run a program in it. */
export async function ownMachine({ sandbox }) {
  const etc = sandbox.path('etc');
  fs.mkdirSync(etc, { mode: 0o755 });
  fs.mkdirSync(sandbox.path('machine-run/user/0'), { recursive: true });
  for (const name of NEEDED) fs.copyFileSync(path.join('/etc', name), path.join(etc, name));
  const wrap = ['unshare', ...NAMESPACE, 'sh', '-c', BIND, sandbox.root];
  const [program, ...words] = [...wrap, 'true'];
  const tried = await sandbox.run(program, words);
  if (tried.code !== 0) throw new Unable(`no mount namespace here: ${tried.err.trim()}`);
  return { etc, wrap };
}

/** As its administrator connects a client, with the machine's own /etc. */
export async function lock({ gate, sandbox }, wrap, client, ...args) {
  const [program, ...words] = [...wrap, gate.checkrein, 'connect', client, '--scope', 'managed', ...args];
  const ran = await sandbox.run(program, words, { cwd: sandbox.root });
  assert.equal(ran.code, 0, ran.err);
  return ran.out;
}
