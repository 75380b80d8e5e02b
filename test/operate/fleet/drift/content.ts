import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { clock, line } from '../../told';
import type { Drift, Drifts, FleetDriftLab } from './lab';

/** The second host's console. */
const said =
  (lines: (lab: FleetDriftLab) => readonly string[]): Drift['by'] =>
  async (lab) => {
    const [, id = ''] = lab.ids;
    await lab.says(id, lines(lab));
    return () => lab.says(id, lab.booted());
  };

const parameter = ({ promised }: FleetDriftLab, end: string) =>
  [...promised.parameters.keys()].find((name) => name.endsWith(end)) ?? '';
const stored = async (lab: FleetDriftLab, Name: string) =>
  (await lab.ask(({ ssm }) => ssm.send(new GetParameterCommand({ Name })))).Parameter?.Value ?? '';
const put = (lab: FleetDriftLab, Name: string, Value: string) =>
  lab.ask(({ ssm }) => ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true })));

/** What the parameters hold, and what hosts tell on their consoles. */
export const OF_THE_CONTENT: Drifts = {
  'one host with the content of before': {
    by: said(() => [line(-3600, `content ${'0123456789abcdef'.repeat(4)}`), line(-3600, 'forwards are up')]),
    found: /^i-\w+: the host lags behind: it says that it runs content 0123456789abcdef since 20\S+Z, and nothing of/,
    later: 700,
  },
  'older content, put back on one host': {
    by: said((lab) => [...lab.booted(), line(300, `content ${'0123456789abcdef'.repeat(4)} runs`)]),
    found: /^i-\w+: the host must run content [0-9a-f]{16}, and says that it runs 0123456789abcdef since 20\S+Z: /,
    later: 400,
  },
  'one host paused': {
    by: said((lab) => [...lab.booted(), line(120, `content ${lab.promised.files} runs, paused until ${clock(3600)}`)]),
    found: /^i-\w+: the host was paused by hand until 20\S+Z: no deploy reaches it/,
  },
  'the pointer edited': {
    by: async (lab) => {
      const before = await stored(lab, parameter(lab, '/now'));
      await put(lab, parameter(lab, '/now'), before.replace(lab.promised.files, '0'.repeat(64)));
      return () => put(lab, parameter(lab, '/now'), before);
    },
    found: /^the parameter \/portway\/Fleet\/\w+\/now is not what the app says now/,
  },
  'a parameter deleted': {
    by: async (lab) => {
      const before = await stored(lab, parameter(lab, '/forwards.1'));
      await lab.ask(({ ssm }) => ssm.send(new DeleteParameterCommand({ Name: parameter(lab, '/forwards.1') })));
      return () => put(lab, parameter(lab, '/forwards.1'), before);
    },
    found: /^the parameter \S+forwards\.1 must be there, and is gone/,
  },
};
