import { measureLatency } from './latency.ts'
import { textSection } from './report.ts'
console.log(textSection(await measureLatency({ quick: process.argv[2]==='q' })))
