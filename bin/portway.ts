#!/usr/bin/env -S node --import tsx
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { KNOWN, warnOfContext } from '../lib/context-names';
import { ENGINES } from '../lib/forward/forward';
import type { ImportOptions } from '../lib/import/command';
import { SOURCES } from '../lib/import/imported';
import type { InitFlags } from '../lib/init/answers';
import type { HostsOptions } from '../lib/operate/hosts/command';
import { QUESTIONS } from '../lib/operate/hosts/questions';
import { NO_ANSWER } from '../lib/plan/no-answer';
import { readTraffic, type StatedTraffic } from '../lib/plan/traffic';
import { version } from '../package.json';
import type { RehearseOptions } from '../rehearsal/src/command';
import { completionScript, SHELLS, type Shell } from './completion';

/** The project's command line. Each command imports its code when it runs, so `plan` does not load the lab. */
const program = new Command('portway')
  .description('Port forwarding on an EC2 host: plan it, rehearse it.')
  .version(version, '-V, --version', 'print the version')
  .helpCommand('help [command]', 'show help for a command')
  .configureOutput({
    // One line an error: commander writes its suggestion on a second one.
    outputError: (text, write) => write(text.replace(/\n\((.*)\)/, ' ($1)')),
  })
  .exitOverride();

program
  .command('plan')
  .description("show the stack's forwards, rules and nginx.conf, as cdk deploy would give them to the host")
  .argument(
    '[stack]',
    'the stack or gateway to show, such as Portway, Prod/Portway (in a stage) or Team/Gateway; default: all',
  )
  .addOption(contextOption())
  .option('--json', 'print JSON')
  .option('--app <command>', 'the CDK app; default: what cdk.json says')
  .addOption(
    new Option('--traffic <load>', 'tell what this traffic costs, such as new=200,active=5000,mbit=80,out=70')
      .argParser(traffic)
      .conflicts('against'),
  )
  .option('--against <what>', 'tell what a deploy changes in: deployed, a template, or a folder such as cdk.out')
  .action(async (stack: string | undefined, options) => {
    if (options.against !== undefined) {
      const { againstCommand } = await import('../lib/operate/against-command.js');
      process.exitCode = await againstCommand({ ...options, stack });
      return;
    }
    const { planCommand } = await import('../lib/plan/command.js');
    process.exitCode = await planCommand({ ...options, stack });
  });

program
  .command('preflight')
  .description('look before a deploy for what would make it fail: quotas, instance type, image, key, bootstrap')
  .argument(
    '[stack]',
    'the stack or gateway, such as Portway, Prod/Portway (in a stage) or Team/Gateway; default: the only one',
  )
  .addOption(contextOption())
  .option('--json', 'print JSON')
  .option('--app <command>', 'the CDK app; default: what cdk.json says')
  .action(async (stack: string | undefined, options) => {
    const { preflightCommand } = await import('../lib/operate/preflight/command.js');
    process.exitCode = await preflightCommand({ ...options, stack });
  });

program
  .command('verify')
  .description(
    'compare the deployed gateway or fleet with what the app says, at AWS and as a stranger sees it from here',
  )
  .argument(
    '[stack]',
    'the stack or gateway, such as Portway, Prod/Portway (in a stage) or Team/Gateway; default: the only one',
  )
  .addOption(contextOption())
  .option('--no-probe', 'ask AWS only, and connect to nothing')
  .option('--json', 'print JSON')
  .option('--app <command>', 'the CDK app; default: what cdk.json says')
  .action(async (stack: string | undefined, options) => {
    const { verifyCommand } = await import('../lib/operate/command.js');
    process.exitCode = await verifyCommand({ ...options, stack });
  });

program
  .command('logs')
  .description("show why the last deploy failed: CloudFormation's events and the host's own words from its console")
  .argument(
    '[stack]',
    'the stack or gateway, such as Portway, Prod/Portway (in a stage) or Team/Gateway; default: the only one',
  )
  .addOption(contextOption())
  .addOption(new Option('--follow', 'go on until Ctrl-C, and show what is new').conflicts('json'))
  .option('--json', 'print JSON')
  .option('--app <command>', 'the CDK app; default: what cdk.json says')
  .action(async (stack: string | undefined, options) => {
    const { logsCommand } = await import('../lib/operate/logs-command.js');
    process.exitCode = await logsCommand({ ...options, stack });
  });

program
  .command('ssh')
  .description(
    'log in to the host, by the way that the stack has: port 22, an EC2 Instance Connect Endpoint, or Session Manager',
  )
  .argument(
    '[stack]',
    'the stack or gateway, such as Portway, Prod/Portway (in a stage) or Team/Gateway; default: the only one',
  )
  .argument(
    '[host]',
    "which host of a fleet: its number or id, or its zone if it is alone there; without it, a fleet's hosts are listed",
  )
  .argument('[command...]', 'what to run on the host, after --, such as -- sudo portway status; default: a shell')
  .addOption(contextOption())
  .option('-i, --identity <file>', 'the private key; default: as ssh chooses')
  .option('--print', 'print the command, and connect to nothing')
  .option('--app <command>', 'the CDK app; default: what cdk.json says')
  .action(async (_stack: unknown, _host: unknown, _words: unknown, options, { args }: Command) => {
    const { sshCommand } = await import('../lib/operate/ssh/command.js');
    process.exitCode = await sshCommand({ ...options, ...afterDashes(args) });
  });

