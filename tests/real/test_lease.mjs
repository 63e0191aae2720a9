// Clients whose calls are held, too, with a lease in place of their key.
import { leased } from './lib/leased.mjs';

leased('Claude Code', 'Codex', 'Gemini CLI');
