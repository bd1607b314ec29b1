import { operations } from '#operations/index'
import { buildApp } from './app.ts'
import { bundleFunctions } from './bundle.ts'

// What `npx cdk` runs (cdk.json): bundle, then synthesise where the CLI asks.
await bundleFunctions(operations)
buildApp()
