import type { Scenario } from '../model';
import { apply } from './apply';
import { bulk } from './bulk';
import { manyLocal, manyRemote } from './many';
import { http, local, remote } from './requests';
import { udp } from './udp';

/** All that `npm run bench` can measure, in the order in which it does. */
export const scenarios: readonly Scenario[] = [local, remote, http, manyLocal, manyRemote, apply, udp, bulk];
