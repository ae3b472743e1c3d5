/** What cloud-init would make of a text, as far as the portal can tell. */

/** The kinds of user-data that cloud-init knows by their first line. */
export type UserDataKind = "nothing" | "cloud-config" | "script" | "other" | "unknown";

const OTHER = [
  "#include",
  "#part-handler",
  "#cloud-boothook",
  "#upstart-job",
  "## template:",
  "content-type:",
  "mime-version:",
];

export function userDataKind(text: string): UserDataKind {
  if (text.trim() === "") return "nothing";
  const first = (text.split("\n", 1)[0] ?? "").toLowerCase();
  if (first.trimEnd() === "#cloud-config") return "cloud-config";
  if (first.startsWith("#!")) return "script";
  return OTHER.some((start) => first.startsWith(start)) ? "other" : "unknown";
}

/** Something wrong with a text. */
export interface Fault {
  /** From 1. */
  line: number;
  /** A key below `cloud_init.faults`, or the YAML reader's own words. */
  key: "first_line" | "not_a_mapping" | "syntax";
  detail: string;
}

/** Look a text over; null when nothing is wrong with it. Fetches the YAML reader when it is needed first. */
export async function faultOf(text: string): Promise<Fault | null> {
  const kind = userDataKind(text);
  if (kind === "unknown") return { line: 1, key: "first_line", detail: "" };
  if (kind !== "cloud-config") return null;
  const { isMap, parseDocument } = await import("yaml");
  const document = parseDocument(text, { prettyErrors: true });
  const error = document.errors[0];
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1;
    return { line, key: "syntax", detail: (error.message.split("\n", 1)[0] ?? "").replace(/ at line \d+.*$/, "") };
  }
  if (document.contents !== null && !isMap(document.contents)) return { line: 2, key: "not_a_mapping", detail: "" };
  return null;
}

/** Texts to start from. Titles: `cloud_init.templates.<id>`. */
export const TEMPLATES = {
  packages: `#cloud-config
package_update: true
packages:
  - htop
  - curl
`,
  web_server: `#cloud-config
package_update: true
packages:
  - nginx
write_files:
  - path: /var/www/html/index.html
    content: |
      <h1>It works</h1>
runcmd:
  - systemctl enable --now nginx
`,
  user: `#cloud-config
users:
  - default
  - name: operator
    groups: sudo
    shell: /bin/bash
    sudo: "ALL=(ALL) NOPASSWD:ALL"
    ssh_authorized_keys:
      - ssh-ed25519 AAAA... me@example.org
`,
  password: `#cloud-config
# For the console. Change it after you have signed in first.
ssh_pwauth: false
chpasswd:
  expire: true
  users:
    - name: debian
      password: change-me
      type: text
`,
  data_disk: `#cloud-config
# The second disk, once it is attached.
fs_setup:
  - device: /dev/vdb
    filesystem: ext4
    label: data
mounts:
  - [LABEL=data, /srv, ext4, "defaults,nofail"]
`,
  script: `#!/bin/sh
set -e
echo "Hello from $(hostname)" > /root/hello
`,
} as const;

export type TemplateId = keyof typeof TEMPLATES;
export const TEMPLATE_IDS = Object.keys(TEMPLATES) as TemplateId[];
