/** The nonce that lets the portal's own style elements pass the content security policy; null where there is none. */
export function styleNonce(): string | null {
  const element = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]");
  return element?.nonce ? element.nonce : null;
}
