import { cards } from './cards.ts'
import type { Bill, ProviderName } from './fake.ts'
import type { Json } from './json.ts'

const titles: Readonly<Record<ProviderName, string>> = { razorpay: 'Razorpay', paystack: 'Paystack', stripe: 'Stripe' }

const style = `
  :root { color-scheme: light dark }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 2rem auto; padding: 0 1rem }
  fieldset { border: 1px solid; border-radius: .5rem; margin: 1rem 0 }
  label { display: block; padding: .25rem 0 }
  button { font: inherit; padding: .6rem 1rem; margin: .25rem .25rem .25rem 0; cursor: pointer }
  :focus-visible { outline: 3px solid; outline-offset: 2px }
  [role=alert], [role=status] { border: 2px solid; border-radius: .5rem; padding: .75rem }
  pre { overflow-x: auto }`

/** The fake's checkout: a form that works with the keyboard, without scripts, and loads nothing from anywhere. */
export function checkoutPage(
  provider: ProviderName,
  bill: Bill,
  note: { error: string } | { done: Json } | undefined,
): string {
  const title = `${titles[provider]} test checkout`
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${style}</style></head>
<body><main>
<h1>${title}</h1>
<p>A stand-in for the real page: no money moves and no card number is asked for.</p>
<dl><dt>For</dt><dd>${escapeHtml(bill.title)}</dd><dt>Amount</dt><dd>${escapeHtml(amountText(bill))}</dd></dl>
${noteText(note)}
${bill.open ? form : '<p>There is nothing to pay here any more.</p>'}
${bill.cancelUrl === undefined ? '' : `<p><a href="${escapeHtml(bill.cancelUrl)}">Back without paying</a></p>`}
</main></body></html>`
}

const amountText = ({ amount, currency }: Bill): string =>
  amount === undefined
    ? 'Nothing now: the card is saved for later'
    : `${amount} ${currency}, in the provider's smallest unit`

function noteText(note: { error: string } | { done: Json } | undefined): string {
  if (note === undefined) return ''
  if ('error' in note) return `<p role="alert">${escapeHtml(note.error)} You can try again.</p>`
  if (typeof note.done === 'string') return `<p role="status">${escapeHtml(note.done)}</p>`
  return `<p role="status">Paid. This is what the page is handed:</p><pre>${escapeHtml(JSON.stringify(note.done, null, 2))}</pre>`
}

const form = `<form method="post">
<fieldset><legend>Test card</legend>
${Object.entries(cards)
  .map(
    ([name, card], place) =>
      `<label><input type="radio" name="card" value="${name}"${place === 0 ? ' checked' : ''}> ${card.label} (${card.brand} ending in ${card.last4})</label>`,
  )
  .join('\n')}
</fieldset>
<label><input type="checkbox" name="saveMethod" value="1"> Save this card, even if the order does not ask for it</label>
<p>
<button name="outcome" value="success">Pay</button>
<button name="outcome" value="fail">Fail</button>
<button name="outcome" value="lost_callback">Pay but lose the callback</button>
</p>
</form>`

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
