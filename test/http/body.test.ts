import { Forward, type HttpForwardProps } from '../../lib/forward/forward';
import { type PortwayError, Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { checkBodies } from '../../lib/http/disk';
import { synthesize } from '../snapshots/synthesize';

const problems = (diskGiB: number, ...props: object[]) => {
  const found = new Problems();
  const forwards = Object.fromEntries(
    props.map((p, i) => [
      `f${i}`,
      Forward.https({ listen: 80 + i, tls: Tls.selfSigned(), ...p } as HttpForwardProps & { tls: Tls }),
    ]),
  );
  checkBodies(resolveForwardsOrThrow({ forwards }), diskGiB, found);
  try {
    found.throwIfAny();
  } catch (error) {
    return (error as PortwayError).problems;
  }
  return [];
};

test('requires disk space for a buffered body beside the caches', () => {
  expect(problems(8, { to: 1, maxBodyMiB: 4096 })).toEqual([]);
  expect(problems(8, { to: 1, maxBodyMiB: 4097 })).toEqual([
    "diskGiB must have room for the largest maxBodyMiB, 4097, beside 4 GiB for the system, since a body waits on the disk until it is complete: make it 9, or maxBodyMiB smaller, or set streaming: 'requests', got: 8",
  ]);
  expect(problems(9, { to: 1, maxBodyMiB: 4097 })).toEqual([]);
  expect(problems(8, { to: 1, cache: { sizeMb: 1000 } }, { to: 1, maxBodyMiB: 4000 })).toEqual([
    expect.stringMatching(/^diskGiB .* beside 4 GiB for the system and 1000 MB of caches, .*: make it 9, /),
  ]);
});

test.each([
  ['a path', { to: 1, routes: { '/up/*': { to: 1, maxBodyMiB: 10_240 } } }, 1],
  ['a path that inherits it', { maxBodyMiB: 10_240, routes: { '/up': { to: 1 } } }, 1],
  ['streamed requests', { to: 1, maxBodyMiB: 10_240, streaming: 'requests' }, 0],
  ['streams in both directions', { to: 1, maxBodyMiB: 10_240, streaming: true }, 0],
  ['streamed answers', { to: 1, maxBodyMiB: 10_240, streaming: 'answers' }, 1],
  ['gRPC, which is never buffered', { to: 1, maxBodyMiB: 10_240, protocol: 'grpc' }, 0],
  ['a redirect', { redirectTo: 'https://www.example.com', maxBodyMiB: 10_240 }, 0],
])('%s', (_, props, count) => {
  expect(problems(8, props)).toHaveLength(count);
});

test("is reported with the stack's other problems", () => {
  const web = Forward.http({ listen: 80, to: 8080, maxBodyMiB: 10_240 });
  const props = { adminCidr: '203.0.113.7/32', keyPairName: 'team', forwards: { web } };
  const stack = (diskGiB: number) => () => synthesize({ ...props, diskGiB });
  expect(stack(8)).toThrow(/^diskGiB must have room for the largest maxBodyMiB, 10240, .*: make it 14, /);
  expect(stack(14)).not.toThrow();
});
