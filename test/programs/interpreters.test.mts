import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { programTest, sameOutput, temporaryFolder } from '../support/programs.mjs'

const python = `
import collections, hashlib, json, multiprocessing, random, re, threading, zlib

def work(seed):
    rng = random.Random(seed)
    words = [''.join(rng.choices('abcdefgh', k=rng.randrange(1, 200))) for _ in range(1500)]
    counts = collections.Counter(words)
    text = json.dumps({w: [n, len(w), w[::-1]] for w, n in counts.items()}, sort_keys=True)
    found = re.findall(r'a[b-d]+e', text)
    packed = zlib.compress(text.encode(), 6)
    blocks = [bytearray(rng.randrange(1, 1 << 18)) for _ in range(50)]
    return hashlib.sha256(packed + repr(found).encode() + bytes(sum(map(len, blocks)) % 251)).hexdigest()

if __name__ == '__main__':
    results = [None] * 4
    def in_thread(i):
        results[i] = work(i)
    threads = [threading.Thread(target=in_thread, args=(i,)) for i in range(4)]
    for t in threads: t.start()
    for t in threads: t.join()
    print(results)
    with multiprocessing.get_context('fork').Pool(3) as pool:
        print(pool.map(work, range(4, 8)))
`

for (const [title, env] of [
  ['its own allocator', {}],
  ['malloc for all', { PYTHONMALLOC: 'malloc' }],
] as [string, Record<string, string>][])
  programTest(`python3, with ${title}`, { commands: ['python3'] }, async (t) => {
    const script = path.join(temporaryFolder(t), 'script.py')
    writeFileSync(script, python)
    // The interpreter itself, not a version manager's script, whose shell would be the command.
    await sameOutput(t, ['python3', script], /python3.*script\.py/, { env })
  })

const sql = `
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, weight REAL, data BLOB);
INSERT INTO item SELECT value, printf('name-%d-%s', value, hex(value * value)), value * 1.5,
  zeroblob(value % 700) FROM generate_series(1, 30000);
CREATE INDEX by_name ON item(name);
SELECT count(*), sum(weight), max(name), total(length(data)) FROM item;
SELECT a.name, count(*) FROM item a JOIN item b ON a.id = b.id % 1000 GROUP BY a.name
  ORDER BY 2 DESC, 1 LIMIT 10;
DELETE FROM item WHERE id % 3 = 0;
VACUUM;
SELECT group_concat(name, ',') FROM (SELECT name FROM item ORDER BY name DESC LIMIT 20);
`

programTest('sqlite3', { commands: ['sqlite3'] }, async (t) => {
  await sameOutput(t, ['sqlite3', ':memory:', sql], /sqlite3/)
})

const lua = `
local seed, held = 42, {}
local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n + 1 end
local digest = 0
for round = 1, 200000 do
  local slot = random(5000)
  if held[slot] then digest = (digest * 31 + #held[slot].text) % 1000000007 end
  held[slot] = { text = string.rep('x', random(300)), index = round, list = { 1, 2, round } }
end
local words = {}
for i = 1, 5000 do words[i] = held[i] and held[i].text:sub(1, 3) or '' end
table.sort(words)
print(digest, #table.concat(words, ','))
`

programTest('lua', { commands: ['lua5.4'] }, async (t) => {
  const script = path.join(temporaryFolder(t), 'script.lua')
  writeFileSync(script, lua)
  await sameOutput(t, ['lua5.4', script], /lua5\.4/)
})
