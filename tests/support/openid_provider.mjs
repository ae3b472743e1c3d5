// A certified OpenID provider, which no one here wrote, set up for tests: anybody who types a name is that person.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, port, redirects] = process.argv.slice(2);
const found = createRequire(`${modules}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found).href);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "zaffre",
      client_secret: "a secret: with & odd % characters",
      redirect_uris: redirects.split(" "),
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@people.example`,
      email_verified: !id.startsWith("unverified"),
      name: `${id[0].toUpperCase()}${id.slice(1)} Person`,
    }),
  }),
});

provider.on("server_error", (_, error) => console.error(error));

async function interact(request, response) {
  const { uid, prompt, params, session } = await provider.interactionDetails(request, response);
  if (request.method === "GET" && prompt.name === "login") {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,"><main><h1>Provider</h1>
      <form method="post" action="/interaction/${uid}"><label>Name <input name="name"></label>
      <button>Continue</button> <button name="refuse" value="yes">Refuse</button></form></main></html>`);
    return;
  }
  let body = "";
  for await (const part of request) body += part;
  const fields = new URLSearchParams(body);
  if (fields.get("refuse") === "yes") {
    await provider.interactionFinished(request, response, { error: "access_denied" });
    return;
  }
  const accountId = session?.accountId ?? fields.get("name");
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId, remember: false }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

const answer = provider.callback();
const { createServer } = await import("node:http");
createServer((request, response) => {
  const handled = request.url.startsWith("/interaction/") ? interact(request, response) : answer(request, response);
  Promise.resolve(handled).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end();
  });
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
