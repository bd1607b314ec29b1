import { createHmac } from 'node:crypto'
import Stripe from 'stripe'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { paystackGateway } from '#gateways/paystack'
import { isReturnSigned, razorpayGateway } from '#gateways/razorpay'
import { isSigned } from '#gateways/signature'
import { stripeGateway } from '#gateways/stripe'
import { isStripeSigned, parseHeader } from '#gateways/stripeSignature'
import { bytes, gatewayAt, hasVectors, keys, tools, vectorText } from './support.ts'

const nowhere = 'http://127.0.0.1:9'
const razorpayWith = (...webhookSecrets: string[]) =>
  razorpayGateway(
    { keyId: keys.razorpayId, keySecret: 'EnLs21M47BllR3X8PSFtjtbd', webhookSecrets, baseUrl: nowhere },
    tools(),
  )

describe('Razorpay, return of the browser', () => {
  // A published triple: secret, ids, signature.
  const providerOrderId = 'order_IEIaMR65cu6nz3'
  const returned = {
    razorpay_payment_id: 'pay_IH4NVgf4Dreq1l',
    razorpay_order_id: providerOrderId,
    razorpay_signature: '0d4e745a1838664ad6c9c9902212a32d627d68e917290b0ad5f08ff4561bc50f',
  }
  const verify = (body: unknown, orderId = providerOrderId) =>
    razorpayWith('w').verifyReturn(body, { providerOrderId: orderId })
  const refused = expect.objectContaining({ code: 'invalid_signature' })
  const signed = (text: string, secret = 'EnLs21M47BllR3X8PSFtjtbd') =>
    createHmac('sha256', secret).update(text).digest('hex')

  it('accepts the published triple, with and without the order id beside it', () => {
    expect(verify(returned)).toEqual({ providerPaymentId: 'pay_IH4NVgf4Dreq1l' })
    const { razorpay_order_id: _, ...without } = returned
    expect(verify(without)).toEqual({ providerPaymentId: 'pay_IH4NVgf4Dreq1l' })
  })

  it.each([
    ['another order of ours (a cheaper one)', returned, 'order_cheaper0000001'],
    ['the browser names another order', { ...returned, razorpay_order_id: 'order_cheaper0000001' }, providerOrderId],
    [
      'the ids swapped',
      { ...returned, razorpay_signature: signed(`pay_IH4NVgf4Dreq1l|${providerOrderId}`) },
      providerOrderId,
    ],
    [
      'no payment id, signed as undefined',
      { razorpay_signature: signed(`${providerOrderId}|undefined`) },
      providerOrderId,
    ],
    [
      'an empty payment id',
      { ...returned, razorpay_payment_id: '', razorpay_signature: signed(`${providerOrderId}|`) },
      providerOrderId,
    ],
    [
      'a pipe inside the payment id',
      { ...returned, razorpay_payment_id: 'pay_a|b', razorpay_signature: signed(`${providerOrderId}|pay_a|b`) },
      providerOrderId,
    ],
    [
      'the secret of webhooks',
      { ...returned, razorpay_signature: signed(`${providerOrderId}|pay_IH4NVgf4Dreq1l`, 'w') },
      providerOrderId,
    ],
    ['upper-case hex', { ...returned, razorpay_signature: returned.razorpay_signature.toUpperCase() }, providerOrderId],
    ['a cut signature', { ...returned, razorpay_signature: returned.razorpay_signature.slice(0, 62) }, providerOrderId],
    ['no body', undefined, providerOrderId],
    ['a list', [returned], providerOrderId],
  ])('refuses %s', (_, body, orderId) => {
    expect(() => verify(body, orderId)).toThrow(refused)
  })

  it('takes the previous key secret while the key is being replaced', () => {
    const config = {
      keyId: 'rzp_live_1',
      keySecret: 'new',
      previousKeySecret: 'EnLs21M47BllR3X8PSFtjtbd',
      webhookSecrets: [],
    }
    expect(razorpayGateway(config, tools()).verifyReturn(returned, { providerOrderId })).toEqual({
      providerPaymentId: 'pay_IH4NVgf4Dreq1l',
    })
  })
})

