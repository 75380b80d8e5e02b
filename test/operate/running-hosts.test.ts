import { chosenHost, type RunningHost } from '../../lib/operate/running-hosts';

const host = (number: number, instanceId: string, zone: string): RunningHost => ({
  ...{ number, instanceId, zone, launched: new Date(`2026-11-30T0${number}:00:00Z`), address: `198.51.100.${number}` },
});
const RUNNING = [host(1, 'i-a', 'eu-central-1a'), host(2, 'i-b', 'eu-central-1b'), host(3, 'i-c', 'eu-central-1a')];
const FLEET = { path: 'Fleet', max: 4 };
const GATEWAY = { path: 'Portway', max: undefined };

test.each([
  ['2', 'i-b'],
  ['i-c', 'i-c'],
  ['eu-central-1b', 'i-b'],
])('%s of a fleet is %s', (name, id) => expect(chosenHost(RUNNING, name, FLEET).instanceId).toBe(id));

test.each([
  [undefined, /^the host of Fleet must be named \(by its number, its id, or its zone if it is alone there\)\n/],
  ['eu-central-1a', /^the host of Fleet must be one of these, got: eu-central-1a /],
  ['i-d', /, got: i-d /],
  ['0', /, got: 0 /],
])('%s of a fleet is refused, with the list of its hosts', (name, words) => {
  const refused = () => chosenHost(RUNNING, name, FLEET);
  expect(refused).toThrow(words);
  expect(refused).toThrow(
    [
      '1  i-a  eu-central-1a  since 2026-11-30T01:00:00Z  198.51.100.1',
      '2  i-b  eu-central-1b  since 2026-11-30T02:00:00Z  198.51.100.2',
      '3  i-c  eu-central-1a  since 2026-11-30T03:00:00Z  198.51.100.3',
    ].join('\n'),
  );
});

test('a fleet of one host needs no name, and of a gateway it is the newest', () => {
  expect(chosenHost(RUNNING.slice(0, 1), undefined, FLEET).instanceId).toBe('i-a');
  expect(chosenHost(RUNNING, undefined, GATEWAY).instanceId).toBe('i-c');
  expect(chosenHost(RUNNING, 'i-a', GATEWAY).instanceId).toBe('i-a');
});
