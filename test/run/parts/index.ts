import type { Part } from '../part';
import { host, lab, unit } from './jest';
import { links } from './links';
import { shell } from './shell';
import { biome, typecheck } from './typescript';

/** All parts of `npm test`, the fast ones first. */
export const parts: readonly Part[] = [typecheck, biome, shell, links, unit, host, lab];
