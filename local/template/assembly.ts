import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as z from 'zod/mini'
import { SetupError } from '../setupError.ts'

const properties = z.record(z.string(), z.unknown())

const resourceSchema = z.object({ Type: z.string(), Properties: z._default(properties, {}) })

const templateSchema = z.object({
  Parameters: z._default(z.record(z.string(), z.object({ Type: z.string(), Default: z.optional(z.unknown()) })), {}),
  Resources: z._default(z.record(z.string(), resourceSchema), {}),
  Outputs: z._default(
    z.record(z.string(), z.object({ Value: z.unknown(), Export: z.optional(z.object({ Name: z.unknown() })) })),
    {},
  ),
})

const assetsSchema = z.object({
  files: z._default(z.record(z.string(), z.object({ source: z.object({ path: z.optional(z.string()) }) })), {}),
})

const artifactSchema = z.object({
  type: z.string(),
  properties: z.optional(properties),
})
const manifestSchema = z.object({ artifacts: z.record(z.string(), artifactSchema) })
const stackSchema = z.object({
  templateFile: z.string(),
  stackName: z.optional(z.string()),
  parameters: z._default(z.record(z.string(), z.string()), {}),
})

export type Resource = z.infer<typeof resourceSchema>
export type Template = z.infer<typeof templateSchema>

/** One synthesised stack: its template, the parameter values it is deployed with, and where its files lie. */
export interface Stack {
  name: string
  template: Template
  parameters: Record<string, string>
  /** Absolute directory by asset hash. */
  assets: Record<string, string>
}

/** Reads a cloud assembly (`cdk synth` output). Throws `SetupError` when the directory holds none. */
export async function readAssembly(directory: string): Promise<Stack[]> {
  const manifest = manifestSchema.parse(await readJson(join(directory, 'manifest.json')))
  const assets = await readAssets(directory, manifest)
  const stacks: Stack[] = []
  for (const [id, artifact] of Object.entries(manifest.artifacts)) {
    if (artifact.type !== 'aws:cloudformation:stack') continue
    const { templateFile, stackName, parameters } = stackSchema.parse(artifact.properties)
    const template = templateSchema.parse(await readJson(join(directory, templateFile)))
    stacks.push({ name: stackName ?? id, template, parameters, assets })
  }
  if (stacks.length === 0)
    throw new SetupError(`${directory} holds no stack; run npm run synth and look at its output.`)
  return stacks
}

async function readAssets(
  directory: string,
  manifest: z.infer<typeof manifestSchema>,
): Promise<Record<string, string>> {
  const assets: Record<string, string> = {}
  for (const [id, artifact] of Object.entries(manifest.artifacts)) {
    if (artifact.type !== 'cdk:asset-manifest') continue
    const file = z.object({ file: z._default(z.string(), `${id}.json`) }).parse(artifact.properties ?? {}).file
    const { files } = assetsSchema.parse(await readJson(join(directory, file)))
    for (const [hash, { source }] of Object.entries(files))
      if (source.path) assets[hash] = resolve(directory, source.path)
  }
  return assets
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new SetupError(`${path} is missing; the stack was not synthesised. Remove .faregate/build and start again.`)
  })
  return JSON.parse(text)
}
