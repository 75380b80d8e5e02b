import { FleetLab } from '../../../rehearsal/test/support/fleet-lab';

/*
 * A fleet, deployed by the real CLI to the local endpoint: its hosts are listed, and one is logged in to.
 */
jest.setTimeout(180_000);

const THROUGH = { ssh: 'endpoint' } as const;

let lab: FleetLab;

beforeAll(async () => {
  lab = await FleetLab.start();
  lab.hosts.start();
  await lab.deploy(THROUGH);
});

afterAll(() => lab?.stop());

const ssh = (...words: readonly string[]) => lab.portway(['ssh', ...words], THROUGH);

test('a host is named by its number or its id; without, the hosts are listed', async () => {
  const ids = (await lab.hosts.all()).map(({ id }) => id);
  const listed = await ssh('Fleet', '--print');
  expect(listed.code).toBe(2);
  expect(listed.stderr).toMatch(/^the host of Fleet must be named \(by its number, /);
  for (const id of ids) expect(listed.stderr).toMatch(new RegExp(`^[12] {2}${id} {2}\\S+ {2}since 20\\S+Z `, 'm'));
  const [first = ''] = /i-\w+/.exec(listed.stderr) ?? [];

  const printed = await ssh('Fleet', '1', '--print', '--', 'sudo', 'portway', 'status');
  expect(printed).toMatchObject({ code: 0, stderr: '' });
  expect(printed.stdout).toMatch(new RegExp(`open-tunnel --instance-id %h.* admin@${first} sudo portway status$`));
  const other = ids.find((id) => id !== first) ?? '';
  expect((await ssh('Fleet', other, '--print')).stdout).toMatch(new RegExp(` admin@${other}$`));
  expect((await ssh('Fleet', 'i-1', '--print')).stderr).toMatch(/must be one of these, got: i-1 /);
});