program
  .command('hosts')
  .description('ask every running host of a fleet or a gateway by ssh, and put together what they say')
  .addArgument(new Argument('<what>', 'the command of the hosts').choices(QUESTIONS))
  .argument(
    '[stack]',
    'the stack or gateway, such as Portway, Prod/Portway (in a stage) or Team/Gateway; default: the only one',
  )
  .addOption(contextOption())
  .option('-i, --identity <file>', 'the private key; default: as ssh chooses')
  .option('--seconds <seconds>', 'how long top watches (1-600); default: 5', seconds)
  .option('--json', 'print JSON')
  .option('--app <command>', 'the CDK app; default: what cdk.json says')
  .action(async (what: HostsOptions['what'], stack: string | undefined, options) => {
    const { hostsCommand } = await import('../lib/operate/hosts/command.js');
    process.exitCode = await hostsCommand({ ...options, what, stack });
  });

program
  .command('rehearse')
  .description('deploy, boot, use, reboot and destroy a stack on this machine, without an AWS account')
  .argument('[stack]', 'a stack of the app in cdk.json; default: the shipped one, with each engine')
  .option('--case <name...>', 'what to rehearse, or all; default: first boot and reboot')
  .option('--list', 'list the cases')
  .option('--app <command>', 'the CDK app; default: what cdk.json says')
  .addOption(contextOption())
  .addOption(new Option('--engine <engine>', 'rehearse one engine only').choices(ENGINES))
  .option('--keep', 'leave the lab up at the end, until Ctrl-C, and say how to use it')
  .option('--json', 'print the report as JSON; with --list, the cases')
  .option('--mirror <url>', "Debian mirror for the VM; default: the machine's own", url)
  .option('--endpoint <url>', 'a local AWS endpoint of yours in place of the one that comes with this project', url)
  .addOption(new Option('--os <system>', "the VM's system").choices(['debian-13', 'debian-12']))
  .action(async (stack: string | undefined, options: Omit<RehearseOptions, 'stack'>) => {
    if (!existsSync(join(__dirname, '..', 'rehearsal'))) {
      process.stderr.write(`${NO_REHEARSAL}\n`);
      process.exitCode = NO_ANSWER;
      return;
    }
    const { rehearseCommand } = await import('../rehearsal/src/command.js');
    process.exitCode = await rehearseCommand({ ...options, ...(stack === undefined ? {} : { stack }) });
  });

program
  .command('import')
  .description('print the forwards that say the same as an nginx.conf, or as rules of iptables or nftables')
  .argument('<file>', 'nginx.conf, the output of iptables-save or of nft -j list ruleset; - for standard input')
  .addOption(new Option('--from <kind>', 'what the file is; default: recognized').choices(SOURCES))
  .option('--json', 'print JSON')
  .action(async (file: string, options: Omit<ImportOptions, 'file'>) => {
    const { importCommand } = await import('../lib/import/command.js');
    process.exitCode = importCommand({ ...options, file });
  });

program
  .command('init')
  .description('make an app of one file, ready to deploy; asks for what no option says')
  .argument('[folder]', 'the folder of the app', '.')
  .option('--admin-cidr <network>', 'the network that may log in by SSH, such as 203.0.113.7/32')
  .addOption(new Option('--engine <engine>', 'what forwards; default: nginx').choices(ENGINES))
  .option('--target <target>', 'where requests go: a port of the gateway, or host:port; default: 8080')
  .option('--domain <name...>', "names for a certificate of Let's Encrypt; default: self-signed")
  .option('--email <address>', "where Let's Encrypt may write to")
  .option('--instance-type <type>', 'default: t4g.micro')
  .option('--ssh-key <file>', 'a public key; default: ~/.ssh/id_ed25519.pub, if it is there')
  .addOption(
    new Option('--import <file>', 'take the forwards of this file, as import reads it').conflicts([
      'engine',
      'target',
      'domain',
    ]),
  )
  .action(async (folder: string, options: InitFlags) => {
    const { initCommand } = await import('../lib/init/command.js');
    process.exitCode = await initCommand({ ...options, folder });
  });

program
  .command('completion')
  .description('print a script with which a shell completes the commands and their options')
  .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
  .action((shell: Shell) => {
    process.stdout.write(completionScript(shell, program, KNOWN));
  });

const NO_REHEARSAL =
  "rehearse is not in the npm package: clone Portway's repository, run npm ci there, and then in your app's folder: sudo PATH_OF_THE_CLONE/bin/portway.js rehearse";

/** What stands before `--`, the stack and its host, and after it, the command. @throws CommanderError if a command has no `--` before it */
function afterDashes(args: readonly string[]) {
  const at = process.argv.indexOf('--');
  const command = at < 0 ? [] : process.argv.slice(at + 1);
  const [stack, host, unexpected] = args.slice(0, args.length - command.length);
  if (unexpected !== undefined) program.error(`error: a command must come after --, got: ${unexpected}`);
  return { stack, host, command };
}

function contextOption(): Option {
  return new Option('-c, --context <key=value>', 'a context value, as for cdk deploy (again and again)')
    .argParser(collect)
    .default([], 'those of cdk.json');
}

function collect(value: string, all: readonly string[]): readonly string[] {
  if (!/^[^=]+=/.test(value)) throw new InvalidArgumentError('must be key=value');
  // The app would warn too, but plan and rehearse do not show its output.
  warnOfContext([value.slice(0, value.indexOf('='))]);
  return [...all, value];
}

function seconds(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value) || Number(value) > 600)
    throw new InvalidArgumentError('must be a whole number from 1 to 600');
  return Number(value);
}

function traffic(value: string): StatedTraffic {
  try {
    return readTraffic(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function url(value: string): string {
  if (!/^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''))
    throw new InvalidArgumentError('must be an http or https URL');
  return value;
}

program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version are no errors.
  process.exitCode = error.exitCode === 0 ? 0 : NO_ANSWER;
});
