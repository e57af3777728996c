// The token of now: signing in again in another tab changes the one that the page came with.
export function csrfToken() {
  const kept = document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]+)/);
  return kept?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}
