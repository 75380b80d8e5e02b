import * as portway from '../lib';

test('the public interface exports what an app needs, and nothing by accident', () => {
  expect(Object.keys(portway).sort()).toEqual([
    'Forward',
    'PortGateway',
    'PortwayError',
    'PortwayFleet',
    'PortwayStack',
    'Sources',
    'Tls',
    'contextProps',
    'failWithProblems',
  ]);
});
