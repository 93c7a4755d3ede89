import { writeFileSync } from 'node:fs'
import path from 'node:path'
import grpc from '@grpc/grpc-js'
import loader from '@grpc/proto-loader'
import { digestOf, inLanes, randomNumbers } from '../inputs.mjs'

const proto = `syntax = "proto3";
message Item { int32 id = 1; string name = 2; double weight = 3; bytes data = 4; }
message Items { repeated Item items = 1; }
service Store { rpc Swap (Items) returns (Items); }`

export default async function work(folder) {
  const file = path.join(folder, 'store.proto')
  writeFileSync(file, proto)
  const { Store } = grpc.loadPackageDefinition(loader.loadSync(file))
  const server = new grpc.Server()
  server.addService(Store.service, {
    Swap: ({ request }, done) => done(null, { items: request.items.reverse() }),
  })
  const bind = (resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  const client = new Store(
    `127.0.0.1:${await new Promise(bind)}`,
    grpc.credentials.createInsecure(),
  )
  const random = randomNumbers(9)
  const items = Array.from({ length: 200 }, (_, id) => ({
    ...{ id, name: `name ${random()}`, weight: random() },
    data: Buffer.alloc((random() * 2000) | 0, id),
  }))
  const results = await inLanes(
    600,
    16,
    (i) =>
      new Promise((resolve, reject) =>
        client.Swap({ items: items.slice(i % 100) }, (error, reply) =>
          error ? reject(error) : resolve(`${reply.items.length} ${reply.items[0].name}`),
        ),
      ),
  )
  client.close()
  server.forceShutdown()
  return digestOf(results)
}
