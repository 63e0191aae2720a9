// What a user may switch off, the machine's managed settings keep on: the same hooks in that file hold against
// start flags and project settings that skip the user's own.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Unable } from './lib/install.mjs';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';

const NEEDED = ['passwd', 'group', 'hosts', 'nsswitch.conf'];
const BIND = 'mount --make-rprivate / && mount --bind "$0" /etc && exec "$@"';

// The client looks for that file below /etc and nowhere else: it gets an /etc of its own, in a mount namespace.
const NAMESPACE = process.getuid() === 0 ? ['-m'] : ['-r', '-m'];

async function ownEtc({ sandbox }) {
  const etc = sandbox.path('etc');
  fs.mkdirSync(etc);
  for (const name of NEEDED) fs.copyFileSync(path.join('/etc', name), path.join(etc, name));
  const tried = await sandbox.run('unshare', [...NAMESPACE, 'sh', '-c', BIND, etc, 'true']);
  if (tried.code !== 0) throw new Unable(`no mount namespace here: ${tried.err.trim()}`);
  return { etc, wrap: ['unshare', ...NAMESPACE, 'sh', '-c', BIND, etc] };
}

const WAYS = [
  { name: '--bare', args: ['--bare'] },
  { name: '--safe-mode', args: ['--safe-mode'] },
  { name: '--setting-sources project', args: ['--setting-sources', 'project'] },
  { name: 'disableAllHooks in the project', args: [], project: '{"disableAllHooks": true}' },
];

for (const { name, args, project } of WAYS) {
  scenario(`${name}: past the user's settings, not past the managed ones`, async (world) => {
    const { gate, model, claude, sandbox } = world;
    const { etc, wrap } = await ownEtc(world);
    if (project) sandbox.write('project/.claude/settings.local.json', project);
    await world.govern();
    await claude.run(model.play('user', shell('touch unheld')), { args, wrap });
    assert.equal(sandbox.made('unheld'), true, 'it is held now: docs/drivers/claude.md says that it is not');

    await gate.done('connect', 'claude', '--settings', path.join(etc, 'claude-code/managed-settings.json'));
    const agent = claude.start(model.play('managed', shell('touch held')), { args, wrap });
    await gate.deny(await gate.asked('touch held'), 'no');
    await agent.finished();
    assert.equal(sandbox.made('held'), false, 'it ran');
  });
}
