import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Cleanup } from '../src/cleanup';

describe('Cleanup', () => {
  test('undoes in reverse order, once, and tells what failed without stopping there', async () => {
    const order: string[] = [];
    const cleanup = new Cleanup();
    cleanup.add('first', () => void order.push('first'));
    cleanup.add('second', () => {
      order.push('second');
      throw new Error('stuck');
    });
    cleanup.add('third', async () => void order.push('third'));
    expect(await cleanup.run()).toEqual(['second: stuck']);
    expect(await cleanup.run()).toEqual(['second: stuck']);
    expect(order).toEqual(['third', 'second', 'first']);
  });

  test('a step that was taken off does not run', async () => {
    const cleanup = new Cleanup();
    const undo = jest.fn();
    cleanup.add('gone', undo)();
    await cleanup.run();
    expect(undo).not.toHaveBeenCalled();
  });

  test('a step that never ends is left after its time', async () => {
    const order: string[] = [];
    const cleanup = new Cleanup({ stepLimitMs: 50 });
    cleanup.add('after it', () => void order.push('after it'));
    cleanup.add('endless', () => new Promise(() => {}));
    expect(await cleanup.run()).toEqual(['endless: not done after 0.05 s']);
    expect(order).toEqual(['after it']);
  });

  test('nothing is added once the undoing began', async () => {
    const cleanup = new Cleanup();
    await cleanup.run();
    expect(() => cleanup.add('late', () => {})).toThrow('the run is being ended, no more can be started: late');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s undoes everything and ends the process with %i',
    async (signal, code) => {
      const program = `
      const { Cleanup } = require(${JSON.stringify(join(__dirname, '../src/cleanup.ts'))});
      const cleanup = new Cleanup();
      cleanup.add('slow', () => new Promise((done) => setTimeout(() => { console.log('undone'); done(); }, 200)));
      cleanup.onSignals(undefined, async (errors) => console.log('at the end', errors.length));
      console.log('ready');
      setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ['--import', 'tsx', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (data: Buffer) => {
        output += data.toString();
        // A second signal, as an impatient user sends it, changes nothing.
        if (data.toString().includes('ready')) for (const delay of [0, 50]) setTimeout(() => child.kill(signal), delay);
      });
      const ended = await new Promise((resolve) => child.once('close', resolve));
      expect(output).toBe('ready\nundone\nat the end 0\n');
      expect(ended).toBe(code);
    },
    20_000,
  );
});
