/** Shows which part runs, and for how long. A terminal has one line that is kept up to date; logs get plain lines. */
export class Progress {
  private timer: NodeJS.Timeout | undefined;
  private shown = '';

  constructor(
    private readonly out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
    /** Default: a terminal outside of a CI. */
    private readonly live = out.isTTY === true && !process.env.CI,
  ) {}

  start(label: string): void {
    const started = Date.now();
    const line = () => `${label} ... ${duration((Date.now() - started) / 1000)}`;
    if (this.live) {
      this.redraw(`${label} ...`);
      this.timer = setInterval(() => this.redraw(line()), 1000);
    } else {
      // A long part says now and then that it is alive: silence in a CI log looks like a hang.
      this.line(`${label} ...`);
      this.timer = setInterval(() => this.line(line()), 120_000);
    }
  }

  end(line: string): void {
    clearInterval(this.timer);
    this.line(line);
  }

  line(text: string): void {
    const again = this.shown;
    this.redraw('');
    this.out.write(`${text}\n`);
    this.redraw(again === '' || text.startsWith(again.split(' ...')[0] ?? ' ') ? '' : again);
  }

  private redraw(text: string): void {
    if (!this.live) return;
    const cut = text.slice(0, (this.out.columns ?? 80) - 1);
    this.out.write(`\r\u001b[2K${cut}`);
    this.shown = cut;
  }
}

/** 7.4 s, 42 s, 3 m 05 s */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, '0')} s`;
}
