/** ISO 3166-1 alpha-2. What has a name is a country; `ZZ` is Unicode's for none. */
export const isCountry = (code: string): boolean =>
  /^[A-Z]{2}$/.test(code) &&
  code !== 'ZZ' &&
  new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }).of(code) !== undefined
