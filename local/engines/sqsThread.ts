import { parentPort, workerData } from 'node:worker_threads'
import { buildApp } from 'fauxqs'
import * as z from 'zod/mini'

/* The inside of the SQS engine's thread: says its address once it listens, and ends with the thread. */
const { region } = z.object({ region: z.string() }).parse(workerData)
const app = buildApp({ logger: false, defaultRegion: region })
// Its own starter binds every interface; listening here keeps it on the loopback one.
parentPort?.postMessage(await app.listen({ port: 0, host: '127.0.0.1' }))
