/**
 * The arrow: functions → shared/{table,gateways,runtime} → shared/{operations,domain} → shared/errors → nothing.
 * infra → shared/operations only.
 */
const room = (path) => `^${path}/`
const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

export default {
  forbidden: [
    never(
      'no-cycles',
      'Two files that need each other at run time are one subject; types may point back.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    never('nothing-missing', 'An import that leads nowhere.', { pathNot: 'node_modules' }, { couldNotResolve: true }),
    never(
      'errors-know-nobody',
      'Errors are at the end of the arrow.',
      { path: room('shared/errors') },
      { path: '^(shared|functions|infra|local|test|bench)/', pathNot: room('shared/errors') },
    ),
    never(
      'domain-is-pure',
      'The rules know errors, and of npm only what computes.',
      { path: room('shared/domain') },
      {
        path: '.',
        pathNot: [
          '^shared/(domain|errors)/',
          '/node_modules/(zod|temporal-polyfill)/',
          '^crypto$',
          '^node:crypto$',
          '^node_modules/(zod|temporal-polyfill|temporal-spec)/',
        ],
      },
    ),
    never(
      'operations-are-data',
      'A definition knows errors and schemas; the compare views of the catalogue come from the domain.',
      { path: room('shared/operations') },
      { path: '.', pathNot: ['^shared/(operations|domain|errors)/', '^node_modules/zod/'] },
    ),
    never(
      'table-and-gateways-do-not-run',
      'What stores and what calls out is used by the runtime, not the other way round.',
      { path: '^shared/(table|gateways)/' },
      { path: '^(shared/runtime|functions|infra|local|test|bench)/' },
    ),
    never(
      'runtime-knows-no-function',
      'The frame does not know the pictures.',
      { path: room('shared/runtime') },
      { path: '^(functions|infra|local|test|bench)/' },
    ),
    never(
      'functions-stand-alone',
      'What two functions share belongs to a noun under shared/.',
      { path: room('functions') },
      { path: '^(functions|infra|local|test|bench)/' },
    ),
    never(
      'infra-reads-definitions',
      'The stack is built from data.',
      { path: room('infra') },
      { path: '^(shared|functions|local|test|bench)/', pathNot: ['^shared/(operations|errors)/'] },
    ),
    never(
      'one-room-knows-dynamodb',
      'shared/table speaks to DynamoDB; live.ts only makes the client.',
      { path: '^(shared|functions|infra)/', pathNot: ['^shared/table/', '^shared/runtime/live.ts$'] },
      { path: '@aws-sdk/client-dynamodb/' },
    ),
    never(
      'middy-lives-in-the-runtime',
      'The wrappers around functions are in one room.',
      { path: '^(shared|functions|infra|local|bench)/', pathNot: '^shared/runtime/' },
      { path: '@middy/' },
    ),
    never(
      'product-knows-no-tools',
      'What ships imports no tool and no test.',
      { path: '^(shared|functions)/' },
      { dependencyTypes: ['npm-dev'], pathNot: '@types/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(cdk\\.out|build|\\.faregate)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
