// Hands files from one page of this browser to another: they are kept here, by the address of the page that takes them,
// until it has taken them. Nothing is sent.
const KEPT = 10 * 60_000; // milliseconds
const STORE = "files";
const owner = document.body.dataset.sessionOwner ?? "";

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("handed-files", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function inStore(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const asked = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

// Rejects if this browser cannot keep them.
export function hand(files, path) {
  return inStore("readwrite", (store) => store.put({ files: [...files], owner, at: Date.now() }, path));
}

// The files for this page; each is handed once, and only to whoever dropped it.
export async function take(path = location.pathname) {
  const found = await inStore("readonly", (store) => store.get(path));
  if (!found) return [];
  await inStore("readwrite", (store) => store.delete(path));
  return found.owner === owner && Date.now() - found.at < KEPT ? found.files : [];
}

// What no page has taken: by another person, or a while ago.
export function forgetOld() {
  return inStore("readwrite", (store) => {
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return;
      if (cursor.value.owner !== owner || Date.now() - cursor.value.at >= KEPT) cursor.delete();
      cursor.continue();
    };
  });
}
