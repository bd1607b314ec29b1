import { duplicates, type Fault } from '#errors/fault'
import type { Catalogue } from './catalogue.ts'
import { chargeFaults } from './catalogueCharge.ts'

/** Products, and what discounts and coupons say about them and about plans. */
export function productFaults(catalogue: Catalogue): Fault[] {
  const { products, discounts, coupons } = catalogue
  return [
    ...duplicates(
      products.map(({ id }, index) => [id, `products[${index}].id`]),
      'product',
    ),
    ...products.flatMap(({ price }, index) => chargeFaults(catalogue, price, `products[${index}].price.amount`)),
    ...duplicates(
      discounts.map(({ planId, group }, index) => [`${planId} ${group}`, `discounts[${index}]`]),
      'plan and group',
    ),
    ...discounts.flatMap((discount, index) => discountFaults(catalogue, discount, `discounts[${index}]`)),
    // Customers type codes in either case, so codes that differ by case only are one.
    ...duplicates(
      coupons.map(({ code }, index) => [code.toUpperCase(), `coupons[${index}].code`]),
      'code',
    ),
    ...coupons.flatMap((coupon, index) => couponFaults(catalogue, coupon, `coupons[${index}]`)),
  ]
}

function discountFaults(catalogue: Catalogue, discount: Catalogue['discounts'][number], path: string): Fault[] {
  const faults: Fault[] = []
  const need = (fine: boolean, member: string, message: string) => {
    if (!fine) faults.push({ path: `${path}${member}`, message })
  }
  const groups = catalogue.products.flatMap((product) => (product.kind === 'item' ? [product.group] : []))
  need(isPlan(catalogue, discount.planId), '.planId', 'is no plan of this catalogue')
  need(groups.includes(discount.group), '.group', 'is the group of no product')
  const gives = discount.freePerPeriod !== undefined || discount.percentOff !== undefined
  need(gives, '', 'must have freePerPeriod or percentOff')
  need(
    discount.maxValue === undefined || discount.freePerPeriod !== undefined,
    '.maxValue',
    'bounds freePerPeriod, which is absent',
  )
  need(discount.upTo === undefined || discount.percentOff !== undefined, '.upTo', 'bounds percentOff, which is absent')
  return faults
}

function couponFaults(catalogue: Catalogue, coupon: Catalogue['coupons'][number], path: string): Fault[] {
  const faults: Fault[] = []
  if ((coupon.percentOff === undefined) === (coupon.amountOff === undefined)) {
    faults.push({ path, message: 'must have either percentOff or amountOff' })
  }
  if (coupon.currency !== undefined && coupon.amountOff === undefined) {
    faults.push({ path: `${path}.currency`, message: 'is the currency of amountOff, which is absent' })
  }
  coupon.plans?.forEach((planId, index) => {
    if (!isPlan(catalogue, planId))
      faults.push({ path: `${path}.plans[${index}]`, message: 'is no plan of this catalogue' })
  })
  return faults
}

const isPlan = ({ plans }: Catalogue, planId: string): boolean => plans.some(({ id }) => id === planId)
