import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ExecutionContext } from 'ava'
import { ended, plainEnvironment } from '../support/cli.mjs'
import { programTest, servedCommands, wasServed } from '../support/programs.mjs'

interface Other {
  name: string
  needs: string[]
  worker: RegExp
  prepare(folder: string): string[]
  user?: string
}

const { asUser, others } = (await import(pathToFileURL('bench/programs/others.mjs').href)) as {
  others: Other[]
  asUser(other: Other, command: string[], folder: string, identity: typeof identityOf): string[]
}

function identityOf(user: string): [number, number] {
  const id = (option: string) => Number(execFileSync('id', [option, user], { encoding: 'utf8' }))
  return [id('-u'), id('-g')]
}

/** Folders of the same length for all runs: some programs print less or more by it. Open to every user. */
function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-other-'))
  chmodSync(folder, 0o755)
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

async function runOf(t: ExecutionContext, other: Other, variables: Record<string, string>) {
  const folder = folderOf(t)
  const command = asUser(other, other.prepare(folder), folder, identityOf)
  const [file = '', ...args] = command
  const result = await ended(file, args, { cwd: folder, env: plainEnvironment(variables) })
  return { ...result, stdout: result.stdout.replaceAll(folder, 'FOLDER') }
}

/** Each program as it is, and with as many guarded blocks as there may be: a report would be a false one. */
const kinds = others.flatMap((other) => [
  { other, title: other.name, guard: {} },
  { other, title: `${other.name}, with guarded blocks`, guard: { SUPERSLAB_GUARD: '100' } },
])

for (const { other, title, guard } of kinds)
  programTest(title, { commands: other.needs, long: true }, async (t) => {
    const expected = await runOf(t, other, {})
    t.is(expected.code, 0, expected.stderr)
    t.true(expected.stdout.length > 0)
    // A copy, because a server that gives up its rights may not read this folder.
    const folder = folderOf(t)
    const [library, file] = [path.join(folder, 'libsuperslab.so'), path.join(folder, 'served')]
    copyFileSync('build/Release/libsuperslab.so', library)
    writeFileSync(file, '')
    chmodSync(file, 0o666)
    const variables = {
      ...{ LD_PRELOAD: library, SUPERSLAB_CHILDREN: 'all' },
      SUPERSLAB_STATS: file,
      ...guard,
    }
    const actual = await runOf(t, other, variables)
    t.is(actual.code, 0, actual.stderr)
    t.is(actual.stdout, expected.stdout)
    wasServed(t, servedCommands(file), other.worker)
  })
