import { App, Stack } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import { compareTemplates } from '../../../lib/plan/change/comparison';
import { associationsIn, withoutOtherGateways } from '../../../lib/plan/change/one-gateway';
import type { Template } from '../../../lib/plan/change/template';
import { PortGateway } from '../../../lib/port-gateway';
import { PUBLIC_KEY } from '../../snapshots/canonical';
import { featureFlags } from '../../snapshots/synthesize';

// A synth takes seconds on a busy machine.
jest.setTimeout(60_000);

/** A stack with gateways by name, each of which leads port 80 to a port. The name of one begins with that of another. */
function team(targets: Readonly<Record<string, number>>): Template {
  const app = new App({ context: featureFlags() });
  const stack = new Stack(app, 'Team');
  for (const [id, to] of Object.entries(targets))
    new PortGateway(stack, id, {
      ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables' },
      forwards: { own: Forward.tcp({ listen: 80, to }) },
    });
  return app.synth().getStackByName('Team').template as Template;
}

test('each gateway of a stack is compared by itself', () => {
  const before = team({ Web: 8080, WebTwo: 8080 });
  const after = team({ Web: 8080, WebTwo: 9090 });
  const all = associationsIn(after);
  expect(all).toEqual([
    expect.stringMatching(/^WebGatewayAddressAssociation/),
    expect.stringMatching(/^WebTwoGatewayAddressAssociation/),
  ]);
  const [web, two] = all.map((association) => {
    const [old, now] = [before, after].map((one) => withoutOtherGateways(one, association, all));
    return compareTemplates(old as Template, now as Template, association);
  });
  expect(web).toMatchObject({ changes: [], host: 'nothing' });
  expect(two).toMatchObject({
    host: 'live',
    changes: [{ what: 'forward own', how: expect.arrayContaining(['to 8080 -> 9090']) }],
  });
});

test('a single gateway keeps the whole template', () => {
  const one = team({ Web: 8080 });
  const [association = ''] = associationsIn(one);
  expect(withoutOtherGateways(one, association, [association])).toBe(one);
});

test('gateways whose ids cannot be told apart are refused in words', () => {
  // The CDK writes the second name as WebGateway, not as WebGatewayGateway.
  const both = team({ Web: 8080, WebGateway: 8080 });
  const all = associationsIn(both);
  expect(() => withoutOtherGateways(both, all[0] ?? '', all)).toThrow(
    "gateways must differ in more than a name's last word Gateway, to be compared with --against: rename one (ids begin with WebGateway), or look at cdk diff",
  );
});
