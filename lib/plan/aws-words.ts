/** What AWS calls a request without the right to it. */
const DENIED = ['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException', 'Client.UnauthorizedOperation'];
const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'];
const UNKNOWN_KEY = ['AuthFailure', 'InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch'];
const UNREACHABLE = ['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'TimeoutError'];

/** One line about an error of the AWS SDK: what is missing, and where to mend it. Other errors keep their message. */
export function awsWords(error: Error): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  const text = message.split('\n')[0] ?? '';
  if (DENIED.includes(name)) return `AWS refuses it: ${missingRight(text)}`;
  if (EXPIRED.includes(name)) return 'the AWS credentials have expired: log in again, such as by aws sso login';
  if (name === 'CredentialsProviderError')
    return `there are no AWS credentials: set AWS_PROFILE, or log in, such as by aws sso login (${text})`;
  if (UNKNOWN_KEY.includes(name)) return `AWS does not know these credentials: look at AWS_PROFILE (${name}: ${text})`;
  const unreachable = UNREACHABLE.find((one) => one === code || one === name);
  if (unreachable) return `AWS does not answer from here: ${text || unreachable}`;
  return message;
}

/** AWS names the action, and the policy that denies it, in the middle of its message. */
function missingRight(text: string): string {
  const [, who = 'the caller', action] = /(?:User: (\S+) )?is not authorized to perform: ([\w-]+:\w+)/.exec(text) ?? [];
  if (action === undefined) return text;
  const [, why = ''] = /( with an explicit deny in .*?|because no .*?)(?:\.|$)/.exec(text) ?? [];
  return `${who} needs the right ${action}${why ? ` (${why.trim()})` : ''}`;
}
