// The current token: signing in again in another tab invalidates the token in the page.
export function csrfToken() {
  const kept = document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]+)/);
  return kept?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}
