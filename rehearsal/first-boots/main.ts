import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { plainTable } from '../../lib/plan/table';
import { median } from '../src/median';
import { type Boot, boot, type Way } from './boot';

const program = new Command('first-boots')
  .description(
    'Boots gateways one after another, each way in turn, and says how long they take until they forward. A way is NAME=ENGINE,ONCHANGE[,FOLDER]; the folder is another checkout of this repository.',
  )
  .option('--rounds <n>', 'boots of each way', count, 3)
  .argument('<way...>', 'such as live=nginx,live before=nginx,restart,../before', (text, ways: Way[] = []) => [
    ...ways,
    way(text),
  ])
  .parse();

async function main(): Promise<void> {
  const [ways = []] = program.processedArgs as [Way[]];
  const { rounds } = program.opts<{ rounds: number }>();
  const boots = new Map<Way, Boot[]>(ways.map((one) => [one, []]));
  for (let round = 1; round <= rounds; round++) {
    // In turn, so that what else the computer does meets all alike; each second round backwards.
    for (const one of round % 2 === 1 ? ways : ways.toReversed()) {
      const found = await boot(one);
      boots.get(one)?.push(found);
      process.stdout.write(`${line(`${one.name}, round ${round}`, found).join('  ')}\n`);
    }
  }
  const rows = [...boots].map(([one, found]) =>
    line(one.name, {
      forwards: median(found.map(({ forwards }) => forwards)),
      deployed: median(found.map(({ deployed }) => deployed)),
      processor: median(found.map(({ processor }) => processor)),
    }),
  );
  const heads = ['way', 'forwards after', 'deployed after', 'processor'];
  process.stdout.write(`\nMedians of ${rounds}, in seconds:\n${plainTable(heads, rows, [40, 16, 16, 12])}\n`);
}

function line(name: string, { forwards, deployed, processor }: Boot): string[] {
  return [name, ...[forwards, deployed, processor].map((seconds) => seconds.toFixed(1))];
}

function way(text: string): Way {
  const [, name = '', engine = '', onChange = '', folder = '.'] = /^([^=]+)=(\w+),(\w+)(?:,(.+))?$/.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('must be NAME=ENGINE,ONCHANGE[,FOLDER]');
  return { name, engine, onChange, folder: resolve(folder) };
}

function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('must be a positive whole number');
  return Number(text);
}

void main();
