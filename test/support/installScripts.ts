import { jsonAt, openInstallScripts } from './checkSteps.ts'

const open = openInstallScripts(jsonAt('package-lock.json'), jsonAt('package.json'))
if (open.length > 0) {
  process.stdout.write(
    `these packages bring install scripts; deny them in package.json, "allowScripts": ${open.join(', ')}\n`,
  )
  process.exitCode = 1
}
