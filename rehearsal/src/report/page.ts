import { checksList } from './checks-list';
import { html, Markup } from './html';
import { tail } from './log';
import { overview } from './overview';
import { picture } from './picture';
import type { RehearsalReport, RunRecord } from './record';
import { eventsTable, securityTables } from './tables';
import { timeline } from './timeline';

/** The text of a run's files: by run, then by name. */
export type Files = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The most lines of one file on the page. The complete file is in the run's folder. */
const LINES = 300;

/**
 * A rehearsal's report as one HTML file that loads nothing: it opens without a network, and its policy forbids scripts,
 * so no line of a log can run as one.
 * @param style the page's style sheet, plain CSS
 */
export function page(report: RehearsalReport, files: Files, style: string): string {
  const { began, seconds, folder, runs, checks } = report;
  const count = (result: string) => checks.filter((check) => check.result === result).length;
  const title = verdict(report);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Portway: ${title}</title>
<style>
${new Markup(style)}</style>
</head>
<body>
<header class="${report.passed ? 'passed' : 'failed'}">
<p class="of">Portway</p>
<h1>${title}</h1>
<p>${count('passed')} checks passed, ${count('failed')} failed, ${count('skipped')} skipped, in ${seconds} s. Begun <time datetime="${began}">${began.slice(0, 16).replace('T', ' ')} UTC</time>.</p>
${wrong(report)}<p class="of">${ranWith(report)} Logs and rules: <code>${folder}</code></p>
<nav aria-label="Contents"><ul><li><a href="#ports">Who finds which port</a></li><li><a href="#timeline">Timeline</a></li>${runs.map(({ name }) => html`<li><a href="#${name}">${name}</a></li>`)}</ul></nav>
</header>
<main>
<section id="ports">
<h2>Who finds which port</h2>
${overview(report)}</section>
<section id="timeline">
<h2>Timeline</h2>
${timeline(report)}</section>
<div class="side details">
${runs.map((run) => runSection(run, report, files[run.name] ?? {}))}</div>
</main>
</body>
</html>
`.text;
}

function verdict({ passed, interrupted, failure }: RehearsalReport): string {
  if (passed) return 'The rehearsal passed';
  if (interrupted !== undefined) return `The rehearsal was ended by ${interrupted}`;
  return failure === undefined ? 'The rehearsal failed' : 'The rehearsal could not run';
}

/** Which Portway ran on what. */
function ranWith({ portway, machine }: RehearsalReport): string {
  const { version, commit, changed } = portway;
  const of =
    commit === undefined ? 'no commit known' : `commit ${commit.slice(0, 12)}${changed ? ' with changes' : ''}`;
  if (machine === undefined) return `Portway ${version}, ${of}. No machine was started.`;
  const { os, qemu, acceleration } = machine;
  const by = acceleration === 'kvm' ? 'KVM' : 'software emulation, since KVM does not work here';
  return `Portway ${version}, ${of}; ${os} on QEMU ${qemu} by ${by}.`;
}

/** Everything that went wrong, first on the page. */
function wrong({ checks, leftBehind, failure }: RehearsalReport): Markup | undefined {
  const lines = [
    ...(failure === undefined ? [] : [failure]),
    ...checks
      .filter(({ result }) => result === 'failed')
      .map(
        ({ run, phase, what, seen }) =>
          `${run}${phase === what || phase === run ? '' : `, ${phase}`}: ${what}: ${seen ?? ''}`,
      ),
    ...leftBehind.map((thing) => `could not be cleaned up: ${thing}`),
  ];
  if (lines.length === 0) return undefined;
  return html`<ul class="wrong">
${lines.map(
  (line) => html`<li>${tail(line, 40)}</li>
`,
)}</ul>
`;
}

function runSection(run: RunRecord, { checks }: RehearsalReport, files: Files[string]): Markup {
  const { name, gateway } = run;
  const own = checks.filter((check) => check.run === name);
  return html`<section id="${name}">
<h2>${name}</h2>
<h3>Checks</h3>
${own.length > 0 ? checksList(own) : html`<p>It did not get so far.</p>`}<h3>The lab</h3>
${run.isFleet ? html`<p>A fleet has no picture here.</p>` : picture(run)}${gateway && gatewayText(gateway)}<h3>What EC2 did</h3>
${run.events.length > 0 ? eventsTable(name, run.events) : html`<p>It did not get so far.</p>`}<h3>Rules of the security group</h3>
${gateway ? securityTables(gateway) : html`<p>${run.isFleet ? 'Those of hosts and balancer are in router.nft.' : 'It did not get so far.'}</p>`}<h3>Rules and logs</h3>
${Object.entries(files).map(
  ([file, text]) => html`<details><summary>${file}</summary>
<pre tabindex="0">${tail(text, LINES)}</pre></details>
`,
)}</section>
`;
}

function gatewayText(gateway: NonNullable<RunRecord['gateway']>): Markup {
  const { instanceId, instanceType, publicIp, privateIp, userDataBytes } = gateway;
  return html`<p>Instance ${instanceId} (${instanceType}) with the private address ${privateIp} and the Elastic IP ${publicIp}, ${userDataBytes} bytes of user-data.</p>
`;
}
