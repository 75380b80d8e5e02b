/** Collects bits, the highest first. */
export class BitWriter {
  private readonly bytes: number[] = [];
  private pending = 0;
  private count = 0;

  /** @param bits how many of the lowest bits of `value` to write, at most 32 */
  write(bits: number, value: number): void {
    for (let bit = bits - 1; bit >= 0; bit--) {
      this.pending = (this.pending << 1) | ((value >>> bit) & 1);
      this.count++;
      if (this.count % 8 === 0) {
        this.bytes.push(this.pending);
        this.pending = 0;
      }
    }
  }

  /** All bytes; zeros fill the last one. */
  end(): Buffer {
    this.write((8 - (this.count % 8)) % 8, 0);
    return Buffer.from(this.bytes);
  }
}
