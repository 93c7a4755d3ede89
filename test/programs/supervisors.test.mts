// What a supervisor passes on to the programs that it starts, and what each needs so that superslab serves them:
// docs/deployment.md has the same settings. `npm run test:programs` installs the supervisors.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { preloadFile } from '#dist/preload'
import { ended, main, plainEnvironment } from '../support/cli.mjs'
import { works } from '../support/needs.mjs'
import { programTest, temporaryFolder } from '../support/programs.mjs'

const node = process.execPath

/** A folder with a program that writes whether it is served, and the package's command. */
interface Place {
  folder: string
  program: string
  command: string
  /** What the programs have written, in order of their names, when `count` of them have. */
  written(count: number): Promise<string[]>
}

function place(t: ExecutionContext): Place {
  const folder = temporaryFolder(t)
  const [program, command] = [path.join(folder, 'app.js'), path.join(folder, 'superslab')]
  const out = path.join(folder, 'out')
  mkdirSync(out)
  const text = [
    `const { active } = require(${JSON.stringify(path.resolve('dist/index.js'))})`,
    `const [name] = process.argv.slice(2)`,
    `const file = ${JSON.stringify(out)} + '/' + name + '.' + process.pid`,
    `require('fs').writeFileSync(file + '.part', name + ' ' + active + '\\n')`,
    `require('fs').renameSync(file + '.part', file)`,
    'setInterval(() => {}, 1000)',
  ]
  writeFileSync(program, text.join('\n'))
  // As npm makes node_modules/.bin/superslab.
  writeFileSync(command, `#!/bin/sh\nexec ${node} ${main} "$@"\n`)
  chmodSync(command, 0o755)
  const read = async () => {
    const { stdout } = await ended('sh', ['-c', `cat ${out}/*[0-9] 2>/dev/null | sort`])
    return stdout.split('\n').filter(Boolean)
  }
  const written = async (count: number) => {
    // A guard against hangs; cron looks at the clock once a minute.
    for (let i = 0; i < 1200 && (await read()).length < count; i++) await wait(100)
    return read()
  }
  return { folder, program, command, written }
}

programTest(
  'supervisord passes its environment on, and a program’s section adds to it',
  { commands: ['supervisord'], long: true },
  async (t) => {
    const { folder, program, command, written } = place(t)
    const section = (name: string, words: string, more: string[] = []) =>
      [
        `[program:${name}]`,
        `command=${words} ${program} ${name}`,
        'autorestart=false',
        ...more,
      ].join('\n')
    const preload = `environment=LD_PRELOAD="${preloadFile()}",SUPERSLAB_CHILDREN="node"`
    const settings = path.join(folder, 'settings')
    const daemon = [
      '[supervisord]',
      'nodaemon=true',
      `logfile=${folder}/log`,
      `pidfile=${folder}/pid`,
    ]
    const sections = [
      section('plain', node),
      section('run', `${command} run -- ${node}`),
      section('variables', node, [preload]),
    ]
    writeFileSync(settings, [...daemon, ...sections].join('\n'))
    const started = spawn('supervisord', ['-c', settings], {
      env: plainEnvironment(),
      stdio: 'ignore',
    })
    t.teardown(() => started.kill())
    t.deepEqual(await written(3), ['plain false', 'run true', 'variables true'])
  },
)

const pm2 = path.resolve('build/supervisors/node_modules/.bin/pm2')

