/** A value that CloudFormation fills in at deploy time, as the CDK marks it in a string. */
const TOKEN = /(\$\{Token\[[^\]]*\]\})/;

const BRACE = '@(brace)';
/** How many times as long a text can become. */
export const MOST_GROWTH = BRACE.length;

/**
 * A text as it is stored in a parameter. Parameter Store refuses `{{`, and a token's value would change the part's hash after synth. So
 * both are replaced: of braces in a row each but the first is `@(brace)`, `@(` itself is `@(at)`, and a token is `@(N)`, its number in
 * `values`, which grows by the tokens that are not in it yet. The host restores all three in one pass.
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
 */
export function encodePart(text: string, values: string[]): string {
  return text
    .split(TOKEN)
    .map((piece, i) => (i % 2 === 0 ? escaped(piece) : `@(${numberOf(piece, values)})`))
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll(/@\(|\{\{+/g, (found) => (found === '@(' ? '@(at)' : `{${BRACE.repeat(found.length - 1)}`));
}

function numberOf(token: string, values: string[]): number {
  const known = values.indexOf(token);
  return known < 0 ? values.push(token) - 1 : known;
}
