// Part of npm run docs: draws README's pictures.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pictures } from './pictures';

void pictures().then((all) => {
  for (const [file, svg] of Object.entries(all))
    writeFileSync(join(__dirname, '..', '..', 'docs', 'pictures', file), svg);
});
