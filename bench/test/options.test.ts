import { SECTIONS } from '../src/count/subjects';
import type { Scenario } from '../src/model';
import { readOptions } from '../src/options';

const scenario = (name: string): Scenario => ({
  name,
  title: name,
  about: name,
  contenders: [],
  loads: [],
  setUp: () => Promise.reject(new Error('not run')),
});
const all = [scenario('local'), scenario('http'), scenario('udp')];

function read(...args: string[]) {
  return readOptions(args, all);
}

test('by default everything is measured, at length', () => {
  expect(read()).toEqual({
    scenarios: all,
    sections: SECTIONS,
    firstBoots: true,
    pace: { rounds: 5, seconds: 0.8, quick: false },
    count: false,
    synth: false,
    list: false,
    check: false,
    record: false,
  });
});

test('quick is shorter, and single numbers win over it', () => {
  expect(read('--quick').pace).toEqual({ rounds: 3, seconds: 0.4, quick: true });
  expect(read('--quick', '--rounds', '1', '--seconds', '0.2').pace).toEqual({ rounds: 1, seconds: 0.2, quick: true });
});

test('what takes long is left out of quick runs, unless it is asked for', () => {
  const long = [...all, { ...scenario('idle'), slow: true }];
  const names = (...args: string[]) => readOptions(args, long).scenarios.map(({ name }) => name);
  expect(names()).toContain('idle');
  expect(names('--quick')).toEqual(['local', 'http', 'udp']);
  expect(names('--quick', '--only', 'idle')).toEqual(['idle']);
});

test('counting is done in two boots, or as many as asked for', () => {
  expect(read('--count')).toMatchObject({ count: true, pace: { rounds: 2 } });
  expect(read('--count', '--quick').pace.rounds).toBe(1);
  expect(read('--count', '--rounds', '3').pace.rounds).toBe(3);
  expect(read('--count', '--only', 'options-http').sections.map(({ name }) => name)).toEqual(['options-http']);
  expect(read('--count', '--only', 'options-http').firstBoots).toBe(false);
  expect(read('--count', '--only', 'boot')).toMatchObject({ sections: [], firstBoots: true });
});

test('scenarios by name, in their own order', () => {
  expect(read('--only', 'udp,local', '--check').scenarios.map(({ name }) => name)).toEqual(['local', 'udp']);
});

test('mistakes are said with what is possible', () => {
  const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    expect(() => read('--only', 'tls')).toThrow('--only must be of local, http, udp, got: tls');
    expect(() => read('--rounds', '0')).toThrow('must be a number above 0');
    expect(() => read('--seconds', 'x')).toThrow('must be a number above 0');
    expect(() => read('--count', '--only', 'udp')).toThrow(
      'with --count, --only must be of remote, local, http, tls, http2, http3, many-remote, many-local, bodies, cache, flood, refused, dropped, options-kernel, options-tcp, options-http, watching, remote-arm64, local-arm64, http-arm64, boot, got: udp',
    );
    expect(() => read('--count', '--seconds', '1')).toThrow('--seconds has no meaning with --count');
    expect(() => read('--synth', '--only', 'udp')).toThrow('--synth goes with neither --count nor --only');
    expect(() => read('--synth', '--seconds', '1')).toThrow('--seconds has no meaning with --synth');
    expect(() => read('--fast')).toThrow("unknown option '--fast'");
  } finally {
    said.mockRestore();
  }
});
