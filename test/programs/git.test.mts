import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import {
  plain,
  programTest,
  type Served,
  served,
  temporaryFolder,
  wasServed,
} from '../support/programs.mjs'

type Run = (command: string[]) => Promise<{ code: number | null; stdout: string; stderr: string }>

async function must(t: ExecutionContext, run: Run, ...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['git', ...command])
  t.is(code, 0, `git ${command.join(' ')}: ${stderr}`)
  return stdout
}

/** A repository with a few hundred commits, always the same. */
async function makeRepository(t: ExecutionContext, folder: string): Promise<void> {
  const date = (i: number) => `@${1700000000 + i} +0000`
  const lines: string[] = []
  for (let i = 1; i <= 300; i++) {
    const text = Array.from(
      { length: 200 + i },
      (_, j) => `line ${(j * i) % 97} of file ${j % i}`,
    ).join('\n')
    lines.push(`commit refs/heads/main\nmark :${i}\ncommitter A <a@b.c> ${date(i).slice(1)}`)
    lines.push(`data ${`commit ${i}`.length}\ncommit ${i}`)
    if (i > 1) lines.push(`from :${i - 1}`)
    lines.push(`M 644 inline dir${i % 9}/file${i % 23}.txt\ndata ${text.length}\n${text}`)
  }
  const stream = path.join(folder, 'stream')
  writeFileSync(stream, `${lines.join('\n')}\n`)
  await must(t, plain, 'init', '--quiet', '--bare', path.join(folder, 'source'))
  const { code, stderr } = await plain([
    'sh',
    '-c',
    `git -C ${folder}/source fast-import --quiet < ${stream}`,
  ])
  t.is(code, 0, stderr)
}

programTest('git clones and packs a repository', { commands: ['git'], long: true }, async (t) => {
  const folder = temporaryFolder(t)
  await makeRepository(t, folder)
  const url = `file://${folder}/source`
  const all: string[] = []
  const underSuperslab: Run = async (command) => {
    const result: Served = await served(t, command)
    all.push(...result.served)
    return result
  }
  const objects = async (run: Run, name: string) => {
    const clone = path.join(folder, name)
    await must(t, run, 'clone', '--quiet', '--branch', 'main', url, clone)
    await must(t, run, '-C', clone, 'gc', '--quiet', '--aggressive', '--prune=now')
    await must(t, run, '-C', clone, 'fsck', '--strict')
    const listed = await must(
      t,
      run,
      '-C',
      clone,
      'cat-file',
      '--batch-all-objects',
      '--batch-check',
    )
    return listed + (await must(t, run, '-C', clone, 'log', '--stat', '-p'))
  }
  const expected = await objects(plain, 'plain')
  t.true(expected.includes('commit 300'))
  t.is(await objects(underSuperslab, 'served'), expected)
  wasServed(t, all, /git.* pack-objects/)
  wasServed(t, all, /git.* index-pack/)
})
