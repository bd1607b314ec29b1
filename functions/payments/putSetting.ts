import { Problem } from '#errors/problem'
import { putSetting } from '#operations/adminPayments'
import { auditOf } from '#runtime/audit'
import { again, contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { assertSetting, changedMembers, settingView, valueOf } from '#runtime/setting'
import { commit } from '#table/commit'
import { findSetting, putSettingWrites } from '#table/settings'

export const run: Run<typeof putSetting> = (input, deps) =>
  contend(deps, async () => {
    const { key } = input.params
    const { value, version } = input.body
    assertSetting(key)
    const found = await findSetting(deps.table, key)
    const seen = found?.version ?? 0
    if (version !== undefined && version !== seen)
      throw new Problem('conflict', `The setting is at version ${seen} by now. Read it again.`, { version: seen })
    const actor = input.identity.subject ?? ''
    const updatedAt = deps.clock.now()
    const audit = auditOf(input, deps, {
      action: 'putSetting',
      entity: 'setting',
      entityId: key,
      before: { version: seen },
      after: { version: seen + 1, changed: changedMembers(valueOf(found), value) },
    })
    const outcome = await commit(deps.table, [...putSettingWrites(key, value, seen, actor, updatedAt), audit])
    // Refused: another version came in between; who named one is told so, who named none writes over it.
    return outcome.committed ? settingView(key, { version: seen + 1, value, actor, updatedAt }) : again
  })

export const handler = httpHandler(putSetting, run, live())
