/** A header of answers: its name as written, and its value. */
export type Header = readonly [name: string, value: string];
