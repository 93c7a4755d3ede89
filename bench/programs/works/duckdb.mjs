import { DuckDBInstance } from '@duckdb/node-api'
import { digestOf } from '../inputs.mjs'

export default async function work() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '4' })
  const connection = await instance.connect()
  await connection.run(`CREATE TABLE item AS SELECT i AS id, 'name-' || (i * 7919 % 200003) AS name,
    i * 31 % 977 AS weight, repeat('x', i % 50) AS text FROM range(1500000) t(i)`)
  const queries = [
    'SELECT substr(name, 1, 9) AS k, count(*), sum(weight), max(length(text)) FROM item GROUP BY k ORDER BY k',
    'SELECT a.weight, count(*) FROM item a JOIN item b ON a.id = b.weight GROUP BY a.weight ORDER BY 2, 1',
    'SELECT name, id FROM item ORDER BY weight, name, id LIMIT 5000',
  ]
  const results = []
  for (const query of queries) {
    const reader = await connection.runAndReadAll(query)
    results.push(JSON.stringify(reader.getRowsJson()))
  }
  await connection.run('DROP TABLE item')
  connection.closeSync()
  instance.closeSync()
  return digestOf(results)
}
