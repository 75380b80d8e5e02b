// npm run build: builds dist/ for the package. `npm pack` runs it first.
import { build } from './build';

void build();
