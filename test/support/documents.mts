import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Document {
  file: string
  text: string
}

/** The documents for users and contributors. */
export const documents: Document[] = [
  'README.md',
  'SECURITY.md',
  'examples/README.md',
  'native/README.md',
  'native/test/README.md',
  ...(readdirSync('docs', { recursive: true }) as string[])
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
].map((file) => ({ file, text: readFileSync(file, 'utf8') }))

/** The blocks of code in a language, those within lists too. */
export function blocksOf({ text }: Document, language: string): string[] {
  const blocks = text.matchAll(new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm'))
  return [...blocks].map(([, block = '']) => block)
}

/** The commands of its shell blocks, without their comments. */
export function shellLinesOf(document: Document): string[] {
  return blocksOf(document, 'sh')
    .flatMap((block) => block.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim()))
    .filter(Boolean)
}
