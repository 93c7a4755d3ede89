import path from 'node:path'
import type { Frame } from '../../profile/frame'
import type { Profile, Stack } from '../../profile/profile'
import { siteOf } from '../../profile/site'
import { mebibytes } from '../format'
import { frame } from '../page/document'
import { difference, isLater, stackKey } from './difference'
import { verdict } from './totals'

/** What lib/cli/page/profile.js reads. */
interface PageData {
  program: string
  /** Whether there are figures of an earlier profile, and whether both are of one process. */
  hasBefore: boolean
  isCourse: boolean
  frames: PageFrame[]
  stacks: PageStack[]
}

interface PageFrame {
  name: string
  /** `file:line`, shortened where the program's folder is known. */
  place: string
  kind: 'own' | 'package' | 'node' | 'native' | 'engine'
  /** Left out of the graph unless the reader asks for it. */
  minor: boolean
}

interface PageStack {
  /** Bytes and objects: in use, allocated; and the same of the earlier profile. */
  now: [number, number, number, number]
  before: [number, number, number, number]
  /** Numbers of frames, the outermost first. */
  frames: number[]
  site: number
  /** -1 if no script led there. */
  caller: number
  package: string
  addon: string
  label: string
}

/** The page of a profile; with `before`, also of what changed since. */
export function toPage(profile: Profile, before?: Profile): string {
  const { program, pid, intervalBytes, samples, taken, started, notes } = profile
  const minutes = ((taken.getTime() - started.getTime()) / 60_000).toFixed(1)
  const changed = before && verdict(difference(before, profile), true)
  return frame({
    title: `Heap profile of ${path.basename(program)}`,
    subtitle: `Process ${pid}, ${taken.toISOString().slice(0, 19).replace('T', ' ')} UTC, after ${minutes} minutes`,
    summary: [
      ...(changed ? [changed] : []),
      verdict(profile, false),
      `Estimates from ${samples.toLocaleString('en')} samples, one for each ${mebibytes(intervalBytes)} allocated on average. A figure from n samples is right within about 100/√n %.`,
      ...notes,
    ],
    body,
    styles: ['page.css', 'profile.css'],
    scripts: ['profile-flame.js', 'profile-tables.js', 'profile.js'],
    data: dataOf(profile, before),
  })
}

const body = `<section id="controls">
<label>Show <select id="measure"></select></label>
<label><input type="checkbox" id="minor"> frames of Node and its engine</label>
<label>Find <input type="search" id="find" placeholder="function, file or package"></label>
</section>
<section><h2>Where it was allocated</h2>
<p id="legend"><span class="own">the program</span> <span class="package">packages</span> <span class="node">Node</span> <span class="native">machine code</span> <span class="engine">engine</span></p>
<p id="detail" aria-live="polite"></p>
<div id="flame"></div></section>
<section><h2>By function</h2><p>The innermost function of the program, its packages or its addons, which asked for the memory.</p><div class="table" id="functions"></div></section>
<section><h2>By package</h2><div class="table" id="packages"></div></section>
<section><h2>By addon</h2><p>Memory that a library asked for by itself, not a script.</p><div class="table" id="addons"></div></section>
<section id="by-label"><h2>By label</h2><div class="table" id="labels"></div></section>`

function dataOf(profile: Profile, before: Profile | undefined): PageData {
  const { program } = profile
  const frames = new Frames(program)
  const stacks = new Map<string, PageStack>()
  const take = (stack: Stack, which: 'now' | 'before') => {
    const key = stackKey(stack)
    const entry = stacks.get(key) ?? frames.stack(stack)
    const figures = [stack.inUseBytes, stack.inUseObjects, stack.allocBytes, stack.allocObjects]
    figures.forEach((value, i) => {
      entry[which][i] = (entry[which][i] ?? 0) + value
    })
    stacks.set(key, entry)
  }
  for (const stack of profile.stacks) take(stack, 'now')
  for (const stack of before?.stacks ?? []) take(stack, 'before')
  return {
    program: path.basename(program),
    hasBefore: before !== undefined,
    isCourse: before !== undefined && isLater(before, profile),
    frames: frames.all,
    stacks: [...stacks.values()],
  }
}

class Frames {
  readonly all: PageFrame[] = []
  private readonly numbers = new Map<string, number>()

  constructor(private readonly program: string) {}

  stack(stack: Stack): PageStack {
    const { frame, caller, package: name, addon } = siteOf(stack, this.program)
    return {
      now: [0, 0, 0, 0],
      before: [0, 0, 0, 0],
      frames: stack.frames.toReversed().map((one) => this.number(one)),
      site: this.number(frame),
      caller: caller && caller !== frame ? this.number(caller) : -1,
      package: name,
      addon,
      label: stack.label,
    }
  }

  private number(frame: Frame): number {
    const { name, file, line, library } = frame
    const place = file === '' ? library : `${file}${line > 0 ? `:${line}` : ''}`
    const key = JSON.stringify([name, place])
    let number = this.numbers.get(key)
    if (number === undefined) {
      number = this.all.length
      this.numbers.set(key, number)
      this.all.push({ name, place, kind: kindOf(frame), minor: isMinor(frame, this.program) })
    }
    return number
  }
}

function kindOf({ kind, package: name, library }: Frame): PageFrame['kind'] {
  if (kind === 'engine' || kind === 'unknown') return 'engine'
  if (library !== '') return 'native'
  return name === 'node' ? 'node' : name === '' ? 'own' : 'package'
}

/** Node's own frames tell little to those who did not write Node. */
function isMinor({ kind, library, file }: Frame, program: string): boolean {
  if (kind === 'engine' || file.startsWith('node:internal/')) return true
  const isNode = path.basename(program) === 'node'
  return kind === 'native' && isNode && (library === program || /\/lib(c|stdc\+\+)\./.test(library))
}
