// What an agent asks for is on the console's screen within a second, and runs when the operator approves it
// there: `a` opens it, `a` again once it is armed; at high risk a word of it is typed.
import assert from 'node:assert/strict';
import { shell } from './lib/model.mjs';
import { scenario } from './lib/scenario.mjs';
import { until } from './lib/until.mjs';

const SHOWN_WITHIN_MS = 1000;
const ARMED_AFTER_MS = 3000; // long enough to be surely too early

/** From the model's answer, through the client and the daemon, to the screen. */
async function shown({ model }, screen, text, step) {
  await screen.shows(text);
  return Date.now() - model.answersOf('two')[step].at;
}

async function approveOnScreen(world, size) {
  const { model, claude, sandbox } = world;
  sandbox.write('project/old/file', '');
  await world.govern();
  const screen = await world.console({ ...size, arm_low_ms: ARMED_AFTER_MS });
  const agent = claude.start(model.play('two', shell('touch ran'), shell('rm -rf old')));

  const first = await shown(world, screen, 'touch ran', 0);
  assert.equal(sandbox.made('ran'), false, 'it ran before it was approved');
  await screen.insist('a', 'low risk');
  await screen.shows('armed in');
  screen.press('a'); // typed too early: without effect
  await screen.shows('a approve once');
  assert.equal(sandbox.made('ran'), false, 'it ran before it was armed');
  screen.press('a');
  await screen.shows(/approve: sent .* confirmed/);
  assert.equal(sandbox.made('ran'), true, 'it was approved and did not run');

  screen.press('Escape');
  const second = await shown(world, screen, 'rm -rf old', 1);
  // The better of the two: a busy machine may hold one of them up, the program itself would hold up both.
  assert.ok(Math.min(first, second) <= SHOWN_WITHIN_MS, `on the screen after ${first} and ${second} ms`);
  await screen.insist('a', 'high risk');
  const [, word] = await screen.shows(/then type "(.*)"/);
  screen.press('a');
  await screen.shows('approve once, type');
  screen.type('wrong');
  screen.press('Enter');
  await screen.shows('nothing was sent');
  assert.equal(sandbox.made('old/file'), true, 'it ran without its word');
  screen.type(word);
  screen.press('Enter');
  await until('the approved call has run', () => !sandbox.made('old'));
  assert.equal((await agent.finished()).code, 0);
  console.log(`      on the screen after ${first} and ${second} ms`);
}

scenario('asked, shown and approved at 80x24', (world) => approveOnScreen(world, { cols: 80, rows: 24 }));
scenario('asked, shown and approved at 120x40', (world) => approveOnScreen(world, { cols: 120, rows: 40 }));
