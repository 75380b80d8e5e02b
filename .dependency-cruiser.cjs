/**
 * Which part may import which, checked by dependency-cruiser (`npm test -- --only dependencies`). Type imports count.
 * Parts that a row does not name are out of bounds for it. The picture in docs/how-it-works.md shows the imports that exist.
 */
const MAY_IMPORT = {
  // Pure parts: no AWS, no CDK.
  'lib/forward': ['lib/http', 'lib/kernel', 'lib/stream'],
  'lib/http': ['lib/forward', 'lib/nginx'],
  'lib/kernel': ['lib/forward', 'lib/iptables', 'lib/nftables'],
  'lib/iptables': ['lib/forward'],
  'lib/nftables': [],
  'lib/stream': ['lib/forward', 'lib/nginx'],
  'lib/nginx': ['lib/forward', 'lib/http', 'lib/stream', 'lib/nftables'],
  'lib/host': ['lib/forward', 'lib/http', 'lib/kernel', 'lib/nginx'],
  // A stack and its plan, and the deployed gateway read back.
  'lib/plan': ['lib/forward', 'lib/http', 'lib/kernel', 'lib/host'],
  'lib/constructs': ['lib/forward', 'lib/http', 'lib/kernel', 'lib/host', 'lib/plan'],
  'lib/operate': ['lib/host', 'lib/plan'],
  'lib/init': ['lib/forward', 'lib/import', 'lib/plan', 'lib/check-stack.ts'],
  'lib/import': ['lib/forward', 'lib/http', 'lib/plan'],
  // The tools. Both use the product; it never uses them. The benchmark's lanes are the hosts of the tests.
  'rehearsal/src': ['lib'],
  'rehearsal/cases': ['lib', 'rehearsal/src'],
  'rehearsal/test': ['lib', 'rehearsal', 'test'],
  'bench/src': ['lib', 'rehearsal/src', 'scripts/package', 'test/host/support'],
  'bench/test': ['bench/src', 'lib', 'rehearsal/src', 'test/host/support', 'test/support'],
  docs: ['lib/index.ts'],
  // They import the package by its name, as apps do.
  examples: [],
};
/** The parts of lib/ that know neither the CDK nor AWS. */
const PURE = ['forward', 'http', 'kernel', 'stream', 'iptables', 'nftables', 'nginx', 'host'];

const anyOf = (parts) => `^(${parts.map((part) => (part.endsWith('.ts') ? part : `${part}/`)).join('|')})`;

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one concept, or hide a third file that both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(MAY_IMPORT).map(([part, others]) => ({
      name: `${part}-imports`,
      comment: `${part} may import ${others.join(', ')} and itself`,
      severity: 'error',
      from: { path: anyOf([part]) },
      to: { path: '^(assets|bench|bin|docs|examples|lib|rehearsal|scripts|test)/', pathNot: anyOf([part, ...others]) },
    })),
    {
      name: 'product-alone',
      comment: 'The product must not need its tools or its tests; only the command line starts the rehearsal.',
      severity: 'error',
      from: { path: '^(lib/|bin/app\\.ts$)' },
      to: { path: '^(bench|bin|rehearsal|test)/' },
    },
    {
      name: 'front-door',
      comment: 'An app imports the construct library by lib/index.ts, as users do.',
      severity: 'error',
      from: { path: '^bin/app\\.ts$' },
      to: { path: '^lib/', pathNot: '^lib/index\\.ts$' },
    },
    {
      name: 'pure',
      comment: 'What decides about rules and files knows neither the CDK nor AWS, so tests and tools run it alone.',
      severity: 'error',
      from: { path: `^lib/(${PURE.join('|')})/` },
      to: { path: '(^|node_modules/)(aws-cdk-lib|constructs|@aws-sdk)(/|$)' },
    },
    {
      name: 'tests-stay-out',
      comment: 'Tests are imported by tests alone.',
      severity: 'error',
      from: { pathNot: '(^|/)test/' },
      to: { path: '\\.test\\.ts$' },
    },
  ],
  options: {
    // TypeScript 7 has no JavaScript interface; jest has swc here anyway.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules/.*/node_modules|cdk\\.out|\\.bench|\\.rehearsal|coverage)' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