programTest(
  'pm2 passes variables on to a fork, and its daemon’s own to a cluster',
  { commands: [pm2], long: true },
  async (t) => {
    const { folder, program, command, written } = place(t)
    const variables = { LD_PRELOAD: preloadFile(), SUPERSLAB_CHILDREN: 'node' }
    const app = (name: string, more: object) => ({ name, script: program, args: name, ...more })
    const start = async (home: string, apps: object[], more: Record<string, string> = {}) => {
      const file = path.join(folder, `${home}.config.js`)
      writeFileSync(file, `module.exports = ${JSON.stringify({ apps })}`)
      const environment = { ...more, PM2_HOME: path.join(folder, home) }
      const env = plainEnvironment(environment)
      t.teardown(() =>
        ended(node, [pm2, 'kill'], { env: plainEnvironment({ PM2_HOME: environment.PM2_HOME }) }),
      )
      const { code, stderr } = await ended(node, [pm2, 'start', file], { env })
      t.is(code, 0, stderr)
    }
    await start('apart', [
      app('plain', {}),
      app('run', { interpreter: command, interpreter_args: 'run -- node' }),
      app('variables', { env: variables }),
      app('zcluster', { env: variables, exec_mode: 'cluster' }),
    ])
    // A worker of a cluster is forked from the daemon, whose loader has started before.
    const apart = ['plain false', 'run true', 'variables true', 'zcluster false']
    t.deepEqual(await written(4), apart)
    await start('daemon', [app('zdaemon', { exec_mode: 'cluster', instances: 2 })], variables)
    t.deepEqual(await written(6), [...apart, 'zdaemon true', 'zdaemon true'])
  },
)

const alone = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child']

programTest(
  'cron passes on only what the table itself sets',
  {
    commands: ['cron', 'unshare', '/etc/crontab'],
    long: true,
    lacks: () => !works('unshare', ...alone, 'true') && 'unshare is not permitted',
  },
  async (t) => {
    const { folder, program, command, written } = place(t)
    const job = (name: string, words: string) => `* * * * * root ${words} ${program} ${name}\n`
    const table = ['MAILTO=""\n', job('plain', node), job('run', `${command} run -- ${node}`)]
    const variables = [`LD_PRELOAD=${preloadFile()}\n`, 'SUPERSLAB_CHILDREN=node\n']
    writeFileSync(path.join(folder, 'first'), table.join(''))
    writeFileSync(path.join(folder, 'second'), [...variables, job('variables', node)].join(''))
    // The system's own tables and a daemon that runs are not touched: its folders are others in this namespace.
    const script = [
      'set -e',
      'mount -t tmpfs none /run && mount -t tmpfs none /var/spool/cron && mkdir /var/spool/cron/crontabs',
      'mount -t tmpfs none /etc/cron.d',
      `: > ${folder}/empty && mount --bind ${folder}/empty /etc/crontab`,
      `cp ${folder}/first ${folder}/second /etc/cron.d && chmod 644 /etc/cron.d/*`,
      'exec cron -f',
    ]
    const env = plainEnvironment(Object.fromEntries([['LD_PRELOAD', preloadFile()]]))
    const daemon = spawn('unshare', [...alone, 'sh', '-c', script.join('\n')], {
      env,
      stdio: 'ignore',
    })
    t.teardown(() => daemon.kill('SIGKILL'))
    t.deepEqual(await written(3), ['plain false', 'run true', 'variables true'])
  },
)

programTest(
  'the units of the documentation are valid for systemd',
  { commands: ['systemd-analyze'], long: true },
  async (t) => {
    // No systemd runs here: it must be the first process of the machine.
    const text = readFileSync('docs/deployment.md', 'utf8')
    const units = [...text.matchAll(/```ini\n(\[Service\][\s\S]*?)```/g)].map(
      ([, unit = '']) => unit,
    )
    t.true(units.length > 0)
    for (const [i, unit] of units.entries()) {
      const { folder } = place(t)
      const file = path.join(folder, `unit${i}.service`)
      // The paths of the example are there nowhere but on the reader's machine.
      writeFileSync(
        file,
        unit.replace(/^(ExecStart=|WorkingDirectory=).*$/gm, (line) =>
          line.startsWith('Exec') ? 'ExecStart=/bin/true' : 'WorkingDirectory=/tmp',
        ),
      )
      const { code, stderr } = await ended('systemd-analyze', ['verify', file])
      t.is(code, 0, stderr)
      t.is(stderr, '')
    }
  },
)
