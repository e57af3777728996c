// Signs files on request, one JSON object a line: {"peer", "input", "output"}; answers {"wall", "processor"} in seconds.
// As each library's own documentation does it; reading the file, the key and writing the result are within.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { P12Signer as LibpdfSigner, PDF } from "@libpdf/core";
import { pdflibAddPlaceholder } from "@signpdf/placeholder-pdf-lib";
import { P12Signer } from "@signpdf/signer-p12";
import { SignPdf } from "@signpdf/signpdf";
import { Signer, SUBFILTER_ETSI_CADES_DETACHED } from "@signpdf/utils";
import { PDFDocument } from "pdf-lib";

// Of @documenso/pdf-sign, the part that signs: a native module.
const documenso = createRequire(import.meta.url)("@documenso/pdf-sign-linux-x64-gnu");
const [keyPath, passphrase] = process.argv.slice(2);

class DocumensoSigner extends Signer {
  constructor(key) {
    super();
    this.key = key;
  }

  async sign(content) {
    return documenso.signWithP12({ content, cert: this.key, password: passphrase });
  }
}

async function withPlaceholder(content, signer) {
  const document = await PDFDocument.load(content);
  pdflibAddPlaceholder({
    pdfDoc: document,
    reason: "",
    contactInfo: "",
    name: "-",
    location: "",
    signatureLength: 8192,
    subFilter: SUBFILTER_ETSI_CADES_DETACHED,
  });
  const prepared = await document.save({ useObjectStreams: false });
  return new SignPdf().sign(Buffer.from(prepared), signer);
}

const PEERS = {
  "@libpdf/core": async (content, key) => {
    const document = await PDF.load(new Uint8Array(content));
    return (await document.sign({ signer: await LibpdfSigner.create(new Uint8Array(key), passphrase) })).bytes;
  },
  "@signpdf": async (content, key) => withPlaceholder(content, new P12Signer(key, { passphrase })),
  "@documenso/pdf-sign": async (content, key) => withPlaceholder(content, new DocumensoSigner(key)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { peer, input, output } = JSON.parse(line);
  const [began, before] = [performance.now(), process.cpuUsage()];
  await writeFile(output, await PEERS[peer](await readFile(input), await readFile(keyPath)));
  const used = process.cpuUsage(before);
  const answer = { wall: (performance.now() - began) / 1e3, processor: (used.user + used.system) / 1e6 };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