describe('Paystack and Stripe, return of the browser', () => {
  it('takes our own reference and session, and no other', () => {
    const paystack = gatewayAt('paystack', nowhere)
    expect(paystack.verifyReturn({ reference: 'fpay-A', trxref: 'fpay-A' }, { providerOrderId: 'fpay-A' })).toEqual({})
    expect(paystack.verifyReturn({ trxref: 'fpay-A' }, { providerOrderId: 'fpay-A' })).toEqual({})
    const stripe = gatewayAt('stripe', nowhere)
    expect(stripe.verifyReturn({ session_id: 'cs_test_1' }, { providerOrderId: 'cs_test_1' })).toEqual({})
    expect(stripe.verifyReturn({ sessionId: 'cs_test_1' }, { providerOrderId: 'cs_test_1' })).toEqual({})
    for (const [gateway, body] of [
      [paystack, { reference: 'fpay-B', trxref: 'fpay-A' }],
      [paystack, {}],
      [stripe, { session_id: 'cs_test_2' }],
      [stripe, { session_id: 'cs_test_2', sessionId: 'cs_test_1' }],
      [stripe, {}],
      [stripe, null],
    ] as const)
      expect(() =>
        gateway.verifyReturn(body, { providerOrderId: gateway.provider === 'stripe' ? 'cs_test_1' : 'fpay-A' }),
      ).toThrow(expect.objectContaining({ code: 'invalid_signature' }))
  })
})

describe('webhook signatures', () => {
  const body = bytes('{"a":1,"b":2,"c":{"d":3}}')
  // Published: secret 123456.
  const published = '2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc'
  const header = (value: string | undefined) => ({ 'x-razorpay-signature': value })

  it('Razorpay: accepts the current and the previous secret', () => {
    expect(razorpayWith('123456').verifyWebhook(body, header(published), 0)).toBe(true)
    expect(razorpayWith('new', '123456').verifyWebhook(body, header(published), 0)).toBe(true)
    expect(razorpayWith('123456').verifyWebhook(body, { 'X-Razorpay-Signature': published }, 0)).toBe(true)
  })

  it.each([
    ['another secret', ['other'], published],
    ['no secret at all', [], published],
    ['no header', ['123456'], undefined],
    ['an empty header', ['123456'], ''],
    ['upper-case hex', ['123456'], published.toUpperCase()],
    ['half of it', ['123456'], published.slice(0, 32)],
    ['one digit more', ['123456'], `${published}0`],
    ['no hex', ['123456'], 'z'.repeat(64)],
  ])('Razorpay: refuses %s', (_, secrets, value) => {
    expect(razorpayWith(...secrets).verifyWebhook(body, header(value), 0)).toBe(false)
  })

  it('refuses an empty secret even when the body is signed with it', () => {
    const empty = createHmac('sha256', '').update(body).digest('hex')
    expect(razorpayWith('').verifyWebhook(body, header(empty), 0)).toBe(false)
    const empty512 = createHmac('sha512', '').update(body).digest('hex')
    expect(isSigned('sha512', ['', ''], [body], empty512)).toBe(false)
    expect(
      isStripeSigned([''], body, { 'stripe-signature': stripeHeader('', 1_600_000_000, body) }, 1_600_000_000_000),
    ).toBe(false)
  })

  it('checks bytes, also those that are not UTF-8', () => {
    const raw = new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])
    const hex = createHmac('sha256', '123456').update(raw).digest('hex')
    expect(razorpayWith('123456').verifyWebhook(raw, header(hex), 0)).toBe(true)
    expect(razorpayWith('123456').verifyWebhook(bytes('{\uFFFD\uFFFD}'), header(hex), 0)).toBe(false)
  })

  it('Paystack: HMAC-SHA512 under the API key, the previous one too', () => {
    const event = bytes('{"event":"charge.success","data":{}}')
    const hex = (secret: string) => createHmac('sha512', secret).update(event).digest('hex')
    const gateway = paystackGateway({ secretKey: 'sk_test_new', previousSecretKey: 'sk_test_old' }, tools())
    const check = (value: string) => gateway.verifyWebhook(event, { 'x-paystack-signature': value }, 0)
    expect(['sk_test_new', 'sk_test_old', 'sk_test_older'].map((secret) => check(hex(secret)))).toEqual([
      true,
      true,
      false,
    ])
    expect(check(createHmac('sha256', 'sk_test_new').update(event).digest('hex'))).toBe(false)
  })
})

const stripeHeader = (secret: string, time: number, body: Uint8Array): string =>
  `t=${time},v1=${createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex')}`

