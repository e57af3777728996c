// A practice's afternoon with the client of @hey-api/openapi-ts.

import { createClient, createConfig } from "./generated/hey/client/index.js";
import * as sdk from "./generated/hey/index.js";
import { be, cursorOf, file, given, same, sha256 } from "./given.js";

const as = (token?: string) => createClient(createConfig({ baseUrl: given.url, auth: token }));
const client = as(given.token);
const administrator = as(given.administrator);

const refused = await sdk.patientsList({ client: as("wrong") });
same(refused.response?.status, 401, "a wrong token");
same(refused.error?.errors[0]?.code, "authentication_failed", "why");

const seen: string[] = [];
let cursor: string | undefined;
do {
  const page = await sdk.patientsList({ client, query: { page_size: 2, cursor } });
  const { results, next } = be(page.data, "a page");
  seen.push(...results.map((patient) => patient.id));
  cursor = next === null ? undefined : cursorOf(next);
} while (cursor !== undefined);
same(new Set(seen).size, seen.length, "patients once each");

const made = await sdk.patientsCreate({
  client,
  headers: { "Idempotency-Key": "hey-patient" },
  body: {
    first_name: "Ada", last_name: "Hey", birth_date: "1985-12-10",
    email: "ada.hey@courriel.example", mobile: "+33612340002",
  },
});
const patient = be(made.data, "the record");
const found = await sdk.patientsList({ client, query: { search: "hey" } });
same(found.data?.results[0]?.id, patient.id, "the record by its name");
const mended = await sdk.patientsPartialUpdate({ client, path: { id: patient.id }, body: { first_name: "Adèle" } });
same(mended.data?.first_name, "Adèle", "another first name");

const booked = await sdk.appointmentsCreate({
  client,
  body: { agenda: given.agenda, visit_reason: given.visit_reason, start: given.start, patient: patient.id },
});
const appointment = be(booked.data, "the appointment");
const path = { id: appointment.id };
const naive = await sdk.appointmentsPartialUpdate({ client, path, body: { start: "2027-01-04T09:00:00" } });
same(naive.error?.errors[0]?.attr, "start", "a time without offset");
same((await sdk.appointmentsRecipientRetrieve({ client, path })).data?.state, "ready", "the recipient");

const shared = await sdk.appointmentsDocumentsCreate({
  client,
  path,
  body: { file: file(), category: "prescription", title: "Ordonnance", sign: true, page: 1, x: 0.5, y: 0.8 },
});
const document = be(shared.data, `the document (${JSON.stringify(shared.error)})`);
same(document.signed, true, "signed");
const content = await sdk.documentsContentRetrieve({ client, path: { id: document.id } });
const bytes = await be(content.data, "its bytes").arrayBuffer();
same(await sha256(bytes), document.sha256, "its bytes");
const verified = await sdk.verifyCreate({ client: as(), body: { file: new File([bytes], "a.pdf") } });
same(verified.data?.known, true, "known to this installation");
const history = await sdk.appointmentsHistoryList({ client, path, query: { page_size: 1 } });
same(history.data?.results.length, 1, "one line of the history");

const leaflet = be(
  (
    await sdk.libraryCreate({
      client: administrator,
      body: { title: "Venue", category: "information", body: "<p>Bonjour {{ patient_name }}</p>" },
    })
  ).data,
  "the leaflet",
);
const plan = be(
  (await sdk.libraryFilesCreate({ client: administrator, body: { file: file(), title: "Plan" } })).data,
  "the plan",
);
const newer = await sdk.libraryFileUpdate({ client: administrator, path: { id: plan.id }, body: { file: file() } });
same(newer.data?.version, 2, "its second version");
const rule = await sdk.autoSendRulesCreate({
  client: administrator,
  body: {
    name: "Avant la venue", documents: [leaflet.id, plan.id], visit_reasons: [], agendas: [],
    moment: "before", offset_hours: 24, channels: ["email"],
  },
});
const ruleId = { id: be(rule.data, `the rule (${JSON.stringify(rule.error)})`).id };
const off = await sdk.autoSendRulesPartialUpdate({ client: administrator, path: ruleId, body: { active: false } });
same(off.data?.active, false, "switched off");
same((await sdk.autoSendRulesDestroy({ client: administrator, path: ruleId })).response?.status, 204, "gone");
for (const one of [leaflet, plan]) {
  const gone = await sdk.libraryDestroy({ client: administrator, path: { id: one.id } });
  same(gone.response?.status, 204, "archived");
}

same((await sdk.documentsDestroy({ client, path: { id: document.id } })).response?.status, 204, "back");
same((await sdk.appointmentsCancelCreate({ client, path })).data?.status, "cancelled", "cancelled");
same((await sdk.appointmentsDestroy({ client, path })).response?.status, 204, "deleted");
