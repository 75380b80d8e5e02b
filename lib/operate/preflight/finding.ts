/** What one look before a deploy found. */
export interface Finding {
  /** `warning`: the deploy may succeed, but look at it. `trouble`: it will fail. */
  readonly level: 'well' | 'warning' | 'trouble';
  readonly text: string;
}

export const well = (text: string): Finding => ({ level: 'well', text });
export const warning = (text: string): Finding => ({ level: 'warning', text });
export const trouble = (text: string): Finding => ({ level: 'trouble', text });
