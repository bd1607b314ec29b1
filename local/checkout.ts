import { createServer } from 'node:http'
import * as z from 'zod/mini'
import { closeServer, listen } from './gateway/server.ts'
import { escapeHtml } from './providers/checkoutPage.ts'
import { type ProviderName, providerNames } from './providers/fake.ts'

export interface Checkout {
  /** Where a customer pays: `?provider=…&order=…`, or `?answer=` and the answer of `POST /checkout`. */
  url: string
  /** Where a provider's page sends the customer back to. */
  returnUrl: string
  stop(): Promise<void>
}

/** Two pages on 127.0.0.1: the way to the providers' checkout pages, and where these send the customer afterwards. */
export async function startCheckout(addresses: Record<ProviderName, string>, port: number): Promise<Checkout> {
  let url = ''
  const server = createServer((message, response) => {
    const asked = URL.parse(message.url ?? '/', url)
    const { status, html, location } = asked ? answer(asked, addresses, `${url}/paid`) : notFound
    response.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      ...(location === undefined ? {} : { location }),
    })
    response.end(message.method === 'HEAD' ? undefined : html)
  })
  url = await listen(server, port, '--port')
  return { url, returnUrl: `${url}/paid`, stop: () => closeServer(server) }
}

interface Answer {
  status: number
  html: string
  location?: string
}

function answer(asked: URL, addresses: Record<ProviderName, string>, returnUrl: string): Answer {
  if (asked.pathname === '/paid') return { status: 200, html: returnPage(asked.searchParams) }
  if (asked.pathname !== '/') return notFound
  if (asked.search === '') return { status: 200, html: indexPage() }
  const bill = billOf(asked.searchParams)
  if (!bill) return { status: 400, html: indexPage('That names no order: give a provider and the id of its order.') }
  const location = new URL(`${addresses[bill.provider]}/_fake/checkout/${encodeURIComponent(bill.order)}`)
  // Paystack and Stripe have learned the address with the order; Razorpay's real checkout is a pop-up and has none.
  location.searchParams.set('return_url', returnUrl)
  return { status: 303, html: '', location: location.href }
}

const notFound: Answer = { status: 404, html: page('Not found', '<p><a href="/">Pay something</a></p>') }

const provider = z.enum(providerNames)
const order = z.string().check(z.minLength(1), z.maxLength(200))
const named = z.object({ provider, order })
/** As much of the answer of `POST /checkout` as leads to the page. */
const answered = z.object({ provider, providerOrderId: order })

function billOf(query: URLSearchParams): z.output<typeof named> | undefined {
  const text = query.get('answer')
  if (!text) return named.safeParse(Object.fromEntries(query)).data
  const read = answered.safeParse(jsonOf(text)).data
  return read && { provider: read.provider, order: read.providerOrderId }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const indexPage = (problem?: string): string =>
  page(
    'Pay',
    `${problem === undefined ? '' : `<p role="alert">${problem}</p>`}
<form>
<p><label>The answer of <code>POST /checkout</code><br><textarea name="answer" rows="10" cols="60" required></textarea></label></p>
<p><button>To the provider's page</button></p>
</form>
<form>
<p><label>Provider <select name="provider">${providerNames.map((name) => `<option>${name}</option>`).join('')}</select></label>
<label>Order <input name="order" required maxlength="200"></label></p>
<p><button>To the provider's page</button></p>
</form>`,
  )

function returnPage(query: URLSearchParams): string {
  if (query.has('cancelled')) return page('Not paid', '<p>Nothing was paid. You may close this page.</p>')
  const fields = Object.fromEntries(query)
  const text = JSON.stringify(fields, null, 2)
  const handed =
    Object.keys(fields).length === 0
      ? ''
      : `<p>The provider handed this over, for <code>POST /payments/verify</code>:</p><pre>${escapeHtml(text)}</pre>`
  return page('Paid', `<p>Paid. You may close this page.</p>${handed}`)
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<style>:root { color-scheme: light dark } body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem } textarea, input, select, button { font: inherit } textarea, pre { max-width: 100%; overflow-x: auto }</style></head>
<body><main>
<h1>${title}</h1>
${body}
</main></body></html>`
}
