import test from 'ava'
import { alloc, free, usableSize } from 'superslab'
import { addon } from '#dist/addon'
import { checkLayout } from '#dist/window/layout'

test('the constants of a window are those that the addon was compiled with', (t) => {
  t.notThrows(() => checkLayout())
})

test('the error for an addon with another constant names the constant', (t) => {
  for (const [name, value] of Object.entries(addon.windowLayout))
    t.throws(() => checkLayout({ ...addon.windowLayout, [name]: value + 1 }), {
      code: 'ERR_SUPERSLAB_LOAD_FAILED',
      message: new RegExp(`another ${name}\\.`),
    })
})

test('blocks longer than the largest class hold a multiple of it', (t) => {
  const largest = addon.windowStrides().at(-1) as number
  for (const size of [largest, largest + 1, 2 * largest, 2 * largest + 1, 50 * largest - 1]) {
    const buffer = alloc(size)
    t.is(usableSize(buffer), Math.ceil(size / largest) * largest)
    free(buffer)
  }
})
