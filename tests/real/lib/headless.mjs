// What clients share that run one prompt without a screen: a shell of the same name, the scripted model as the proxy for
// everything else, and an end.
import { tool } from './model.mjs';
import { within } from './until.mjs';

/** A call of their shell. */
export const bash = (command) => tool('bash', { command, description: 'a step of the test' });

export const proxied = (model) => ({
  HTTP_PROXY: model.url,
  HTTPS_PROXY: model.url,
  NO_PROXY: '127.0.0.1,localhost',
  TERM: 'xterm-256color',
});

/** Starts these words. `finished()` gives {code, signal, out, err}. */
export function headless(sandbox, [program, ...words], { cwd, env, ms }) {
  const started = sandbox.start(program, words, { cwd, env });
  return { ...started, finished: () => within('the agent has finished', started.ended, ms) };
}
