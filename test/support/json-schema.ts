import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '..', '..', 'docs', 'schemas');

/** What is used of Ajv. */
interface Validate {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string; readonly params: unknown }[];
}
const { Ajv2020 } = require('ajv/dist/2020') as {
  readonly Ajv2020: new (options: object) => { compile(schema: unknown): Validate };
};

const validates = new Map<string, Validate>();

/**
 * What is wrong with what a command printed, according to docs/schemas.
 *
 * @param output the schema's name, such as `plan`
 * @param printed the JSON, as text
 */
export function schemaErrors(output: string, printed: string): readonly string[] {
  let validate = validates.get(output);
  if (validate === undefined) {
    const schema = JSON.parse(readFileSync(join(FOLDER, `${output}.schema.json`), 'utf8'));
    validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema);
    validates.set(output, validate);
  }
  if (validate(JSON.parse(printed))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** What a command printed with `--json`. @throws Error if it is not as its schema says */
export function readPrinted<T>(output: string, printed: string): T {
  const errors = schemaErrors(output, printed);
  if (errors.length > 0) throw new Error(`docs/schemas/${output}.schema.json: ${errors.join('; ')}\n${printed}`);
  return JSON.parse(printed);
}
