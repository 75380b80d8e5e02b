/** The digits of Python's `base64.b85decode`: all printable, no quotes and no backslash. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

/**
 * Encodes bytes as text, four bytes in five characters. Base64 would take a fifteenth more.
 * @see https://docs.python.org/3/library/base64.html#base64.b85encode
 */
export function encodeBase85(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4) {
    const group = [0, 1, 2, 3].map((k) => bytes[i + k] ?? 0);
    let value = group.reduce((sum, byte) => sum * 256 + byte, 0);
    let word = '';
    for (let k = 0; k < 5; k++) {
      word = DIGITS.charAt(value % 85) + word;
      value = Math.floor(value / 85);
    }
    // A partial last group needs one character more than it has bytes.
    text += word.slice(0, Math.min(4, bytes.length - i) + 1);
  }
  return text;
}

/** The bytes of a text by {@link encodeBase85}. @throws Error for other characters */
export function decodeBase85(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 4) / 5));
  for (let i = 0, at = 0; i < text.length; i += 5, at += 4) {
    let value = 0;
    for (let k = i; k < i + 5; k++) {
      const digit = k < text.length ? DIGITS.indexOf(text.charAt(k)) : 84;
      if (digit < 0) throw new Error(`must be base85, got: ${text.charAt(k)}`);
      value = value * 85 + digit;
    }
    for (let k = 0; k < 4 && at + k < bytes.length; k++) bytes[at + k] = Math.floor(value / 256 ** (3 - k)) % 256;
  }
  return bytes;
}
