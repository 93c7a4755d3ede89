import { addon } from '../addon'

/** Names of C++ and Rust as people write them; other names unchanged. The C++ library of this process does the work. */
export function demangle(name: string): string {
  const plain = name.replace(/@.*$/, '') // the version of an exported symbol
  if (!plain.startsWith('_Z')) return plain
  // Copies of a function that the compiler made for some of its callers have its name.
  const readable = addon.demangle(plain)?.replace(/ \[clone [^\]]*\]/g, '') ?? plain
  return isRust(plain) ? rustName(readable) : readable
}

/** The scheme of Rust before v0 is that of C++ with a hash at the end. */
function isRust(name: string): boolean {
  return /17h[0-9a-f]{16}E(\.llvm\.\d+)?$/.test(name)
}

const escapes: Record<string, string> = {
  ...{ SP: '@', BP: '*', RF: '&', LT: '<', GT: '>', LP: '(', RP: ')', C: ',' },
}

function rustName(text: string): string {
  return text
    .replace(/::h[0-9a-f]{16}$/, '')
    .replace(/\$(\w+?)\$/g, (whole, code: string) =>
      code.startsWith('u')
        ? String.fromCodePoint(Number.parseInt(code.slice(1), 16))
        : (escapes[code] ?? whole),
    )
    .replace(/(^|::)_(?=<)/g, '$1')
    .replaceAll('..', '::')
}
