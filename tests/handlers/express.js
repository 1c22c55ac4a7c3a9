// A small handler with Express, for Resend (verified by `svix`) and SendGrid (verified by `@sendgrid/eventwebhook`).
//
//   WEBHOOK_SECRET=whsec_… SENDGRID_KEY=MFkw… PORT=3000 node express.js
//
// What matters: the raw body is verified, ids decide what is new, whatever cannot be used is answered and not crashed on.
const express = require("express");
const { Webhook } = require("svix");
const { EventWebhook } = require("@sendgrid/eventwebhook");

const app = express();
const seen = new Set();
const AGE = 300;

// A batch of SendGrid's is larger than the default of 100 kB, and the type is not always what one thinks.
const raw = express.raw({ type: () => true, limit: "4mb", inflate: false });

// Node joins what is given twice.
const single = (request, name) =>
  request.rawHeaders.filter((_, at) => at % 2 === 0).filter((it) => it.toLowerCase() === name).length === 1;

const fresh = (seconds) => Math.abs(Date.now() / 1000 - Number(seconds)) < AGE;

function keep(id) {
  seen.add(id);
}

app.post("/resend", raw, (request, response) => {
  const body = request.body;
  if (!Buffer.isBuffer(body) || !single(request, "svix-signature")) return response.sendStatus(400);
  let event;
  try {
    event = new Webhook(process.env.WEBHOOK_SECRET).verify(body, request.headers);
  } catch {
    return response.sendStatus(401);
  }
  if (typeof event !== "object" || event === null) return response.sendStatus(400);
  keep(request.get("svix-id"));
  response.sendStatus(200);
});

app.post("/sendgrid", raw, (request, response) => {
  const verifier = new EventWebhook();
  const signature = request.get("x-twilio-email-event-webhook-signature");
  const timestamp = request.get("x-twilio-email-event-webhook-timestamp");
  if (!Buffer.isBuffer(request.body) || !single(request, "x-twilio-email-event-webhook-signature") || !timestamp) {
    return response.sendStatus(400);
  }
  try {
    const key = verifier.convertPublicKeyToECDSA(process.env.SENDGRID_KEY);
    if (!fresh(timestamp) || !verifier.verifySignature(key, request.body, signature, timestamp)) {
      return response.sendStatus(401);
    }
  } catch {
    return response.sendStatus(401);
  }
  let events;
  try {
    events = JSON.parse(request.body);
  } catch {
    return response.sendStatus(400);
  }
  for (const event of Array.isArray(events) ? events : []) {
    if (event && event.sg_event_id) keep(event.sg_event_id);
  }
  response.sendStatus(200);
});

// The mistake that most people make first: what is verified is not what came, but the parsed body, printed again.
app.post("/printed-again", express.json(), (request, response) => {
  try {
    new Webhook(process.env.WEBHOOK_SECRET).verify(JSON.stringify(request.body), request.headers);
  } catch {
    return response.sendStatus(401);
  }
  response.sendStatus(200);
});

app.get("/count", (_, response) => response.json(seen.size));

// What Express itself refuses (a body that is too large, or compressed) is the sender's fault as well.
app.use((error, _request, response, _next) => response.sendStatus(error.status || 500));

const server = app.listen(Number(process.env.PORT || 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
