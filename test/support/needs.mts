// Tests that need something which this machine may lack.
import { spawnSync } from 'node:child_process'
import test, { type Implementation } from 'ava'

/** `test`, or where `reason` says what is missing, one that prints it and counts as skipped. */
export function testUnless(
  reason: string | false,
): (title: string, body: Implementation<[]>) => void {
  if (reason === false) return test
  return (title, body) => {
    console.error(`skipped: ${title}: ${reason}`)
    test.skip(title, body)
  }
}

/** Whether the command ends with 0. */
export function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
