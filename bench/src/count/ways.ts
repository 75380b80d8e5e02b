import { chartMarkdown } from '../report/charts';
import { table } from '../report/markdown-table';
import { number } from '../report/numbers';
import type { ScenarioResult } from '../result';
import { type CountVerdict, countVerdicts } from './bounds';
import { type Counted, countOf } from './result';
import type { LoadName } from './section';

/** A way to another host: a subject of a section. */
interface Way {
  readonly section: 'remote' | 'http';
  readonly subject: string;
  readonly title: string;
  readonly ours?: true;
}

/** What a reader chooses from, the cheapest first. The first one is the limit: a gateway that only routes. */
const WAYS: readonly Way[] = [
  { section: 'remote', subject: 'direct', title: 'direct, no forwarding' },
  { section: 'remote', subject: 'portway-flows', title: 'Portway, iptables, `flowOffload`', ours: true },
  { section: 'remote', subject: 'iptables', title: 'iptables by hand' },
  { section: 'remote', subject: 'portway-iptables', title: 'Portway, iptables', ours: true },
  { section: 'http', subject: 'portway-nginx', title: 'Portway, nginx (HTTP)', ours: true },
  { section: 'http', subject: 'haproxy', title: 'haproxy, as much per request' },
  { section: 'http', subject: 'nginx', title: 'nginx, bare proxy_pass' },
  { section: 'http', subject: 'caddy', title: 'caddy' },
];
const LOADS = [
  { name: 'kept', title: 'A request on a kept connection' },
  { name: 'new', title: 'A new connection with one request' },
] as const satisfies readonly { name: LoadName; title: string }[];

/** The chart's name, and the folder of its pictures below the page's. */
const CHART = 'ways';
const FOLDER = 'performance';

/** The opening of docs/performance.md: what a request costs by way, what the limit is, and what is missed. */
export function waysMarkdown(result: Counted): string {
  return [
    chartMarkdown({ name: CHART, title: 'Instructions for a request, by way' }, FOLDER),
    'Instructions of client, gateway and application together for one request to another host. No way through a gateway can take less than the gateway that only routes, except past its rules (`flowOffload`): that is the limit.',
    table(
      ['', ...LOADS.flatMap(({ title }) => [title, 'of direct'])],
      WAYS.map((way) => [
        way.ours ? `**${way.title}**` : way.title,
        ...LOADS.flatMap(({ name }) => {
          const [own, direct] = [medianOf(result, way, name), medianOf(result, WAYS[0] as Way, name)];
          if (own === undefined || direct === undefined) return ['', ''];
          return [number(Math.round(own)), (own / direct).toFixed(2)];
        }),
      ]),
    ),
    missed(countVerdicts(result)),
    '',
  ].join('\n\n');
}

/** The same figures as a chart with a bar for each way. */
export function waysChart(result: Counted): ScenarioResult {
  const plain = (title: string) => title.replaceAll('`', '');
  return {
    name: CHART,
    title: 'Instructions for a request, by way',
    contenders: WAYS.map(({ section, subject, title, ours }) => ({
      name: `${section}.${subject}`,
      title: plain(title),
      ...(ours === undefined ? {} : { ours }),
    })),
    loads: LOADS.map(({ name, title }) => ({
      name,
      title,
      figures: [{ name: 'instructions', title: 'instructions', unit: '', better: 'lower' }],
      bounds: [],
      samples: Object.fromEntries(
        WAYS.map(({ section, subject }) => [
          `${section}.${subject}`,
          samplesOf(result, section, subject, name).map((instructions) => ({ values: { instructions } })),
        ]),
      ),
    })),
  };
}

function medianOf(result: Counted, { section, subject }: Way, load: LoadName): number | undefined {
  return countOf(result, section, subject, load)?.median;
}

function samplesOf(result: Counted, section: string, subject: string, load: LoadName): readonly number[] {
  const found = result.sections.find(({ name }) => name === section)?.subjects.find(({ name }) => name === subject);
  return found?.instructions[load] ?? [];
}

/** One sentence for what holds, and one for what does not: what, and what it was compared with. */
function missed(judged: readonly CountVerdict[]): string {
  const all = judged.filter(({ holds }) => !holds);
  const held = `Of ${judged.length} bounds on counts ${judged.length - all.length} hold.`;
  if (all.length === 0) return held;
  const said = new Map<string, string[]>();
  for (const { bound, measured } of all) {
    const [, what = bound.title, of = ''] = /^(.*), of (.*)$/.exec(bound.title) ?? [];
    said.set(what, [...(said.get(what) ?? []), `${measured.toFixed(3)} of ${of} (${bound.atMost})`]);
  }
  const list = [...said].map(([what, ratios]) => `${what} ${ratios.join(', ')}`).join('; ');
  return `${held} The others are missed (the bound in brackets): ${list}. [What was tried, and what stands in the way](decisions/benchmark.md).`;
}
