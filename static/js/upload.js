import { csrfToken } from "./csrf.js";

// One upload with progress (bytes, seconds left) that can be cancelled. Resolves to {status, html, retryAfter (seconds),
// ended (whether the session has)}; rejects if the connection is lost. Repeats with the same key create one document.
export function upload(url, body, { key }, onProgress) {
  const request = new XMLHttpRequest();
  const started = performance.now();
  const done = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => {
      const seconds = (performance.now() - started) / 1000;
      const rate = event.loaded / Math.max(seconds, 0.1);
      onProgress({ loaded: event.loaded, total: event.total, left: (event.total - event.loaded) / rate });
    });
    request.addEventListener("load", () => resolve({ status: request.status, html: request.responseText, retryAfter: Number(request.getResponseHeader("Retry-After")) || 10, ended: Boolean(request.getResponseHeader("Session-Ended")) }));
    for (const name of ["error", "timeout", "abort"]) request.addEventListener(name, () => reject(new Error(name)));
  });
  request.open("POST", url);
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.setRequestHeader("X-Requested-With", "card");
  request.setRequestHeader("Idempotency-Key", key);
  request.send(body);
  return { done, cancel: () => request.abort() };
}
