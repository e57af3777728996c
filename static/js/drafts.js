// A text that was typed and not saved stays in this tab, whatever happened on the way: an ended session, a lost
// connection, a closed page. It goes once it is saved, and is offered to nobody else who signs in here.
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

// The page of the document comes after a saving that went well, and after no other.
if (document.querySelector("[data-saved]")) {
  const path = sessionStorage.getItem(sent);
  if (path) forgetDraft(path);
  sessionStorage.removeItem(sent);
}