describe('Stripe signature', () => {
  const secret = 'whsec_test_secret'
  const text = '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}'
  const v1 = 'd31a0c09b944148f3e0967540577eab14332f9eed37bc847aa57257cb33baf8e'
  const check = (header: string | undefined, nowSeconds: number, secrets = [secret]) =>
    isStripeSigned(secrets, bytes(text), { 'stripe-signature': header }, nowSeconds * 1000)

  it.each([
    [0, true],
    [299, true],
    [300, true],
    [301, false],
    [-299, true],
    [-300, true],
    [-301, false],
    [-31_536_000, false],
  ])('at an age of %s s: %s', (age, expected) => {
    expect(check(`t=1600000000,v1=${v1}`, 1_600_000_000 + age)).toBe(expected)
  })

  it.each([
    ['the right one second', `t=1600000000,v1=${'0'.repeat(64)},v1=${v1}`, true],
    ['the right one first', `t=1600000000,v1=${v1},v1=potato`, true],
    ['spaces after commas', `t=1600000000, v1=${v1}`, true],
    ['only v0', `t=1600000000,v0=${v1}`, false],
    ['a wrong signature', 't=1600000000,v1=bad_signature', false],
    ['no time', `v1=${v1}`, false],
    ['two times', `t=1600000000,t=1600000000,v1=${v1}`, false],
    ['a time of another second', `t=1600000001,v1=${v1}`, false],
    ['a time with a leading zero', `t=01600000000,v1=${v1}`, false],
    ['no number for time', `t=now,v1=${v1}`, false],
    ['text', "I'm not even a real signature header", false],
    ['nothing', '', false],
    ['no header', undefined, false],
    ['the right one behind eight wrong ones', `t=1600000000,${'v1=aa,'.repeat(8)}v1=${v1}`, false],
  ])('%s: %s', (_, header, expected) => {
    expect(check(header, 1_600_000_000)).toBe(expected)
  })

  it('rolls: either secret; a blank at its end makes another one', () => {
    const header = `t=1600000000,v1=${v1}`
    expect(check(header, 1_600_000_000, ['whsec_next', secret])).toBe(true)
    expect(check(header, 1_600_000_000, [`${secret} `])).toBe(false)
  })

  it('accepts what the SDK signs for tests, and the SDK accepts what we do', () => {
    const payload = '{"id":"evt_1","object":"event","data":{"object":{"text":"₹ 😀"}}}'
    const sdk = new Stripe('sk_test_1')
    const header = sdk.webhooks.generateTestHeaderString({ payload, secret, timestamp: 1_700_000_000 })
    const gateway = stripeGateway({ secretKey: 'sk_test_1', webhookSecrets: [secret] }, tools())
    expect(gateway.verifyWebhook(bytes(payload), { 'stripe-signature': header }, 1_700_000_000_000)).toBe(true)
    expect(gateway.verifyWebhook(bytes(`${payload} `), { 'stripe-signature': header }, 1_700_000_000_000)).toBe(false)
    const own = stripeHeader(secret, 1_700_000_000, bytes(payload))
    expect(sdk.webhooks.constructEvent(payload, own, secret, 300, undefined, 1_700_000_000_000).id).toBe('evt_1')
  })
})

