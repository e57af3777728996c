// What the test gives a client that it runs, and how a client says what is wrong.

declare const process: { argv: string[]; exit(code: number): never };

export interface Given {
  url: string;
  token: string;
  administrator: string;
  agenda: string;
  visit_reason: string;
  start: string;
  document: string; // base64
}

export const given = JSON.parse(process.argv[2] ?? "{}") as Given;

export function be<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`${what}: nothing`);
  return value;
}

export function same(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)}, not ${String(expected)}`);
}

export function file(): File {
  const bytes = Uint8Array.from(atob(given.document), (letter) => letter.charCodeAt(0));
  return new File([bytes], "ordonnance.pdf", { type: "application/pdf" });
}

export async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function cursorOf(next: string): string {
  return be(new URL(next).searchParams.get("cursor"), "cursor");
}
