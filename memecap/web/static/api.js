// Requests to the server this page came from. An answer that is no answer becomes an Error with a code.

export class Refused extends Error {
  constructor(code, detail = "") {
    super(`${code}: ${detail}`);
    Object.assign(this, { code, detail });
  }
}

const KEY = "memecap token"; // of this tab alone

export const setToken = (token) => sessionStorage.setItem(KEY, token);

export async function ask(path, { body, signal, busy } = {}) {
  for (let tries = 0; ; tries++) {
    let answer;
    try {
      answer = await fetch(path, { method: body ? "POST" : "GET", body, signal, headers: headers(body) });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused("network");
    }
    if (answer.ok) return answer;
    const refused = await refusal(answer);
    if (refused.code !== "busy" || tries === 3 || !busy) throw refused;
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    busy(seconds);
    await new Promise((done) => setTimeout(done, seconds * 1000));
  }
}

function headers(body) {
  const token = sessionStorage.getItem(KEY);
  return {
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...(typeof body === "string" ? { "Content-Type": "application/json" } : {}),
  };
}

async function refusal(answer) {
  try {
    const { error } = await answer.json();
    return new Refused(error.code, error.detail);
  } catch {
    return new Refused("internal");
  }
}

// Lines of JSON, one by one as they come.
export async function* lines(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
  }
  if (rest) yield JSON.parse(rest);
}
