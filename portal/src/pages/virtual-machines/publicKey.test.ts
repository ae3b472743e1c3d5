import { expect, it } from "vitest";

import { keyComment, keyFault } from "./publicKey";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHxvFpSWJZKnSXWLvkGvxIyO0FJoxYLOHQb9DZHqvXBW ada@laptop";

it("takes one public key as OpenSSH writes it", () => {
  expect(keyFault(`${KEY}\n`)).toBeNull();
  expect(keyComment(KEY)).toBe("ada@laptop");
});

it("recognises what people paste instead", () => {
  expect(keyFault("-----BEGIN OPENSSH PRIVATE KEY-----\nabc")).toBe("private");
  expect(keyFault("---- BEGIN SSH2 PUBLIC KEY ----\nabc")).toBe("putty");
  expect(keyFault(`${KEY}\n${KEY}`)).toBe("several");
  expect(keyFault("hello")).toBe("malformed");
});
