import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { stacksOf } from '../../lib/plan/assembly';
import { ROOT, readPage } from './pages';

const FOLDER = join(ROOT, 'examples');
const names = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'app.ts')));

/** Runs an example as an app. It makes its own `App`, which is what the test needs. */
function appOf(name: string): App {
  const made: App[] = [];
  jest.isolateModules(() => {
    jest.doMock('aws-cdk-lib', () => {
      const actual = jest.requireActual('aws-cdk-lib');
      class KeptApp extends actual.App {
        constructor(...args: unknown[]) {
          super(...args);
          made.push(this as never);
        }
      }
      // Not a copy: reading all of the library's exports would load all of AWS.
      return new Proxy(actual, { get: (all, key) => (key === 'App' ? KeptApp : all[key]) });
    });
    require(join(FOLDER, name, 'app.ts'));
  });
  expect(made).toHaveLength(1);
  return made[0] as App;
}

test.each(names)(
  '%s is an app with a gateway, and without errors',
  (name) => {
    const app = appOf(name);
    const gateways = stacksOf(app.synth().directory).filter((stack) => stack.gateways.size > 0);
    expect(gateways).toHaveLength(1);
    const stack = app.node.findChild(gateways[0]?.name ?? '') as never;
    Template.fromStack(stack).resourceCountIs('AWS::EC2::Instance', 1);
    Annotations.fromStack(stack).hasNoError('*', Match.anyValue());
  },
  60_000,
);

test('the page lists every example', () => {
  const listed = [...readPage('examples/README.md').matchAll(/^\| \[([\w-]+)\]\(([\w-]+)\/app\.ts\)/gm)];
  expect(listed.map((match) => match[1])).toEqual(listed.map((match) => match[2]));
  expect(listed.map((match) => match[1]).toSorted()).toEqual(names.toSorted());
});

test('each imports what an app of its own imports: the package, and the CDK', () => {
  for (const name of names) {
    const imported = [...readFileSync(join(FOLDER, name, 'app.ts'), 'utf8').matchAll(/from '([^']+)'/g)];
    expect(imported.map((match) => match[1])).toEqual(['aws-cdk-lib', 'portway']);
  }
});
