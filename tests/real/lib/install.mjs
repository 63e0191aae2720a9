// The pinned clients from npm, installed once into a cache outside the tree: $CHECKREIN_CACHE, else
// $XDG_CACHE_HOME/checkrein-tests, else ~/.cache/checkrein-tests. flock(1) keeps parallel runs apart, and an
// installation counts only once it was renamed to its final name.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PINS = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'pins');
const INSTALL_MS = 8 * 60 * 1000;
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|network/;

/** What is not installed and could be: the test is skipped, except in CI. */
export class Missing extends Error {}
/** What this machine does not let us do: the test is skipped. */
export class Unable extends Error {}

function cacheFolder() {
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return process.env.CHECKREIN_CACHE || path.join(cache, 'checkrein-tests');
}

const NODE = `node-${process.platform}-${process.arch}`;
const OPENCODE = `opencode-${process.platform}-${process.arch}`;
const TRIPLES = { x64: 'x86_64-unknown-linux-musl', arm64: 'aarch64-unknown-linux-musl' };

// What each package is kept under, where its executable is, and the major version of Node that this needs. That of Claude
// Code and of Codex is native, in the platform's own package: it needs no Node, and no install script has to run.
const PACKAGES = {
  '@anthropic-ai/claude-code': {
    folder: 'claude-code',
    binary: `@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`,
  },
  '@openai/codex': {
    folder: 'codex',
    binary: `@openai/codex-${process.platform}-${process.arch}/vendor/${TRIPLES[process.arch]}/bin/codex`,
  },
  '@google/gemini-cli': { folder: 'gemini-cli', binary: '@google/gemini-cli/bundle/gemini.js', node: 20 },
  [OPENCODE]: { folder: 'opencode', binary: `${OPENCODE}/bin/opencode` },
  '@github/copilot': { folder: 'copilot', binary: '@github/copilot/npm-loader.js', node: 20 },
  'oidc-provider': { folder: 'oidc-provider', binary: 'oidc-provider/lib/index.js', node: 20 },
  '@jmondi/oauth2-server': { folder: 'oauth2-server', binary: '@jmondi/oauth2-server/dist/index.js', node: 20 },
  [NODE]: { folder: 'node', binary: `${NODE}/bin/node` },
};

function pinOf(name) {
  const folder = path.join(PINS, name);
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json')));
  const lock = fs.readFileSync(path.join(folder, 'package-lock.json'));
  const wanted = Object.entries(manifest.dependencies ?? manifest.optionalDependencies);
  const [module, version] = wanted.find(([one]) => one in PACKAGES) ?? [];
  if (!module) throw new Unable(`${name} is not to be had for ${process.platform}-${process.arch}`);
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  return { folder, module, version, home: path.join(cacheFolder(), `${PACKAGES[module].folder}-${version}-${digest}`) };
}

const binaryIn = (pin) => path.join(pin.home, 'node_modules', PACKAGES[pin.module].binary);

function npm(folder) {
  const arguments_ = ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  const ran = spawnSync('npm', arguments_, { cwd: folder, encoding: 'utf8', timeout: INSTALL_MS });
  if (ran.error?.code === 'ENOENT') throw new Missing('npm is not installed');
  if (ran.error?.code === 'ETIMEDOUT') throw new Missing('npm took too long');
  if (ran.status === 0) return;
  if (UNREACHABLE.test(ran.stderr)) throw new Missing(`npm cannot be reached: ${ran.stderr.split('\n')[0]}`);
  throw new Error(`npm ci failed:\n${ran.stderr}`);
}

function installLocked(pin) {
  if (fs.existsSync(binaryIn(pin))) return;
  const fresh = fs.mkdtempSync(`${pin.home}.`);
  try {
    for (const file of ['package.json', 'package-lock.json']) {
      fs.copyFileSync(path.join(pin.folder, file), path.join(fresh, file));
    }
    npm(fresh);
    fs.rmSync(pin.home, { recursive: true, force: true });
    fs.renameSync(fresh, pin.home);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

// The lock is held by this other process, and the kernel lets go of it however that one ends.
function installUnderLock(name) {
  const lock = path.join(cacheFolder(), 'lock');
  const self = fileURLToPath(import.meta.url);
  const ran = spawnSync('flock', [lock, process.execPath, self, name], { encoding: 'utf8' });
  if (ran.error) throw new Missing('flock (util-linux) is not installed');
  if (ran.status === EXIT_MISSING) throw new Missing(ran.stderr.trim());
  if (ran.status !== 0) throw new Error(ran.stderr || `the installation ended by ${ran.signal}`);
}

/** This one, or the pinned one where this is older: Debian 12 has 18. */
function nodeOf(major) {
  return Number(process.versions.node.split('.')[0]) >= major ? process.execPath : client('node').binary;
}

/** Path and version of a pinned client: `current`, or `old`, from before HTTP hooks could fail closed; `gemini`; `codex`;
 *  `opencode`; `copilot`; `oidc` and `oauth`, authorisation servers. `node` is the one to run it with, when it is not native. */
export function client(name) {
  const pin = pinOf(name);
  if (!fs.existsSync(binaryIn(pin))) {
    fs.mkdirSync(cacheFolder(), { recursive: true });
    installUnderLock(name);
  }
  if (!fs.existsSync(binaryIn(pin))) {
    throw new Missing(`${pin.module} ${pin.version} has no executable for ${process.platform}-${process.arch}`);
  }
  const { node } = PACKAGES[pin.module];
  return { binary: binaryIn(pin), version: pin.version, node: node && nodeOf(node) };
}

const EXIT_MISSING = 3;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    installLocked(pinOf(process.argv[2]));
  } catch (error) {
    console.error(error instanceof Missing ? error.message : error.stack);
    process.exitCode = error instanceof Missing ? EXIT_MISSING : 1;
  }
}
