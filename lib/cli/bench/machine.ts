import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { packageRoot } from '../../paths'
import { version } from '../../version'

/** The machine and the build that a result is from. */
export interface Environment {
  cpu: string
  cpus: number
  memoryBytes: number
  system: string
  kernel: string
  libc: string
  node: string
  superslab: string
  commit: string
  compiler: string
  flags: string
}

export function environment({ compiler, flags }: { compiler: string; flags: string }): Environment {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.arch()}`,
    kernel: os.release(),
    libc: libc(),
    node: process.version,
    superslab: version,
    commit: commit(),
    compiler,
    flags,
  }
}

function libc(): string {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  const glibc = report.header?.glibcVersionRuntime
  return glibc ? `glibc ${glibc}` : 'not glibc'
}

/** Empty for an installed package, which has no history. */
function commit(): string {
  if (!existsSync(path.join(packageRoot, '.git'))) return ''
  const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*']
  try {
    return execFileSync('git', describe, {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return ''
  }
}
