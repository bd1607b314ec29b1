import { measureCapacity } from './capacity.ts'
import { textSection } from './report.ts'
console.log(textSection(await measureCapacity({ quick: process.argv[2]==='q' })))
