// Writes the templates of an app as a company may have it: synth-company.ts FOLDER writes FOLDER/<stack>.template.json.
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { featureFlags } from '../snapshots/synthesize';
import { companyApp } from '../support/company-app';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: synth-company.ts FOLDER');
const app = new App({ outdir: path.resolve(folder), context: featureFlags() });
companyApp(app);
app.synth();
