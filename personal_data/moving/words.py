"""The README of the archive, in French and English: it has readers without this software."""

from __future__ import annotations

README_TEXT = """\
CE QUE CONTIENT CETTE ARCHIVE

Tout ce qui appartient à un cabinet. Elle contient des données de santé : gardez-la à l’abri.

  patients.csv, patients.json, appointments.csv, documents.csv, requests.csv, received.csv,
  library.csv, messages.csv, accesses.csv, activity.csv
      Pour vous, et pour un autre logiciel. UTF-8, points-virgules : un double clic les ouvre dans un tableur.
      Une cellule qui commencerait par = + - @ ou une tabulation est précédée d’une apostrophe : un tableur
      la calculerait. Les heures sont celles du cabinet.
  files/
      Les documents, octet pour octet. Chacun porte son empreinte SHA-256 pour nom ; la colonne « SHA-256 » de
      documents.csv, de received.csv et de library.csv y mène. Les signatures des PDF restent valables.
  practice.json, rows/
      Ce que lit une autre installation de docshare (manage.py import_practice).
  SHA256SUMS
      L’empreinte de chaque fichier. Pour vérifier : sha256sum --check SHA256SUMS

N’y sont pas : les clés privées des signatures, les images de signature, les mots de passe et seconds facteurs, les
jetons, les secrets des webhooks, le texte des messages, et les coordonnées des comptes des patients. Les images de
signature appartiennent aux praticiens : chacun enregistre de nouveau la sienne. Les accès des patients ne suivent
pas : chacun prouve de nouveau ses coordonnées.


WHAT IS IN THIS ARCHIVE

Everything that belongs to one practice. It contains health data: keep it safe.

  patients.csv, patients.json, appointments.csv, documents.csv, requests.csv, received.csv,
  library.csv, messages.csv, accesses.csv, activity.csv
      For you, and for other software. UTF-8, semicolons: a double click opens them in a spreadsheet. A cell that
      would begin with = + - @ or a tab has an apostrophe in front: a spreadsheet would compute it. Times are the
      practice's.
  files/
      The documents, byte for byte. The name of each is its SHA-256, to which the column "SHA-256" of documents.csv,
      received.csv and library.csv leads. The signatures of PDFs stay valid.
  practice.json, rows/
      What another installation of docshare reads (manage.py import_practice).
  SHA256SUMS
      The SHA-256 of each file. To verify: sha256sum --check SHA256SUMS

Not in it: private keys of signatures, signature images, passwords and second factors, tokens, secrets of webhooks,
texts of messages, and the contacts of patients' accounts. Signature images belong to the practitioners: each saves
theirs anew. Patients' accesses do not follow: each proves their contacts again.
"""
