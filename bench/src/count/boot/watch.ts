import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../../../rehearsal/src/lab';
import type { Vm } from '../../../../rehearsal/src/vm/qemu';

/** What a machine had done at a moment of its boot. */
export interface Mark {
  readonly name: string;
  /** Instructions since power-on; 0 if the machine does not count. */
  readonly instructions: number;
  /** Seconds since power-on. */
  readonly seconds: number;
}

/** Lines of the console that begin a step, by the step's name. Those of a host by hand begin with `by hand`. */
const LINES: readonly (readonly [name: string, line: RegExp])[] = [
  ['user-data', /Cloud-init v\. \S+ running 'modules:final'/],
  ['content', /portway \S+ content /],
  ['install', /(?:portway \S+|by hand:) install /],
  ['try', /portway \S+ try the new content/],
  ['set-up', /(?:portway \S+|by hand:) set up /],
  ['finished', /Cloud-init v\. \S+ finished at/],
];
const FAILED = /portway \S+ FAILED: .*/;

/** Between two looks at the console, in milliseconds: a thousandth of a boot. */
const LOOK = 50;
/** Between two requests: a refused one costs the machine some ten thousand instructions. */
const ASK = 300;

/** The steps that a console's text has begun, in its order. */
export function begun(text: string): readonly string[] {
  return LINES.flatMap(([name, line]) => {
    const at = text.search(line);
    return at < 0 ? [] : [{ name, at }];
  })
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

export interface Watched {
  readonly vm: Vm;
  readonly lab: Lab;
  /** The instance's id in the lab. */
  readonly instance: string;
  /** Port that a stranger asks on. */
  readonly port: number;
  /** What ends the boot, besides the answer. Default: nothing else. */
  readonly until?: 'finished';
  readonly counted: boolean;
  /** Longest boot in milliseconds. */
  readonly limit: number;
}

/** Follows a boot from power-on until a stranger got an answer. @throws Error if the host failed or did not answer in time */
export async function watchBoot({ vm, lab, instance, port, until, counted, limit }: Watched): Promise<Mark[]> {
  const begin = Date.now();
  const marks: Mark[] = [];
  const mark = async (name: string) =>
    marks.push({ name, instructions: counted ? await vm.instructions() : 0, seconds: (Date.now() - begin) / 1000 });
  const has = (name: string) => marks.some((one) => one.name === name);
  const answered = asking(lab, instance, port);
  try {
    while (!(answered.yes && (until === undefined || has(until)))) {
      const text = await readFile(vm.console, 'latin1').catch(() => '');
      for (const name of begun(text)) if (!has(name)) await mark(name);
      if (answered.yes && !has('answer')) await mark('answer');
      const failure = FAILED.exec(text);
      if (failure) throw new Error(`${vm.name}: ${failure[0]}`);
      if (Date.now() - begin > limit)
        throw new Error(`${vm.name} did not answer on port ${port}: ${text.slice(-1000)}`);
      await sleep(LOOK);
    }
    if (!has('answer')) await mark('answer');
    return marks;
  } finally {
    answered.end();
  }
}

/** Asks as a stranger until there is an answer. */
function asking(lab: Lab, instance: string, port: number): { readonly yes: boolean; end(): void } {
  const state = {
    yes: false,
    ended: false,
    end() {
      state.ended = true;
    },
  };
  const ask = async () => {
    while (!state.ended && !state.yes) {
      const url = `http://${lab.publicIpOf(instance)}:${port}/`;
      const { status, json } = await lab.probe.http('stranger', url, { seconds: 20 });
      // The application answers in JSON; a fresh nginx has a page of its own.
      state.yes = status === 200 && json !== undefined;
      if (!state.yes) await sleep(ASK);
    }
  };
  // What the lab cannot do ends the watch by its limit.
  void ask().catch(() => undefined);
  return state;
}
