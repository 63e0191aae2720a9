// Fetches the pinned clients into the cache, before the tests that need them.
import { client, Missing } from './lib/install.mjs';

try {
  for (const pin of ['current', 'old', 'gemini', 'codex', 'opencode', 'copilot', 'oidc', 'oauth']) {
    const { binary, version } = client(pin);
    console.log(`${version} ${binary}`);
  }
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.log(`skip: ${error.message}`);
  process.exitCode = process.env.CI === 'true' ? 1 : 77;
}
