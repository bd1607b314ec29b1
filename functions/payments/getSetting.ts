import { getSetting } from '#operations/adminPayments'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { assertSetting, settingView } from '#runtime/setting'
import { findSetting } from '#table/settings'

export const run: Run<typeof getSetting> = async ({ params: { key } }, deps) => {
  assertSetting(key)
  return settingView(key, await findSetting(deps.table, key))
}

export const handler = httpHandler(getSetting, run, live())
