// Programs of Debian's packages. `npm run test:programs` compares their output under superslab with that under the
// system's malloc; bench/programs/others-run.mjs measures them.
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * @typedef {object} Other
 * @property {string} name
 * @property {string[]} needs commands that must be installed
 * @property {RegExp} worker the command line of the process that does the work
 * @property {(folder: string) => string[]} prepare writes what the command reads, and returns the command. It prints the
 *   same text in each run, whatever the folder
 * @property {string} [user] the account that runs it, if this process is root
 */

const php = `<?php
$rows = [];
for ($i = 0; $i < 20000; $i++) $rows[] = ['id' => $i, 'name' => str_repeat('x', $i % 100)];
$json = json_encode($rows);
echo md5($json), ' ', md5(gzcompress($json)), "\\n";
$db = new SQLite3(':memory:');
$db->exec('CREATE TABLE item(a, b)');
for ($i = 0; $i < 5000; $i++) $db->exec("INSERT INTO item VALUES($i, 'x$i')");
echo $db->querySingle('SELECT count(*) FROM item'), "\\n";
$image = imagecreatetruecolor(800, 600);
for ($i = 0; $i < 600; $i++) imageline($image, 0, $i, 800, 600 - $i, $i * 300);
ob_start();
imagepng($image);
echo md5(ob_get_clean()), ' ', mb_strtoupper('straße'), "\\n";
$names = ['z', 'ä', 'a'];
(new Collator('de'))->sort($names);
$document = new DOMDocument();
$document->loadXML('<a>' . str_repeat('<b>1</b>', 20000) . '</a>');
echo implode($names), ' ', md5($document->saveXML()), "\\n";
`

const ruby = `require 'json'
require 'digest'
rows = (0...60_000).map { |i| { id: i, name: 'x' * (i % 100), tags: [i, i.to_s] } }
threads = 4.times.map { |t| Thread.new { rows.select { |r| r[:id] % 4 == t }.map(&:to_json).join } }
puts Digest::MD5.hexdigest(threads.map(&:value).join)
puts rows.group_by { |r| r[:name].size }.transform_values(&:size).sort.first(5).inspect
`

const numpy = `import numpy as np
rng = np.random.default_rng(42)
parts = [rng.integers(0, 1000, size=rng.integers(1, 200000)) for _ in range(120)]
print(sum(int(np.sort(p)[len(p) // 2]) for p in parts))
a = np.arange(62500, dtype=np.int64).reshape(250, 250) % 97
print(int((a @ a.T).sum()), np.unique(np.concatenate(parts)).size)
`

const java = `import java.util.*;
import java.util.stream.*;
public class Main {
    public static void main(String[] arguments) throws Exception {
        List<Integer> list = IntStream.range(0, 400000).boxed().collect(Collectors.toList());
        Map<Integer, List<Integer>> by = list.parallelStream().collect(Collectors.groupingBy(i -> i % 1000));
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        for (int i = 0; i < 1000; i++) crc.update(by.get(i).toString().getBytes());
        System.out.println(crc.getValue());
    }
}
`

const cxx = `#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>
std::map<std::string, std::vector<int>> table;
int main() {
  for (int i = 0; i < 100; i++) table[std::to_string(i)].push_back(i);
  std::cout << std::regex_replace("a" + std::to_string(table.size()), std::regex("a+"), "b");
}
`

const sql = `CREATE TABLE item(id INT PRIMARY KEY, name VARCHAR(40), weight INT);
INSERT INTO item SELECT seq, concat('name-', seq), seq % 977 FROM seq_1_to_30000;
SELECT count(*), sum(weight), max(name) FROM item;
SELECT a.weight, count(*) FROM item a JOIN item b ON a.id = b.weight GROUP BY a.weight ORDER BY 2 DESC, 1 LIMIT 5;
`
const postgresSql = sql.replace('FROM seq_1_to_30000', 'FROM generate_series(1, 30000) AS seq')

