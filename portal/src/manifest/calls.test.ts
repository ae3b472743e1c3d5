import { expect, test } from "vitest";

import { cliCommand, curlCommand, shellWord, withoutSecrets } from "./calls";

test("a word with anything special in it is quoted for the shell", () => {
  expect(shellWord("web-1")).toBe("web-1");
  expect(shellWord("it's; rm -rf /")).toBe(`'it'\\''s; rm -rf /'`);
});

test("options without a value are left out, lists repeat theirs", () => {
  const template = "zaffre vm create {name} [--image {image}] [--disk {disk_gib}] [--key {keys}] [--no-network {bare}]";
  const values = { name: "my web", image: "tiny", keys: ["ann", "bob"], bare: true };
  expect(cliCommand(template, values)).toBe("zaffre vm create 'my web' --image tiny --key ann --key bob --no-network");
});

test("what has not been filled in yet is shown as missing", () => {
  expect(cliCommand("zaffre vm create {name}", {})).toBe("zaffre vm create …");
});

test("a curl command leaves the token to the reader's environment", () => {
  const text = curlCommand("POST", "/subscriptions", { name: "it's" }, "https://cloud.example");
  expect(text).toContain("curl -X POST https://cloud.example/api/subscriptions");
  expect(text).toContain('"Authorization: Bearer $TOKEN"');
  expect(text).toContain(`it'\\''s`);
});

test("a secret is sent and not shown", () => {
  const fields = [
    { name: "email", kind: "text" as const },
    { name: "password", kind: "text" as const, secret: true },
  ];
  const create = { path: "/accounts", steps: [{ id: "basics", fields }] };
  const shown = withoutSecrets(create, { email: "ann@zaffre.example", password: "open sesame" });
  expect(shown["email"]).toBe("ann@zaffre.example");
  expect(JSON.stringify(shown)).not.toContain("sesame");
});
