const none = -1

/** A map from numbers to small numbers, by linear probing, for millions of insertions and removals. */
export class Table {
  #keys = new Float64Array(1024).fill(none)
  #values = new Uint32Array(1024)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Undefined if the table does not have the key. */
  get(key: number): number | undefined {
    const place = this.#find(key)
    return this.#keys[place] === key ? this.#values[place] : undefined
  }

  set(key: number, value: number): void {
    if (this.#count * 2 > this.#keys.length) this.#grow()
    const place = this.#find(key)
    if (this.#keys[place] !== key) this.#count++
    this.#keys[place] = key
    this.#values[place] = value
  }

  /** Moves the entries after it into the gap where searches need them (Knuth, TAOCP 3, 6.4 R). */
  delete(key: number): void {
    const mask = this.#keys.length - 1
    let gap = this.#find(key)
    if (this.#keys[gap] !== key) return
    this.#count--
    for (let place = (gap + 1) & mask; this.#keys[place] !== none; place = (place + 1) & mask) {
      const home = this.#home(this.#keys[place] as number)
      if (((place - home) & mask) < ((place - gap) & mask)) continue
      this.#keys[gap] = this.#keys[place] as number
      this.#values[gap] = this.#values[place] as number
      gap = place
    }
    this.#keys[gap] = none
  }

  *values(): Generator<number> {
    for (const [place, key] of this.#keys.entries())
      if (key !== none) yield this.#values[place] as number
  }

  #home(key: number): number {
    const low = key % 2 ** 32
    const mixed = Math.imul(low ^ (low >>> 16) ^ Math.floor(key / 2 ** 32), 0x9e3779b1)
    return (mixed ^ (mixed >>> 15)) & (this.#keys.length - 1)
  }

  #find(key: number): number {
    const mask = this.#keys.length - 1
    let place = this.#home(key)
    while (this.#keys[place] !== none && this.#keys[place] !== key) place = (place + 1) & mask
    return place
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#keys = new Float64Array(keys.length * 2).fill(none)
    this.#values = new Uint32Array(values.length * 2)
    this.#count = 0
    for (const [place, key] of keys.entries())
      if (key !== none) this.set(key, values[place] as number)
  }
}
