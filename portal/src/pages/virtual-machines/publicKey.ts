/** What can be told of an SSH public key before it is sent. */

const TYPES =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com)$/;

export type KeyFault = "private" | "putty" | "several" | "malformed";

/** What is wrong with a text that should be one public key as OpenSSH writes it; null when nothing is. */
export function keyFault(text: string): KeyFault | null {
  const key = text.trim();
  if (key.includes("PRIVATE KEY")) return "private";
  if (key.startsWith("---- BEGIN SSH2") || key.startsWith("PuTTY-User-Key-File")) return "putty";
  if (key.split("\n").filter((line) => line.trim() !== "").length > 1) return "several";
  const [type = "", content = ""] = key.split(/\s+/);
  return TYPES.test(type) && /^AAAA[A-Za-z0-9+/]{16,}={0,3}$/.test(content) ? null : "malformed";
}

/** The comment at a key's end, which often says whose it is: a good first name for it. */
export function keyComment(text: string): string {
  return text.trim().split(/\s+/).slice(2).join(" ").slice(0, 100);
}
