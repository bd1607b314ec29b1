import * as z from 'zod/mini'
import { noticeKinds } from '#domain/paymentWrite'
import { accountPk, noticeKey, noticePrefix } from './keys.ts'
import { absent, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const notice = z.object({
  ...stored,
  /** The outbox row's: a notice delivered twice is put once. */
  id: z.string(),
  kind: z.enum(['usage_warning', 'usage_limit', ...noticeKinds]),
  feature: z.exactOptional(z.string()),
  used: z.exactOptional(z.int()),
  limit: z.exactOptional(z.int()),
  resetsAt: z.exactOptional(z.int()),
  /** Of a notice about money. */
  data: z.exactOptional(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
  /** Of the call that caused it. */
  requestId: z.string(),
})
export type StoredNotice = z.output<typeof notice>

const keptSeconds = 90 * 86_400

/** `real` is epoch milliseconds of real time, for the sweep. */
export const putNoticeWrite = (accountId: string, body: StoredNotice, real: number): Write => ({
  kind: 'put',
  item: toItem('notice', noticeKey(accountId, body.id), { ...body, ttl: Math.ceil(real / 1000) + keptSeconds }),
  when: absent,
})

/** Newest first, from before the id given. */
export async function listNotices(
  table: Table,
  accountId: string,
  page: { limit: number; before?: string },
): Promise<{ notices: StoredNotice[]; more: boolean }> {
  const pk = accountPk(accountId)
  const answer = await table.query({
    pk,
    sk: { beginsWith: noticePrefix },
    descending: true,
    limit: page.limit,
    ...(page.before && { after: { ...noticeKey(accountId, page.before) } }),
  })
  return { notices: answer.items.map((item) => read(notice, item)), more: answer.next !== undefined }
}
