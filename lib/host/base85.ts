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
