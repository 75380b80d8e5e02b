// npm run docs: writes the tables of docs/options.md from the docstrings of the public props.
import { writeFileSync } from 'node:fs';
import { optionsPage, PAGE } from './options-page';

writeFileSync(PAGE, optionsPage());
