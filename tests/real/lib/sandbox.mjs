// A world of its own for one test: folders, environment, and every process that was started in it. Nothing of
// the user's own configuration is read, and nothing is left running: what the processes of a test start carries
// the test's mark in its environment, and is ended by its id when the test is over.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pause, until, within } from './until.mjs';

const MARK = 'CHECKREIN_TEST_WORLD';
const OUTPUT_KEPT = 200000;

function isMarked(pid, mark) {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${mark}`);
  } catch {
    return false; // gone, or not ours to read
  }
}

function commandLine(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** True while the process exists and is not a zombie. */
export function isAlive(pid) {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

export class Sandbox {
  constructor() {
    this.mark = randomUUID();
    this.root = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'cr-real-'));
    for (const name of ['project', 'home', 'tmp', 'run', 'home/.config/checkrein']) {
      fs.mkdirSync(path.join(this.root, name), { recursive: true, mode: 0o700 });
    }
    this.project = this.path('project');
    this.env = {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      SHELL: '/bin/sh',
      HOME: this.path('home'),
      TMPDIR: this.path('tmp'),
      XDG_CONFIG_HOME: this.path('home/.config'),
      XDG_STATE_HOME: this.path('home/.local/state'),
      XDG_CACHE_HOME: this.path('home/.cache'),
      XDG_DATA_HOME: this.path('home/.local/share'),
      XDG_RUNTIME_DIR: this.path('run'),
      [MARK]: this.mark,
    };
    for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS']) {
      if (process.env[name]) this.env[name] = process.env[name];
    }
  }

  path(...names) {
    return path.join(this.root, ...names);
  }

  write(name, content) {
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** A file that an agent may have made in its project. */
  made(name) {
    return fs.existsSync(path.join(this.project, name));
  }

  /** Starts a program; `ended` gives {code, signal, out, err} and never fails. */
  start(program, args, { cwd = this.project, env = {}, stdio = ['ignore', 'pipe', 'pipe'] } = {}) {
    const ours = { ...this.env, ...env };
    const child = spawn(program, args, { cwd, env: ours, stdio });
    const seen = { out: '', err: '' };
    child.stdout?.on('data', (text) => (seen.out = (seen.out + text).slice(-OUTPUT_KEPT)));
    child.stderr?.on('data', (text) => (seen.err = (seen.err + text).slice(-OUTPUT_KEPT)));
    const ended = new Promise((done) => {
      child.on('error', (error) => done({ code: null, signal: null, ...seen, err: String(error) }));
      child.on('close', (code, signal) => done({ code, signal, ...seen }));
    });
    return { child, pid: child.pid, seen, ended };
  }

  async run(program, args, { ms, ...options } = {}) {
    const started = this.start(program, args, options);
    return within(`${path.basename(program)} ${args.join(' ')} ends`, started.ended, ms);
  }

  #marked() {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number).filter((pid) => isMarked(pid, this.mark) && isAlive(pid));
  }

  /** The process in this world with exactly this command line; undefined when there is none. */
  process(...words) {
    const line = `${words.join('\0')}\0`;
    return this.#marked().find((pid) => commandLine(pid) === line);
  }

  async close({ keep = false } = {}) {
    await until('all processes of the test are gone', () => {
      const left = this.#marked();
      for (const pid of left) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // it went by itself
        }
      }
      return left.length === 0;
    });
    for (let tries = 0; !keep && fs.existsSync(this.root) && tries < 5; tries++) {
      fs.rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
      await pause(10);
    }
  }
}
