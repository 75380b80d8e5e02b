import { awsWords } from '../../lib/plan/aws-words';

const error = (name: string, message: string) => Object.assign(new Error(message), { name });
const ARN = 'arn:aws:sts::111122223333:assumed-role/dev/me';

test.each([
  [
    error(
      'UnauthorizedOperation',
      `You are not authorized to perform this operation. User: ${ARN} is not authorized to perform: ec2:DescribeRouteTables because no identity-based policy allows the ec2:DescribeRouteTables action`,
    ),
    `AWS refuses it: ${ARN} needs the right ec2:DescribeRouteTables (because no identity-based policy allows the ec2:DescribeRouteTables action)`,
  ],
  [
    error(
      'AccessDeniedException',
      `User: ${ARN} is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-central-1:111122223333:parameter/portway/Portway/etc with an explicit deny in a service control policy`,
    ),
    `AWS refuses it: ${ARN} needs the right ssm:GetParameters (with an explicit deny in a service control policy)`,
  ],
  [
    error('UnauthorizedOperation', 'You are not authorized to perform this operation.'),
    'AWS refuses it: You are not authorized to perform this operation.',
  ],
  [
    error('ExpiredTokenException', 'The security token included in the request is expired'),
    'the AWS credentials have expired: log in again, such as by aws sso login',
  ],
  [
    error('CredentialsProviderError', 'Could not load credentials from any providers'),
    'there are no AWS credentials: set AWS_PROFILE, or log in, such as by aws sso login (Could not load credentials from any providers)',
  ],
  [
    error('AuthFailure', 'AWS was not able to validate the provided access credentials'),
    'AWS does not know these credentials: look at AWS_PROFILE (AuthFailure: AWS was not able to validate the provided access credentials)',
  ],
  [
    Object.assign(new Error('getaddrinfo ENOTFOUND ec2.moon-1.amazonaws.com'), { code: 'ENOTFOUND' }),
    'AWS does not answer from here: getaddrinfo ENOTFOUND ec2.moon-1.amazonaws.com',
  ],
  [error('InvalidAMIID.NotFound', 'no such image'), 'no such image'],
])('%s', (given, words) => {
  expect(awsWords(given)).toBe(words);
});
