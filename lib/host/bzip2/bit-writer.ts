/** Collects bits, the highest first. */
export class BitWriter {
  private readonly bytes: number[] = [];
  private pending = 0;
  private count = 0;

  /** @param bits how many of the lowest bits of `value` to write, at most 32 */
  write(bits: number, value: number): void {
    for (let left = bits; left > 0; ) {
      const taken = Math.min(left, 8 - this.count);
      left -= taken;
      this.pending = (this.pending << taken) | ((value >>> left) & ((1 << taken) - 1));
      this.count += taken;
      if (this.count < 8) continue;
      this.bytes.push(this.pending);
      this.pending = 0;
      this.count = 0;
    }
  }

  /** All bytes; zeros fill the last one. */
  end(): Buffer {
    this.write((8 - this.count) % 8, 0);
    return Buffer.from(this.bytes);
  }
}
