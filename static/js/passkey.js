// Where a passkey may be created: offer it only to browsers that can, and say when the person or the device refused.
const section = document.querySelector("[data-passkey]");
if (section && window.PublicKeyCredential) section.hidden = false;

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const failed = document.querySelector("[data-passkey-failed]");
  if (failed) failed.hidden = false;
});
