// Packages that are ES modules only. Jest runs CommonJS, so they are transformed like our own code.
const esmOnly = [
  ...['cidr-tools', 'ip-bigint', 'nano-spawn', 'p-retry', 'is-network-error'],
  ...['listr2', 'cli-truncate', 'log-update', 'wrap-ansi', 'slice-ansi', 'string-width', 'strip-ansi', 'ansi-regex'],
  ...['ansi-styles', 'ansi-escapes', 'cli-cursor', 'restore-cursor', 'environment', 'is-fullwidth-code-point'],
  ...['get-east-asian-width', 'onetime', 'mimic-function', 'eventemitter3', 'leven', 'keep-a-changelog', 'ini'],
];
// The CDK's template validation takes two seconds per test file; the `cdk` part of `npm test` runs it on the shipped app instead.
process.env.CDK_VALIDATION = 'false';

const common = {
  testEnvironment: 'node',
  // Tests run in a context of their own, where each use of a global is slow: without this, packing a host's programs takes ten times as long.
  sandboxInjectedGlobals: ['Math', 'Object', 'Array', 'Number'],
  transform: { '\\.[cm]?[jt]s$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  // Examples import the package by its name, as apps do.
  moduleNameMapper: { '^portway$': '<rootDir>/lib/index.ts' },
  transformIgnorePatterns: [`node_modules/(?!(${esmOnly.join('|')})/)`],
};

/** The product's tests, and those of each workspace. */
const TESTS = ['<rootDir>/test', '<rootDir>/rehearsal/test', '<rootDir>/bench/test'];
/** Tests that need root, Linux and a Debian root. */
const HOST_TESTS = ['<rootDir>/test/host', '<rootDir>/bench/test/host'];

/**
 * `unit` needs nothing but Node. `host` needs root and Linux, and runs real kernel rules and real nginx in network
 * namespaces. `lab` needs the same, and runs the local AWS endpoint, the CDK CLI and virtual machines.
 * `browser` needs Chromium. `site` needs it too, and the built site.
 */
module.exports = {
  testSequencer: '<rootDir>/test/run/longest-first.js',
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: TESTS.map((folder) => `${folder}/**/*.test.ts`),
      testPathIgnorePatterns: ['/node_modules/', ...HOST_TESTS, '\\.(lab|browser|site)\\.test\\.ts$'],
    },
    { ...common, displayName: 'host', testMatch: HOST_TESTS.map((folder) => `${folder}/**/*.test.ts`) },
    { ...common, displayName: 'browser', testMatch: TESTS.map((folder) => `${folder}/**/*.browser.test.ts`) },
    { ...common, displayName: 'site', testMatch: TESTS.map((folder) => `${folder}/**/*.site.test.ts`) },
    { ...common, displayName: 'lab', testMatch: TESTS.map((folder) => `${folder}/**/*.lab.test.ts`) },
  ],
};
