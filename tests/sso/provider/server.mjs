// The certified oidc-provider with people, groups and keys that a test changes while it runs: PUT /test with JSON.
//
//     PROVIDER='{"issuer": …, "port": …, "client": {…}, "people": {…}, "jwks": {…}}' node server.mjs
import http from "node:http";
import Provider from "oidc-provider";

const settings = JSON.parse(process.env.PROVIDER);
let handle;

function build() {
  const provider = new Provider(settings.issuer, {
    clients: [settings.client],
    jwks: settings.jwks,
    cookies: { keys: ["a key of the tests"] },
    conformIdTokenClaims: settings.conform ?? true,
    scopes: ["openid", "email", "profile", "groups", "offline_access"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    findAccount: (_, id) =>
      settings.people[id] && { accountId: id, claims: () => ({ sub: id, ...settings.people[id] }) },
    issueRefreshToken: () => settings.refresh ?? true,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
    },
  });
  handle = provider.callback();
}

build();
http
  .createServer((request, response) => {
    if (request.url !== "/test") return handle(request, response);
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const told = JSON.parse(body);
      Object.assign(settings, told);
      if (Object.keys(told).some((name) => name !== "people")) build(); // which forgets every session
      response.writeHead(204).end();
    });
  })
  .listen(settings.port, "127.0.0.1");
