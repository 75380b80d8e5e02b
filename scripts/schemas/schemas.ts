import { join } from 'node:path';
import { libraryProject } from '../options-page/project';
import { described, Schemas } from './schema';

const ROOT = join(__dirname, '..', '..');

/** Where the schemas lie. */
export const FOLDER = join(ROOT, 'docs', 'schemas');

/** The JSON Schema of what each command prints with `--json`, by file name. */
export function schemas(): Readonly<Record<string, string>> {
  const project = libraryProject(join(ROOT, 'lib'));
  const outputs = project.addSourceFileAtPath(join(__dirname, 'outputs.ts')).getInterfaceOrThrow('Outputs');
  return Object.fromEntries(
    outputs.getProperties().map((property) => {
      const written = new Schemas(property);
      const root = written.of(property.getType());
      const schema = {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        title: `portway ${property.getName().replace(/^'|'$/g, '')}`,
        ...described(property.getSymbolOrThrow()),
        ...root,
        $defs: written.named,
      };
      return [`${property.getName().replace(/^'|'$/g, '')}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`];
    }),
  );
}
