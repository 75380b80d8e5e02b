import type { RehearsalCase } from '../../src/case';
import { change } from '../fleet-change';
import { FLEET, ONE, OTHER } from '../fleet-contents';

const CHANGES = 20;

const manyChanges: RehearsalCase = {
  about: `${CHANGES} changes of forwards on a running fleet, one after the other: no request of other forwards is lost in any of them`,
  fleet: FLEET,
  steps: Array.from({ length: CHANGES }, (_, i) =>
    i % 2 === 0 ? change('another target', OTHER, i + 1) : change('first', ONE, i + 1),
  ),
};

export default manyChanges;
