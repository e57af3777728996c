// A practice's afternoon with the client of openapi-typescript and openapi-fetch.

import createClient from "openapi-fetch";
import type { paths } from "./generated/schema.js";
import { be, cursorOf, file, given, same, sha256 } from "./given.js";

const as = (token: string) =>
  createClient<paths>({ baseUrl: given.url, headers: { Authorization: `Bearer ${token}` } });
const api = as(given.token);
const administrator = as(given.administrator);

function form(body: object | undefined): FormData {
  const sent = new FormData();
  for (const [name, value] of Object.entries(body ?? {})) {
    if (value !== undefined) sent.append(name, value instanceof Blob ? value : String(value));
  }
  return sent;
}

const refused = await as("wrong").GET("/api/v1/patients/");
same(refused.response.status, 401, "a wrong token");
same(refused.error?.errors[0]?.code, "authentication_failed", "why");

const seen: string[] = [];
let cursor: string | undefined;
do {
  const page = await api.GET("/api/v1/patients/", { params: { query: { page_size: 2, cursor } } });
  const { results, next } = be(page.data, "a page");
  seen.push(...results.map((patient) => patient.id));
  cursor = next === null ? undefined : cursorOf(next);
} while (cursor !== undefined);
same(new Set(seen).size, seen.length, "patients once each");

const made = await api.POST("/api/v1/patients/", {
  params: { header: { "Idempotency-Key": "fetch-patient" } },
  body: {
    first_name: "Ada", last_name: "Fetch", birth_date: "1985-12-10",
    email: "ada.fetch@courriel.example", mobile: "+33612340001",
  },
});
const patient = be(made.data, "the record");
const found = await api.GET("/api/v1/patients/", { params: { query: { search: "fetch" } } });
same(found.data?.results[0]?.id, patient.id, "the record by its name");
const mended = await api.PATCH("/api/v1/patients/{id}/", {
  params: { path: { id: patient.id } },
  body: { first_name: "Adèle" },
});
same(mended.data?.first_name, "Adèle", "another first name");

const booked = await api.POST("/api/v1/appointments/", {
  body: { agenda: given.agenda, visit_reason: given.visit_reason, start: given.start, patient: patient.id },
});
const appointment = be(booked.data, "the appointment");
same(Date.parse(appointment.start), Date.parse(given.start), "its start");
const id = { path: { id: appointment.id } };
const naive = await api.PATCH("/api/v1/appointments/{id}/", { params: id, body: { start: "2027-01-04T09:00:00" } });
same(naive.error?.errors[0]?.attr, "start", "a time without offset");
const onDay = await api.GET("/api/v1/appointments/", { params: { query: { patient: patient.id } } });
same(onDay.data?.results.length, 1, "appointments of the patient");
same((await api.GET("/api/v1/appointments/{id}/recipient/", { params: id })).data?.state, "ready", "the recipient");

const shared = await api.POST("/api/v1/appointments/{id}/documents/", {
  params: id,
  body: {
    file: file() as unknown as string, category: "prescription", title: "Ordonnance", sign: true,
    page: 1, x: 0.5, y: 0.8, width: 0.25, confirm_patient: true,
  },
  bodySerializer: form,
});
const document = be(shared.data, `the document (${JSON.stringify(shared.error)})`);
same(document.signed, true, "signed");
const content = await api.GET("/api/v1/documents/{id}/content/", {
  params: { path: { id: document.id } },
  parseAs: "arrayBuffer",
});
same(await sha256(be(content.data, "its bytes")), document.sha256, "its bytes");
const verified = await createClient<paths>({ baseUrl: given.url }).POST("/api/v1/verify/", {
  body: { file: new File([be(content.data, "bytes")], "a.pdf") as unknown as string },
  bodySerializer: form,
});
same(verified.data?.known, true, "known to this installation");
const history = await api.GET("/api/v1/appointments/{id}/history/", { params: { ...id, query: { page_size: 1 } } });
same(history.data?.results.length, 1, "one line of the history");

const written = await administrator.POST("/api/v1/library/", {
  body: { title: "Venue", category: "information", body: "<p>Bonjour {{ patient_name }}</p>" },
});
const leaflet = be(written.data, "the leaflet");
const imported = await administrator.POST("/api/v1/library/files/", {
  body: { file: file() as unknown as string, title: "Plan", category: "information" },
  bodySerializer: form,
});
const plan = be(imported.data, "the plan");
const newer = await administrator.PUT("/api/v1/library/{id}/file/", {
  params: { path: { id: plan.id } },
  body: { file: file() as unknown as string },
  bodySerializer: form,
});
same(newer.data?.version, 2, "its second version");
const rule = await administrator.POST("/api/v1/auto-send-rules/", {
  body: {
    name: "Avant la venue", documents: [leaflet.id, plan.id], visit_reasons: [], agendas: [],
    moment: "before", offset_hours: 24, channels: ["email"], active: true,
  },
});
const ruleId = { path: { id: be(rule.data, `the rule (${JSON.stringify(rule.error)})`).id } };
const off = await administrator.PATCH("/api/v1/auto-send-rules/{id}/", { params: ruleId, body: { active: false } });
same(off.data?.active, false, "switched off");
same((await administrator.DELETE("/api/v1/auto-send-rules/{id}/", { params: ruleId })).response.status, 204, "gone");
for (const one of [leaflet, plan]) {
  const gone = await administrator.DELETE("/api/v1/library/{id}/", { params: { path: { id: one.id } } });
  same(gone.response.status, 204, "archived");
}

same((await api.DELETE("/api/v1/documents/{id}/", { params: { path: { id: document.id } } })).response.status, 204, "back");
same((await api.POST("/api/v1/appointments/{id}/cancel/", { params: id })).data?.status, "cancelled", "cancelled");
same((await api.DELETE("/api/v1/appointments/{id}/", { params: id })).response.status, 204, "deleted");
