import { HostHealth, receivers } from '../../src/fleet/health';

const check = { port: 10256, path: '/', intervalSeconds: 10, healthyCount: 2, unhealthyCount: 3 };

test('a host changes its state only after as many answers in a row as its target group says', () => {
  const health = new HostHealth();
  const states = [true, false, true, true, false, false, true, false, false, false, true, true].map((good) => {
    const changed = health.add(good, check);
    return changed ? health.state : '';
  });
  expect(states).toEqual(['', '', '', 'healthy', '', '', '', '', '', 'unhealthy', '', 'healthy']);
});

test('healthy hosts get the connections of their zone; if there is none, all do', () => {
  const [well, ill, fresh] = [{ state: 'healthy' }, { state: 'unhealthy' }, { state: 'initial' }] as const;
  expect(receivers([well, ill, fresh])).toEqual([well]);
  expect(receivers([ill, fresh])).toEqual([ill, fresh]);
  expect(receivers([])).toEqual([]);
});
