import type { Part } from '../part';
import { cdk } from './cdk';
import { cfnLint } from './cfn-lint';
import { counts, countsNightly } from './counts';
import { dependencies } from './dependencies';
import { gixy } from './gixy';
import { arm64, browser, changes, host, hostNightly, lab, labNightly, unit } from './jest';
import { links } from './links';
import { packages } from './package';
import { policies } from './policies';
import { pytest } from './pytest';
import { python } from './python';
import { cases, fleets, rehearsal } from './rehearsal';
import { shell } from './shell';
import { site } from './site';
import { biome, typecheck } from './typescript';
import { workflows } from './workflows';

/** All parts of `npm test`, the fast ones first. */
export const parts: readonly Part[] = [
  typecheck,
  biome,
  dependencies,
  shell,
  python,
  pytest,
  links,
  workflows,
  unit,
  cdk,
  cfnLint,
  policies,
  gixy,
  browser,
  host,
  lab,
  rehearsal,
  counts,
  cases,
  fleets,
  arm64,
  changes,
  hostNightly,
  labNightly,
  countsNightly,
  packages,
  site,
];
