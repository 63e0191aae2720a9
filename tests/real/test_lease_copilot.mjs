// Copilot CLI, with a lease for each of the interfaces that it speaks.
import { leased } from './lib/leased.mjs';

leased('Copilot CLI');
