/** Fills a Buffer with bytes that depend on their place and a seed. */
export function pattern<View extends Uint8Array>(view: View, seed: number): View {
  for (let i = 0; i < view.length; i++) view[i] = (Math.imul(i + seed, 0x9e3779b1) >>> 13) & 0xff
  return view
}
