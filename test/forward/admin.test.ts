import { CfnParameter, Stack } from 'aws-cdk-lib';
import { readAdminCidr } from '../../lib/forward/admin';
import { Problems } from '../../lib/forward/problems';

function read(value: unknown) {
  const problems = new Problems();
  const cidr = readAdminCidr(value, problems);
  let message = '';
  try {
    problems.throwIfAny();
  } catch (error) {
    message = (error as Error).message;
  }
  return { cidr, message };
}

test.each(['203.0.113.7/32', '203.0.113.0/24', '2001:db8::/48'])('accepts %s', (value) => {
  expect(read(value)).toMatchObject({ cidr: { text: value }, message: '' });
});

test('accepts a token', () => {
  const token = new CfnParameter(new Stack(), 'Admin').valueAsString;
  expect(read(token).cidr?.text).toBe(token);
});

test.each([
  [undefined, /^adminCidr is required: .* -c adminCidr=203\.0\.113\.7\/32$/],
  ['', /^adminCidr is required/],
  ['0.0.0.0/0', /^adminCidr must not be everyone: .*got: 0\.0\.0\.0\/0$/],
  ['::/0', /^adminCidr must not be everyone/],
  ['1.2.3.4/0', /^adminCidr must be a network address/],
  ['203.0.113.7', /^adminCidr must have a prefix length \(one address alone: 203\.0\.113\.7\/32\)/],
  [
    '203.0.113.7/24',
    /^adminCidr must be a network address \(did you mean 203\.0\.113\.0\/24 or 203\.0\.113\.7\/32\?\)/,
  ],
  ['home', /^adminCidr must be a CIDR block/],
  [7, /^adminCidr must be a CIDR block/],
])('refuses %s', (value, message) => {
  expect(read(value).message).toMatch(message);
});
