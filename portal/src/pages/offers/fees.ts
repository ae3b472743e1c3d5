/** Sums of money and recurring fees, in words. */
import type { TenantSchemas } from "@/api/clients";

type Fee = TenantSchemas["FeeView"];

/** Digits after the point that a sum may need beyond its currency's usual ones. */
const MOST_DIGITS = 6;

/** Write a sum of money. It is a decimal number as text, which nothing rounds. */
export function moneyText(amount: string, currency: string, language: string): string {
  const style = { style: "currency", currency, maximumFractionDigits: MOST_DIGITS } as const;
  // Texts are formatted exactly, digit for digit; TypeScript only knows of literals.
  return new Intl.NumberFormat(language, style).format(amount as `${number}`);
}

/** Write what is due for each period, such as `€12.50 / month`. `period` is the word for one. */
export function feeText(fee: Fee, period: string, language: string): string {
  return `${moneyText(fee.amount, fee.currency, language)} / ${period}`;
}
