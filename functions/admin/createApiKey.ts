import { ulidOf } from '#domain/guard'
import { createApiKey } from '#operations/admin'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { type ApiKey, apiKeyView, hashOfKey, putApiKeyWrite } from '#table/apiKeys'

export const run: Run<typeof createApiKey> = (input, deps) =>
  contend(deps, () => {
    const now = deps.clock.real()
    const secret = `fg_${deps.config.mode}_${deps.ids.secret()}`
    const key: ApiKey = {
      v: 1,
      createdAt: now,
      updatedAt: now,
      id: `key_${ulidOf(now, deps.ids.random())}`,
      hash: hashOfKey(secret),
      name: input.body.name,
      scopes: [...new Set(input.body.scopes)],
    }
    const audit = auditOf(input, deps, {
      action: 'createApiKey',
      entity: 'apiKey',
      entityId: key.id,
      after: { name: key.name, scopes: key.scopes },
    })
    return commitAnswer(createApiKey, input, deps, [putApiKeyWrite(key), audit], { ...apiKeyView(key), key: secret })
  })

export const handler = httpHandler(createApiKey, run, live())
