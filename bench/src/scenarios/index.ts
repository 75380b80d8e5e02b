import type { Scenario } from '../model';
import { apply } from './apply';
import { attack } from './attack';
import { bodies } from './bodies';
import { bulk } from './bulk';
import { cache } from './cache';
import { idle10k } from './idle';
import { manyLocal, manyRemote } from './many';
import { http, local, remote } from './requests';
import { tls } from './tls';
import { udp } from './udp';

/** Everything that `npm run bench` can measure, in order. */
export const scenarios: readonly Scenario[] = [
  local,
  remote,
  http,
  tls,
  bodies,
  cache,
  idle10k,
  attack,
  manyLocal,
  manyRemote,
  apply,
  udp,
  bulk,
];
