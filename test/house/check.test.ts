import { describe, expect, it } from 'vitest'
import { jsonAt, openInstallScripts, steps, tooFewModules } from '#test/support/checkSteps'

describe('npm run check', () => {
  it('has the steps of the house', () => {
    expect(steps.map(({ name }) => name).sort()).toEqual([
      'OpenAPI lint',
      'format',
      'goldens',
      'import rules',
      'install scripts',
      'lint',
      'stack and cdk-nag',
      'types',
      'unused code',
    ])
  })

  it('does not trust import rules that saw too little', () => {
    expect(tooFewModules('no dependency violations found (12 modules, 3 dependencies cruised)')).toContain(
      'saw 12 modules',
    )
    expect(tooFewModules('nothing')).toContain('saw 0 modules')
    expect(tooFewModules('no dependency violations found (311 modules, 1393 dependencies cruised)')).toBeUndefined()
  })

  it('lets no package run a program at install', () => {
    expect(openInstallScripts(jsonAt('package-lock.json'), jsonAt('package.json'))).toEqual([])
    const lock = { packages: { 'node_modules/evil': { hasInstallScript: true }, 'node_modules/good': {} } }
    expect(openInstallScripts(lock, {})).toEqual(['evil'])
    expect(openInstallScripts(lock, { allowScripts: { evil: true } })).toEqual(['evil'])
    expect(openInstallScripts(lock, { allowScripts: { evil: false } })).toEqual([])
  })
})
