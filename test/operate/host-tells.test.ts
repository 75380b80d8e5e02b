import type { HostProof } from '../../lib/operate/host-proof';
import { hostState } from '../../lib/operate/host-state';
import { hostTells } from '../../lib/operate/host-tells';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const at = (time: string) => new Date(`2026-11-30T${time}Z`);
const proved = (time: string): HostProof => ({ status: 'CREATE_COMPLETE', reason: undefined, time: at(time) });

/** A console's text: each line with a time, as systemd and cloud-init print it. */
const said = (...lines: readonly (readonly [time: string, text: string])[]) =>
  hostState(
    lines.map(([time, text]) => `[  1.0] live.py[7]: portway 2026-11-30T${time}Z ${text}\r\n`).join('noise\r\n'),
  );
const up = (time: string, content: string) => [
  [time, `content ${content}`] as const,
  [time, 'forwards are up'] as const,
];
const tells = (state: ReturnType<typeof said>, proof: HostProof | undefined = proved('10:00:00'), isTold = true) =>
  hostTells({ content: A, isTold }, proof, state, at('12:00:00'));
const nothing = { differences: [], notes: [] };

test('a host that reported its content is well, with or without words on its console', () => {
  expect(tells({})).toEqual(nothing);
  const state = said(...up('09:00:00', B), ...up('09:59:59', A));
  expect(state.runs).toEqual({ content: A, since: at('09:59:59') });
  expect(tells(state)).toEqual(nothing);
});

test('a console that is late, or a clock that is a little ahead, is no difference', () => {
  // A, B and A were deployed, and the console still ends with B.
  expect(tells(said(...up('09:00:00', A), ...up('09:30:00', B)))).toEqual(nothing);
  expect(tells(said(...up('10:00:59', B)))).toEqual(nothing);
});

test('content that came after the proof, and by no deploy, is one', () => {
  const [line, ...others] = tells(said(...up('09:59:00', A), ...up('11:00:00', B))).differences;
  expect(others).toEqual([]);
  expect(line).toBe(
    `the host must run content ${A.slice(0, 16)}, and says that it runs ${B.slice(0, 16)} since 2026-11-30T11:00:00Z: somebody ran \`portway rollback\` on it. Its next boot, or the next deploy of other content, ends that`,
  );
});

test('a host with live changes says what runs, whoever brought it', () => {
  const runs = (time: string, content: string) => [time, `content ${content} runs`] as const;
  const state = said(...up('09:59:00', A), runs('09:59:01', A), runs('11:00:00', B), runs('11:05:00', B));
  expect(state.runs).toEqual({ content: B, since: at('11:00:00') });
  expect(tells(state).differences).toHaveLength(1);
  expect(tells(said(runs('11:00:00', B), runs('11:10:00', A)))).toEqual(nothing);
});

test('content that was tried and failed does not run', () => {
  const failed = said(...up('09:59:00', A), ['11:00:00', `content ${B}`], ['11:00:09', 'FAILED: try: nginx -t: no']);
  expect(tells(failed)).toEqual(nothing);
  expect(failed.runs?.content).toBe(A);
});

test('a missing or failed report is a difference, and a deploy that runs is a note', () => {
  expect(hostTells({ content: A, isTold: true }, undefined, {}).differences).toEqual([
    'CloudFormation has no report of the host that this content runs: deploy again',
  ]);
  const failed = { status: 'CREATE_FAILED', reason: 'Received FAILURE signal', time: at('10:00:00') };
  expect(tells({}, failed).differences).toEqual([
    'the host did not report that this content runs: CREATE_FAILED Received FAILURE signal',
  ]);
  expect(tells({}, { ...failed, status: 'CREATE_IN_PROGRESS' })).toEqual({
    differences: [],
    notes: ['a deploy is running: the host has not reported this content yet'],
  });
});

test('of content that the host is not told to run, another line tells', () => {
  expect(tells(said(...up('11:00:00', B)), undefined, false)).toEqual(nothing);
});

test('a pause counts until it ends, by its time, by hand or by a boot', () => {
  const pause = ['11:50:00', `content ${A} runs, paused until 2026-11-30T13:00:00Z`] as const;
  expect(tells(said(pause)).differences).toEqual([
    'the host was paused by hand until 2026-11-30T13:00:00Z: no deploy reaches it, and nothing is put right',
  ]);
  expect(tells(said(['11:50:00', `content ${A} runs, paused until 2026-11-30T11:59:00Z`]))).toEqual(nothing);
  expect(tells(said(pause, ['11:51:00', `content ${A} runs`]))).toEqual(nothing);
  expect(tells(said(pause, ...up('11:55:00', A)))).toEqual(nothing);
});

test('what was put right is a note, and what was not a difference until it is', () => {
  const changed = ['11:00:00', 'changed by others: nginx stopped'] as const;
  const left = (time: string) => [time, 'WARNING: could not be put right: nginx stopped'] as const;
  const right = ['11:10:00', 'put right'] as const;
  const note = 'the host put right what others changed, last at 2026-11-30T11:10:00Z: nginx stopped';
  expect(tells(said(changed, right))).toEqual({ differences: [], notes: [note] });
  expect(tells(said(changed, left('11:51:00'), changed, left('11:56:00'))).differences).toEqual([
    'the host says that others changed it, and that it cannot put this right: nginx stopped',
  ]);
  expect(tells(said(changed, left('11:56:00')))).toEqual({
    differences: [],
    notes: ['the host could not yet put right what others changed: nginx stopped'],
  });
  // It would have said so again.
  expect(tells(said(changed, left('11:00:00'), changed, left('11:05:00')))).toEqual(nothing);
  expect(tells(said(changed, left('11:00:00'), changed, right))).toEqual({ differences: [], notes: [note] });
});

test('a host that leaves something alone for a while says so until that is over', () => {
  const stop = (until: string) =>
    said([
      '11:58:00',
      `WARNING: 3 times within 5 min somebody changed what had been put right: left alone until ${until}. Find the other program, or \`portway pause\` while you work`,
    ]);
  expect(tells(stop('2026-11-30T12:03:00Z')).differences).toEqual([
    'the host says that others change it again and again: it leaves that alone until 2026-11-30T12:03:00Z. Find the other program',
  ]);
  expect(tells(stop('2026-11-30T11:59:00Z'))).toEqual(nothing);
});
