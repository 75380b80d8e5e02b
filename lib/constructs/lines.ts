import { Token } from 'aws-cdk-lib';

/** A text as a join of its lines, so that a changed rule is one changed line in the template and in `cdk diff`. */
export function joinedLines(text: string): string {
  const lines = text.split('\n');
  return lines.length === 1 ? text : Token.asString({ 'Fn::Join': ['\n', lines] });
}