function write(folder, name, text) {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

/** A shell script: some programs take several commands. */
function script(folder, text) {
  return ['sh', write(folder, 'script.sh', `set -e\ncd ${folder}\n${text}`)]
}

/** @type {Other[]} */
export const others = [
  {
    name: 'php with gd, intl, mbstring, sqlite3 and xml',
    needs: ['php'],
    worker: /^\S*php\S* /,
    prepare: (folder) => ['php', write(folder, 'main.php', php)],
  },
  {
    name: 'ruby, threads',
    needs: ['ruby'],
    worker: /^\S*ruby\S* /,
    prepare: (folder) => ['ruby', write(folder, 'main.rb', ruby)],
  },
  {
    name: 'python3 with numpy',
    needs: ['/usr/bin/python3'],
    worker: /^\S*python3\S* /,
    prepare: (folder) => ['/usr/bin/python3', write(folder, 'main.py', numpy)],
  },
  {
    name: 'ffmpeg, MPEG-4 in threads',
    needs: ['ffmpeg'],
    worker: /^ffmpeg /,
    prepare: () => [
      ...['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=6:size=1280x720:rate=25'],
      ...['-c:v', 'mpeg4', '-threads', '4', '-flags', '+bitexact', '-f', 'md5', '-'],
    ],
  },
  {
    name: 'ImageMagick',
    needs: ['convert-im6.q16'],
    worker: /^convert-im6/,
    prepare: () => [
      ...['convert-im6.q16', '-seed', '1', '-size', '1200x900', 'plasma:red-blue', '-blur', '0x3'],
      ...['-resize', '50%', '-sharpen', '0x2', '-format', '%# %w %h\n', 'info:'],
    ],
  },
  {
    name: 'clang++, -O2',
    needs: ['clang++'],
    worker: /clang\+\+.* -S /,
    prepare: (folder) =>
      script(folder, `cat > unit.cc <<'END'\n${cxx}END\nclang++ -std=c++17 -O2 -S -o - unit.cc`),
  },
  {
    name: 'java, a parallel stream',
    needs: ['javac'],
    worker: /^java .*Main/,
    prepare: (folder) =>
      script(folder, `cat > Main.java <<'END'\n${java}END\njavac Main.java\njava -Xmx256m Main`),
  },
  {
    name: 'nginx, gzip',
    needs: ['nginx', 'curl'],
    worker: /^nginx: worker process/,
    prepare(folder) {
      mkdirSync(path.join(folder, 'www'))
      const line = (_, i) => `line ${(i * 7919) % 1000} of the page`
      write(folder, 'www/page.txt', Array.from({ length: 20_000 }, line).join('\n'))
      write(
        folder,
        'nginx.conf',
        `daemon off; pid ${folder}/pid; error_log stderr; user root; worker_processes 2;
env LD_PRELOAD; env SUPERSLAB_CHILDREN; env SUPERSLAB_STATS;
events {}
http { access_log off; gzip on; gzip_types text/plain; types { text/plain txt; }
  client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2; fastcgi_temp_path ${folder}/t3;
  uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
  server { listen unix:${folder}/socket; root ${folder}/www; } }`,
      )
      const get = `curl -s --compressed --unix-socket socket http://x/page.txt`
      return script(
        folder,
        `nginx -c ${folder}/nginx.conf &
while ! [ -S socket ]; do sleep 0.1; done
i=0; while [ $i -lt 30 ]; do ${get} | cksum; i=$((i + 1)); done
nginx -c ${folder}/nginx.conf -s quit
wait`,
      )
    },
  },
  {
    name: 'mariadb',
    needs: ['mariadbd', 'mariadb-install-db', 'mariadb'],
    worker: /mariadbd .*--socket/,
    prepare(folder) {
      write(folder, 'work.sql', sql)
      const user = process.getuid() === 0 ? '--user=root' : ''
      // A folder for temporary tables of its own: at its start a server removes those that another one has there.
      const place = `--no-defaults ${user} --datadir=${folder}/data --tmpdir=${folder}`
      return script(
        folder,
        `mariadb-install-db ${place} --auth-root-authentication-method=normal > /dev/null 2>&1
mariadbd ${place} --socket=${folder}/s --pid-file=${folder}/pid --skip-networking 2> log &
while ! mariadb -u root -S s -e 'SELECT 1' > /dev/null 2>&1; do sleep 0.1; done
mariadb -u root -S s -e 'CREATE DATABASE d'
mariadb -u root -S s d < work.sql
mariadb -u root -S s -e 'SHUTDOWN'
wait`,
      )
    },
  },
  {
    name: 'postgres',
    needs: ['psql', 'setpriv', '/usr/lib/postgresql'],
    worker: /postgres/,
    user: 'postgres',
    prepare(folder) {
      const root = '/usr/lib/postgresql'
      const bin = path.join(root, readdirSync(root).sort().at(-1) ?? '', 'bin')
      write(folder, 'work.sql', postgresSql)
      return script(
        folder,
        `${bin}/initdb -D data -A trust -N > /dev/null
${bin}/postgres -D data -k ${folder} -h '' 2> log &
while ! psql -qAt -h ${folder} -d postgres -c 'SELECT 1' > /dev/null 2>&1; do sleep 0.1; done
psql -qAt -h ${folder} -d postgres < work.sql
kill -INT $!
wait`,
      )
    },
  },
  {
    name: 'libreoffice, a document to text',
    needs: ['soffice'],
    worker: /soffice\.bin /,
    prepare(folder) {
      const rows = Array.from({ length: 400 }, (_, i) => `<tr><td>${i}</td><td>${i * i}</td></tr>`)
      write(
        folder,
        'page.html',
        `<html><body><h1>Title</h1><table>${rows.join('')}</table></body></html>`,
      )
      return script(
        folder,
        `export HOME=${folder}
soffice --headless --writer --convert-to txt:Text --outdir out page.html > /dev/null 2>&1
cat out/page.txt`,
      )
    },
  },
]

/** Gives the folder to the user who runs the command; the command that does it as that user. */
export function asUser({ user }, command, folder, identity) {
  if (!user || process.getuid() !== 0) return command
  const [uid, gid] = identity(user)
  for (const name of ['', ...readdirSync(folder, { recursive: true })])
    chownSync(path.join(folder, name), uid, gid)
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...command]
}
