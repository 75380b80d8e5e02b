import { ownLines } from './host-words';

/** What a host last said of itself on its console. Each is undefined where it said nothing of it, or no more. */
export interface HostState {
  /** The content that it runs, by its SHA-256, and since when. */
  readonly runs?: { readonly content: string; readonly since: Date };
  /** The end of an operator's pause. */
  readonly pausedUntil?: Date;
  /** What others changed, and when it was put right. */
  readonly mended?: { readonly what: string; readonly time: Date };
  /** What others changed and could not be put right, when it first said so, and when last. */
  readonly left?: { readonly what: string; readonly since: Date; readonly time: Date };
  /** The end of the time for which it leaves alone what others change again and again. */
  readonly leftAloneUntil?: Date;
}

/** Reads a console's text. Pure. */
export function hostState(console: string): HostState {
  let state: HostState = {};
  let trying: string | undefined;
  let changed = '';
  for (const { time, text } of ownLines(console)) {
    const [, content] = /^content ([0-9a-f]{16,64})$/.exec(text) ?? [];
    const [, running, pausedUntil] = /^content ([0-9a-f]{16,64}) runs(?:, paused until (\S+))?$/.exec(text) ?? [];
    const [, byOthers] = /^changed by others: (.*)$/.exec(text) ?? [];
    const [, left] = /^WARNING: could not be put right: (.*)$/.exec(text) ?? [];
    const [, leftAloneUntil] = /: left alone until (\S+)\. /.exec(text) ?? [];
    if (content !== undefined) trying = content;
    else if (text.startsWith('FAILED: ')) trying = undefined;
    else if (text === 'forwards are up' && trying !== undefined) state = withContent(state, trying, time);
    else if (running !== undefined) {
      const { pausedUntil: _, ...rest } = state.runs?.content === running ? state : withContent(state, running, time);
      state = pausedUntil === undefined ? rest : { ...rest, pausedUntil: new Date(pausedUntil) };
    } else if (byOthers !== undefined) changed = byOthers;
    else if (text === 'put right') {
      const { left: _, leftAloneUntil: __, ...rest } = state;
      state = { ...rest, mended: { what: changed, time } };
    } else if (left !== undefined) state = { ...state, left: { what: left, since: state.left?.since ?? time, time } };
    else if (leftAloneUntil !== undefined) state = { ...state, leftAloneUntil: new Date(leftAloneUntil) };
  }
  return state;
}

/** Nothing that was wrong before holds on for a content that was set up and proved. */
function withContent({ mended }: HostState, content: string, since: Date): HostState {
  return { runs: { content, since }, ...(mended === undefined ? {} : { mended }) };
}
