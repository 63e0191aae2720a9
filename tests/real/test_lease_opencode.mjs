// opencode, with a lease for each of the services that it speaks.
import { leased } from './lib/leased.mjs';

leased('opencode');
