// npm run docs: writes docs/schemas from the types of what the commands print.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER, schemas } from './schemas';

mkdirSync(FOLDER, { recursive: true });
for (const [file, text] of Object.entries(schemas())) writeFileSync(join(FOLDER, file), text);
