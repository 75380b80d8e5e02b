import { setTimeout as sleep } from 'node:timers/promises';
import { showing, stepTask } from '../src/progress';

test.each([true, false])('a step shows its seconds while it runs, in a terminal alone (%s)', async (terminal) => {
  const titles: (string | undefined)[] = [];
  const list = showing([stepTask('boot', work, terminal)], { quiet: true });
  async function work(note: (text: string) => void) {
    await sleep(1300);
    titles.push(list.tasks[0]?.title);
    note('75 s');
  }
  await list.run();
  expect(titles[0]).toMatch(terminal ? /^boot \(\d+ s\)$/ : /^boot$/);
  expect(list.tasks[0]?.title).toBe('boot');
  expect(list.tasks[0]?.output).toBe('75 s');
});

test('a step that fails is told as it is', async () => {
  const step = stepTask('boot', () => Promise.reject(new Error('no answer')), true);
  await expect(showing([step], { quiet: true }).run()).rejects.toThrow('no answer');
});
