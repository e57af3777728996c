// The category that a document's name and text suggest: the server knows the words. Without its answer the server
// decides when the file is sent.
import { csrfToken } from "./csrf.js";

export async function proposeCategory(card, text) {
  if (card.share.oneFile) return; // a replacement keeps the category of what it replaces
  const body = new URLSearchParams({ name: card.file.name, text, picture: card.isPdf ? "" : "1" });
  const headers = { "X-CSRFToken": csrfToken(), "X-Background": "1" };
  const answer = await fetch(card.share.categoryUrl, { method: "POST", body, headers }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const { category, sentence } = await answer.json();
  if (card.isCategoryChosen || card.isDone) return;
  card.part("category").value = category;
  card.part("category-said").textContent = sentence;
  card.categoryIsKnown();
}