describe.runIf(hasVectors)('vectors beside the checkout', () => {
  const parsed = <S extends z.ZodMiniType>(schema: S, file: string): z.output<S> =>
    schema.parse(JSON.parse(vectorText(file)))
  const vector = z.object({
    id: z.string(),
    kind: z.optional(z.string()),
    secret: z.string(),
    signature: z.string(),
    expect: z.optional(z.string()),
    body_base64: z.optional(z.string()),
    signature_of_reserialised: z.optional(z.string()),
    order_id: z.optional(z.string()),
    subscription_id: z.optional(z.string()),
    payment_id: z.nullish(z.string()),
    payment_link_id: z.optional(z.string()),
    payment_link_reference_id: z.optional(z.string()),
    payment_link_status: z.optional(z.string()),
    body: z.optional(z.string()),
  })
  const sets = z.object({ positive: z.array(vector), negative: z.array(vector) })
  type Vector = z.output<typeof vector>

  /** Ids in the alphabetical order of their field names. */
  const idsOf = (v: Vector): string[] =>
    v.kind === 'order'
      ? [v.order_id ?? '', v.payment_id ?? '']
      : v.kind === 'subscription'
        ? [v.payment_id ?? '', v.subscription_id ?? '']
        : [v.payment_link_id ?? '', v.payment_link_reference_id ?? '', v.payment_link_status ?? '', v.payment_id ?? '']

  it('Razorpay checkout: 7 accepted, 6 refused', () => {
    const { positive, negative } = parsed(sets, 'razorpay-checkout-signatures.json')
    expect(positive.map((v) => [v.id, isReturnSigned([v.secret], idsOf(v), v.signature)])).toEqual(
      positive.map((v) => [v.id, true]),
    )
    expect(positive).toHaveLength(7)
    const verdict = (v: Vector): boolean =>
      v.kind === 'webhook'
        ? isSigned('sha256', [v.secret], [bytes(v.body ?? '{"event":"payment.captured"}')], v.signature)
        : isReturnSigned([v.secret], idsOf(v), v.signature)
    expect(negative.map((v) => [v.id, verdict(v)])).toEqual(negative.map((v) => [v.id, false]))
    expect(negative).toHaveLength(6)
  })

  it('Razorpay webhooks: 5 and 4', () => {
    const { positive, negative } = parsed(sets, 'razorpay-webhook-signatures.json')
    const verdict = (v: Vector) =>
      razorpayWith(v.secret).verifyWebhook(
        Buffer.from(v.body_base64 ?? '', 'base64'),
        { 'x-razorpay-signature': v.signature },
        0,
      )
    expect(positive.map((v) => [v.id, verdict(v)])).toEqual(positive.map((v) => [v.id, true]))
    expect(positive).toHaveLength(5)
    // The re-serialised one is right over its raw bytes; everything else of these is wrong, capitals included.
    expect(negative.map((v) => [v.id, verdict(v)])).toEqual(negative.map((v) => [v.id, v.id === 'rzp-wh-reserialise']))
    expect(negative).toHaveLength(4)
    const escaped = negative.find(({ id }) => id === 'rzp-wh-reserialise')
    expect(verdict({ ...vector.parse(escaped), signature: escaped?.signature_of_reserialised ?? '' })).toBe(false)
  })

  it('Paystack: 5 accepted, none over re-serialised JSON', () => {
    const { vectors } = parsed(z.object({ vectors: z.array(vector) }), 'paystack-signatures.json')
    const verdict = (v: Vector, signature: string) =>
      paystackGateway({ secretKey: v.secret }, tools()).verifyWebhook(
        Buffer.from(v.body_base64 ?? '', 'base64'),
        { 'x-paystack-signature': signature },
        0,
      )
    expect(vectors.map((v) => verdict(v, v.signature))).toEqual([true, true, true, true, true])
    const reserialised = vectors.flatMap((v) =>
      v.signature_of_reserialised && v.signature_of_reserialised !== v.signature
        ? [verdict(v, v.signature_of_reserialised)]
        : [],
    )
    expect(reserialised).toEqual(reserialised.map(() => false))
    expect(reserialised.length).toBeGreaterThan(0)
  })

  it('Stripe: 3 HMAC constants and every header case', () => {
    const file = parsed(
      z.object({
        hmac_vectors: z.array(z.object({ secret: z.string(), payload: z.string(), hex: z.string() })),
        header_cases: z.object({
          secret: z.string(),
          payload: z.string(),
          cases: z.array(z.record(z.string(), z.unknown())),
        }),
        doc_header_example: z.object({ header: z.string() }),
      }),
      'stripe-signatures.json',
    )
    expect(file.hmac_vectors.map((v) => isSigned('sha256', [v.secret], [v.payload], v.hex))).toEqual([true, true, true])
    const { secret, payload, cases } = file.header_cases
    const one = z.object({
      name: z.string(),
      now: z.optional(z.number()),
      header: z.optional(z.string()),
      secret: z.optional(z.string()),
      payload: z.optional(z.string()),
      expect: z.string(),
    })
    const verdicts = cases.flatMap((entry) => {
      const read = one.safeParse(entry)
      // A header that is a list cannot reach this code: its type is text.
      if (!read.success || read.data.header === undefined) return []
      const v = read.data
      const now = (v.now ?? 1_600_000_000) * 1000
      const accepted = isStripeSigned(
        [v.secret ?? secret],
        bytes(v.payload ?? payload),
        { 'stripe-signature': v.header },
        now,
      )
      return [[v.name, accepted, v.expect.startsWith('accept')]]
    })
    expect(verdicts).toEqual(verdicts.map(([name, , expected]) => [name, expected, expected]))
    expect(verdicts).toHaveLength(12)
    expect(parseHeader(file.doc_header_example.header)).toEqual({
      time: 1492774577,
      signatures: ['5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd'],
    })
  })
})
