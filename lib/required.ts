import { addon } from './addon'
import { codes, SuperslabError } from './errors'
import { preloadVariable } from './preload'

/*
 * The preload library ends a process that SUPERSLAB_CHILDREN requires to be served and that it cannot serve. Where the
 * library itself was not loaded, because a program in between removed the variable or the file is missing, this does.
 */
const words = process.env.SUPERSLAB_CHILDREN?.split(',') ?? []
if (words.includes('require') && !words.includes('none') && !addon.active) {
  const code = 'ERR_SUPERSLAB_NOT_SERVED'
  const named = process.env[preloadVariable]?.includes('libsuperslab') ?? false
  const why = named
    ? 'the loader did not load the library that it names'
    : 'does not name the library'
  throw new SuperslabError(code, `${codes[code]}: ${preloadVariable}: ${why}`)
}
