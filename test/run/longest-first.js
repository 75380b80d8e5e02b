// In a fresh clone jest does not know how long a file takes, and begins with those of most bytes. A long one that begins
// last keeps one worker busy for minutes, while the others have nothing to do.
// It comes with jest, in the same version.
const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that take two minutes or more, by what their paths end in. */
const LONG = [
  'rehearsal/test/iptables.lab.test.ts',
  'rehearsal/test/nginx.lab.test.ts',
  'rehearsal/test/rehearse.lab.test.ts',
  'rehearsal/test/failures.lab.test.ts',
  'test/host/reconcile.test.ts',
  'test/host/traffic.test.ts',
  'test/host/live-traffic.test.ts',
  'test/host/live-offline.test.ts',
  'test/host/live-confirm.test.ts',
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => LONG.some((end) => path.endsWith(`/${end}`));
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
module.exports.LONG = LONG;
