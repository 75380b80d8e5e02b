import { processMark } from '../src/process-mark';

test('names a process by pid and start time', async () => {
  expect(await processMark(process.pid)).toMatch(new RegExp(`^${process.pid} \\d+$`));
});
