import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { main, plainEnvironment } from '../support/cli.mjs'
import {
  plain,
  programTest,
  servedCommands,
  temporaryFolder,
  wasServed,
} from '../support/programs.mjs'

const commands = ['redis-server', 'redis-cli', 'redis-benchmark']

/** Runs a server on a socket of its own, fills it, and returns its contents. */
async function session(t: ExecutionContext, prefix: string[], env: Record<string, string>) {
  const folder = temporaryFolder(t)
  const socket = path.join(folder, 'socket')
  const settings = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder]
  const [file = '', ...args] = [
    ...prefix,
    'redis-server',
    ...settings,
    '--enable-debug-command',
    'yes',
  ]
  const server = spawn(file, args, { env: plainEnvironment(env), stdio: 'ignore' })
  const closed = once(server, 'close')
  const cli = async (...words: string[]) =>
    (await plain(['redis-cli', '-s', socket, ...words])).stdout
  try {
    for (let i = 0; i < 200 && !(await cli('ping')).includes('PONG'); i++) await wait(50)
    const bench = ['redis-benchmark', '-s', socket, '-q', '-n', '20000', '-c', '20', '-d', '300']
    const { code, stderr } = await plain([
      ...bench,
      '-t',
      'set,get,incr,lpush,sadd,hset,zadd,lrange_100',
    ])
    t.is(code, 0, stderr)
    await cli('flushall')
    const fill = `for i = 1, 30000 do
      redis.call('set', 'key' .. i, string.rep('v', i % 700))
      redis.call('hset', 'hash' .. i % 50, 'field' .. i, i * i)
      redis.call('zadd', 'set', i % 1000, 'member' .. i)
      if i % 3 == 0 then redis.call('del', 'key' .. i / 3) end
    end return redis.call('dbsize')`
    return [await cli('eval', fill, '0'), await cli('debug', 'digest')].join('')
  } finally {
    await cli('shutdown', 'nosave')
    server.kill()
    await closed
  }
}

programTest('redis-server under redis-benchmark', { commands, long: true }, async (t) => {
  const expected = await session(t, [], {})
  t.regex(expected, /^\d+\n[0-9a-f]{40}\n$/)
  const file = path.join(temporaryFolder(t), 'served')
  const prefix = [process.execPath, main, 'run', '--children=all', '--']
  t.is(await session(t, prefix, { SUPERSLAB_STATS: file }), expected)
  wasServed(t, servedCommands(file), /redis-server/)
})
