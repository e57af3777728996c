// One file to the server, in pieces: a lost connection costs one piece, and the same file chosen again goes on.
import { csrfToken } from "./csrf.js";

const SMALLEST = 64 * 1024;
const FIRST = 256 * 1024;
const LONGEST_PAUSE = 30_000; // milliseconds
const SILENCE = 60_000; // milliseconds without an answer, after which a piece counts as lost
const SAMPLE = 64 * 1024; // bytes at both ends, which identify a file beside its name and size

export class Refused extends Error {}

export class Uploading {
  // `config`: see portals/sent_pieces.py. `show`: receives {offset, size, isLost, isResumed}.
  constructor(file, config, show) {
    Object.assign(this, { file, config, show, piece: FIRST, id: "", offset: 0 });
  }

  // Resolves to the id of the complete upload. Rejects with Refused, and the server's sentence.
  async send() {
    await this.begin();
    while (this.offset < this.file.size) await this.sendPiece();
    return this.id;
  }

  async begin() {
    const fingerprint = await fingerprintOf(this.file);
    const body = new URLSearchParams({ name: this.file.name, size: this.file.size, fingerprint });
    const answer = await this.untilAnswered(() => request("POST", this.config.address, body));
    const { id, offset } = JSON.parse(answer.text);
    Object.assign(this, { id, offset });
    this.show({ offset, size: this.file.size, isResumed: offset > 0 });
  }

  async sendPiece() {
    const answer = await this.untilAnswered(() => {
      const content = this.file.slice(this.offset, this.offset + this.piece);
      const address = `${this.config.address}?upload=${this.id}`;
      const headers = { "Upload-Offset": this.offset, "Content-Type": "application/offset+octet-stream" };
      return request("PATCH", address, content, headers, (sent) => this.show({ offset: this.offset + Math.min(sent, content.size), size: this.file.size }));
    });
    if (answer.status === 410) return this.begin();
    this.offset = answer.offset;
    this.piece = Math.min(this.piece * 2, this.config.largest);
    this.show({ offset: this.offset, size: this.file.size });
  }

  // Repeats while the connection, or the server, is away; smaller pieces then.
  async untilAnswered(ask) {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await ask();
      if ([201, 204, 409, 410].includes(answer.status)) return answer;
      if (answer.ended) {
        const { sessionEnded } = await import("./session.js");
        await sessionEnded();
      } else if (isPassing(answer.status)) {
        this.piece = Math.max(this.piece / 4, SMALLEST);
        this.show({ offset: this.offset, size: this.file.size, isLost: true });
        await pause(answer.retryAfter * 1000 || Math.min(1000 * 2 ** attempt, LONGEST_PAUSE));
      } else throw new Refused(answer.sentence);
    }
  }
}

// 0: no answer. Others: too often, or a server that is away for now.
export function isPassing(status) {
  return [0, 408, 429, 502, 503, 504].includes(status);
}

// Resolves once it is time, or sooner if the connection comes back.
export function pause(milliseconds) {
  return new Promise((goOn) => {
    setTimeout(goOn, milliseconds);
    window.addEventListener("online", goOn, { once: true });
  });
}

// Resolves to {status, text, sentence, offset, location, retryAfter, ended}; status 0 if the connection is lost.
export function request(method, address, body, headers = {}, onProgress = () => {}, patience = SILENCE) {
  const call = new XMLHttpRequest();
  let silence = 0;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => call.abort(), patience);
  };
  return new Promise((resolve) => {
    call.upload.addEventListener("progress", ({ loaded }) => {
      heard();
      onProgress(loaded);
    });
    call.addEventListener("loadend", () => {
      clearTimeout(silence);
      resolve(answerOf(call));
    });
    call.open(method, address);
    call.setRequestHeader("X-CSRFToken", csrfToken());
    call.setRequestHeader("X-Requested-With", "pieces");
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.send(body);
    heard();
  });
}

function answerOf(call) {
  const header = (name) => call.status ? call.getResponseHeader(name) : null;
  return {
    status: call.status,
    text: call.responseText,
    sentence: header("Content-Type")?.startsWith("text/plain") ? call.responseText : "",
    offset: Number(header("Upload-Offset")),
    location: header("Location"),
    retryAfter: Number(header("Retry-After")),
    ended: Boolean(header("Session-Ended")),
  };
}

// Of name, size and both ends; without its date, which some telephones make anew whenever a photograph is chosen.
async function fingerprintOf(file) {
  const ends = new Blob([file.slice(0, SAMPLE), file.slice(-SAMPLE)]);
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (const byte of [...new TextEncoder().encode(`${file.name}\n${file.size}\n`), ...new Uint8Array(await ends.arrayBuffer())]) {
    a = Math.imul(a ^ byte, 2654435761);
    b = Math.imul(b ^ byte, 1597334677);
    [a, b] = [a ^ (b >>> 15), b ^ (a >>> 13)];
  }
  return `${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}`;
}
