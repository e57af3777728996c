// A receipt's messages: asked for until each has arrived or failed, or for eight minutes: they wait until the page is
// left, for five minutes at most. This keeps nobody signed in.
const PAUSES = [1, 2, 3, 5, 5, 10, 10, 20, ...Array(14).fill(30)]; // seconds

export async function followDeliveries(state) {
  for (const seconds of PAUSES) {
    if (!state.querySelector("[data-waiting]")?.dataset.waiting) return;
    await new Promise((resume) => {
      setTimeout(resume, seconds * 1000);
    });
    const answer = await fetch(state.dataset.follow, { headers: { "X-Background": "1" } }).catch(() => null);
    if (answer?.status === 200) {
      state.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    } else if (answer) return; // the document was taken back, or the session has ended
  }
}
