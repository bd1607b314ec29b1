import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/**
 * Keeps small texts secret and whole: providers' tokens at rest, quotes in a caller's hands. `about` is bound in, so that
 * what was sealed for one account or purpose opens for no other.
 */
export interface Seal {
  seal(text: string, about: string): string
  /** Undefined for what was not sealed here, for another purpose, or under a key that is gone. */
  open(sealed: string, about: string): string | undefined
}

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/**
 * AES-256-GCM under a key derived from a secret of at least 32 characters. The first secret seals, every one opens, so a
 * secret is replaced by putting the new one in front. Random 96-bit nonces: good for 2^32 seals under one key.
 * @throws Error without a secret, or for a weak one.
 */
export function sealWith(secrets: readonly string[], random: (bytes: number) => Uint8Array = randomBytes): Seal {
  const keys = secrets.map((secret) => {
    if (secret.length < 32) throw new Error('a sealing secret has at least 32 characters')
    return createHash('sha256').update(`seal\n${secret}`).digest()
  })
  const [current] = keys
  if (!current) throw new Error('a sealing secret is missing')
  return {
    seal: (text, about) => {
      const iv = random(ivBytes)
      const cipher = createCipheriv(algorithm, current, iv).setAAD(Buffer.from(about))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
    },
    open: (sealed, about) => {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < ivBytes + tagBytes) return undefined
      for (const key of keys) {
        const opened = openWith(key, bytes, about)
        if (opened !== undefined) return opened
      }
      return undefined
    },
  }
}

function openWith(key: Uint8Array, bytes: Buffer, about: string): string | undefined {
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
