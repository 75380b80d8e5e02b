import type { RehearsalCase } from '../../src/case';
import { change } from '../fleet-change';
import { FLEET, ONE, OTHER } from '../fleet-contents';

const live: RehearsalCase = {
  about:
    'changes of forwards on a running fleet, and back: all hosts take them while they run, no request of other forwards is lost',
  fleet: FLEET,
  steps: [change('another target', OTHER), change('first', ONE)],
};

export default live;
