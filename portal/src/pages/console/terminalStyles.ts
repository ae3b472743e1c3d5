/** Letting xterm.js style itself under the portal's content security policy. */
import { styleNonce } from "@/shell/nonce";

/**
 * Run something that makes style elements, and let them pass the content security policy.
 *
 * xterm.js has no setting for a nonce, and makes its style elements while it is opened and nowhere else.
 */
export function withStyleNonce(work: () => void): void {
  const nonce = styleNonce();
  if (nonce === null) {
    work();
    return;
  }
  const page = document as { createElement: (name: string, options?: ElementCreationOptions) => HTMLElement };
  const own = page.createElement.bind(document);
  const granting = (name: string, options?: ElementCreationOptions): HTMLElement => {
    const element = own(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
  page.createElement = granting;
  try {
    work();
  } finally {
    // What lies below is the browser's own.
    Reflect.deleteProperty(document, "createElement");
  }
}
