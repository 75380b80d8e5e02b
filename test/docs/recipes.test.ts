import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Forward } from '../../lib/forward/forward';
import { PortwayStack } from '../../lib/portway-stack';

const FOLDER = join(__dirname, '..', '..', 'docs', 'recipes');
const README = readFileSync(join(FOLDER, 'README.md'), 'utf8');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));

type Forwards = Readonly<Record<string, Forward>>;
const recipes = files.flatMap((file) => {
  const exported: Record<string, Forwards> = require(join(FOLDER, file));
  return Object.entries(exported).map(([name, forwards]) => [file, name, forwards] as const);
});

test.each(recipes)('%s: %s is a record of forwards, and a stack', (_file, _name, forwards) => {
  expect(Object.keys(forwards).length).toBeGreaterThan(0);
  for (const forward of Object.values(forwards)) expect(forward).toBeInstanceOf(Forward);
  const stack = new PortwayStack(new App(), 'Recipe', { adminCidr: '203.0.113.7/32', forwards });
  expect(stack.forwards.map((f) => f.name)).toEqual(Object.keys(forwards));
  Template.fromStack(stack).resourceCountIs('AWS::EC2::Instance', 1);
});

test('the page lists every recipe', () => {
  for (const [file, name] of recipes)
    expect(README).toMatch(new RegExp(`^\\| .*\\b${name}\\b.*\\(${file.replace('.', '\\.')}\\)`, 'm'));
  expect(README.match(/^\| .*\]\(\S+\.ts\)/gm)).toHaveLength(recipes.length);
});
