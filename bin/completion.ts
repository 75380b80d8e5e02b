import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A word to offer, and what it means. */
interface Word {
  readonly word: string;
  readonly about: string;
}

/** What may follow a flag; undefined: files. */
interface Flag {
  readonly flags: readonly string[];
  readonly values: readonly string[] | undefined;
}

interface Offer {
  readonly name: string;
  readonly about: string;
  /** Its flags, and the words that may be its argument. */
  readonly words: readonly Word[];
  /** Those of its flags that take a value. */
  readonly valued: readonly Flag[];
}

/**
 * A script that completes the program's commands, flags and their fixed values. It has all words in it: a script that asks the program
 * would wait for Node at each Tab.
 *
 * @param context names for `-c`, which are offered with a `=`
 */
export function completionScript(shell: Shell, program: Command, context: readonly string[]): string {
  const offers = offersOf(program, context);
  const top = [...offers.map(({ name, about }) => ({ word: name, about })), ...program.options.flatMap(wordsOf), HELP];
  return { bash, zsh, fish }[shell](top, offers);
}

const HELP: Word = { word: '--help', about: 'show help' };

function offersOf(program: Command, context: readonly string[]): readonly Offer[] {
  const names = program.commands.map((command) => command.name());
  return [
    ...program.commands.map((command) => ({
      name: command.name(),
      about: command.description(),
      words: [
        ...command.registeredArguments.flatMap(({ argChoices = [] }) =>
          argChoices.map((word) => ({ word, about: '' })),
        ),
        ...command.options.flatMap(wordsOf),
        HELP,
      ],
      valued: command.options.filter((option) => option.required).map((option) => flagOf(option, context)),
    })),
    { name: 'help', about: 'show help for a command', words: names.map((word) => ({ word, about: '' })), valued: [] },
  ];
}

const flagsOf = ({ short, long }: Option) => [short, long].filter((flag) => flag !== undefined);

function wordsOf(option: Option): readonly Word[] {
  return [{ word: option.long ?? option.flags, about: option.description }];
}

function flagOf(option: Option, context: readonly string[]): Flag {
  const values = option.long === '--context' ? context.map((name) => `${name}=`) : option.argChoices;
  return { flags: flagsOf(option), values };
}

function bash(top: readonly Word[], offers: readonly Offer[]): string {
  const list = (words: readonly string[]) => words.join(' ');
  const values = offers.flatMap(({ name, valued }) =>
    valued.map((flag) => {
      const pattern = flag.flags.map((one) => `${name}:${one}`).join(' | ');
      if (flag.values === undefined) return `    ${pattern}) return ;;`;
      const open = flag.values.some((value) => value.endsWith('=')) ? ' compopt -o nospace 2>/dev/null;' : '';
      return `    ${pattern}) words='${list(flag.values)}';${open} ;;`;
    }),
  );
  return `# portway: completion for bash. In ~/.bashrc: source <(portway completion bash)
_portway() {
  local words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${list(top.map(({ word }) => word))}'
  else
    case "\${COMP_WORDS[1]}:\${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
${offers.map(({ name, words }) => `    ${name}:*) words='${list(words.map(({ word }) => word))}' ;;`).join('\n')}
    esac
  fi
  # Where this offers nothing, bash offers files.
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _portway portway
`;
}

function zsh(top: readonly Word[], offers: readonly Offer[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const described = (words: readonly Word[]) =>
    words
      .map(({ word, about }) => quoted(`${word.replaceAll(':', '\\:')}${about === '' ? '' : `:${about}`}`))
      .join(' ');
  const values = offers.flatMap(({ name, valued }) =>
    valued.map((flag) => {
      const pattern = flag.flags.map((one) => `${name}:${one}`).join(' | ');
      if (flag.values === undefined) return `    ${pattern}) _files; return ;;`;
      const open = flag.values.some((value) => value.endsWith('=')) ? "-S '' " : '';
      return `    ${pattern}) compadd ${open}-- ${flag.values.join(' ')}; return ;;`;
    }),
  );
  return `#compdef portway
# portway: completion for zsh. In ~/.zshrc, after compinit: source <(portway completion zsh)
_portway() {
  local -a all
  if ((CURRENT == 2)); then
    all=(${described(top)})
    _describe -o portway all
    return
  fi
  case "$words[2]:$words[CURRENT - 1]" in
${values.join('\n')}
  esac
  case "$words[2]" in
${offers.map(({ name, words }) => `    ${name}) all=(${described(words)}) ;;`).join('\n')}
  esac
  _describe -o portway all
}
compdef _portway portway
`;
}

function fish(top: readonly Word[], offers: readonly Offer[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const about = (text: string) => (text === '' ? '' : ` -d ${quoted(text)}`);
  const first = top.map(({ word, about: text }) =>
    word.startsWith('--')
      ? `complete -c portway -n __fish_use_subcommand -l ${word.slice(2)}${about(text)}`
      : `complete -c portway -f -n __fish_use_subcommand -a ${word}${about(text)}`,
  );
  const rest = offers.flatMap(({ name, words, valued }) => {
    const here = `complete -c portway -n '__fish_seen_subcommand_from ${name}'`;
    return words.map(({ word, about: text }) => {
      if (!word.startsWith('--')) return `${here} -f -a ${word}${about(text)}`;
      const flag = valued.find(({ flags }) => flags.includes(word));
      const short = flag?.flags.find((one) => !one.startsWith('--'));
      const values = flag?.values === undefined ? '' : ` -f -a ${quoted(flag.values.join(' '))}`;
      const names = `-l ${word.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`;
      return `${here} ${names}${flag === undefined ? '' : ` -r${values}`}${about(text)}`;
    });
  });
  return [
    '# portway: completion for fish. Save it as ~/.config/fish/completions/portway.fish',
    ...first,
    ...rest,
    '',
  ].join('\n');
}
