// Keeps unsaved text in this tab after an ended session, a lost connection or a closed page. It is removed once it is
// saved, and is never offered to another person who signs in here.
const beginning = "draft:";
const sent = "draft-sent";
const owner = document.body.dataset.sessionOwner;

export function keepDraft(draft) {
  sessionStorage.setItem(beginning + location.pathname, JSON.stringify({ ...draft, owner }));
}

export function findDraft() {
  const draft = JSON.parse(sessionStorage.getItem(beginning + location.pathname) ?? "null");
  return draft?.owner === owner ? draft : null;
}

export function forgetDraft(path = location.pathname) {
  sessionStorage.removeItem(beginning + path);
}

export function draftIsSent() {
  sessionStorage.setItem(sent, location.pathname);
}

// The document's page has this mark only after the text was saved.
if (document.querySelector("[data-saved]")) {
  const path = sessionStorage.getItem(sent);
  if (path) forgetDraft(path);
  sessionStorage.removeItem(sent);
}
