import type { Reservation } from '#domain/walletRequest'

/** A reservation as answers show it. */
export const reservationView = ({ id, status, amount, expiresAt, balance, available }: Reservation) => ({
  id,
  amount,
  status,
  expiresAt: new Date(expiresAt).toISOString(),
  balance,
  available,
})
